// The book on paper: everything that a screen folds, and nothing that wants a hand.

import assert from "node:assert/strict";
import { test, visit } from "./tests.mjs";

// Of what is told on a page, the texts that paper would show too pale. Paper shows no ground.
const pale = (page) => page.evaluate(() => {
    const light = (part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    const contrast = (colour) => {
        const [red, green, blue] = colour.match(/[0-9.]+/g).map((part) => light(Number(part) / 255));
        return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05);
    };
    const told = (one) => [...one.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
    const texts = [...document.querySelectorAll("main *")].filter((one) => told(one) && one.checkVisibility());
    const colour = (one) => getComputedStyle(one)[one instanceof SVGElement ? "fill" : "color"];
    return texts.filter((one) => contrast(colour(one)) < 4.5).map((one) => `${one.textContent.slice(0, 40)}: ${colour(one)}`);
});

for (const theme of ["light", "navy"]) {
    test(`on paper the whole run stands, and every answer, and no button, from the theme ${theme}`, async ({ open }) => {
        const page = await open(undefined, { theme });
        await page.emulateMedia({ media: "print" });
        const all = (selector) => page.locator(selector).count();
        const shown = (selector) => page.locator(selector).filter({ visible: true }).count();
        await visit(page, ["lesson03.html", "lesson11.html", "lesson20.html", "model.html"], async () => {
            assert.equal(await shown("main button"), 0);
            // Each answer to choose from has its reason beside it, and each prediction its answer.
            for (const told of [".shm-step", ".shm-caption svg", ".shm-answer", ".shm-why p"].map((part) => `shm-player ${part}`)
                .concat("shm-quiz li", "shm-quiz details p")) {
                assert.equal(await shown(told), await all(told), told);
            }
            assert.equal(await all("shm-quiz details p"), await all("shm-quiz li"));
            assert.deepEqual([...new Set(await pale(page))].slice(0, 12), []);
            assert.ok((await page.pdf()).length > 20000);
        });
    });
}
