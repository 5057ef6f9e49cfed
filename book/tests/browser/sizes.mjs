// Every page on a phone, a desk and a projector: nothing sticks out, and what a picture says can be read.

import assert from "node:assert/strict";
import { shared, visit } from "./tests.mjs";

// A page is loaded once for all widths. Each text of each scene is measured on a narrow screen and on a wide one.
const WIDTHS = [320, 360, 390, 1600, 1920];
const MEASURED = [360, 1600];

shared(2, "narrow or wide, nothing sticks out, and texts of pictures can be read", async ({ open, pages }) => {
    const found = new Set(), page = await open();
    await visit(page, pages, async (name) => {
        // What is folded has no size.
        await page.evaluate(() => document.querySelectorAll("details").forEach((one) => { one.open = true; }));
        for (const width of WIDTHS) {
            await page.setViewportSize({ width, height: 1000 });
            // Pictures are drawn for their new width in the next frame.
            await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
            const wrong = await page.evaluate(outside);
            if (MEASURED.includes(width)) wrong.push(...await page.evaluate(unreadable));
            for (const one of wrong) found.add(`${name} at ${width}: ${one}`);
        }
    });
    assert.deepEqual([...found].slice(0, 12), []);
});

function outside() {
    const over = document.documentElement.scrollWidth - innerWidth;
    const cut = [...document.querySelectorAll(".shm-frame, .shm-panels")].filter((one) => one.scrollWidth > one.clientWidth);
    return [...(over > 0 ? [`${over} pixels too wide`] : []), ...cut.map(({ className }) => `${className} is cut`)];
}

// Texts too small to read, cut, or larger than their box, in each drawing and in every scene of the run.
function unreadable() {
    const SMALLEST = 9.9;
    const found = new Set(), seen = new Set();
    const size = (text) => {
        const { a, b } = text.getScreenCTM(); // b, for a text that is turned
        return parseFloat(getComputedStyle(text).fontSize) * Math.hypot(a, b);
    };
    for (const text of document.querySelectorAll(".shm-figure text")) {
        if (size(text) < SMALLEST) found.add(`"${text.textContent}" is too small`);
    }
    const { picture, scenes = [] } = document.querySelector("shm-player") ?? {};
    // As on a page that is loaded at this width: a picture that is hidden is not told of another.
    if (picture) picture.across = 0;
    for (const scene of scenes) {
        picture.show(scene);
        for (const text of picture.svg.querySelectorAll("text")) {
            // The same text in a box of the same width has been measured.
            const rect = text.parentElement.querySelector(":scope > rect");
            const key = [text.textContent, rect?.getAttribute("width"), picture.figure.hidden].join();
            if (seen.has(key)) continue;
            seen.add(key);
            const own = text.getBBox(), box = rect?.getBBox();
            const over = box ? Math.round(own.x + own.width - box.x - box.width) : 0;
            if (text.textContent.includes("…")) found.add(`"${text.textContent}" is cut`);
            if (over > 0) found.add(`"${text.textContent}" leaves its box by ${over}`);
            if (!picture.figure.hidden && size(text) < SMALLEST) found.add(`"${text.textContent}" has ${size(text).toFixed(1)} pixels`);
        }
    }
    return [...found];
}
