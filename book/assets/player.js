// The step player and the questions: both are text that is there already, which this script shows bit by bit.
// Nothing is fetched, and nothing is sent.
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

    // A button that cannot be used now does nothing. It keeps the focus, so that nobody is thrown out of the player.
    const enable = (control, possible) => control.setAttribute("aria-disabled", String(!possible));

    // ------------------------------------------------------------------------------------------------ pictures

    const SVG = "http://www.w3.org/2000/svg";
    const ROW = 24, TITLE = 26, GAP = 14, CELL = 18, MOST_CELLS = 32;
    const HIGH = 0x600000000000;
    // Below this width texts are shortened, so that they stay in their boxes.
    const NARROW = 420;
    // So many segments that nobody has attached are drawn one by one; of more, only their number.
    const FEW = 2;

    // Two namespaces may have a segment with the same id.
    const nameOf = (id, world) => `${world ?? ""}-${id}`;

    // Draws a scene; what is still there moves to its new place, what is new fades in.
    class Picture {
        constructor() {
            this.svg = document.createElementNS(SVG, "svg");
            this.svg.setAttribute("aria-hidden", "true");
            this.links = document.createElementNS(SVG, "g");
            this.svg.append(this.links);
            this.caption = element("figcaption");
            this.figure = element("figure", { className: "shm-picture" });
            this.figure.append(this.svg, this.caption);
            this.groups = new Map();
        }

        show(scene) {
            if (scene) this.scene = scene;
            if (!this.scene) return;
            // Where there is no segment, there is nothing to draw; the text has it all.
            this.figure.hidden = this.scene.segments.length === 0;
            this.caption.textContent = this.scene.caption;
            this.width = Math.min(Math.max((this.figure.clientWidth || 640) - 14, 240), 760);
            this.narrow = this.width < NARROW;
            this.seen = new Set();
            this.ends = [];
            const left = this.processes(this.scene.processes);
            const right = this.segments(this.scene.segments);
            this.connect();
            for (const [key, group] of this.groups) {
                if (!this.seen.has(key)) {
                    group.remove();
                    this.groups.delete(key);
                }
            }
            const height = Math.max(left, right) + 4;
            this.svg.setAttribute("viewBox", `0 0 ${this.width} ${height}`);
            this.svg.style.maxHeight = `${height}px`;
            // A picture that is higher than its frame can be moved by keyboard, too.
            if (this.figure.scrollHeight > this.figure.clientHeight + 1) this.figure.tabIndex = 0;
            else this.figure.removeAttribute("tabindex");
        }

        // The group with this name at this place; its shapes are drawn anew, itself it moves.
        group(key, x, y, className) {
            let group = this.groups.get(key);
            if (!group) {
                group = document.createElementNS(SVG, "g");
                this.svg.append(group);
                this.groups.set(key, group);
            }
            group.setAttribute("class", className);
            group.style.transform = `translate(${x}px, ${y}px)`;
            group.replaceChildren();
            this.seen.add(key);
            return group;
        }

        draw(group, name, attributes, text) {
            const shape = document.createElementNS(SVG, name);
            for (const [attribute, value] of Object.entries(attributes)) shape.setAttribute(attribute, value);
            if (text !== undefined) shape.textContent = text;
            group.append(shape);
        }

        processes(processes) {
            const width = this.width * (this.narrow ? 0.53 : 0.46);
            let y = 2;
            for (const process of processes) {
                const rows = this.rows(process, process === processes[0]);
                const height = TITLE + Math.max(rows.length, process.ended ? 1 : 0) * ROW + 6;
                const box = this.group(`p${process.pid}`, 2, y, `shm-process${process.ended ? " shm-over" : ""}`);
                this.draw(box, "rect", { width, height, rx: 6 });
                const number = process.ended || this.narrow ? "" : ` ${process.pid}`;
                this.draw(box, "text", { x: 8, y: 18, class: "shm-name" }, process.name + number);
                if (process.ended) this.draw(box, "text", { x: 14, y: TITLE + 14 }, `ended: ${process.ended}`);
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
            const text = mapped ? `${row.writable ? "" : this.narrow ? "r-- " : "r--s "}${row.shown}` : row.name;
            this.draw(group, "text", { x: 6, y: 14 }, text);
            if (mapped) this.ends.push({ segment: row.name, x: width - 4, y: y + ROW / 2 - 2 });
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
                const height = TITLE + Math.ceil(cells / across) * CELL + ROW;
                const name = nameOf(segment.id, segment.world);
                const box = this.group(`s${name}`, x, y, `shm-segment${segment.marked ? " shm-marked" : ""}`);
                this.draw(box, "rect", { width, height, rx: 6 });
                this.draw(box, "text", { x: 8, y: 18, class: "shm-name" },
                    `${this.narrow ? "id" : "segment"} ${segment.id}${segment.marked ? " dest" : ""}`);
                for (let page = 0; page < cells; page += 1) this.page(box, segment, page, across);
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
            this.links.replaceChildren();
            for (const end of this.ends) {
                const place = this.places.get(end.segment);
                if (!place) continue;
                const middle = (end.x + place.x) / 2;
                this.draw(this.links, "path", {
                    d: `M${end.x} ${end.y} C${middle} ${end.y} ${middle} ${place.y} ${place.x} ${place.y}`,
                });
            }
        }
    }

    // ---------------------------------------------------------------------------------------------- predictions

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

        // The learner would rather see than guess.
        close(text) {
            this.block.classList.add("shm-answered");
            this.verdict.textContent = text;
            for (const option of this.options) enable(option, false);
            this.changed(text);
        }

        reset() {
            this.block.classList.remove("shm-answered");
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

    class ShmPlayer extends HTMLElement {
        connectedCallback() {
            if (this.steps) return;
            this.steps = [...this.querySelectorAll(".shm-step")];
            this.scenes = JSON.parse(this.querySelector("script").textContent);
            this.predictions = new Map(this.steps.map((step) => [step, this.ask(step)]));
            this.at = 0;
            this.whole = false;
            this.build();
            this.classList.add("shm-live");
            this.setAttribute("role", "region");
            this.render();
            new ResizeObserver(() => this.picture.show()).observe(this.picture.figure);
        }

        ask(step) {
            const blocks = [...step.querySelectorAll(".shm-predict")];
            return blocks.map((block) => new Prediction(block, (text) => this.answered(text)));
        }

        answered(text) {
            this.render();
            this.say(text);
        }

        build() {
            this.back = button("Back", () => this.go(this.at - 1), { className: "shm-back" });
            this.next = button("Next", () => this.forward(), { className: "shm-next" });
            this.again = button("Start over", () => this.restart(), { className: "shm-again" });
            this.all = button("Whole run", () => this.toggle(), { className: "shm-all" });
            this.where = element("span", { className: "shm-where" });
            this.live = element("p", { className: "shm-unseen" });
            this.live.setAttribute("aria-live", "polite");
            const bar = element("div", { className: "shm-bar" });
            bar.setAttribute("role", "group");
            bar.setAttribute("aria-label", "Go through the run");
            bar.append(this.back, this.next, this.where, this.again, this.all);
            this.picture = new Picture();
            this.steps[0].before(bar, this.jumps(), this.live, this.picture.figure);
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
            if (open) open.close(open.answer ? "You have not answered. The answer follows." : "You have not answered.");
            else this.go(this.at + 1);
        }

        go(to) {
            if (to < 0 || to >= this.steps.length) return;
            this.at = to;
            this.render();
            this.say(this.steps[to].getAttribute("aria-label"));
            if (this.whole) this.turnTo(this.steps[to]);
        }

        // In the whole run a step is there already: what moves is the reader's place.
        turnTo(step) {
            step.scrollIntoView({ block: "start" });
            step.querySelector(".shm-title").focus({ preventScroll: true });
        }

        restart() {
            for (const predictions of this.predictions.values()) predictions.forEach((one) => one.reset());
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
            const scene = visible.filter((block) => block.dataset.scene).pop()?.dataset.scene ?? 0;
            this.picture.show(this.scenes[scene]);
            const last = this.at === this.steps.length - 1;
            const waits = Boolean(this.open());
            this.next.textContent = waits ? "Show the answer" : "Next";
            enable(this.next, !this.whole && (waits || !last));
            enable(this.back, !this.whole && this.at > 0);
            this.where.textContent = `${this.at + 1} of ${this.steps.length}`;
            this.jump.forEach((one, index) => {
                if (index === this.at) one.setAttribute("aria-current", "step");
                else one.removeAttribute("aria-current");
            });
        }

        // Shows a step up to its first question that waits for an answer.
        reveal(step) {
            let hidden = false;
            const visible = [];
            for (const block of step.children) {
                block.classList.toggle("shm-later", hidden);
                if (!hidden) visible.push(block);
                const asked = this.predictions.get(step).find((prediction) => prediction.block === block);
                hidden = hidden || Boolean(asked?.open);
            }
            return visible;
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
