// What a player says of itself, and how a test brings it where it wants it.

import assert from "node:assert/strict";

export const playerOf = (page) => page.locator("shm-player");

export const state = (player) => player.evaluate((one) => ({
    at: one.at, last: one.steps.length - 1, shown: one.steps.filter((step) => step.checkVisibility()).length,
}));

// More than any run has calls and questions.
const MANY = 400;

// Goes on until nothing is left, answering nothing, and back. `press(button, times)` presses a button.
export async function toTheEndAndBack(player, press) {
    await player.evaluate(watch);
    const { last } = await state(player);
    for (const [name, end] of [["next", last], ["back", 0]]) {
        const button = await player.evaluateHandle((one, name) => one[name], name);
        const isOver = () => button.evaluate((one) => one.getAttribute("aria-disabled") === "true");
        let presses = 0;
        for (; !(await isOver()); presses += 8) {
            assert.ok(presses < MANY, `${name} comes to no end`);
            await press(button, 8);
        }
        const seen = await player.evaluate((one) => one.seen.splice(0));
        assert.equal(seen.length, presses, `each press reaches ${name}`);
        for (const { at, ...found } of seen) {
            assert.deepEqual(found, { button: name, isTrusted: true, focused: true, shown: 1 }, `in step ${at}`);
        }
        assert.equal(seen.at(-1)?.at, end, `where ${name} ends`);
    }
}

// Has the player note what each press finds when it is answered. Were each press followed by a question to the page, a
// test would mostly wait.
function watch(player) {
    player.seen = [];
    player.addEventListener("click", ({ isTrusted, target }) => player.seen.push({
        button: ["next", "back"].find((name) => player[name] === target), isTrusted, at: player.at,
        focused: document.activeElement === target,
        shown: player.steps.filter((step) => step.checkVisibility()).length,
    }));
}

// Starts the run over, and goes on to the first question that can be answered.
export const toAQuestion = (player) => player.evaluate((one, many) => {
    one.again.click();
    one.jump[one.steps.findIndex((step) => one.predictions.get(step).some(({ open }) => open))].click();
    const isAsked = () => one.open()?.group.checkVisibility();
    for (let presses = 0; !isAsked() && presses < many; presses += 1) one.next.click();
    if (!isAsked()) throw new Error("nothing is asked");
}, MANY);
