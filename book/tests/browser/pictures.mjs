// The picture of a run: what it shows of each scene.

import assert from "node:assert/strict";
import { playerOf } from "./player.mjs";
import { test } from "./tests.mjs";

test("no page is drawn as empty where nobody has looked which are filled", async ({ open }) => {
    const page = await open("lesson20.html");
    const drawn = await page.evaluate(() => {
        const { picture, scenes } = document.querySelector("shm-player");
        return scenes.filter(({ segments }) => segments.length && segments.every((one) => one.untold)).map((scene) => {
            picture.show(scene);
            return picture.svg.querySelectorAll(".shm-empty").length;
        });
    });
    assert.ok(drawn.length > 0 && drawn.every((cells) => cells === 0), `${drawn}`);
});

test("the picture moves with the run", async ({ open }) => {
    const page = await open("lesson04.html"), player = playerOf(page);
    const full = () => player.locator(".shm-full").count();
    const before = await full();
    for (let presses = 0; presses < 4; presses += 1) await player.locator(".shm-next").click();
    assert.ok(await full() > before, "a page is filled");
    assert.ok(await player.locator("figcaption").first().textContent());
});

test("the picture has page tables, nattch, keys, times, bytes and semaphores, and what changed glows", async ({ open }) => {
    const drawn = async (name) => {
        const page = await open(name);
        const told = await page.evaluate(() => {
            const { picture, scenes } = document.querySelector("shm-player");
            const told = { texts: [], glows: 0, entries: 0 };
            for (const scene of scenes) {
                picture.show(scene);
                told.texts.push(...[...picture.svg.querySelectorAll("text")].map((one) => one.textContent));
                told.glows += picture.svg.querySelectorAll("[class*=shm-glow]").length;
                told.entries += picture.svg.querySelectorAll(".shm-map .shm-full").length;
            }
            return told;
        });
        return { ...told, all: told.texts.join("\n") };
    };
    const writing = await drawn("lesson04.html");
    assert.match(writing.all, /nattch 2\n(.*\n)*"THIS IS A TEST"/);
    assert.match(writing.all, /attached before/);
    assert.ok(writing.glows > 0 && writing.entries > 0, JSON.stringify(writing));
    assert.match((await drawn("lesson09.html")).all, /key 0x[0-9a-f]{8}/);
    assert.match((await drawn("lesson18.html")).all, /semaphore set 0\nvalues 0/);
});
