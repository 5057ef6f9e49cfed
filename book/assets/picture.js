// What players and the prompt share: elements, buttons, and the picture of processes and segments.
"use strict";

(() => {
    const element = (name, properties = {}, ...children) => {
        const made = Object.assign(document.createElement(name), properties);
        made.append(...children);
        return made;
    };

    const button = (text, action, properties = {}) => {
        const made = element("button", { type: "button", textContent: text, ...properties });
        made.addEventListener("click", () => {
            if (made.getAttribute("aria-disabled") !== "true") action();
        });
        return made;
    };

    // Another text, where it is another.
    const renew = (one, text) => {
        if (one.textContent !== text) one.textContent = text;
    };

    // A button that cannot be used now does nothing. It keeps the focus, so that nobody is thrown out of the player.
    const enable = (control, possible) => control.setAttribute("aria-disabled", String(!possible));

    const SVG = "http://www.w3.org/2000/svg";
    const ROW = 24, LINE = 16, TITLE = 26, GAP = 14, CELL = 18, MOST_CELLS = 32, ENTRY = 6, MOST_ENTRIES = 8, LEAST_FOR_ENTRIES = 190;
    const HIGH = 0x600000000000;
    // Wider than this it is drawn larger, not with more room: it is shown to a whole class, too.
    const WIDEST = 520, LARGER = 1.4;
    // Below this width texts are shortened, so that they stay in their boxes.
    const NARROW = 420;
    // Where the style sheet makes letters smaller.
    const SMALL = matchMedia("(max-width: 480px)");
    // So many segments that nobody has attached are drawn one by one; of more, only their number.
    const FEW = 2;

    // Two namespaces may have a segment with the same id.
    const nameOf = (id, world) => `${world ?? ""}-${id}`;

    // The text that bytes begin with, as far as it can be shown.
    const textOf = (bytes) => {
        const end = bytes.indexOf(0);
        const text = bytes.slice(0, end < 0 ? bytes.length : end);
        return text.map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : "·")).join("");
    };

    const hex = (byte) => byte.toString(16).padStart(2, "0");

    function shape([name, attributes, text]) {
        const made = document.createElementNS(SVG, name);
        for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
        if (text !== undefined) made.textContent = text;
        return made;
    }

    // Draws a scene; what is still there moves to its new place, what is new fades in. What looks as before is left as
    // it is: a browser takes longer for a shape that is drawn anew than for all else that an answer needs.
    class Picture {
        constructor() {
            this.svg = document.createElementNS(SVG, "svg");
            this.svg.setAttribute("aria-hidden", "true");
            this.caption = element("figcaption");
            this.figure = element("figure", { className: "shm-picture" });
            this.figure.append(this.svg, this.caption);
            this.groups = new Map();
            this.looks = new Map();
            this.shows = 0;
            // Beneath all others.
            this.group("links", 0, 0, "");
            new ResizeObserver(() => this.resized()).observe(this.figure);
        }

        resized() {
            const across = this.figure.clientWidth;
            if (across && across !== this.across) this.show();
        }

        show(scene) {
            if (scene) this.scene = scene;
            if (!this.scene) return;
            // Where there is no segment, there is nothing to draw; the text has it all.
            this.figure.hidden = this.scene.segments.length === 0 && this.scene.sets.length === 0 && this.isRecorded;
            renew(this.caption, this.scene.caption);
            // Asking for the width makes the browser lay out the page: only when it may have changed.
            if (!scene || !this.across) this.across = this.figure.clientWidth;
            this.width = Math.min(Math.max((this.across || 640) - 14, 240), WIDEST);
            this.narrow = this.width < NARROW;
            this.ends = [];
            const untold = this.scene.segments.filter((segment) => segment.untold);
            this.untold = new Set(untold.map((segment) => nameOf(segment.id, segment.world)));
            this.shows += 1;
            const left = this.processes(this.scene.processes);
            const right = this.sets(this.scene.sets, this.segments(this.scene.segments));
            this.connect();
            for (const [key, group] of this.groups) {
                if (group.shown === this.shows) {
                    this.fill(group);
                } else {
                    group.node.remove();
                    this.groups.delete(key);
                }
            }
            const height = Math.max(left, right) + 4;
            this.svg.setAttribute("viewBox", `0 0 ${this.width} ${height}`);
            this.svg.style.maxHeight = `${height * LARGER}px`;
            this.svg.style.maxWidth = `${this.width * LARGER}px`;
            requestAnimationFrame(() => this.reach());
        }

        // A picture that is higher than its frame can be moved by keyboard, too.
        reach() {
            if (this.figure.scrollHeight > this.figure.clientHeight + 1) this.figure.tabIndex = 0;
            else this.figure.removeAttribute("tabindex");
        }

        // The prompt's world has a process that acts next, or nobody. A recorded run has not.
        get isRecorded() {
            return this.scene.current === undefined;
        }

        // Glows once where something looks otherwise than before. Two names of one animation, so that it begins anew.
        glow(key, look) {
            const before = this.looks.get(key), now = JSON.stringify(look);
            this.looks.set(key, now);
            return before === undefined || before === now ? "" : ` shm-glow-${this.shows % 2}`;
        }

        // The group with this name, at this place: its shapes are told anew, itself it moves.
        group(key, x, y, className) {
            const group = this.groups.get(key) ?? this.born(key);
            return Object.assign(group, { className, transform: `translate(${x}px, ${y}px)`, shapes: [], shown: this.shows });
        }

        born(key) {
            const group = { node: document.createElementNS(SVG, "g") };
            this.svg.append(group.node);
            this.groups.set(key, group);
            return group;
        }

        draw(group, name, attributes, text) {
            group.shapes.push([name, attributes, text]);
        }

        // Draws what was told of a group, where it differs from what stands there.
        fill(group) {
            const { node, className, transform, shapes } = group, drawn = JSON.stringify(shapes);
            if (group.className !== node.getAttribute("class")) node.setAttribute("class", className);
            node.style.transform = transform;
            if (drawn === group.drawn) return;
            group.drawn = drawn;
            node.replaceChildren(...shapes.map(shape));
        }

        processes(processes) {
            const width = this.width * (this.narrow ? 0.53 : 0.46);
            let y = 2;
            for (const process of processes) {
                const rows = this.rows(process, process === processes[0] && this.isRecorded);
                const state = process.ended || (process.waits ? `waits: ${process.waits}` : "");
                const states = this.wrap(state, width - 20);
                const height = TITLE + rows.length * ROW + states.length * LINE + 6;
                const kind = process.ended ? " shm-over" : process.waits ? " shm-waits" : "";
                const acts = process.name === this.scene.current ? " shm-acts" : "";
                const glow = this.glow(`p${process.pid}`, [process.ended, process.waits, process.maps.map((map) => [map.at, map.present])]);
                const box = this.group(`p${process.pid}`, 2, y, `shm-process${kind}${acts}${glow}`);
                this.draw(box, "rect", { width, height, rx: 6 });
                const number = process.ended || this.narrow ? "" : ` ${process.pid}`;
                this.draw(box, "text", { x: 8, y: 18, class: "shm-name" }, process.name + number);
                states.forEach((line, index) => this.draw(box, "text", { x: 14, y: TITLE + 12 + rows.length * ROW + index * LINE }, line));
                rows.forEach((row, index) => this.row(process, row, y + TITLE + index * ROW, width));
                y += height + GAP;
            }
            return y;
        }

        // The parts of an address space, the highest address first; only the first process has room for all.
        rows(process, all) {
            if (process.ended) return [];
            const count = new Map();
            const maps = process.maps.map((map) => {
                const name = nameOf(map.segment, map.world);
                const number = (count.get(name) ?? 0) + 1;
                count.set(name, number);
                return { ...map, name, key: `m${process.pid}-${name}-${number}` };
            }).sort((one, other) => other.at - one.at);
            if (!all) return maps;
            const part = (name) => ({ name, key: `r${process.pid}${name}` });
            return [part("stack"), part("libraries"), ...maps.filter((map) => map.at >= HIGH), part("heap"),
                part("program"), ...maps.filter((map) => map.at < HIGH)];
        }

        row(process, row, y, width) {
            const mapped = row.segment !== undefined;
            const group = this.group(row.key, 8, y, mapped ? "shm-map" : "shm-part");
            this.draw(group, "rect", { width: width - 12, height: ROW - 4, rx: 3 });
            const rights = row.writable ? "" : this.narrow ? "r-- " : "r--s ";
            const names = row.names?.length ? `${row.names.join(", ")} = ` : "";
            const text = mapped ? `${names}${rights}${row.shown}` : row.name;
            const entries = mapped && !this.untold.has(row.name) && width > LEAST_FOR_ENTRIES ? this.entries(group, row, width - 18) : 0;
            this.draw(group, "text", { x: 6, y: 14 }, this.fit(text, width - 20 - entries));
            if (mapped) this.ends.push({ segment: row.name, x: width - 4, y: y + ROW / 2 - 2 });
        }

        // The process's page table, where it is known: an entry for each page of the mapping, full where it leads to a
        // page. Returns how wide that is.
        entries(group, { pages, present }, right) {
            const count = Math.min(pages, MOST_ENTRIES), left = right - count * ENTRY;
            const full = new Set(present.map((page) => (pages <= count ? page : Math.floor(page * count / pages))));
            for (let entry = 0; entry < count; entry += 1) {
                this.draw(group, "rect", { x: left + entry * ENTRY, y: 5, width: ENTRY - 2, height: ROW - 14,
                    class: full.has(entry) ? "shm-full" : "shm-empty" });
            }
            return count * ENTRY + 4;
        }

        segments(segments) {
            const x = this.width * (this.narrow ? 0.63 : 0.6), width = this.width - x - 4;
            const across = Math.max(Math.floor((width - 12) / CELL), 1);
            this.places = new Map();
            let y = 2;
            const used = new Set(this.ends.map((end) => end.segment));
            const unused = segments.filter((segment) => !used.has(nameOf(segment.id, segment.world)));
            const folded = unused.length > FEW ? unused : [];
            for (const segment of segments.filter((one) => !folded.includes(one))) {
                // Where nobody knows which pages are filled, none is drawn as empty.
                const cells = segment.untold ? 0 : Math.min(segment.pages, MOST_CELLS);
                const told = this.told(segment).flatMap((line) => this.wrap(line, width - 12));
                const height = TITLE + Math.ceil(cells / across) * CELL + ROW + told.length * LINE;
                const name = nameOf(segment.id, segment.world);
                const glow = this.glow(`s${name}`, [segment.filled, segment.marked, told]);
                const box = this.group(`s${name}`, x, y, `shm-segment${segment.marked ? " shm-marked" : ""}${glow}`);
                this.draw(box, "rect", { width, height, rx: 6 });
                this.draw(box, "text", { x: 8, y: 18, class: "shm-name" },
                    this.called(`${segment.id}${segment.marked ? " dest" : ""}`));
                for (let page = 0; page < cells; page += 1) this.page(box, segment, page, across);
                told.forEach((line, index) => this.draw(box, "text", { x: 8, y: height - 8 - (told.length - index) * LINE }, line));
                this.draw(box, "text", { x: 8, y: height - 8 },
                    `${segment.untold ? "" : `${segment.filled.length}${this.narrow ? "/" : " of "}`}${segment.pages} pages`);
                this.places.set(name, { x, y: y + height / 2 });
                y += height + GAP;
            }
            if (folded.length === 0) return y;
            const box = this.group("folded", x, y, "shm-segment");
            this.draw(box, "rect", { width, height: TITLE + ROW, rx: 6 });
            this.draw(box, "text", { x: 8, y: 18, class: "shm-name" }, `${folded.length} ${this.narrow ? "" : "segments "}more,`);
            this.draw(box, "text", { x: 8, y: TITLE + ROW - 10 }, this.narrow ? "not attached" : "attached nowhere");
            return y + TITLE + ROW + GAP;
        }

        // In a narrow picture there is room for few digits more.
        called(id) {
            return `${this.narrow && id.length > 7 ? "id" : "segment"} ${id}`;
        }

        // What more is known of a segment: how often it is attached, who may use it, its name, when it was used, and
        // what it begins with.
        told({ nattch, mode, key, times = [], bytes }) {
            const text = textOf(bytes), isZero = bytes.every((byte) => byte === 0);
            const begins = /[a-z]{2}/i.test(text) ? `"${text}"` : bytes.slice(0, 4).map(hex).join(" ");
            const name = key && Number(key) ? [`key ${key}`] : [];
            return [`nattch ${nattch}`, `mode ${mode}`, ...name, ...times, ...(isZero ? [] : [begins])];
        }

        // How many letters of one width fit.
        room(width) {
            return Math.max(Math.floor(width / (SMALL.matches ? 6.4 : 7.3)), 2);
        }

        // A text no longer than its place.
        fit(text, width) {
            const most = this.room(width);
            return text.length > most ? `${text.slice(0, most - 1)}…` : text;
        }

        // A text in as many lines as it needs. A word that is longer than a line goes on in the next.
        wrap(text, width) {
            const most = this.room(width), lines = [];
            const words = text.split(" ").flatMap((word) => word.match(new RegExp(`.{1,${most}}`, "g")) ?? []);
            for (const word of words) {
                const last = lines.at(-1);
                if (last !== undefined && last.length + word.length < most) lines.push(`${lines.pop()} ${word}`);
                else lines.push(word);
            }
            return lines;
        }

        // The whole name, where it has room.
        named({ id }, width) {
            const whole = `semaphore set ${id}`;
            return whole.length <= this.room(width) ? whole : `set ${id}`;
        }

        sets(sets, y) {
            const x = this.width * (this.narrow ? 0.63 : 0.6), width = this.width - x - 4;
            for (const set of sets) {
                const box = this.group(`set${set.id}`, x, y, `shm-segment shm-set${this.glow(`set${set.id}`, [set.values, set.waiting])}`);
                const waits = set.waiting.length ? [`waiting: ${set.waiting.join(", ")}`] : [];
                const told = [`values ${set.values.join(" ")}`, ...waits].flatMap((line) => this.wrap(line, width - 12));
                const height = TITLE + told.length * LINE + 6;
                this.draw(box, "rect", { width, height, rx: 6 });
                this.draw(box, "text", { x: 8, y: 18, class: "shm-name" }, this.named(set, width - 12));
                told.forEach((line, index) => this.draw(box, "text", { x: 8, y: TITLE + 12 + index * LINE }, line));
                y += height + GAP;
            }
            return y;
        }

        page(box, segment, page, across) {
            const x = 8 + (page % across) * CELL, y = TITLE + Math.floor(page / across) * CELL;
            const filled = segment.filled.some((one) => this.cell(one, segment) === page);
            this.draw(box, "rect", { x, y, width: CELL - 4, height: CELL - 4, class: filled ? "shm-full" : "shm-empty" });
            if (filled) this.draw(box, "circle", { cx: x + 7, cy: y + 7, r: 3, class: "shm-dot" });
        }

        // A segment with many pages has a cell for several.
        cell(page, segment) {
            return segment.pages <= MOST_CELLS ? page : Math.floor(page * MOST_CELLS / segment.pages);
        }

        connect() {
            const links = this.group("links", 0, 0, "");
            for (const end of this.ends) {
                const place = this.places.get(end.segment);
                if (!place) continue;
                const middle = (end.x + place.x) / 2;
                this.draw(links, "path", {
                    d: `M${end.x} ${end.y} C${middle} ${end.y} ${middle} ${place.y} ${place.x} ${place.y}`,
                });
            }
        }
    }

    // What a browser keeps for a page; one may forbid that, and then nothing is kept.
    const store = (where) => ({
        get: (name) => { try { return JSON.parse(globalThis[where].getItem(`shm-${name}`)); } catch { return null; } },
        set: (name, value) => { try { globalThis[where].setItem(`shm-${name}`, JSON.stringify(value)); } catch { /* not kept */ } },
    });

    // An address that is written anew costs a browser as much as a picture. It follows when nobody has pressed anything for
    // so long, in milliseconds.
    const SETTLED = 200;

    Object.assign(globalThis.shm, { element, button, enable, renew, Picture, SETTLED, kept: store("localStorage"), keptInTab: store("sessionStorage") });
})();
