// The prompt in the page: one's own calls, answered by the same code as `play` in a terminal, from a module that is
// loaded at the first use. Nothing is fetched from elsewhere, and nothing is sent.
"use strict";

(() => {
    const { element, button, enable, renew, load, Picture, SETTLED, kept, keptInTab } = globalThis.shm;

    // ---------------------------------------------------------------------------------------------- the module

    // Base64 as bytes, and bytes as base64 that may stand in an address.
    // The second way takes a hundred times as long, and is for browsers from before 2025.
    const bytesOf = (text) => Uint8Array.fromBase64?.(text) ?? Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
    const through = (bytes, stream, options) => new Response(new Blob([bytes]).stream().pipeThrough(stream), options);
    const bytesThrough = async (bytes, stream) => new Uint8Array(await through(bytes, stream).arrayBuffer());

    let compiled;

    // Loaded once for all prompts of a page.
    const root = typeof path_to_root === "string" ? path_to_root : "";
    const module = () => compiled ??= load(`${root}module.js`).then(() => {
        // It is compiled while it is unpacked.
        const headers = { "Content-Type": "application/wasm" };
        return WebAssembly.compileStreaming(through(bytesOf(globalThis.shmModule.gzip), new DecompressionStream("gzip"), { headers }));
    });

    // A session of its own: a request in, an answer out.
    async function desk() {
        const { exports } = await WebAssembly.instantiate(await module());
        const encoder = new TextEncoder(), decoder = new TextDecoder();
        return (request) => {
            const text = encoder.encode(JSON.stringify(request));
            const at = exports.place(text.length);
            new Uint8Array(exports.memory.buffer, at, text.length).set(text);
            const length = exports.answer();
            return JSON.parse(decoder.decode(new Uint8Array(exports.memory.buffer, exports.answered(), length)));
        };
    }

    // ------------------------------------------------------------------------------------- sessions as text

    const SIGNS = { "+": "-", "/": "_", "=": "" };
    // Ten times what anybody types. A link of a page's length may unpack to more than a browser can hold.
    const LARGEST = 1 << 18;
    const UNREADABLE = "The link cannot be read: it is cut off or changed. Copy it once more, as a whole. What is here is your own session.";

    // A session in an address: its lines, compressed where the browser can.
    async function packed(session) {
        const bytes = new TextEncoder().encode(JSON.stringify(session));
        const small = await bytesThrough(bytes, new CompressionStream("deflate-raw"));
        return btoa(String.fromCharCode(...small)).replace(/[+/=]/g, (one) => SIGNS[one]);
    }

    async function unpacked(text) {
        const bytes = bytesOf(text.replace(/-/g, "+").replace(/_/g, "/"));
        const session = JSON.parse(await textOf(through(bytes, new DecompressionStream("deflate-raw")).body));
        const strings = (list) => Array.isArray(list) && list.every((one) => typeof one === "string");
        if (!strings(session.lines) || !strings(session.start ?? [])) throw new Error("this link holds no session");
        return session;
    }

    async function textOf(stream) {
        const decoder = new TextDecoder(), reader = stream.getReader();
        let text = "";
        for (let part = await reader.read(); !part.done; part = await reader.read()) {
            text += decoder.decode(part.value, { stream: true });
            if (text.length > LARGEST) throw new Error("this is more than a session");
        }
        return text;
    }

    // Pasted text as statements: one that goes on in the next line, as a call with many arguments, is one line.
    function statements(text) {
        const whole = [];
        let part = "";
        for (const line of text.split("\n")) {
            part = `${part} ${line.trim()}`.trim();
            if (isOpen(part)) continue;
            whole.push(part);
            part = "";
        }
        return part ? [...whole, part] : whole;
    }

    // Whether a bracket or a comment is open at its end. What stands in quotes and in comments is none.
    function isOpen(text) {
        const bare = text.replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\/\*.*?\*\/|\/\/.*/g, "");
        return bare.includes("/*") || bare.split("(").length > bare.split(")").length;
    }

    // What was done in this tab goes before what was done in another one since then.
    const remember = (name, value) => { for (const place of [keptInTab, kept]) place.set(name, value); };
    const remembered = (name) => keptInTab.get(name) ?? kept.get(name);

    // -------------------------------------------------------------------------------------- what a line did

    const word = (count, one) => `${count} ${one}${count === 1 ? "" : "s"}`;
    const line = (className, ...parts) => element("div", { className }, ...parts);
    const labelled = (label, text) => (text ? [line("shm-told-why", element("b", {}, label), ` ${text}`)] : []);
    const code = (text) => element("code", {}, text);

    const moved = ([name, before, after]) => (!before && !after ? `is ${name}` : `${name} ${before || "-"} → ${after || "-"}`);

    // One event of the session, as elements. The words are the session's own.
    const TOLD = {
        call: ({ who, c, errno, why, try: advice }) =>
            [line(errno ? "shm-told-error" : "shm-told-call", `${who} `, code(c)), ...labelled("Why", why), ...labelled("Try", advice)],
        wrote: ({ who, address, length }) =>
            [line("shm-told-call", `${who} ${word(length, "byte")} written at `, code(`0x${address.toString(16)}`))],
        waits: ({ who, c, why }) => [line("shm-told-waits", `${who} `, code(c), " waits"), ...labelled("Why", why)],
        begins: ({ who, pid, how }) =>
            [line("shm-told", `${who} begins: process ${pid}, ${how === "fork" ? "a copy" : "unrelated to the others"}`)],
        ends: ({ who, how, why }) => [line("shm-told", `${who} ${how}`), ...labelled("Why", why)],
        prints: ({ who, text }) => text.replace(/\n$/, "").split("\n").map((one) => line("shm-told", `${who} prints `, code(one))),
        value: ({ text }) => [line("shm-told", "= ", code(text))],
        ran: ({ command }) => [line("shm-told", "$ ", code(command))],
        changed: ({ what, fields }) => [line("shm-told-changed", element("b", {}, what), ` ${fields.map(moved).join(", ")}`)],
        note: ({ text }) => labelled("Note", text),
        lines: ({ lines }) => [element("pre", { className: "shm-told-lines", textContent: lines.join("\n") })],
        moved: ({ way, lines }) =>
            (lines.length ? lines : ["there is nothing more"]).map((one) => line("shm-told", `${way}: ${one}`)),
    };

    // ------------------------------------------------------------------------------------------- the tables

    const COLUMNS = ["key", "shmid", "owner", "perms", "bytes", "nattch", "status"];
    const OWNERS = { 0: "root", 65534: "nobody" };

    const hex = (bytes) => bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const letters = (bytes) => bytes.map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : ".")).join("");

    // `ipcs -m`, and the first bytes of each segment.
    function table(segments) {
        const row = (cells, kind) => element("tr", {}, ...cells.map((one) => element(kind, kind === "th" ? { scope: "col" } : {}, one)));
        const cells = (one) => [one.key, one.id, OWNERS[one.uid] ?? one.uid, one.mode, one.size, one.nattch, one.marked ? "dest" : ""].map(String);
        const rows = segments.map((one) => row(cells(one), "td"));
        const made = element("table", {}, element("caption", {}, "ipcs -m"), element("thead", {}, row(COLUMNS, "th")), element("tbody", {}, ...rows));
        // Wider than a narrow screen: it can be moved by keyboard, too.
        return element("div", { className: "shm-table", tabIndex: 0, role: "group", ariaLabel: "ipcs -m" }, made);
    }

    const dump = ({ id, bytes }) => {
        const lines = [];
        for (let at = 0; at < bytes.length; at += 8) {
            const part = bytes.slice(at, at + 8);
            if (at === 0 || part.some((byte) => byte)) lines.push(`${at.toString(16).padStart(4, "0")}  ${hex(part)}  ${letters(part)}`);
        }
        return lines.length ? [element("pre", { className: "shm-told-lines", textContent: `segment ${id}\n${lines.join("\n")}` })] : [];
    };

    // ------------------------------------------------------------------------------------------- the prompt

    let prompts = 0;

    class ShmPlay extends HTMLElement {
        async connectedCallback() {
            if (this.input) return;
            this.number = prompts += 1;
            this.lines = [];
            this.past = 0;
            this.start ??= [];
            this.drawn = {};
            this.page = this.dataset.page !== undefined;
            const data = this.querySelector("script");
            this.levels = data ? JSON.parse(data.textContent) : [];
            this.build();
            this.classList.add("shm-live");
            try {
                this.ask = await desk();
                await this.restore();
                this.input.disabled = false;
                this.ready = true;
                this.dispatchEvent(new Event("ready"));
            } catch (problem) {
                this.tell(line("shm-told-error", `The prompt cannot begin: ${problem.message}.`));
            }
        }

        // ------------------------------------------------------------------------------------------ its parts

        build() {
            const id = (name) => `shm-play-${this.number}-${name}`;
            this.log = element("div", { className: "shm-log", tabIndex: 0, id: id("log") });
            this.log.setAttribute("role", "log");
            this.log.setAttribute("aria-label", "What was typed, and the answers");
            this.sign = element("span", { className: "shm-sign", textContent: "A>" });
            this.sign.setAttribute("aria-hidden", "true");
            this.input = element("input", { type: "text", id: id("input"), disabled: true, autocomplete: "off", spellcheck: false });
            for (const [name, value] of [["autocapitalize", "off"], ["autocorrect", "off"], ["enterkeyhint", "send"]]) this.input.setAttribute(name, value);
            const label = element("label", { htmlFor: id("input"), textContent: "Command" });
            this.hints = element("p", { className: "shm-completions", id: id("names") });
            this.hints.setAttribute("aria-live", "polite");
            this.input.setAttribute("aria-describedby", this.hints.id);
            const run = element("button", { type: "submit", textContent: "Run" });
            const form = element("form", { className: "shm-entry" }, label, line("shm-typed", this.sign, this.input, run));
            form.addEventListener("submit", (event) => { event.preventDefault(); this.submit(); });
            this.input.addEventListener("keydown", (event) => this.key(event));
            // What is typed here is no shortcut of the page.
            this.addEventListener("keydown", (event) => event.stopPropagation());
            this.input.addEventListener("paste", (event) => this.paste(event));
            this.tabs = element("div", { className: "shm-tabs" });
            this.tabs.setAttribute("role", "tablist");
            this.tabs.setAttribute("aria-label", "Processes");
            const another = button("+ new process", () => this.run("new"), { className: "shm-tab" });
            const above = line("shm-above", this.tabs, another);
            this.panel = element("div", { className: "shm-panel", id: id("panel") }, this.log, form, this.hints, this.bar());
            this.panel.setAttribute("role", "tabpanel");
            this.picture = new Picture();
            this.rows = element("div", { className: "shm-rows" });
            const side = element("div", { className: "shm-side" }, this.picture.figure, this.rows);
            const said = element("p", { className: "shm-source" }, "A model of Linux's rules, not a kernel.");
            if (this.page) said.append(" ", element("a", { href: "proven.html", textContent: "How it was proven" }), ".");
            this.append(said, ...(this.levels.length ? [this.goals()] : []), line("shm-desk", line("shm-talk", above, this.panel), side));
        }

        bar() {
            const of = (name) => button(name[0].toUpperCase() + name.slice(1), () => this.run(name));
            this.undo = of("undo");
            this.redo = of("redo");
            const bar = element("div", { className: "shm-bar" }, this.undo, this.redo, of("restart"), of("help"));
            bar.setAttribute("role", "group");
            bar.setAttribute("aria-label", "Session");
            this.copy = this.page ? button("Copy link", () => this.share()) : element("a", { textContent: "Open in the playground", href: "playground.html" });
            bar.append(this.copy);
            return bar;
        }

        // ------------------------------------------------------------------------------------------ the levels

        goals() {
            const id = `shm-play-${this.number}-level`;
            this.choice = element("select", { id });
            this.choice.addEventListener("change", () => this.choose(this.choice.value));
            this.goal = element("p", { className: "shm-goal" });
            this.count = element("p", { className: "shm-par" });
            this.hinted = element("ol", { className: "shm-hints" });
            this.hinted.setAttribute("aria-live", "polite");
            this.hint = button("Hint", () => this.nextHint());
            this.won = element("div", { className: "shm-won" });
            this.won.setAttribute("role", "status");
            const pick = line("shm-pick", element("label", { htmlFor: id, textContent: "Level" }), this.choice, this.hint, this.count);
            return element("section", { className: "shm-levels", ariaLabel: "Goal" }, pick, this.goal, this.hinted, this.won);
        }

        listLevels() {
            const solved = kept.get("solved") ?? [];
            const option = ({ name, level }, index) => element("option", { value: name,
                textContent: `${solved.includes(name) ? "✓ " : ""}${index + 1}. ${level.title} (lesson ${level.lesson}, par ${level.par})` });
            this.choice.replaceChildren(element("option", { value: "", textContent: "No level: try what you like" }), ...this.levels.map(option));
            this.choice.value = this.level?.name ?? "";
        }

        async choose(name) {
            this.keep();
            await this.begin({ level: name, lines: remembered(`play-${name}`) ?? [] });
            this.publish();
        }

        showLevel() {
            this.listLevels();
            const level = this.level?.level;
            this.goal.textContent = level?.goal ?? "";
            this.hinted.replaceChildren();
            this.hint.hidden = this.count.hidden = !level;
            enable(this.hint, Boolean(level));
            this.won.replaceChildren();
        }

        nextHint() {
            const { hints } = this.level.level;
            const shown = this.hinted.children.length;
            if (shown < hints.length) this.hinted.append(element("li", {}, hints[shown]));
            enable(this.hint, shown + 1 < hints.length);
        }

        judge({ reached, calls }) {
            const { level, name } = this.level;
            this.count.textContent = `Calls so far: ${calls}. Par: ${level.par}.`;
            if (!reached || this.won.childElementCount) return;
            const solved = kept.get("solved") ?? [];
            if (!solved.includes(name)) kept.set("solved", [...solved, name]);
            const next = this.levels[this.levels.findIndex((one) => one.name === name) + 1];
            const on = next ? [button(`Next: ${next.level.title}`, () => this.choose(next.name).then(() => this.input.focus()))] : [];
            this.won.append(element("p", {}, element("strong", {}, `Solved: ${word(calls, "call")}, par ${level.par}. `), level.explanation), ...on);
            this.listLevels();
        }

        // ------------------------------------------------------------------------------------------ the session

        // From the address, or from the last time, or from the start that a player gave.
        async restore() {
            if (!this.page) return this.begin({ level: "", start: this.start, lines: [] });
            window.addEventListener("hashchange", () => this.follow());
            window.addEventListener("pagehide", () => { if (this.soon) this.keep(); });
            // What was kept of a session whose address was written here may have a line more than the address.
            const session = history.state?.isKept ? undefined : await this.fromAddress();
            await this.begin(session ?? this.own());
            if (session === null) this.tell(line("shm-told-error", UNREADABLE));
            return undefined;
        }

        async follow() {
            const session = await this.fromAddress();
            if (session) await this.begin(session);
            else if (session === null) this.tell(line("shm-told-error", UNREADABLE));
        }

        // The session that the address holds; null, if it should hold one and does not.
        async fromAddress() {
            const [, text] = /^#s=(.*)/.exec(location.hash) ?? [];
            return text === undefined ? undefined : unpacked(text).catch(() => null);
        }

        own() {
            const level = remembered("level") ?? "";
            return { level, lines: remembered(`play-${level}`) ?? [] };
        }

        async begin({ level = "", start = [], lines }) {
            this.level = this.levels.find((one) => one.name === level);
            this.start = this.level ? this.level.level.start : start;
            this.lines = [];
            this.log.replaceChildren();
            if (this.choice) this.showLevel();
            const answer = this.ask({ begin: { start: this.start, conditions: this.level?.conditions } });
            if (answer.done) this.show(answer.done);
            if (this.start.length) {
                const before = this.start.map((one) => line("shm-told", code(one)));
                this.tell(element("details", { className: "shm-until", open: this.start.length < 9 },
                    element("summary", {}, `Until now: ${word(this.start.length, "line")}`), ...before));
            }
            for (const one of lines) this.perform(one);
            if (!this.start.length && !lines.length) this.tell(line("shm-told", "Type a call as in the manual page, for example ",
                code("int id = shmget(IPC_PRIVATE, 4096, 0600)"), ". ", code("help"), " lists what can be typed."));
        }

        submit() {
            const typed = this.input.value.trim();
            this.input.value = "";
            this.hints.textContent = "";
            if (typed) this.run(typed);
        }

        run(typed) {
            if (!this.ready) return;
            this.perform(typed);
            this.settle();
        }

        perform(typed) {
            if (typed === "hint" && this.level) {
                this.nextHint();
                return;
            }
            const answer = this.ask({ line: typed });
            const echo = line("shm-echo", element("span", { className: "shm-sign" }, `${this.sign.textContent} `), code(typed));
            if (!answer.done) {
                this.tell(echo, this.misunderstood(answer.misunderstood));
                return;
            }
            this.lines.push(typed);
            this.past = this.lines.length;
            this.tell(echo, ...answer.done.told.flatMap((told) => TOLD[told.event](told)));
            this.show(answer.done);
        }

        misunderstood({ column, message, nearest }) {
            const mark = element("span", { className: "shm-mark", ariaHidden: "true" }, `${" ".repeat(this.sign.textContent.length + column)}^`);
            return line("shm-told-error", mark, `column ${column}: ${message}${nearest ? `. Did you mean ${nearest}?` : ""}`);
        }

        tell(...told) {
            this.log.append(line("shm-turn", ...told));
            // Once a frame: where the end is has to be laid out.
            requestAnimationFrame(() => { this.log.scrollTop = this.log.scrollHeight; });
        }

        // What is said comes first: the world is drawn in the frame after it, once for all lines that came with this one.
        show(done) {
            this.world = done.picture;
            renew(this.sign, `${this.world.current ?? "-"}>`);
            if (this.level) this.judge(done);
            this.coming ??= requestAnimationFrame(() => setTimeout(() => this.draw()));
        }

        draw() {
            this.coming = undefined;
            const { segments, processes, current } = this.world;
            this.picture.show(this.world);
            this.anew("rows", segments, () => this.rows.replaceChildren(table(segments), ...segments.flatMap(dump)));
            this.anew("tabs", { processes: processes.map(({ name, pid, ended, waits }) => [name, pid, ended, waits]), current },
                () => this.showTabs(processes, current));
        }

        // Draws a part anew, if it tells something else than before.
        anew(part, told, draw) {
            const now = JSON.stringify(told);
            if (now === this.drawn[part]) return;
            this.drawn[part] = now;
            draw();
        }

        showTabs(processes, current) {
            const tabs = processes.map((one) => this.tab(one, current));
            const had = this.tabs.contains(document.activeElement);
            this.tabs.replaceChildren(...tabs);
            if (had) this.tabs.querySelector("[aria-selected=true]")?.focus();
        }

        tab({ name, pid, ended, waits }, current) {
            const state = ended ? "ended" : waits ? "waits" : "";
            const tab = button(name, () => this.run(`${name}:`), { className: "shm-tab", title: `process ${pid}`, id: `shm-play-${this.number}-tab-${name}` });
            tab.setAttribute("role", "tab");
            tab.setAttribute("aria-selected", String(name === current));
            tab.setAttribute("aria-controls", this.panel.id);
            tab.setAttribute("aria-label", `Process ${name}${state ? `, ${state}` : ""}`);
            tab.tabIndex = name === current ? 0 : -1;
            if (state) tab.append(element("small", {}, ` ${state}`));
            if (name === current) this.panel.setAttribute("aria-labelledby", tab.id);
            enable(tab, !ended);
            tab.addEventListener("keydown", (event) => this.turn(event, tab));
            return tab;
        }

        // Arrow keys go from tab to tab, and only there.
        turn(event, from) {
            const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
            if (!step) return;
            event.preventDefault();
            const all = [...this.tabs.children];
            all[(all.indexOf(from) + step + all.length) % all.length].focus();
        }

        // ------------------------------------------------------------------------------------------ typing

        key(event) {
            if (event.key === "Tab" && !event.shiftKey && this.complete()) event.preventDefault();
            const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
            if (!step) return;
            event.preventDefault();
            this.past = Math.min(Math.max(this.past + step, 0), this.lines.length);
            this.input.value = this.lines[this.past] ?? "";
        }

        // Completes the word before the cursor. Where there is nothing to add, Tab leaves as everywhere.
        complete() {
            const at = this.input.selectionStart, { value } = this.input;
            const { typed, names } = this.ask({ complete: value.slice(0, at) }).names;
            const common = names.reduce((one, other) => { while (!other.startsWith(one)) one = one.slice(0, -1); return one; }, names[0] ?? "");
            const told = names.length > 1 ? names.slice(0, 24).join("  ") : "";
            const isNews = told !== this.hints.textContent && told !== "";
            this.hints.textContent = told;
            if (common.length > typed.length) {
                this.input.setRangeText(common.slice(typed.length), at, at, "end");
                return true;
            }
            return isNews;
        }

        // Several lines are done one by one; the last stays, if nothing follows it.
        paste(event) {
            const text = event.clipboardData.getData("text");
            if (!text.includes("\n")) return;
            event.preventDefault();
            const lines = statements(text);
            const last = lines.pop();
            for (const one of lines) if (one) this.run(one);
            this.input.value = last;
        }

        // ------------------------------------------------------------------------------------------ keeping it

        state() {
            return { level: this.level?.name ?? "", ...(this.level ? {} : { start: this.start }), lines: this.lines };
        }

        // When the answer is there: what was typed is kept, and the address follows it.
        settle() {
            clearTimeout(this.soon);
            this.soon = setTimeout(() => {
                this.soon = undefined;
                this.keep();
                this.publish();
            }, SETTLED);
        }

        // A start that came with a link would be missing the next time.
        get isKept() {
            return this.page && (Boolean(this.level) || !this.start.length);
        }

        keep() {
            if (!this.page) return;
            const name = this.level?.name ?? "";
            remember("level", name);
            if (this.isKept) remember(`play-${name}`, this.lines);
        }

        // The address follows the session, so that it can be sent at any moment.
        async publish() {
            const text = await packed(this.state());
            if (!this.page) {
                this.copy.href = `playground.html#s=${text}`;
                return;
            }
            remember("level", this.level?.name ?? "");
            history.replaceState({ isKept: this.isKept }, "", `#s=${text}`);
        }

        async share() {
            await this.publish();
            const where = await navigator.clipboard?.writeText(location.href).then(() => "It is copied, too.", () => "") ?? "";
            this.hints.textContent = `The address of this page holds the session. ${where}`;
        }
    }

    customElements.define("shm-play", ShmPlay);
})();
