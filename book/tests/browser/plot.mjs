// The plot of lesson 20.

import assert from "node:assert/strict";
import { tabTo } from "./hands.mjs";
import { test } from "./tests.mjs";

// The plot answers questions of its chapter, and is folded until then.
async function openPlot(open) {
    const page = await open("lesson20.html");
    await page.locator(".shm-fold summary").first().click();
    return page;
}

const tip = (page, panel) => page.locator(".shm-panel").nth(panel).locator(".shm-tip text:visible");

test("the plot tells the value at a point, by mouse and by keyboard", async ({ open }) => {
    const page = await openPlot(open);
    const panel = page.locator(".shm-panel").first();
    const point = panel.locator(".curve[data-way=pipe] .point").first();
    await point.scrollIntoViewIfNeeded();
    await point.hover({ force: true });
    assert.match(await tip(page, 0).textContent(), /^.+, 64 B: [0-9.]+ (ns|us|ms)$/);
    await page.mouse.move(0, 0);
    await tabTo(page, panel);
    const steps = [await tip(page, 0).textContent()];
    for (const key of ["ArrowRight", "ArrowDown", "ArrowLeft"]) {
        await page.keyboard.press(key);
        steps.push(await tip(page, 0).textContent());
    }
    const [mechanisms, sizes] = [0, 1].map((part) => steps.map((one) => one.split(/, (?=\d)|: /)[part]));
    assert.equal(mechanisms[1], mechanisms[0], `${steps}`);
    assert.notEqual(mechanisms[2], mechanisms[1], `${steps}`);
    assert.equal(sizes[2], sizes[1], `${steps}`);
    assert.equal(sizes[3], sizes[0], `${steps}`);
    assert.equal(await page.locator("shm-plot [role=status]").textContent(), steps[3], "it is told aloud, too");
    assert.match(page.url(), /lesson20\.html$/);
    await page.keyboard.press("Escape");
    assert.equal(await tip(page, 0).count(), 0);
});

test("curves can be hidden and shown, by keyboard too, and a hidden one says nothing", async ({ open }) => {
    const page = await openPlot(open);
    const shown = () => page.locator('.curve[data-way="pipe"]:visible').count();
    assert.equal(await shown(), 2);
    const box = page.getByRole("checkbox", { name: "pipe" });
    await tabTo(page, box);
    await page.keyboard.press("Space");
    assert.equal(await shown(), 0);
    const told = new Set();
    await page.locator(".shm-panel").first().focus();
    for (const key of [...Array(12).fill("ArrowUp"), ...Array(12).fill("ArrowDown")]) {
        await page.keyboard.press(key);
        told.add((await tip(page, 0).textContent()).split(",")[0]);
    }
    assert.ok(told.size > 3 && !told.has("pipe"), [...told].join());
    await page.getByRole("button", { name: "Show all" }).click();
    assert.equal(await shown(), 2);
});

test("both diagrams of the plot have the same axes, and each point says its figure without scripts", async ({ open }) => {
    const page = await open("lesson20.html", { javaScriptEnabled: false });
    const texts = (panel) => page.locator(".shm-panel").nth(panel).locator("text:not([font-weight]):not([transform])").allTextContents();
    assert.deepEqual(await texts(0), await texts(1));
    const points = page.locator(".shm-panel .point");
    assert.ok(await points.count() > 80);
    for (const title of await points.locator("title").allTextContents()) assert.match(title, /^.+, \d+ (B|KiB|MiB): /);
    assert.ok(await page.locator(".shm-legend li").count() >= 11);
});
