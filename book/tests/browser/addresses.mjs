// Where a reader is in a run: by the keys, in the address, and after a reload.

import assert from "node:assert/strict";
import { playerOf } from "./player.mjs";
import { test } from "./tests.mjs";

test("arrow keys do not turn the page", async ({ open }) => {
    const page = await open("lesson03.html");
    await page.evaluate(() => {
        globalThis.turns = [];
        globalThis.navigation.addEventListener("navigate", ({ destination }) => globalThis.turns.push(destination.url));
    });
    for (const key of ["ArrowRight", "ArrowLeft", "ArrowRight"]) await page.keyboard.press(key);
    assert.deepEqual(await page.evaluate(() => globalThis.turns), []);
});

test("a step has an address: a link, reload and Back lead to it", async ({ open }) => {
    const page = await open("lesson08.html#step-2"), player = playerOf(page);
    const where = () => player.locator(".shm-where").textContent();
    assert.match(await where(), /^Step 2/);
    await player.locator(".shm-jump button").nth(3).click();
    assert.match(await where(), /^Experiment 3/);
    await player.locator(".shm-next").click();
    await player.locator(".shm-next").click();
    await page.waitForURL(/#step-3\.2$/);
    await page.reload();
    assert.match(await where(), /^Experiment 3, call 2/);
    await page.goBack();
    assert.match(await where(), /^Step 2/);
});

test("arrow keys go through a run while the focus is in its player", async ({ open }) => {
    const page = await open("lesson02.html"), player = playerOf(page);
    await player.locator(".shm-next").focus();
    const where = () => player.locator(".shm-where").textContent();
    const before = await where();
    await page.keyboard.press("ArrowRight");
    assert.notEqual(await where(), before);
    await page.keyboard.press("ArrowLeft");
    assert.equal(await where(), before);
    assert.match(page.url(), /lesson02\.html/);
});

test("answers are kept over a reload, and Start over forgets them", async ({ open }) => {
    const page = await open("lesson08.html#step-1"), player = playerOf(page);
    await player.locator(".shm-options button:visible").first().click();
    const verdict = () => player.locator(".shm-step:not(.shm-later) .shm-verdict").first().textContent();
    const before = await verdict();
    assert.notEqual(before, "");
    await page.reload();
    assert.equal(await verdict(), before);
    await player.locator(".shm-again").click();
    await page.goto("lesson08.html#step-1");
    await page.reload();
    assert.equal(await verdict(), "");
});

test("a click on a line of the source goes to the call that it makes", async ({ open }) => {
    const page = await open("lesson02.html");
    const player = playerOf(page);
    const line = player.locator(".shm-source-code:visible .shm-line[title]").last();
    await line.click();
    assert.equal(await line.getAttribute("aria-current"), "true");
});

test("Back leads from the first step to where the run began", async ({ open }) => {
    const page = await open("lesson03.html#run");
    const where = page.locator(".shm-where");
    const begin = await where.textContent();
    for (let presses = 0; await where.textContent() === begin; presses += 1) await page.locator(".shm-next").click();
    await page.goBack();
    await page.waitForFunction((text) => document.querySelector(".shm-where").textContent === text, begin);
});
