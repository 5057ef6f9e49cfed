// What a page asks for before a reader does anything on it.

import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { click } from "./hands.mjs";
import { playerOf } from "./player.mjs";
import { promptOf } from "./prompt.mjs";
import { test, visit } from "./tests.mjs";

const MOST_KILOBYTES = 100;

test(`a chapter weighs at most ${MOST_KILOBYTES} KB, compressed`, async ({ open, lessons }) => {
    const page = await open(), session = await page.context().newCDPSession(page);
    await session.send("Network.setCacheDisabled", { cacheDisabled: true });
    const asked = new Set(), weights = new Map(), found = [];
    page.on("response", (response) => asked.add(response.url()));
    await visit(page, lessons, async () => {
        await page.waitForLoadState("networkidle");
        // The next chapter is fetched ahead when nothing else is to do.
        const own = [...asked].filter((url) => url === page.url() || !url.endsWith(".html"));
        asked.clear();
        for (const url of own) if (!weights.has(url)) weights.set(url, await compressed(url));
        const kilobytes = own.reduce((sum, url) => sum + weights.get(url), 0) / 1024;
        found.push(kilobytes);
        assert.ok(own.includes(page.url()) && kilobytes <= MOST_KILOBYTES, `${kilobytes.toFixed(1)} KB: ${own.join(" ")}`);
    });
    console.log(`   a chapter weighs ${Math.min(...found).toFixed(1)} to ${Math.max(...found).toFixed(1)} KB`);
});

const compressed = async (url) => gzipSync(await fetch(url).then((answer) => answer.arrayBuffer()), { level: 9 }).length;

test("what a reader does not use is not asked for", async ({ open }) => {
    const page = await open(), asked = [];
    page.on("request", (request) => asked.push(request.url()));
    const later = () => asked.filter((url) => /elasticlunr|searcher|searchindex|play-\w+\.js|race-|plot-|module/.test(url));
    await page.goto("lesson04.html#step-1.2", { waitUntil: "networkidle" });
    assert.deepEqual(later(), []);
    const player = playerOf(page), take = await player.locator(".shm-take").elementHandle();
    const next = await player.locator(".shm-next").elementHandle();
    for (let presses = 0; presses < 40 && await take.getAttribute("aria-disabled") === "true"; presses += 1) await click(page, next);
    await click(page, take);
    await promptOf(page);
    assert.equal(later().length, 2, `${later()}`);
});
