// Lessons 17 and 18, whose reader decides who moves.

import assert from "node:assert/strict";
import { test } from "./tests.mjs";

test("the reader decides the race, and takes a move back", async ({ open }) => {
    const page = await open("lesson17.html");
    const race = page.locator("shm-race");
    const order = async (moves) => {
        for (const who of moves) await race.getByRole("button", { name: new RegExp(`^${who} moves`) }).click();
        return race.locator(".shm-verdict").textContent();
    };
    assert.match(await order("ABABAB"), /counter is 1 .* lost/);
    await race.getByRole("button", { name: "Start over" }).click();
    assert.match(await order("AAABBB"), /counter is 2 .*Nothing is lost/);
    assert.match(await race.textContent(), /2 of 20 orders tried; in 1 of them/);
    await race.getByRole("button", { name: "Undo" }).click();
    assert.equal(await race.locator(".shm-verdict").textContent(), "");
});

test("the reader decides who takes the semaphore, and what a killed holder leaves", async ({ open }) => {
    const page = await open("lesson18.html");
    const race = page.locator("shm-race");
    const press = (name) => race.getByRole("button", { name }).click();
    const verdict = () => race.locator(".shm-verdict").textContent();
    await press(/^A moves: take/);
    await press(/^B moves: take/);
    assert.equal(await race.getByRole("button", { name: "B waits" }).getAttribute("aria-disabled"), "true");
    for (let moves = 0; moves < 4; moves += 1) await press(/^A moves/);
    for (let moves = 0; moves < 4; moves += 1) await press(/^B moves/);
    assert.match(await verdict(), /counter is 2 .*Nothing is lost/);
    assert.match(await race.textContent(), /1 of 10 orders tried; in 0 of them/);
    await press("Start over");
    for (const name of [/^A moves: take/, /^B moves: take/, "Kill A"]) await press(name);
    assert.match(await verdict(), /waits for ever/);
    await race.getByLabel("with SEM_UNDO").check();
    assert.equal(await verdict(), "", "the kernel has given it back");
    for (let moves = 0; moves < 4; moves += 1) await press(/^B moves/);
    assert.match(await verdict(), /counter is 1; one is dead, and nobody waits/);
    // Whatever the reader chooses, nothing is lost while nobody is killed.
    assert.deepEqual(await race.evaluate((one) => one.orders.map((moves) => { one.gives.checked = false; one.go(moves); return one.found.get(moves); })),
        Array(10).fill(2));
});
