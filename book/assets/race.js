// Two processes add one to a counter, each in three steps, and the reader decides who moves.
"use strict";

(() => {
    const { element, button, enable } = globalThis.shm;

    const STEPS = ["load", "add", "store"];
    const C = { load: "r = *counter", add: "r = r + 1", store: "*counter = r" };

    // All orders of three moves of A and three of B.
    const orders = (a, b) => {
        if (a + b === 0) return [""];
        const first = (who, rest) => rest.map((order) => who + order);
        return [...(a ? first("A", orders(a - 1, b)) : []), ...(b ? first("B", orders(a, b - 1)) : [])];
    };
    const ORDERS = orders(STEPS.length, STEPS.length);

    // What the moves so far have done: the counter, each one's register, and how far each one is.
    function play(moves) {
        const world = { counter: 0, A: { register: null, done: 0 }, B: { register: null, done: 0 } };
        for (const who of moves) {
            const one = world[who], step = STEPS[one.done];
            if (step === "load") one.register = world.counter;
            else if (step === "add") one.register += 1;
            else world.counter = one.register;
            one.done += 1;
        }
        return world;
    }

    class ShmRace extends HTMLElement {
        connectedCallback() {
            if (this.moves !== undefined) return;
            this.moves = "";
            this.found = new Map();
            this.a = button("A moves", () => this.move("A"));
            this.b = button("B moves", () => this.move("B"));
            this.undo = button("Undo", () => this.go(this.moves.slice(0, -1)));
            this.again = button("Start over", () => this.go(""));
            const bar = element("div", { className: "shm-bar", role: "group", ariaLabel: "Who moves" }, this.a, this.b, this.undo, this.again);
            this.sides = element("div", { className: "shm-race-sides" });
            this.told = element("p", { className: "shm-verdict", role: "status" });
            this.list = element("ol", { className: "shm-orders", ariaLabel: "Orders that you have tried" });
            this.count = element("p", {});
            this.replaceChildren(bar, this.sides, this.told, this.count, this.list);
            this.classList.add("shm-live");
            this.addEventListener("keydown", (event) => event.stopPropagation());
            this.go("");
        }

        move(who) {
            this.go(this.moves + who);
        }

        go(moves) {
            this.moves = moves;
            const world = play(moves), isOver = moves.length === 2 * STEPS.length;
            if (isOver) this.found.set(moves, world.counter);
            for (const [who, control] of [["A", this.a], ["B", this.b]]) {
                const step = STEPS[world[who].done];
                control.textContent = step ? `${who} moves: ${step}` : `${who} is done`;
                enable(control, Boolean(step));
            }
            enable(this.undo, moves.length > 0);
            enable(this.again, moves.length > 0);
            this.sides.replaceChildren(this.side("A", world), this.counter(world), this.side("B", world));
            const lost = world.counter === 2 ? "Nothing is lost." : "One update is lost.";
            this.told.textContent = isOver ? `The counter is ${world.counter} after two increments. ${lost}` : "";
            this.showOrders();
        }

        side(who, world) {
            const { done, register } = world[who];
            const steps = STEPS.map((step, index) => element("li", index === done ? { ariaCurrent: "step" } : { className: index < done ? "shm-done" : "" },
                element("code", {}, C[step])));
            return element("div", { className: "shm-side-of" }, element("strong", {}, who), element("ol", {}, ...steps),
                element("p", {}, "register r: ", element("b", {}, register === null ? "-" : String(register))));
        }

        counter({ counter }) {
            return element("div", { className: "shm-counter" }, element("span", {}, "counter"), element("b", {}, String(counter)));
        }

        showOrders() {
            const lost = [...this.found.values()].filter((counter) => counter < 2).length;
            this.count.textContent = `${this.found.size} of ${ORDERS.length} orders tried; in ${lost} of them an update is lost.`;
            this.list.replaceChildren(...ORDERS.map((order) => {
                const counter = this.found.get(order);
                const kind = counter === undefined ? "" : counter < 2 ? "shm-lost" : "shm-kept";
                const told = counter === undefined ? "······" : `${order} = ${counter}${counter < 2 ? " lost" : ""}`;
                return element("li", { className: kind }, counter === undefined ? element("span", { ariaHidden: "true" }, told) : told);
            }));
        }
    }

    customElements.define("shm-race", ShmRace);
})();
