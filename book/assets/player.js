// The step player and the questions: both are text that is there already, which this script shows bit by bit.
// Nothing is fetched, and nothing is sent.
"use strict";

(() => {
    const { element, button, enable, later, Picture, SETTLED, kept, keptInTab } = globalThis.shm;

    // ---------------------------------------------------------------------------------------------- predictions

    // What was clicked stays where it is, whatever grows above it.
    const stay = (clicked, change) => {
        const before = clicked.getBoundingClientRect().top;
        change();
        window.scrollBy({ top: clicked.getBoundingClientRect().top - before, behavior: "instant" });
    };

    // A question whose answer is in the text that follows it.
    class Prediction {
        constructor(block, changed) {
            this.block = block;
            this.answer = answerOf(block);
            this.changed = changed;
            this.verdict = element("p", { className: "shm-verdict" });
            const list = block.querySelector("ul");
            const question = block.querySelector("p").textContent;
            this.group = element("div", { className: "shm-options" });
            this.group.setAttribute("role", "group");
            this.group.setAttribute("aria-label", question);
            this.options = [...list.children].map((item, index) => button(item.textContent, () => this.choose(index)));
            this.group.append(...this.options);
            list.classList.add("shm-plain");
            list.after(this.group, this.verdict);
        }

        get open() {
            return !this.block.classList.contains("shm-answered");
        }

        right() {
            const right = this.answer?.querySelector("[data-right]")?.dataset.right;
            return right === undefined ? -1 : Number(right);
        }

        choose(index) {
            if (!this.open) return;
            stay(this.options[index], () => this.judge(index));
        }

        // What was chosen before the page was loaded anew; null stands for seeing instead of guessing.
        restore(chosen) {
            if (chosen === null) this.see();
            else if (this.options[chosen]) this.judge(chosen);
        }

        // The learner would rather see than guess.
        see() {
            this.chosen = null;
            this.close(this.answer ? "You have not answered. The answer follows." : "You have not answered.");
        }

        judge(index) {
            this.chosen = index;
            const right = this.right();
            const wrong = this.answer?.querySelector(`[data-option="${index}"]`)?.textContent ?? "";
            const told = this.answer?.querySelector(".shm-right")?.textContent.replace(/^Answer /, "") ?? "";
            if (!this.answer || this.answer.closest(".shm-step") !== this.block.closest(".shm-step")) {
                this.options[index].setAttribute("aria-pressed", "true");
                const when = this.answer ? "The answer comes in a later step." : "This run cannot tell: see below.";
                this.close(`You said ${this.options[index].textContent}. ${when}`);
                return;
            }
            this.options[index].classList.add(index === right ? "shm-good" : "shm-bad");
            if (right >= 0) this.options[right].classList.add("shm-good");
            this.close(index === right ? `Right. ${told}` : `Not this time. ${wrong} It is ${told}`);
        }

        close(text) {
            this.block.classList.add("shm-answered");
            this.verdict.textContent = text;
            for (const option of this.options) enable(option, false);
            this.changed(text);
        }

        reset() {
            this.block.classList.remove("shm-answered");
            this.chosen = undefined;
            this.verdict.textContent = "";
            for (const option of this.options) {
                option.classList.remove("shm-good", "shm-bad");
                option.removeAttribute("aria-pressed");
                enable(option, true);
            }
        }
    }

    // The answer to a question; it may come in a later step, or not at all, where the run could not tell.
    const answerOf = (block) => block.closest("shm-player").querySelector(`.shm-answer[data-question="${block.dataset.question}"]`);

    // --------------------------------------------------------------------------------------------------- player

    const NOT_HAD = "The prompt begins with calls of System V whose whole effect is known: not before the first of them, after other calls, or for another user.";
    const MOVING = ".shm-call, .shm-process, .shm-bytes";

    // Where a step stops: after each call, so that each moves the picture, and at the end with all that is told of it.
    const stopsOf = (step) => {
        const blocks = [...step.children];
        const calls = blocks.filter((block) => block.matches(MOVING)).map((block) => blocks.indexOf(block));
        // What is told before the next call belongs to this one.
        return [...calls.slice(1).map((at) => at - 1), blocks.length - 1];
    };

    class ShmPlayer extends HTMLElement {
        connectedCallback() {
            if (this.steps) return;
            this.steps = [...this.querySelectorAll(".shm-step")];
            const { scenes, lines, source, c, file } = JSON.parse(this.querySelector("script").textContent);
            Object.assign(this, { scenes, lines });
            this.predictions = new Map(this.steps.map((step) => [step, this.ask(step)]));
            this.stops = new Map(this.steps.map((step) => [step, stopsOf(step)]));
            this.at = 0;
            this.place = 0;
            this.whole = false;
            this.build(new Source({
                Rust: { title: file, text: source, calls: this.callsBy("at") },
                C: { title: "the same calls in C", text: c, calls: this.callsBy("c") },
            }, (calls) => this.goToOneOf(calls)));
            this.memory = `answers-${location.pathname}-${this.getAttribute("aria-label")}`;
            this.restore();
            this.fold();
            this.classList.add("shm-live");
            this.setAttribute("role", "region");
            // A page that holds all chapters has the first page's player twice.
            const label = this.getAttribute("aria-label");
            const same = [...document.querySelectorAll("shm-player")].filter((one) => one.getAttribute("aria-label") === label);
            if (same.length > 1) this.setAttribute("aria-label", `${label}, a copy`);
            if (!this.follow()) this.render();
            this.addEventListener("keydown", (event) => this.key(event));
            window.addEventListener("popstate", ({ state }) => this.follow() || this.goBackTo(state));
        }

        // An address without a step: where the player stood when it was left.
        goBackTo(state) {
            if (state?.player !== this.memory) return;
            clearTimeout(this.soon);
            this.at = state.at;
            this.place = state.place;
            this.render();
        }

        // Arrow keys go through the run while the focus is in it, and only then. mdBook would turn the page.
        key(event) {
            const move = { ArrowRight: () => this.forward(), ArrowLeft: () => this.backward() }[event.key];
            if (!move || event.altKey || event.ctrlKey || event.metaKey) return;
            event.stopPropagation();
            if (event.target.closest("shm-play, .shm-source-code")) return;
            event.preventDefault();
            if (!this.whole) move();
        }

        // The step that the address names: `#step-2`, or `#step-2.3` for its third call.
        follow() {
            const found = /^#(step-\w+)(?:\.(\d+))?$/.exec(location.hash);
            const step = this.steps.findIndex(({ id }) => id === found?.[1]);
            if (step < 0) return false;
            clearTimeout(this.soon);
            this.at = step;
            this.place = Math.min(Number(found[2] ?? 1) - 1, this.stops.get(this.steps[step]).length - 1);
            this.render();
            if (!this.whole) this.comeIntoSight();
            return true;
        }

        // A browser goes to the text of a step that an address names: the picture above it would be out of sight.
        comeIntoSight() {
            const come = () => setTimeout(() => this.above.scrollIntoView({ block: "start", behavior: "instant" }));
            if (document.readyState === "complete") come();
            else window.addEventListener("load", come, { once: true });
        }

        // A new step is a new entry for the browser's Back; a call within a step is not.
        publish(isNewStep) {
            clearTimeout(this.soon);
            const write = (way) => {
                const address = `#${this.steps[this.at].id}${this.place ? `.${this.place + 1}` : ""}`;
                if (address !== location.hash) history[way](null, "", address);
            };
            if (isNewStep) write("pushState");
            else this.soon = setTimeout(() => write("replaceState"), SETTLED);
        }

        ask(step) {
            const blocks = [...step.querySelectorAll(".shm-predict")];
            return blocks.map((block) => new Prediction(block, (text) => this.answered(text)));
        }

        answered(text) {
            if (this.restoring) return;
            this.keep();
            this.render();
            this.say(text);
        }

        get questions() {
            return [...this.predictions.values()].flat();
        }

        // Answers are kept as long as the tab is open, so that a reload takes none away.
        keep() {
            const chosen = this.questions.map((one, index) => [index, one.chosen]);
            keptInTab.set(this.memory, chosen.filter(([, answer]) => answer !== undefined));
            if (this.folded && this.questions.every((one) => !one.open)) this.folded.open = true;
        }

        restore() {
            this.restoring = true;
            for (const [index, chosen] of keptInTab.get(this.memory) ?? []) this.questions[index]?.restore(chosen);
            this.restoring = false;
        }

        // What the kernel showed answers the questions: it is folded until they are answered. A page that holds all
        // chapters is there to be printed.
        fold() {
            const heading = document.getElementById("what-the-kernel-showed");
            if (!heading || document.querySelectorAll("shm-player").length > 1 || !this.questions.some((one) => one.open)) return;
            this.folded = element("details", { className: "shm-fold" }, element("summary", {}, "Show it: this answers the questions above"));
            while (heading.nextElementSibling && !heading.nextElementSibling.matches("h2")) this.folded.append(heading.nextElementSibling);
            heading.after(this.folded);
        }

        build(source) {
            this.source = source;
            this.back = button("Back", () => this.backward(), { className: "shm-back" });
            this.next = button("Next", () => this.forward(), { className: "shm-next" });
            this.again = button("Start over", () => this.restart(), { className: "shm-again" });
            this.all = button("Whole run", () => this.toggle(), { className: "shm-all" });
            this.where = element("span", { className: "shm-where" });
            this.live = element("p", { className: "shm-unseen" });
            this.live.setAttribute("aria-live", "polite");
            const bar = element("div", { className: "shm-bar" });
            bar.setAttribute("role", "group");
            bar.setAttribute("aria-label", "Go through the run");
            this.take = button("Try from here", () => this.tryFromHere(), { className: "shm-take" });
            this.made = element("p", { className: "shm-made", ariaHidden: "true" });
            bar.append(this.back, this.next, this.where, this.take, this.made);
            this.picture = new Picture();
            const stage = element("div", { className: "shm-stage" }, this.picture.figure, this.source.figure);
            this.above = element("div", { className: "shm-whither" }, this.jumps(), this.again, this.all);
            this.steps[0].before(this.above, bar, this.live, stage);
        }

        // The prompt, with the state at this call: the run's own lines have led to it.
        async tryFromHere() {
            await later("play");
            this.play?.remove();
            this.play = document.createElement("shm-play");
            this.play.start = this.lines.slice(0, this.linesHere);
            this.append(this.play);
            this.play.addEventListener("ready", () => this.play.input.focus({ preventScroll: true }), { once: true });
            this.play.scrollIntoView({ block: "nearest" });
        }

        // The places of the calls that each line of a source makes.
        callsBy(name) {
            const calls = new Map();
            for (const [at, step] of this.steps.entries()) {
                for (const [index, { dataset }] of [...step.children].entries()) {
                    if (!dataset[name]) continue;
                    const place = this.stops.get(step).findIndex((end) => end >= index);
                    calls.set(dataset[name], [...calls.get(dataset[name]) ?? [], { at, place }]);
                }
            }
            return calls;
        }

        // A line may make several calls: each click goes to the next of them.
        goToOneOf(calls) {
            const isLater = ({ at, place }) => at > this.at || (at === this.at && place > this.place);
            const { at, place } = calls.find(isLater) ?? calls[0];
            this.turn(at, place);
        }

        jumps() {
            this.jump = this.steps.map((step, index) => {
                const title = step.getAttribute("aria-label");
                const short = /^(Step|Experiment) (\d+)/.exec(title)?.[2] ?? (index === 0 ? "«" : "»");
                return button(short, () => this.go(index), { ariaLabel: `Jump to ${title}`, title });
            });
            const list = element("ol", { className: "shm-jump" });
            list.setAttribute("aria-label", "Steps");
            list.append(...this.jump.map((one) => element("li", {}, one)));
            return list;
        }

        open() {
            return this.predictions.get(this.steps[this.at]).find((prediction) => prediction.open);
        }

        forward() {
            const open = this.open();
            if (open) open.see();
            else if (this.place + 1 < this.stops.get(this.steps[this.at]).length) this.turn(this.at, this.place + 1);
            else this.go(this.at + 1);
        }

        backward() {
            if (this.place > 0) this.turn(this.at, this.place - 1);
            else if (this.at > 0) this.turn(this.at - 1, this.stops.get(this.steps[this.at - 1]).length - 1);
        }

        go(to) {
            if (to < 0 || to >= this.steps.length) return;
            this.turn(to, 0);
            if (this.whole) this.turnTo(this.steps[to]);
        }

        turn(at, part) {
            const isNewStep = at !== this.at;
            if (isNewStep) history.replaceState({ player: this.memory, at: this.at, place: this.place }, "");
            Object.assign(this, { at, place: part });
            this.render();
            this.publish(isNewStep);
            this.say(isNewStep ? this.steps[at].getAttribute("aria-label") : this.current?.textContent.trim() ?? "");
        }

        // In the whole run a step is there already: what moves is the reader's place.
        turnTo(step) {
            step.scrollIntoView({ block: "start" });
            step.querySelector(".shm-title").focus({ preventScroll: true });
        }

        restart() {
            for (const predictions of this.predictions.values()) predictions.forEach((one) => one.reset());
            this.keep();
            this.go(0);
        }

        toggle() {
            this.whole = !this.whole;
            this.render();
            this.say(this.whole ? "The whole run is shown as text." : this.steps[this.at].getAttribute("aria-label"));
        }

        say(text) {
            this.live.textContent = text;
        }

        render() {
            this.classList.toggle("shm-whole", this.whole);
            this.all.setAttribute("aria-pressed", String(this.whole));
            this.steps.forEach((step, index) => step.classList.toggle("shm-later", index !== this.at));
            const visible = this.reveal(this.steps[this.at]);
            const told = visible.filter((block) => block.dataset.scene).pop();
            this.picture.show(this.scenes[told?.dataset.scene ?? 0]);
            this.mark(visible);
            this.linesHere = told?.dataset.lines;
            const isHad = this.linesHere !== undefined && this.linesHere !== "0";
            enable(this.take, isHad);
            this.take.title = isHad ? "" : NOT_HAD;
            const stops = this.stops.get(this.steps[this.at]).length;
            const last = this.at === this.steps.length - 1 && this.place === stops - 1;
            const waits = Boolean(this.open());
            this.next.textContent = waits ? "Show the answer" : "Next";
            enable(this.next, !this.whole && (waits || !last));
            enable(this.back, !this.whole && (this.at > 0 || this.place > 0));
            // A question before the first call hides it.
            const call = stops > 1 && this.current ? `, call ${this.place + 1} of ${stops}` : "";
            const [title] = this.steps[this.at].getAttribute("aria-label").split(" · ");
            this.where.textContent = `${title}${call}`;
            this.jump.forEach((one, index) => {
                if (index === this.at) one.setAttribute("aria-current", "step");
                else one.removeAttribute("aria-current");
            });
        }

        // The call that was made last, here and in the source.
        mark(visible) {
            this.current?.classList.remove("shm-now");
            this.current = visible.filter((block) => block.matches(MOVING)).pop();
            this.current?.classList.add("shm-now");
            const before = this.steps.slice(0, this.at).flatMap((step) => [...step.children]);
            const done = (name) => [...before, ...visible].findLast((block) => block.dataset[name])?.dataset[name];
            this.source.show({ Rust: done("at"), C: done("c") });
            const [who, c] = [".shm-who", "code"].map((one) => this.current?.querySelector(one));
            const text = this.current?.matches(".shm-process") ? this.current.textContent.trim() : "";
            this.made.replaceChildren(...(c ? [...(who ? [who.cloneNode(true), " "] : []), c.cloneNode(true)] : [text]));
        }

        // Shows a step up to its stop, or to a question before it that waits for an answer.
        reveal(step) {
            let hidden = false;
            const visible = [];
            const end = step.children[this.stops.get(step)[this.place]];
            for (const block of step.children) {
                block.classList.toggle("shm-later", hidden);
                if (!hidden) visible.push(block);
                const asked = this.predictions.get(step).find((prediction) => prediction.block === block);
                hidden = hidden || Boolean(asked?.open) || block === end;
            }
            return visible;
        }
    }

    // The lesson's file beside the picture, and the same calls in C, each with the line that was run last.
    class Source {
        constructor(languages, go) {
            this.go = go;
            this.languages = Object.entries(languages).map(([name, told]) => ({ name, title: told.title, ...this.listing(told) }));
            this.title = element("span");
            const choice = element("div", { className: "shm-languages" });
            choice.setAttribute("role", "group");
            choice.setAttribute("aria-label", "Language of the source");
            for (const one of this.languages) one.choice = button(one.name, () => this.choose(one.name));
            choice.append(...this.languages.map((one) => one.choice));
            this.figure = element("figure", { className: "shm-beside" }, element("figcaption", {}, this.title, choice),
                ...this.languages.map((one) => one.code));
            this.choose(kept.get("language") === "C" ? "C" : "Rust");
        }

        listing({ title, text, calls }) {
            const lines = text.trimEnd().split("\n").map((line, index) => element("span", { className: "shm-line" },
                element("span", { className: "shm-number", ariaHidden: "true" }, String(index + 1).padStart(3)), ` ${line}\n`));
            // A pointer's way; a keyboard has Next.
            for (const [number, made] of calls) {
                Object.assign(lines[number - 1], { title: "Go to the call that this line makes", onclick: () => { if (getSelection().isCollapsed) this.go(made); } });
            }
            return { lines, code: element("pre", { className: "shm-source-code", tabIndex: 0, role: "group", ariaLabel: title }, ...lines) };
        }

        choose(name) {
            kept.set("language", name);
            for (const one of this.languages) {
                one.code.hidden = one.name !== name;
                one.choice.setAttribute("aria-pressed", String(one.name === name));
                if (one.name === name) this.title.textContent = one.title;
                this.look(one);
            }
        }

        show(numbers) {
            for (const one of this.languages) {
                one.marked?.removeAttribute("aria-current");
                one.marked = one.lines[numbers[one.name] - 1];
                one.marked?.setAttribute("aria-current", "true");
                this.look(one);
            }
        }

        look({ code, marked }) {
            if (marked) code.scrollTop = marked.offsetTop - code.clientHeight / 2;
        }
    }

    // ------------------------------------------------------------------------------------- questions of a chapter

    class ShmQuiz extends HTMLElement {
        connectedCallback() {
            if (this.verdict) return;
            const list = this.querySelector("ul");
            this.verdict = element("p", { className: "shm-verdict" });
            this.verdict.setAttribute("aria-live", "polite");
            const group = element("div", { className: "shm-options" });
            group.setAttribute("role", "group");
            group.setAttribute("aria-label", this.querySelector(".shm-ask").textContent);
            this.options = [...list.children].map((item) => {
                const option = button(item.querySelector(".shm-choice").textContent, () => this.choose(item, option));
                return option;
            });
            group.append(...this.options);
            this.classList.add("shm-live");
            list.classList.add("shm-plain");
            list.after(group, this.verdict);
        }

        // Every answer says why; one may try until all are known.
        choose(item, option) {
            option.classList.add(item.dataset.right === "true" ? "shm-good" : "shm-bad");
            this.verdict.textContent = item.querySelector("details p").textContent;
        }
    }

    customElements.define("shm-player", ShmPlayer);
    customElements.define("shm-quiz", ShmQuiz);
})();
