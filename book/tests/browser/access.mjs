// What axe finds against a page's use with a screen reader, a keyboard, or weak eyes.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { playerOf, toAQuestion } from "./player.mjs";
import { click } from "./hands.mjs";
import { paste, promptOf } from "./prompt.mjs";
import { shared, test, visit } from "./tests.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

// A theme changes nothing but colours: the first answers for all rules on all pages, the others for colours on a page of
// each kind.
const THEMES = ["light", "rust", "coal", "navy", "ayu"];
const KINDS = ["preface", "model", "lesson04", "lesson11", "lesson17", "lesson20", "errata", "reference", "playground"]
    .map((name) => `${name}.html`);

// What a page breaks in these themes, as it stands; it is left in the first of them.
async function violations(page, themes) {
    if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(axe);
    const found = [];
    for (const theme of themes) {
        await page.evaluate(choose, theme);
        const broken = await page.evaluate(breaks, theme === THEMES[0] ? undefined : "cat.color");
        found.push(...broken.map((one) => `${theme}: ${one}`));
    }
    await page.evaluate(choose, themes[0]);
    return found;
}

// Another theme comes by and by where something is marked, and never where it is folded: it is brought to its end.
function choose(theme) {
    document.getElementById(`mdbook-theme-${theme}`).click();
    document.getAnimations().forEach((animation) => animation.finish());
}

// Of all rules, or of those with this tag.
async function breaks(tag) {
    const { violations } = await globalThis.axe.run(document, {
        resultTypes: ["violations"], ...(tag && { runOnly: { type: "tag", values: [tag] } }),
        // A tag asks for the rules, too, that are not asked for by themselves.
        rules: { "color-contrast-enhanced": { enabled: false } },
    });
    return violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 2).map(({ html }) => html.slice(0, 120)).join(" | ")}`);
}

shared(3, "axe finds no violation on any page, in any theme", async ({ open, pages }) => {
    const page = await open();
    await visit(page, pages, async (name) => {
        assert.deepEqual(await violations(page, KINDS.includes(name) ? THEMES : THEMES.slice(0, 1)), []);
    });
});

shared(3, "axe finds no violation where contrast is high, and answers and the whole run are shown", async ({ open, lessons }) => {
    const page = await open(undefined, { contrast: "more" });
    await visit(page, lessons, async (name) => {
        const player = playerOf(page);
        await toAQuestion(player);
        await click(page, await player.evaluateHandle((one) => one.open().options[0]));
        await page.evaluate(() => document.querySelectorAll("shm-quiz button").forEach((option) => option.click()));
        await player.locator(".shm-all").click();
        assert.deepEqual(await violations(page, KINDS.includes(name) ? ["light", "navy"] : ["light"]), []);
    });
});

for (const width of [390, 1200, 1920]) {
    test(`the prompt fits a width of ${width}, and axe finds nothing in it`, async ({ open }) => {
        const page = await open("playground.html", { viewport: { width, height: 900 } });
        await promptOf(page);
        await paste(page, "int id = shmget(IPC_PRIVATE, 99999, 0600)", "char *p = shmat(id, NULL, 0)", "fork()", "shmdt(7)");
        const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(over <= 0, `${over} pixels too wide`);
        assert.deepEqual(await violations(page, ["light", "navy"]), []);
    });
}
