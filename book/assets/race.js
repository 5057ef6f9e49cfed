// Two processes add one to a counter, each in small steps, and the reader decides who moves: without a lock, or with a
// semaphore around the steps.
"use strict";

(() => {
    const { element, button, enable } = globalThis.shm;

    // The three steps of an increment. Each changes the world that it is given.
    const INCREMENT = [
        { name: "load", c: "r = *counter", act: (world, one) => { one.register = world.counter; } },
        { name: "add", c: "r = r + 1", act: (world, one) => { one.register += 1; } },
        { name: "store", c: "*counter = r", act: (world, one) => { world.counter = one.register; } },
    ];

    // `semop` with -1: where the semaphore is 0, the process waits. With +1: whoever waits has the semaphore then.
    const take = (world, one) => {
        if (world.semaphore > 0) world.semaphore -= 1;
        else one.waits = true;
        one.holds = !one.waits;
    };
    const give = (world, one) => {
        one.holds = false;
        const next = [world.A, world.B].find(({ waits }) => waits);
        if (!next) world.semaphore += 1;
        else Object.assign(next, { waits: false, holds: true, done: next.done + 1 });
    };
    const LOCKED = [{ name: "take", c: "semop: -1", act: take }, ...INCREMENT, { name: "give", c: "semop: +1", act: give }];

    const mayMove = (steps, { done, waits, isDead }) => done < steps.length && !waits && !isDead;

    // What the moves so far have done. A small letter kills that process; with `undo` the kernel gives back what it held.
    function play(steps, moves, undo) {
        const one = () => ({ register: null, done: 0, waits: false, holds: false, isDead: false });
        const world = { counter: 0, semaphore: 1, A: one(), B: one() };
        for (const who of moves) {
            const mover = world[who.toUpperCase()];
            if (who !== who.toUpperCase()) {
                Object.assign(mover, { isDead: true, waits: false });
                if (mover.holds && undo) give(world, mover);
                continue;
            }
            steps[mover.done].act(world, mover);
            if (!mover.waits) mover.done += 1;
        }
        return world;
    }

    // All orders of moves in which both come to their end.
    function orders(steps, moves = "") {
        const world = play(steps, moves, false);
        const movers = ["A", "B"].filter((who) => mayMove(steps, world[who]));
        return movers.length ? movers.flatMap((who) => orders(steps, moves + who)) : [moves];
    }

    class ShmRace extends HTMLElement {
        connectedCallback() {
            if (this.moves !== undefined) return;
            this.hasLock = this.dataset.lock !== undefined;
            this.steps = this.hasLock ? LOCKED : INCREMENT;
            this.orders = orders(this.steps);
            this.moves = "";
            this.found = new Map();
            this.movers = ["A", "B"].map((who) => [who, button(`${who} moves`, () => this.go(this.moves + who))]);
            this.killers = this.hasLock ? ["A", "B"].map((who) => [who, button(`Kill ${who}`, () => this.go(this.moves + who.toLowerCase()))]) : [];
            this.undo = button("Undo", () => this.go(this.moves.slice(0, -1)));
            this.again = button("Start over", () => this.go(""));
            const buttons = [...this.movers, ...this.killers].map(([, one]) => one);
            const bar = element("div", { className: "shm-bar", role: "group", ariaLabel: "Who moves" }, ...buttons, this.undo, this.again);
            this.sides = element("div", { className: "shm-race-sides" });
            this.told = element("p", { className: "shm-verdict", role: "status" });
            this.list = element("ol", { className: "shm-orders", ariaLabel: "Orders that you have tried" });
            this.count = element("p", {});
            this.replaceChildren(...(this.hasLock ? [this.choice()] : []), bar, this.sides, this.told, this.count, this.list);
            this.classList.add("shm-live");
            this.addEventListener("keydown", (event) => event.stopPropagation());
            this.go("");
        }

        // Whether the kernel gives back what a process held that was killed.
        choice() {
            this.gives = element("input", { type: "checkbox" });
            this.gives.addEventListener("change", () => this.go(this.moves));
            return element("label", { className: "shm-choice-of" }, this.gives, " with SEM_UNDO");
        }

        go(moves) {
            this.moves = moves;
            const world = play(this.steps, moves, this.gives?.checked);
            const sides = ["A", "B"].map((who) => world[who]);
            const isOver = !sides.some((one) => mayMove(this.steps, one));
            if (isOver && this.orders.includes(moves)) this.found.set(moves, world.counter);
            for (const [who, control] of this.movers) {
                control.textContent = this.state(who, world[who]);
                enable(control, mayMove(this.steps, world[who]));
            }
            for (const [who, control] of this.killers) enable(control, world[who].done < this.steps.length && !world[who].isDead);
            enable(this.undo, moves.length > 0);
            enable(this.again, moves.length > 0);
            this.sides.replaceChildren(this.side("A", world), this.middle(world), this.side("B", world));
            this.told.textContent = isOver ? this.verdict(world, sides) : "";
            this.showOrders();
        }

        state(who, one) {
            const step = this.steps[one.done];
            if (one.isDead) return `${who} is dead`;
            if (one.waits) return `${who} waits`;
            return step ? `${who} moves: ${step.name}` : `${who} is done`;
        }

        verdict(world, sides) {
            if (sides.some(({ waits }) => waits)) {
                return "It died with the semaphore, and nobody gives it back: the other waits for ever. Try it with SEM_UNDO.";
            }
            const dead = sides.filter(({ isDead }) => isDead).length;
            if (dead) return `The counter is ${world.counter}; ${dead === 2 ? "both are" : "one is"} dead, and nobody waits.`;
            const lost = world.counter === 2 ? "Nothing is lost." : "One update is lost.";
            return `The counter is ${world.counter} after two increments. ${lost}`;
        }

        side(who, world) {
            const { done, register, waits, isDead } = world[who];
            const steps = this.steps.map((step, index) => element("li", index === done ? { ariaCurrent: "step" } : { className: index < done ? "shm-done" : "" },
                element("code", {}, step.c)));
            const state = isDead ? " is dead" : waits ? " waits" : "";
            return element("div", { className: "shm-side-of" }, element("strong", {}, who + state), element("ol", {}, ...steps),
                element("p", {}, "register r: ", element("b", {}, register === null ? "-" : String(register))));
        }

        middle({ counter, semaphore }) {
            const shown = (name, value) => element("div", { className: "shm-counter" }, element("span", {}, name), element("b", {}, String(value)));
            return element("div", {}, shown("counter", counter), ...(this.hasLock ? [shown("semaphore", semaphore)] : []));
        }

        showOrders() {
            const lost = [...this.found.values()].filter((counter) => counter < 2).length;
            this.count.textContent = `${this.found.size} of ${this.orders.length} orders tried; in ${lost} of them an update is lost.`;
            this.list.replaceChildren(...this.orders.map((order) => {
                const counter = this.found.get(order);
                const kind = counter === undefined ? "" : counter < 2 ? "shm-lost" : "shm-kept";
                const text = counter === undefined ? "·".repeat(order.length) : `${order} = ${counter}${counter < 2 ? " lost" : ""}`;
                return element("li", { className: kind }, counter === undefined ? element("span", { ariaHidden: "true" }, text) : text);
            }));
        }
    }

    customElements.define("shm-race", ShmRace);
})();
