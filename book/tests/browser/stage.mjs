// What a reader has in sight of a run: the buttons, the call, its line in the source, and the picture.

import assert from "node:assert/strict";
import { playerOf } from "./player.mjs";
import { test } from "./tests.mjs";

test("each call marks its line in the source, and the bar stays in sight", async ({ open }) => {
    const page = await open("lesson03.html", { viewport: { width: 1200, height: 500 } }), player = playerOf(page);
    await player.locator(".shm-jump button").nth(1).click();
    const line = player.locator(".shm-source-code:visible .shm-line[aria-current]");
    while (!(await player.locator(".shm-now small").count())) await player.locator(".shm-next").click();
    const marked = await line.textContent();
    const told = await player.locator(".shm-now small").textContent();
    assert.equal(told.split(":").at(-1), String(parseInt(marked, 10)), `${told} ${marked}`);
    await player.locator(".shm-now").evaluate((one) => one.scrollIntoView({ block: "end" }));
    assert.ok(await player.locator(".shm-next").evaluate((one) => {
        const { top, bottom } = one.getBoundingClientRect();
        return top >= 0 && bottom <= innerHeight;
    }), "Next is in sight");
});

test("an answer does not push what was clicked out of sight", async ({ open }) => {
    const page = await open("lesson08.html#step-1");
    const option = page.locator("shm-player .shm-options button:visible").first();
    await option.evaluate((one) => one.scrollIntoView({ block: "center" }));
    const before = await option.boundingBox();
    await option.click();
    const after = await option.boundingBox();
    assert.ok(Math.abs(after.y - before.y) < 3, `${before.y} ${after.y}`);
});

test("enlarged to twice its size, the player has its buttons, the call, the picture and the source in sight", async ({ open }) => {
    const page = await open("lesson08.html#step-3.4", { viewport: { width: 600, height: 450 }, deviceScaleFactor: 2 });
    await page.waitForFunction(() => scrollY > 0);
    for (const part of [".shm-next", ".shm-take", ".shm-made", ".shm-picture svg", ".shm-line[aria-current]", ".shm-step:not(.shm-later) .shm-title"]) {
        const { top, bottom } = await page.locator(`shm-player ${part}`).first().evaluate((one) => one.getBoundingClientRect());
        assert.ok(top >= 0 && bottom <= 450, `${part} is from ${top} to ${bottom}`);
    }
});

test("before the first call of a step its question is told, and the last line that ran stays marked", async ({ open }) => {
    const page = await open("lesson14.html#step-2"), player = playerOf(page);
    assert.equal(await player.locator(".shm-where").textContent(), "Step 2");
    assert.equal(await player.locator(".shm-source-code:visible .shm-line[aria-current]").count(), 1);
    await page.waitForFunction(() => document.querySelector(".shm-stage").getBoundingClientRect().top >= 0);
});

test("the call that was made last stands under the buttons, and its line is marked in Rust and in C", async ({ open }) => {
    const page = await open("lesson04.html#step-4.3"), player = playerOf(page);
    while (await player.locator(".shm-made").textContent() === "" || (await player.evaluate((one) => one.open()))) {
        await player.locator(".shm-next").click();
    }
    const made = await player.locator(".shm-made code").textContent();
    assert.equal(await player.locator(".shm-now code").first().textContent(), made);
    const marked = () => player.locator(".shm-source-code:visible .shm-line[aria-current]").textContent();
    const rust = await marked();
    await player.getByRole("button", { name: "C", exact: true }).click();
    const c = await marked();
    assert.ok(c.includes(made.split(" // ")[0].split(") = ")[0]), `${c} ${made}`);
    assert.notEqual(c, rust);
    await page.reload();
    assert.equal(await player.getByRole("button", { name: "C", exact: true }).getAttribute("aria-pressed"), "true");
});

test("on a projector the picture names its segment, and is seen whole with its sentences", async ({ open }) => {
    const page = await open("lesson18.html#step-2", { viewport: { width: 1200, height: 800 } });
    const picture = page.locator(".shm-stage .shm-picture");
    assert.match(await picture.locator("svg").textContent(), /segment 0/);
    assert.ok(await picture.evaluate((one) => one.scrollHeight <= one.clientHeight), "nothing is to be scrolled");
});
