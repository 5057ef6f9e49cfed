// Readers without scripts, without colours, without motion, by keyboard, or with a phone in the hand.

import assert from "node:assert/strict";
import { paste, promptOf } from "./prompt.mjs";
import { test, visit } from "./tests.mjs";

const seen = (locator) => locator.filter({ visible: true });

test("in forced colours the current step, line and process are marked", async ({ open }) => {
    const page = await open("lesson03.html#step-1", { forcedColors: "active" });
    const ground = (selector) => page.locator(selector).first().evaluate((one) => getComputedStyle(one).backgroundColor);
    assert.notEqual(await ground(".shm-jump [aria-current=step]"), await ground(".shm-jump button:not([aria-current])"));
    await page.goto("playground.html");
    await promptOf(page);
    await paste(page, "new");
    assert.notEqual(await ground("[role=tab][aria-selected=true]"), await ground("[role=tab][aria-selected=false]"));
});

test("without scripts the puzzles are there as a list", async ({ open }) => {
    const page = await open("playground.html", { javaScriptEnabled: false });
    assert.match(await page.locator("shm-play noscript").textContent(), /Hello, segment/);
});

test("without scripts the whole run is there as text", async ({ open, lessons }) => {
    const page = await open(undefined, { javaScriptEnabled: false });
    await visit(page, lessons, async () => {
        const steps = page.locator("shm-player .shm-step"), pictures = page.locator("shm-player .shm-caption svg");
        assert.ok(await steps.count() > 1);
        assert.equal(await seen(steps).count(), await steps.count(), "no step is hidden");
        assert.ok(await page.locator("shm-player .shm-answer").first().isVisible());
        assert.ok(await pictures.count() > 0 && await pictures.first().isVisible(), "the pictures stay");
    });
});

test("the page that holds all chapters fits a narrow screen, and folds nothing", async ({ open }) => {
    const page = await open("print.html", { viewport: { width: 390, height: 900 } });
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
    assert.equal(await page.locator(".shm-fold").count(), 0);
});

test("motion is left out for those who want none", async ({ open }) => {
    for (const [reducedMotion, duration] of [["reduce", "0s"], ["no-preference", "0.5s"]]) {
        const page = await open("lesson03.html", { reducedMotion });
        const moving = await page.locator(".shm-picture g").last().evaluate((one) => getComputedStyle(one).transitionDuration);
        assert.equal(moving, duration);
    }
});

test("the first link of a page skips to the text", async ({ open }) => {
    const page = await open("lesson03.html");
    const first = page.locator("a, button, input").first();
    assert.equal(await first.textContent(), "Skip to the text");
    await first.focus();
    await page.keyboard.press("Enter");
    assert.ok(await page.evaluate(() => document.activeElement.matches("main")));
});

test("search finds what is typed at once, by mouse and by keyboard, and from an address", async ({ open }) => {
    const page = await open("preface.html");
    const results = page.locator("#mdbook-searchresults li");
    for (const begin of [() => page.locator("#mdbook-search-toggle").click(), () => page.keyboard.press("/")]) {
        await page.goto("preface.html");
        await begin();
        await page.keyboard.type("shmget");
        await results.first().waitFor();
        assert.equal(await page.locator("#mdbook-searchbar").inputValue(), "shmget");
        assert.ok(await results.count() > 2);
    }
    await page.goto("preface.html?search=shmdt");
    await results.first().waitFor();
});
