// The curves of a run: which are shown, and the value at a point, by mouse and by keyboard.
"use strict";

(() => {
    const { element, enable, button } = globalThis.shm;

    // So near, in the drawing's own units, a pointer has to be.
    const NEAR = 40;
    const SVG = "http://www.w3.org/2000/svg";

    // The point that a pointer or a keyboard has chosen says its figure beside itself.
    class Tip {
        constructor(svg) {
            this.width = svg.viewBox.baseVal.width;
            this.group = document.createElementNS(SVG, "g");
            this.group.setAttribute("class", "shm-tip");
            this.box = document.createElementNS(SVG, "rect");
            this.text = document.createElementNS(SVG, "text");
            this.ring = document.createElementNS(SVG, "circle");
            this.ring.setAttribute("r", "11");
            this.group.append(this.ring, this.box, this.text);
            svg.append(this.group);
            this.hide();
        }

        show({ x, y, text }) {
            this.group.style.display = "";
            this.text.textContent = text;
            for (const [name, value] of [["cx", x], ["cy", y]]) this.ring.setAttribute(name, value);
            const { width } = this.text.getBBox();
            const left = Math.min(Math.max(x - width / 2, 10), this.width - width - 10), top = y < 70 ? y + 36 : y - 22;
            for (const [name, value] of [["x", left], ["y", top]]) this.text.setAttribute(name, value);
            for (const [name, value] of [["x", left - 8], ["y", top - 18], ["width", width + 16], ["height", 26], ["rx", 5]]) {
                this.box.setAttribute(name, value);
            }
        }

        hide() {
            this.group.style.display = "none";
        }
    }

    // One diagram. Tab leads to it, arrow keys from point to point.
    class Panel {
        constructor(frame, told) {
            this.frame = frame;
            this.told = told;
            this.svg = frame.querySelector("svg");
            this.points = [...frame.querySelectorAll(".point")].map((group) => this.point(group));
            this.tip = new Tip(this.svg);
            const name = this.svg.querySelector("title").textContent;
            Object.assign(frame, { tabIndex: 0, role: "group", ariaLabel: `${name}. Arrow keys go from point to point` });
            frame.addEventListener("keydown", (event) => this.key(event));
            frame.addEventListener("focus", () => this.choose(this.at ?? this.shown[0]));
            frame.addEventListener("blur", () => this.tip.hide());
            this.svg.addEventListener("pointermove", (event) => this.choose(this.nearest(event)));
            this.svg.addEventListener("pointerleave", () => this.tip.hide());
        }

        // The figure, which a browser would tell after a while, is told at once.
        point(group) {
            const { e: x, f: y } = group.transform.baseVal.getItem(0).matrix;
            const title = group.querySelector("title");
            title.remove();
            return { x, y, text: title.textContent, curve: group.parentElement };
        }

        get shown() {
            return this.points.filter(({ curve }) => !curve.classList.contains("shm-out"));
        }

        choose(point) {
            this.at = point;
            if (!point) {
                this.tip.hide();
                return;
            }
            this.tip.show(point);
            this.told.textContent = point.text;
        }

        nearest({ clientX, clientY }) {
            const { x, y } = new DOMPoint(clientX, clientY).matrixTransform(this.svg.getScreenCTM().inverse());
            const far = (one) => Math.hypot(one.x - x, one.y - y);
            const [first] = this.shown.sort((one, other) => far(one) - far(other));
            return first && far(first) < NEAR ? first : undefined;
        }

        key(event) {
            const way = { ArrowLeft: ["x", -1], ArrowRight: ["x", 1], ArrowUp: ["y", -1], ArrowDown: ["y", 1] }[event.key];
            if (event.key === "Escape") this.tip.hide();
            if (!way || event.altKey || event.ctrlKey || event.metaKey) return;
            event.preventDefault();
            event.stopPropagation();
            this.choose(this.beside(...way) ?? this.at ?? this.shown[0]);
        }

        // The next point of the same curve, or of the same size.
        beside(axis, sign) {
            const { at } = this;
            if (!at) return undefined;
            const mates = this.shown.filter((one) => (axis === "x" ? one.curve === at.curve : one.x === at.x));
            const ahead = mates.filter((one) => (one[axis] - at[axis]) * sign > 0);
            return ahead.sort((one, other) => (one[axis] - other[axis]) * sign)[0];
        }
    }

    class ShmPlot extends HTMLElement {
        connectedCallback() {
            if (this.panels) return;
            this.told = element("p", { className: "shm-unseen", role: "status" });
            this.panels = [...this.querySelectorAll(".shm-panel")].map((frame) => new Panel(frame, this.told));
            const legend = this.querySelector(".shm-legend");
            this.boxes = [...legend.children].map((item) => this.switch(item));
            this.all = button("Show all", () => this.showAll());
            enable(this.all, false);
            legend.append(element("li", {}, this.all));
            legend.after(this.told);
            this.classList.add("shm-live");
        }

        // A name of the legend shows and hides its curves, and brings them out while a pointer rests on it.
        switch(item) {
            const box = element("input", { type: "checkbox", checked: true });
            box.addEventListener("change", () => this.update());
            const name = element("label", {}, box, ...item.childNodes);
            item.replaceChildren(name);
            const bring = (isOut) => this.curves(item.dataset.way).forEach((one) => one.classList.toggle("shm-hot", isOut));
            for (const [event, isOut] of [["pointerenter", true], ["pointerleave", false]]) name.addEventListener(event, () => bring(isOut));
            return { box, way: item.dataset.way };
        }

        curves(way) {
            return [...this.querySelectorAll(".curve")].filter((one) => one.dataset.way === way);
        }

        update() {
            for (const { box, way } of this.boxes) this.curves(way).forEach((one) => one.classList.toggle("shm-out", !box.checked));
            enable(this.all, this.boxes.some(({ box }) => !box.checked));
            for (const panel of this.panels) if (!panel.shown.includes(panel.at)) panel.choose(undefined);
        }

        showAll() {
            for (const { box } of this.boxes) box.checked = true;
            this.update();
        }
    }

    customElements.define("shm-plot", ShmPlot);
})();
