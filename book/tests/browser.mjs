// The built book in headless Chromium: players by mouse and by keyboard, without scripts, narrow, wide, on paper;
// accessibility in every theme; what is asked of the network.
//
//     node book/tests/browser.mjs                 all of it
//     node book/tests/browser.mjs keyboard        what has this word in its name
//     node book/tests/browser.mjs clock           only how long the prompt takes to begin and to answer
//     node book/tests/browser.mjs --shots FOLDER  only screenshots, to look at
//
// It serves the book with `book serve`, which it starts and stops itself.
//
// What it measured last, on two processors of x86_64 with nothing else to do, with Chromium slowed 4 times in brackets
// (in the gate, where tests had just ended, up to 294 ms to the prompt and 13 ms to an answer):
//
//     a chapter before anything is done on it        60 to 72 KB compressed; more than 100 fails a test
//     its first paint                                (0.4 to 1.3 s)
//     the prompt's module                            171 KB compressed, loaded at the first use
//     from asking for it to the prompt               36 ms (71)
//     an answer, until it is laid out                1.1 ms (5.5), of which the module takes 0.4 (1.7)
//     the world, in the frame after it               2.5 ms (9.1)
//     the whole group of tests                       295 s

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFile, readdir } from "node:fs/promises";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { chromium } from "playwright-core";
import { shoot } from "./shots.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const root = resolve(here, "../..");
const target = process.env.CARGO_TARGET_DIR ?? join(root, "target");
const built = join(root, "target/book");
const THEMES = ["light", "rust", "coal", "navy", "ayu"];
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run"];

// A machine under load takes its time; a page that never comes is a failure all the same.
const TIMEOUT = 120_000;

// ---------------------------------------------------------------------------------------------------- the server

// Starts `book serve` on a free port, and says where it is.
async function serve() {
    const server = spawn(join(target, "debug/book"), ["serve", "--as-built", "--port", "0"], { cwd: root });
    server.stderr.pipe(process.stderr);
    const address = await new Promise((found, failed) => {
        server.on("error", failed);
        server.on("exit", () => failed(new Error("the book cannot be served")));
        server.stdout.on("data", (text) => {
            const match = /http:\/\/[0-9.:]+\//.exec(String(text));
            if (match) found(match[0]);
        });
    });
    return { address, stop: () => { server.removeAllListeners("exit"); server.kill(); } };
}

const problems = [];
const outside = new Set();

// A page in a theme, which notes what goes wrong in it and what it asks of others. What moves is drawn sixty times a
// second, which no test looks at but the one about motion.
async function open(browser, url, { theme = "light", ...options } = {}) {
    const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, reducedMotion: "reduce", ...options });
    await context.addInitScript((name) => localStorage.setItem("mdbook-theme", name), theme);
    context.setDefaultTimeout(TIMEOUT);
    const page = await context.newPage();
    page.on("console", (message) => {
        if (message.type() === "error") problems.push(`${page.url()}: ${message.text()} ${message.location().url}`);
    });
    page.on("pageerror", (error) => problems.push(`${url}: ${error.message}`));
    page.on("request", (request) => {
        const asked = new URL(request.url());
        if (!["127.0.0.1", ""].includes(asked.hostname)) outside.add(asked.href);
    });
    await page.goto(url, { waitUntil: "load" });
    return page;
}

const close = (page) => page.context().close();
const tests = [];
const test = (name, run) => tests.push({ name, run });

// ------------------------------------------------------------------------------------------------- the player

const state = (player) => player.evaluate((one) => ({
    at: one.at, last: one.steps.length - 1, visible: one.checkVisibility(),
    shown: one.steps.filter((step) => step.checkVisibility()).length,
    ends: [".shm-next", ".shm-back"].map((name) => one.querySelector(name).getAttribute("aria-disabled") === "true"),
}));

// Goes on until nothing is left, answering nothing; `press` presses the button that it is given.
async function toTheEndAndBack(player, press) {
    const [next, back] = [await handle(player, ".shm-next"), await handle(player, ".shm-back")];
    let now = await state(player);
    for (let presses = 0; !now.ends[0]; presses += 1) {
        assert.ok(presses < 400, "the player comes to no end");
        await press(next);
        now = await state(player);
        assert.equal(now.shown, 1, "one step is shown at a time");
    }
    assert.equal(now.at, now.last);
    for (let presses = 0; !now.ends[1]; presses += 1) {
        assert.ok(presses < 400, "the player never comes back");
        await press(back);
        now = await state(player);
    }
    assert.equal(now.at, 0);
}

const handle = (player, part) => player.locator(part).elementHandle();

// Presses a button with the mouse, where it is seen. A locator's click() waits for two frames in which the button does
// not move; here it need only be what the pointer meets.
async function click(page, button) {
    const { x, y, isMet } = await button.evaluate((one) => {
        one.scrollIntoView({ block: "nearest", behavior: "instant" });
        const { x, y, width, height } = one.getBoundingClientRect();
        const place = { x: x + width / 2, y: y + height / 2 };
        return { ...place, isMet: one.contains(document.elementFromPoint(place.x, place.y)) };
    });
    assert.ok(isMet, "something lies over the button, or it is out of sight");
    await page.mouse.click(x, y);
}

// Jumps to the first step with a question that can be answered, and goes on by mouse until it is asked.
async function toAQuestion(page, player) {
    const step = await player.evaluate((one) => one.steps.findIndex((step) => one.predictions.get(step).some(({ open }) => open)));
    if (step > 0) await click(page, await handle(player, `.shm-jump li:nth-child(${step + 1}) button`));
    const next = await handle(player, ".shm-next");
    const asks = () => player.evaluate((one) =>
        [...one.querySelectorAll('.shm-options button:not([aria-disabled="true"])')].some((option) => option.checkVisibility()));
    for (let presses = 0; !(await asks()); presses += 1) {
        assert.ok(presses < 400, "nothing is asked");
        await click(page, next);
    }
}

// On one page, since a page of its own for each takes as long as the player.
async function everyPlayer({ browser, address, lessons }, press) {
    const page = await open(browser, address + lessons[0]);
    for (const name of lessons) {
        await page.goto(address + name);
        await toTheEndAndBack(page.locator("shm-player"), (button) => press(page, button)).catch((problem) => {
            throw new Error(`${name}, now at ${page.url()}: ${problem.message}`);
        });
    }
    await close(page);
}

for (const half of [0, 1]) {
    test(`each player goes to the end and back by mouse, in half the lessons (${half + 1})`, ({ lessons, ...context }) =>
        everyPlayer({ ...context, lessons: lessons.filter((_, index) => index % 2 === half) }, click));
}

// One player in three: they are the same code, and Tab takes its time.
test("players go to the end and back by keyboard alone", ({ lessons, ...context }) =>
    everyPlayer({ ...context, lessons: lessons.filter((_, index) => index % 3 === 0) }, async (page, button) => {
        const hasFocus = () => button.evaluate((one) => one === document.activeElement);
        if (!(await hasFocus())) await tabTo(page, button);
        await page.keyboard.press("Enter");
        assert.ok(await hasFocus(), "the focus is kept");
    }));

// Presses Tab, or Shift and Tab, until the button has the focus; never a mouse, never focus().
async function tabTo(page, button) {
    const way = () => button.evaluate((one) => {
        const { activeElement: now } = document;
        if (one === now) return null;
        return now.compareDocumentPosition(one) & Node.DOCUMENT_POSITION_FOLLOWING ? "Tab" : "Shift+Tab";
    });
    for (let presses = 0; presses < 400; presses += 1) {
        const key = await way();
        if (!key) return;
        await page.keyboard.press(key);
    }
    throw new Error("the button cannot be reached with Tab");
}

for (const right of [true, false]) test(`a ${right ? "right" : "wrong"} prediction is told with its reason, and aloud`, async ({ browser, address, lessons }) => {
    const page = await open(browser, address + lessons[0]);
    for (const name of lessons) {
        await page.goto(address + name);
        const player = page.locator("shm-player");
        await player.locator(".shm-next").waitFor();
        const choices = player.locator('.shm-options button:visible:not([aria-disabled="true"])');
        await toAQuestion(page, player);
        const index = await player.evaluate((one, wanted) => {
            const prediction = one.open();
            if (prediction.right() < 0 || prediction.answer.closest(".shm-step") !== one.steps[one.at]) return -1;
            return wanted ? prediction.right() : (prediction.right() + 1) % prediction.options.length;
        }, right);
        // What the machine could not tell, or tells later, has no verdict at once.
        if (index < 0) continue;
        const chosen = await choices.nth(index).textContent();
        const option = player.locator(".shm-step:not(.shm-later) .shm-options button", { hasText: chosen }).first();
        await choices.nth(index).click();
        const verdict = await player.locator(".shm-step:not(.shm-later) .shm-verdict:not(:empty)").last().textContent();
        assert.match(verdict, right ? /^Right\. [a-d]\) .+: .+/ : /^Not this time\. Not [a-d]\) .+: .+ It is [a-d]\)/);
        assert.equal(await player.locator("[aria-live]").first().textContent(), verdict);
        assert.ok(await option.evaluate((one) => one === document.activeElement), "the focus stays on the choice");
    }
    await close(page);
});

test("a step can be jumped to, and the run started over", async ({ browser, address }) => {
    const page = await open(browser, `${address}lesson08.html`);
    const player = page.locator("shm-player");
    await player.locator(".shm-jump button").nth(3).click();
    assert.equal((await state(player)).at, 3);
    await player.locator(".shm-again").click();
    assert.equal((await state(player)).at, 0);
    await player.locator(".shm-all").click();
    const { shown, last } = await state(player);
    assert.equal(shown, last + 1, "the whole run is shown");
    await close(page);
});

test("in the whole run Next and Back do nothing, and a jump turns to its step", async ({ browser, address }) => {
    const page = await open(browser, `${address}lesson08.html`);
    const player = page.locator("shm-player");
    await player.locator(".shm-jump button").nth(2).click();
    await player.locator(".shm-all").click();
    // Such a button can still be pressed, by keyboard as well.
    for (const name of [".shm-next", ".shm-back"]) {
        await player.locator(name).focus();
        await page.keyboard.press("Enter");
        await player.locator(name).click({ force: true });
        assert.equal((await state(player)).at, 2, `${name} is disabled`);
    }
    for (const press of [(one) => one.click(), (one) => one.focus().then(() => page.keyboard.press("Enter"))]) {
        for (const index of [3, 1]) {
            await press(player.locator(".shm-jump button").nth(index));
            const step = player.locator(".shm-step").nth(index);
            const { top, focused } = await step.evaluate((one) => ({
                top: one.getBoundingClientRect().top,
                focused: document.activeElement === one.querySelector(".shm-title"),
            }));
            assert.ok(top >= 0 && top < 200, `step ${index} begins at ${top}`);
            assert.ok(focused, "the reader's place is the step");
        }
    }
    const { shown, last } = await state(player);
    assert.equal(shown, last + 1, "the whole run is still shown");
    await player.locator(".shm-all").click();
    assert.deepEqual(await state(player).then(({ at, shown }) => [at, shown]), [1, 1], "and then that step alone");
    await close(page);
});

test("no page is drawn as empty where nobody has looked which are filled", async ({ browser, address }) => {
    const page = await open(browser, `${address}lesson20.html`);
    const drawn = await page.evaluate(() => {
        const { picture, scenes } = document.querySelector("shm-player");
        return scenes.filter(({ segments }) => segments.length && segments.every((one) => one.untold)).map((scene) => {
            picture.show(scene);
            return picture.svg.querySelectorAll(".shm-empty").length;
        });
    });
    assert.ok(drawn.length > 0 && drawn.every((cells) => cells === 0), `${drawn}`);
    await close(page);
});

test("the picture moves with the run", async ({ browser, address }) => {
    const page = await open(browser, `${address}lesson04.html`);
    const player = page.locator("shm-player");
    const full = () => player.locator(".shm-full").count();
    const before = await full();
    for (let presses = 0; presses < 4; presses += 1) await player.locator(".shm-next").click();
    assert.ok(await full() > before, "a page is filled");
    assert.ok(await player.locator("figcaption").first().textContent());
    await close(page);
});

// In every scene of every run: large enough to read, and inside its box.
for (const width of [360, 1600]) {
    test(`texts of pictures can be read at a width of ${width}`, async ({ browser, address, pages }) => {
        const found = [];
        const page = await open(browser, `${address}index.html`, { viewport: { width, height: 1000 } });
        for (const name of pages) {
            await page.goto(address + name);
            const wrong = await page.evaluate(() => {
                const figures = [...document.querySelectorAll(".shm-figure text")].filter((text) => {
                    const { a, b } = text.getScreenCTM(); // b, for a text that is turned
                    return parseFloat(getComputedStyle(text).fontSize) * Math.hypot(a, b) < 9.9;
                });
                const { picture, scenes = [] } = document.querySelector("shm-player") ?? {};
                const found = new Set(figures.map((text) => `"${text.textContent}" is too small`)), seen = new Set();
                for (const scene of scenes) {
                    picture.show(scene);
                    for (const text of picture.svg.querySelectorAll("text")) {
                        // The same text in a box of the same width has been measured.
                        const key = [text.textContent, text.parentElement.querySelector(":scope > rect")?.getAttribute("width"), picture.figure.hidden].join();
                        if (seen.has(key)) continue;
                        seen.add(key);
                        const own = text.getBBox(), box = text.parentElement.querySelector(":scope > rect")?.getBBox();
                        const over = box ? Math.round(own.x + own.width - box.x - box.width) : 0;
                        if (text.textContent.includes("…")) found.add(`"${text.textContent}" is cut`);
                        if (over > 0) found.add(`"${text.textContent}" leaves its box by ${over}`);
                        const size = parseFloat(getComputedStyle(text).fontSize) * text.getScreenCTM().a;
                        if (!picture.figure.hidden && size < 9.9) found.add(`"${text.textContent}" has ${size.toFixed(1)} pixels`);
                    }
                }
                return [...found];
            });
            found.push(...wrong.map((one) => `${name}: ${one}`));
        }
        await close(page);
        assert.deepEqual([...new Set(found)].slice(0, 12), []);
    });
}

// ---------------------------------------------------------------------------------------------------- the plot

// The plot answers questions of its chapter, and is folded until then.
async function openPlot(browser, address, options) {
    const page = await open(browser, `${address}lesson20.html`, options);
    await page.locator(".shm-fold summary").first().click();
    return page;
}

const tip = (page, panel) => page.locator(".shm-panel").nth(panel).locator(".shm-tip text:visible");

test("the plot tells the value at a point, by mouse and by keyboard", async ({ browser, address }) => {
    const page = await openPlot(browser, address);
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
    await close(page);
});

test("curves can be hidden and shown, by keyboard too, and a hidden one says nothing", async ({ browser, address }) => {
    const page = await openPlot(browser, address);
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
    await close(page);
});

test("both diagrams of the plot have the same axes, and each point says its figure without scripts", async ({ browser, address }) => {
    const page = await browser.newContext({ javaScriptEnabled: false }).then((context) => context.newPage());
    await page.goto(`${address}lesson20.html`);
    const texts = (panel) => page.locator(".shm-panel").nth(panel).locator("text:not([font-weight]):not([transform])").allTextContents();
    assert.deepEqual(await texts(0), await texts(1));
    const points = page.locator(".shm-panel .point");
    assert.ok(await points.count() > 80);
    for (const title of await points.locator("title").allTextContents()) assert.match(title, /^.+, \d+ (B|KiB|MiB): /);
    assert.ok(await page.locator(".shm-legend li").count() >= 11);
    await close(page);
});

// --------------------------------------------------------------------------------------------- keys and addresses

test("arrow keys do not turn the page", async ({ browser, address }) => {
    const page = await open(browser, `${address}lesson03.html`);
    for (const key of ["ArrowRight", "ArrowLeft", "ArrowRight"]) await page.keyboard.press(key);
    await page.waitForTimeout(300);
    assert.match(page.url(), /lesson03\.html$/);
    await close(page);
});

test("questions at the end of a chapter tell why, whichever is chosen", async ({ browser, address }) => {
    const page = await open(browser, `${address}lesson05.html`);
    const quiz = page.locator("shm-quiz").first();
    for (let option = 0; option < await quiz.locator("button").count(); option += 1) {
        await quiz.locator("button").nth(option).click();
        assert.match(await quiz.locator(".shm-verdict").textContent(), /^(Right|No): .+/);
    }
    await close(page);
});

test("a step has an address: a link, reload and Back lead to it", async ({ browser, address }) => {
    const page = await open(browser, `${address}lesson08.html#step-2`);
    const player = page.locator("shm-player");
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
    await close(page);
});

test("arrow keys go through a run while the focus is in its player", async ({ browser, address }) => {
    const page = await open(browser, `${address}lesson02.html`);
    const player = page.locator("shm-player");
    await player.locator(".shm-next").focus();
    const where = () => player.locator(".shm-where").textContent();
    const before = await where();
    await page.keyboard.press("ArrowRight");
    assert.notEqual(await where(), before);
    await page.keyboard.press("ArrowLeft");
    assert.equal(await where(), before);
    assert.match(page.url(), /lesson02\.html/);
    await close(page);
});

test("each call marks its line in the source, and the bar stays in sight", async ({ browser, address }) => {
    const page = await open(browser, `${address}lesson03.html`, { viewport: { width: 1200, height: 500 } });
    const player = page.locator("shm-player");
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
    await close(page);
});

test("an answer does not push what was clicked out of sight", async ({ browser, address }) => {
    const page = await open(browser, `${address}lesson08.html#step-1`);
    const option = page.locator("shm-player .shm-options button:visible").first();
    await option.evaluate((one) => one.scrollIntoView({ block: "center" }));
    const before = await option.boundingBox();
    await option.click();
    const after = await option.boundingBox();
    assert.ok(Math.abs(after.y - before.y) < 3, `${before.y} ${after.y}`);
    await close(page);
});

test("enlarged to twice its size, the player has its buttons, the call, the picture and the source in sight", async ({ browser, address }) => {
    const page = await open(browser, `${address}lesson08.html#step-3.4`, { viewport: { width: 600, height: 450 }, deviceScaleFactor: 2 });
    await page.waitForFunction(() => scrollY > 0);
    for (const part of [".shm-next", ".shm-take", ".shm-made", ".shm-picture svg", ".shm-line[aria-current]", ".shm-step:not(.shm-later) .shm-title"]) {
        const { top, bottom } = await page.locator(`shm-player ${part}`).first().evaluate((one) => one.getBoundingClientRect());
        assert.ok(top >= 0 && bottom <= 450, `${part} is from ${top} to ${bottom}`);
    }
    await close(page);
});

test("on a projector the picture names its segment, and is seen whole with its sentences", async ({ browser, address }) => {
    const page = await open(browser, `${address}lesson18.html#step-2`, { viewport: { width: 1200, height: 800 } });
    const picture = page.locator(".shm-stage .shm-picture");
    assert.match(await picture.locator("svg").textContent(), /segment 0/);
    assert.ok(await picture.evaluate((one) => one.scrollHeight <= one.clientHeight), "nothing is to be scrolled");
    await close(page);
});

test("before the first call of a step its question is told, and the last line that ran stays marked", async ({ browser, address }) => {
    const page = await open(browser, `${address}lesson14.html#step-2`);
    const player = page.locator("shm-player");
    assert.equal(await player.locator(".shm-where").textContent(), "Step 2");
    assert.equal(await player.locator(".shm-source-code:visible .shm-line[aria-current]").count(), 1);
    await page.waitForFunction(() => document.querySelector(".shm-stage").getBoundingClientRect().top >= 0);
    await close(page);
});

test("the call that was made last stands under the buttons, and its line is marked in Rust and in C", async ({ browser, address }) => {
    const page = await open(browser, `${address}lesson04.html#step-4.3`);
    const player = page.locator("shm-player");
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
    await close(page);
});

test("answers are kept over a reload, and Start over forgets them", async ({ browser, address }) => {
    const page = await open(browser, `${address}lesson08.html#step-1`);
    const player = page.locator("shm-player");
    await player.locator(".shm-options button:visible").first().click();
    const verdict = () => player.locator(".shm-step:not(.shm-later) .shm-verdict").first().textContent();
    const before = await verdict();
    assert.notEqual(before, "");
    await page.reload();
    assert.equal(await verdict(), before);
    await player.locator(".shm-again").click();
    await page.goto(`${address}lesson08.html#step-1`);
    await page.reload();
    assert.equal(await verdict(), "");
    await close(page);
});

test("what the kernel showed is folded until the questions are answered", async ({ browser, address }) => {
    const page = await open(browser, `${address}lesson03.html`);
    const fold = page.locator(".shm-fold");
    assert.equal(await fold.getAttribute("open"), null);
    await toTheEndAndBack(page.locator("shm-player"), (button) => click(page, button));
    assert.notEqual(await fold.getAttribute("open"), null);
    await close(page);
});

test("the picture has page tables, nattch, keys, times, bytes and semaphores, and what changed glows", async ({ browser, address }) => {
    const drawn = async (name) => {
        const page = await open(browser, address + name);
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
        await close(page);
        return { ...told, all: told.texts.join("\n") };
    };
    const writing = await drawn("lesson04.html");
    assert.match(writing.all, /nattch 2\n(.*\n)*"THIS IS A TEST"/);
    assert.match(writing.all, /attached before/);
    assert.ok(writing.glows > 0 && writing.entries > 0, JSON.stringify(writing));
    assert.match((await drawn("lesson09.html")).all, /key 0x[0-9a-f]{8}/);
    assert.match((await drawn("lesson18.html")).all, /semaphore set 0\nvalues 0/);
});

// -------------------------------------------------------------------------------------------------- the prompt

const prompt = async (page) => {
    const play = page.locator("shm-play");
    await play.locator("input:enabled").waitFor();
    await drawn(page);
    return play;
};

// The world is drawn in the frame after what is said of it.
const drawn = (page) => page.waitForFunction(() => !document.querySelector("shm-play").coming);

async function type(page, ...lines) {
    for (const line of lines) {
        await page.getByLabel("Command").pressSequentially(line);
        await page.keyboard.press("Enter");
    }
    await drawn(page);
}

const told = (play) => play.getByRole("log").textContent();

test("a level is solved by typing, undone, and kept over a reload", async ({ browser, address }) => {
    const page = await open(browser, `${address}playground.html`);
    let play = await prompt(page);
    await play.getByLabel("Level", { exact: true }).selectOption("hello");
    await type(page, "int id = shmget(IPC_PRIVATE, 25600, 0600)", "char *p = shmat(id, NULL, 0)");
    assert.equal(await play.locator(".shm-won").textContent(), "");
    await type(page, 'strcpy(p, "hi")');
    assert.match(await play.locator(".shm-won").textContent(), /^Solved: 3 calls, par 3\./);
    await play.getByRole("button", { name: "Undo" }).click();
    await drawn(page);
    assert.match(await play.locator("figcaption").textContent(), /0 of 7 pages in memory/);
    await play.evaluate((one) => one.publish());
    const undone = page.url();
    // A reload may come when a line is kept, and the address does not hold it yet.
    await play.evaluate((one) => {
        one.redo.click();
        clearTimeout(one.soon);
        one.keep();
    });
    await drawn(page);
    assert.match(await play.locator("figcaption").textContent(), /1 of 7 pages in memory/);
    assert.equal(page.url(), undone);
    await page.reload();
    play = await prompt(page);
    assert.match(await told(play), /strcpy\(p, "hi"\)/);
    assert.match(await play.locator("figcaption").textContent(), /1 of 7 pages in memory/);
    // Without the link, too: what was typed is kept.
    await page.goto(`${address}playground.html`);
    play = await prompt(page);
    assert.match(await told(play), /strcpy\(p, "hi"\)/);
    assert.match(await play.getByLabel("Level", { exact: true }).locator("option:checked").textContent(), /^✓/);
    // A link that is opened is what it says, whatever is kept.
    await page.goto(`${address}preface.html`);
    await page.goto(undone);
    play = await prompt(page);
    assert.match(await play.locator("figcaption").textContent(), /0 of 7 pages in memory/);
    await close(page);
});

// The page gives the module a level's conditions in bytes that the book's tool wrote.
test("each level's solution reaches its goal in the page, and its start does not", async ({ browser, address }) => {
    const page = await open(browser, `${address}playground.html`);
    await prompt(page);
    const levels = await page.evaluate(() => {
        const { ask, levels } = document.querySelector("shm-play");
        return levels.map(({ name, level, conditions }) => {
            const answers = [ask({ begin: { start: level.start, conditions } }), ...level.solution.map((line) => ask({ line }))];
            const done = answers.map(({ done }) => done);
            return { name, began: done[0].reached, solved: done.at(-1).reached, calls: done.at(-1).calls - level.par };
        });
    });
    assert.ok(levels.length > 20);
    for (const { name, ...found } of levels) assert.deepEqual(found, { began: false, solved: true, calls: 0 }, name);
    await close(page);
});

test("a link opens the session in another browser, from a file too", async ({ browser, address }) => {
    const page = await open(browser, `${address}playground.html`);
    await prompt(page);
    await type(page, "int id = shmget(7, 4096, IPC_CREAT | 0600)", "new", "B: char *p = shmat(0, NULL, 0)");
    await page.locator("shm-play").evaluate((one) => one.publish());
    const link = new URL(page.url());
    await close(page);
    for (const place of [link.href, `file://${built}/playground.html${link.hash}`]) {
        const other = await open(browser, place);
        const play = await prompt(other);
        assert.match(await play.locator("figcaption").textContent(), /Segment 0: 4096 bytes, .* in B at 0x/);
        await type(other, "B: shmdt(p)");
        assert.match(await told(play), /nattch 1 → 0/);
        await close(other);
    }
    const broken = await open(browser, `${address}playground.html#s=nonsense`);
    assert.match(await told(await prompt(broken)), /The link cannot be read/);
    await close(broken);
});

test("what is not understood is told with its place, and changes nothing", async ({ browser, address }) => {
    const page = await open(browser, `${address}playground.html`);
    const play = await prompt(page);
    await type(page, "int id = shmgte(7, 1, 0)");
    assert.match(await told(play), /column \d+: .*Did you mean shmget\?/);
    await type(page, "help shmat");
    assert.match(await told(play), /shmat/);
    await close(page);
});

test("Tab completes a name, and leaves where there is nothing to complete", async ({ browser, address }) => {
    const page = await open(browser, `${address}playground.html`);
    const play = await prompt(page);
    const input = page.getByLabel("Command");
    await input.pressSequentially("shmg");
    await page.keyboard.press("Tab");
    assert.equal(await input.inputValue(), "shmget");
    await page.keyboard.press("Tab");
    assert.ok(!(await input.evaluate((one) => one === document.activeElement)), "the keyboard is not trapped");
    await input.fill("");
    await input.focus();
    for (let presses = 0; presses < 3; presses += 1) await page.keyboard.press("Tab");
    assert.ok(!(await input.evaluate((one) => one === document.activeElement)), "nor on an empty line");
    assert.ok(await play.isVisible());
    await close(page);
});

test("an answer leaves alone what it does not change, and no rule of style asks what the page has", async ({ browser, address }) => {
    const page = await open(browser, `${address}playground.html`);
    await prompt(page);
    await type(page, "int id = shmget(IPC_PRIVATE, 4096, 0600)");
    const parts = () => page.evaluateHandle(() => [...document.querySelectorAll("shm-play svg g > *, shm-play td, shm-play [role=tab]")]);
    const before = await parts();
    const same = (now) => now.evaluate((now, before) => now.length === before.length && now.every((one, index) => one === before[index]), before);
    await type(page, "ipcs");
    assert.ok(await same(await parts()), "the same shapes, cells and tabs");
    await type(page, "fork()");
    assert.ok(!(await same(await parts())));
    // With such a rule a browser looks at the whole page anew, whatever is added to it.
    const asking = await page.evaluate(() => [...document.styleSheets].flatMap(({ cssRules }) => [...cssRules])
        .flatMap((rule) => (rule.media ? [...rule.cssRules] : [rule])).map(({ selectorText }) => selectorText ?? "")
        .filter((selector) => /(html|body|main)[^ ,]*:has/.test(selector)));
    assert.deepEqual(asking, []);
    await close(page);
});

test("processes are tabs, by keyboard too", async ({ browser, address }) => {
    const page = await open(browser, `${address}playground.html`);
    const play = await prompt(page);
    await type(page, "fork()");
    await play.getByRole("tab", { name: "Process A" }).focus();
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Enter");
    await drawn(page);
    assert.equal(await play.getByRole("tab", { name: "Process B" }).getAttribute("aria-selected"), "true");
    await type(page, "exit(0)");
    assert.equal(await play.getByRole("tab", { name: "Process B, ended" }).getAttribute("aria-disabled"), "true");
    await close(page);
});

test("Try from here leads to the state that the run has", async ({ browser, address, lessons }) => {
    let tried = 0;
    for (const name of lessons.slice(1, 9)) {
        const page = await open(browser, address + name);
        const player = page.locator("shm-player"), take = player.locator(".shm-take");
        await player.locator(".shm-next").focus();
        for (let presses = 0; presses < 12; presses += 1) await page.keyboard.press("ArrowRight");
        if (await take.getAttribute("aria-disabled") === "false") {
            await take.click();
            await prompt(page);
            const { run, here } = await player.evaluate((one) => {
                const ids = (scene) => scene.segments.map(({ id, filled, marked }) => [id, filled.length, marked]);
                return { run: ids(one.picture.scene), here: ids(one.play.picture.scene) };
            });
            assert.deepEqual(here, run, name);
            tried += 1;
        }
        await close(page);
    }
    assert.ok(tried >= 4, `${tried} lessons can be taken over`);
});

test("the reader decides the race, and takes a move back", async ({ browser, address }) => {
    const page = await open(browser, `${address}lesson17.html`);
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
    await close(page);
});

test("the reader decides who takes the semaphore, and what a killed holder leaves", async ({ browser, address }) => {
    const page = await open(browser, `${address}lesson18.html`);
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
    await close(page);
});

for (const width of [390, 1200, 1920]) {
    test(`the prompt fits a width of ${width}, and axe finds nothing in it`, async ({ browser, address }) => {
        for (const theme of ["light", "navy"]) {
            const page = await open(browser, `${address}playground.html`, { viewport: { width, height: 900 }, theme });
            await prompt(page);
            await type(page, "int id = shmget(IPC_PRIVATE, 99999, 0600)", "char *p = shmat(id, NULL, 0)", "fork()", "shmdt(7)");
            const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
            assert.ok(over <= 0, `${over} pixels too wide`);
            assert.deepEqual(await violations(page), []);
            await close(page);
        }
    });
}

test("in forced colours the current step, line and process are marked", async ({ browser, address }) => {
    const page = await open(browser, `${address}lesson03.html#step-1`, { forcedColors: "active" });
    const ground = (selector) => page.locator(selector).first().evaluate((one) => getComputedStyle(one).backgroundColor);
    assert.notEqual(await ground(".shm-jump [aria-current=step]"), await ground(".shm-jump button:not([aria-current])"));
    await page.goto(`${address}playground.html`);
    await prompt(page);
    await type(page, "new");
    assert.notEqual(await ground("[role=tab][aria-selected=true]"), await ground("[role=tab][aria-selected=false]"));
    await close(page);
});

test("without scripts the puzzles are there as a list", async ({ browser, address }) => {
    const page = await browser.newContext({ javaScriptEnabled: false }).then((context) => context.newPage());
    await page.goto(`${address}playground.html`);
    assert.ok(await page.locator("shm-play noscript").textContent().then((text) => text.includes("Hello, segment")));
    await close(page);
});

test("the first link of a page skips to the text", async ({ browser, address }) => {
    const page = await open(browser, `${address}lesson03.html`);
    const first = page.locator("a, button, input").first();
    assert.equal(await first.textContent(), "Skip to the text");
    await first.focus();
    await page.keyboard.press("Enter");
    assert.ok(await page.evaluate(() => document.activeElement.matches("main")));
    await close(page);
});

// -------------------------------------------------------------------------------------------------- any reader

test("without scripts the whole run is there as text", async ({ browser, address, lessons }) => {
    for (const name of lessons) {
        const page = await browser.newContext({ javaScriptEnabled: false }).then((context) => context.newPage());
        page.setDefaultTimeout(TIMEOUT);
        await page.goto(address + name);
        const steps = page.locator("shm-player .shm-step");
        assert.ok(await steps.count() > 1);
        for (const step of await steps.all()) assert.ok(await step.isVisible(), `${name}: a step is hidden`);
        assert.ok(await page.locator("shm-player .shm-answer").first().isVisible());
        const pictures = page.locator("shm-player .shm-caption svg");
        assert.ok(await pictures.count() > 0 && await pictures.first().isVisible(), `${name}: the pictures stay`);
        await close(page);
    }
});

test("the book works from a file", async ({ browser }) => {
    const page = await open(browser, `file://${built}/lesson01.html`);
    await toTheEndAndBack(page.locator("shm-player"), (button) => click(page, button));
    await close(page);
});

test("narrow or wide, nothing sticks out", async ({ browser, address, pages }) => {
    const page = await open(browser, `${address}index.html`);
    for (const name of pages) {
        await page.goto(address + name);
        for (const width of [320, 390, 1920]) {
            await page.setViewportSize({ width, height: 900 });
            const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
            assert.ok(over <= 0, `${name} is ${over} pixels too wide at ${width}`);
            const cut = await page.evaluate(() => [...document.querySelectorAll(".shm-frame, .shm-panels")].filter((one) => one.scrollWidth > one.clientWidth).length);
            assert.equal(cut, 0, `${name}: a drawing is cut at ${width}`);
        }
    }
    await close(page);
});

test("the page that holds all chapters fits a narrow screen, and folds nothing", async ({ browser, address }) => {
    const page = await open(browser, `${address}print.html`, { viewport: { width: 390, height: 900 } });
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
    assert.equal(await page.locator(".shm-fold").count(), 0);
    await close(page);
});

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
    test(`on paper the whole run stands, and every answer, and no button, from the theme ${theme}`, async ({ browser, address }) => {
        for (const name of ["lesson03.html", "lesson11.html", "lesson20.html", "model.html"]) {
            const page = await open(browser, address + name, { theme });
            await page.emulateMedia({ media: "print" });
            for (const step of await page.locator("shm-player .shm-step").all()) assert.ok(await step.isVisible(), name);
            assert.equal(await page.locator("main button:visible").count(), 0);
            const pictures = page.locator("shm-player .shm-caption svg");
            assert.equal(await page.locator("shm-player .shm-caption svg:visible").count(), await pictures.count(), name);
            // Each answer to choose from has its reason beside it, and each prediction its answer.
            for (const told of ["shm-quiz li", "shm-quiz details p", "shm-player .shm-answer", "shm-player .shm-why p"]) {
                assert.equal(await page.locator(`${told}:visible`).count(), await page.locator(told).count(), `${name}: ${told}`);
            }
            assert.equal(await page.locator("shm-quiz details p:visible").count(), await page.locator("shm-quiz li").count());
            assert.deepEqual([...new Set(await pale(page))].slice(0, 12), [], name);
            assert.ok((await page.pdf()).length > 20000);
            await close(page);
        }
    });
}

test("motion is left out for those who want none", async ({ browser, address }) => {
    for (const [reducedMotion, duration] of [["reduce", "0s"], ["no-preference", "0.5s"]]) {
        const page = await open(browser, `${address}lesson03.html`, { reducedMotion });
        const moving = await page.locator(".shm-picture g").last().evaluate((one) => getComputedStyle(one).transitionDuration);
        assert.equal(moving, duration);
        await close(page);
    }
});

test("search finds what is typed at once, by mouse and by keyboard, and from an address", async ({ browser, address }) => {
    const page = await open(browser, `${address}preface.html`);
    const results = page.locator("#mdbook-searchresults li");
    for (const begin of [() => page.locator("#mdbook-search-toggle").click(), () => page.keyboard.press("/")]) {
        await page.goto(`${address}preface.html`);
        await begin();
        await page.keyboard.type("shmget");
        await results.first().waitFor();
        assert.equal(await page.locator("#mdbook-searchbar").inputValue(), "shmget");
        assert.ok(await results.count() > 2);
    }
    await page.goto(`${address}preface.html?search=shmdt`);
    await results.first().waitFor();
    await close(page);
});

test("what a reader does not use is not asked for", async ({ browser, address }) => {
    const page = await browser.newContext().then((context) => context.newPage());
    const asked = [];
    page.on("request", (request) => asked.push(request.url()));
    const later = () => asked.filter((url) => /elasticlunr|searcher|searchindex|play-\w+\.js|race-|plot-|module/.test(url));
    await page.goto(`${address}lesson04.html#step-1.2`, { waitUntil: "networkidle" });
    assert.deepEqual(later(), []);
    const take = page.locator("shm-player .shm-take");
    for (let presses = 0; presses < 40 && await take.getAttribute("aria-disabled") === "true"; presses += 1) await page.locator("shm-player .shm-next").click();
    await take.click();
    await prompt(page);
    assert.equal(later().length, 2, `${later()}`);
    await close(page);
});

// ----------------------------------------------------------------------------------------------- accessibility

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

// What a page breaks: of all rules, or of those with this tag.
async function violations(page, tag) {
    if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(axe);
    // Another theme comes by and by where something is marked.
    await page.evaluate(() => Promise.all(document.getAnimations().map(({ finished }) => finished.catch(() => {}))));
    const { violations: found } = await page.evaluate((tag) => globalThis.axe.run(document, {
        resultTypes: ["violations"], ...(tag && { runOnly: { type: "tag", values: [tag] } }),
        // A tag asks for the rules, too, that are not asked for by themselves.
        rules: { "color-contrast-enhanced": { enabled: false } },
    }), tag);
    return found.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 2).map((node) => node.html.slice(0, 120)).join(" | ")}`);
}

// A theme changes nothing but colours: one theme answers for all rules on all pages, the others for colours on a page of
// each kind. A page is opened once. Two tests share the work, so that two processors have some.
const KINDS = ["preface", "model", "lesson04", "lesson11", "lesson17", "lesson20", "errata", "reference", "playground"].map((name) => `${name}.html`);
for (const half of [0, 1]) {
    test(`axe finds no violation in any theme, on half the pages (${half + 1})`, async ({ browser, address, pages }) => {
        const found = [];
        const page = await open(browser, `${address}index.html`, { theme: THEMES[0] });
        for (const name of pages.filter((_, index) => index % 2 === half)) {
            assert.ok((await page.goto(address + name)).ok(), `${name} is there`);
            for (const theme of KINDS.includes(name) ? THEMES : THEMES.slice(0, 1)) {
                await page.evaluate((name) => document.getElementById(`mdbook-theme-${name}`).click(), theme);
                const rules = theme === THEMES[0] ? undefined : "cat.color";
                for (const one of await violations(page, rules)) found.push(`${name}, ${theme}: ${one}`);
            }
            await page.evaluate((name) => document.getElementById(`mdbook-theme-${name}`).click(), THEMES[0]);
        }
        await close(page);
        assert.deepEqual([...new Set(found)].slice(0, 12), []);
    });
}

for (const half of [0, 1]) {
    test(`axe finds no violation where contrast is high, or answers are shown, in half the lessons (${half + 1})`, async ({ browser, address, lessons }) => {
        const found = [];
        const page = await open(browser, `${address}index.html`, { theme: "light", contrast: "more" });
        for (const name of lessons.filter((_, index) => index % 2 === half)) {
            await page.goto(address + name);
            const player = page.locator("shm-player");
            await toAQuestion(page, player);
            await player.locator('.shm-options button:visible:not([aria-disabled="true"])').first().click();
            await page.evaluate(() => document.querySelectorAll("shm-quiz button").forEach((option) => option.click()));
            await page.locator(".shm-all").click();
            for (const theme of ["light", "navy"]) {
                await page.evaluate((name) => document.getElementById(`mdbook-theme-${name}`).click(), theme);
                // As above: the second theme changes nothing but colours.
                for (const one of await violations(page, theme === "light" ? undefined : "cat.color")) found.push(`${name}, ${theme}: ${one}`);
            }
            await page.evaluate(() => document.getElementById("mdbook-theme-light").click());
        }
        await close(page);
        assert.deepEqual([...new Set(found)].slice(0, 12), []);
    });
}

// ------------------------------------------------------------------------------------------- by the way

test("each of two tabs keeps its own session over a reload", async ({ browser, address }) => {
    const first = await open(browser, `${address}playground.html`);
    await prompt(first);
    await type(first, "int id = shmget(7, 100, IPC_CREAT | 0600)");
    const second = await first.context().newPage();
    await second.goto(`${address}playground.html`);
    await prompt(second);
    await type(second, "fork()");
    await second.waitForURL(/#s=/);
    await type(first, "shmat(id, NULL, 0)");
    await first.waitForFunction(() => JSON.parse(sessionStorage.getItem(Object.keys(sessionStorage).find((key) => /play-$/.test(key)))).length === 2);
    await second.reload();
    const lines = await (await prompt(second)).evaluate((one) => one.lines);
    assert.deepEqual(lines, ["int id = shmget(7, 100, IPC_CREAT | 0600)", "fork()"]);
    await close(first);
});

test("a call that is pasted in several lines is one", async ({ browser, address }) => {
    const page = await open(browser, `${address}playground.html`);
    const play = await prompt(page);
    await page.getByLabel("Command").evaluate((input) => {
        const clipboardData = new DataTransfer();
        clipboardData.setData("text", "int id = shmget(IPC_PRIVATE, 100, /* ( */\n    IPC_CREAT |\n    0600);\nputs(\"(\");\nshmat(id,\n  NULL, 0)");
        input.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
    });
    assert.match(await told(play), /IPC_CREAT\|0600\) = 0.*prints \(/);
    assert.equal(await page.getByLabel("Command").inputValue(), "shmat(id, NULL, 0)");
    await close(page);
});

test("a link that is broken, or too much, leaves one's own session as it is", async ({ browser, address }) => {
    const page = await open(browser, `${address}playground.html`);
    await prompt(page);
    await type(page, "int id = shmget(7, 100, IPC_CREAT | 0600)");
    await page.waitForURL(/#s=/);
    const bomb = await page.evaluate(async () => {
        const text = JSON.stringify({ lines: [`1${" ".repeat(3e6)}`] });
        const stream = new Blob([text]).stream().pipeThrough(new CompressionStream("deflate-raw"));
        const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
        return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
    });
    for (const text of ["", "%25", bomb]) {
        await page.goto(`${address}playground.html?${text.length}#s=${text}`);
        const play = await prompt(page);
        assert.match(await told(play), /segment 0 is new.*The link cannot be read/);
    }
    await close(page);
});

test("a click on a line of the source goes to the call that it makes", async ({ browser, address }) => {
    const page = await open(browser, `${address}lesson02.html`);
    const player = page.locator("shm-player");
    const line = player.locator(".shm-source-code:visible .shm-line[title]").last();
    await line.click();
    assert.equal(await line.getAttribute("aria-current"), "true");
    await close(page);
});

test("Back leads from the first step to where the run began", async ({ browser, address }) => {
    const page = await open(browser, `${address}lesson03.html#run`);
    const where = page.locator(".shm-where");
    const begin = await where.textContent();
    for (let presses = 0; await where.textContent() === begin; presses += 1) await page.locator(".shm-next").click();
    await page.goBack();
    await page.waitForFunction((text) => document.querySelector(".shm-where").textContent === text, begin);
    await close(page);
});

// ------------------------------------------------------------------------------------------------------ weight

// What a page asks for before anything is done on it, as a server sends it.
async function weight(browser, url, rate) {
    const page = await browser.newContext().then((context) => context.newPage());
    const bodies = [];
    // The next chapter is fetched ahead when nothing else is to do.
    const isOwn = (one) => one === url || !one.endsWith(".html");
    page.on("response", (response) => isOwn(response.url()) && bodies.push(response.body().catch(() => "")));
    const session = await page.context().newCDPSession(page);
    await session.send("Emulation.setCPUThrottlingRate", { rate });
    await page.goto(url, { waitUntil: "networkidle" });
    const paint = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime);
    const bytes = (await Promise.all(bodies)).reduce((sum, body) => sum + gzipSync(body, { level: 9 }).length, 0);
    await close(page);
    return { weight: bytes / 1024, paint };
}

test("a chapter weighs at most 100 KB, compressed", async ({ browser, address, lessons }) => {
    const found = [];
    for (const [index, name] of lessons.entries()) {
        // Slowed, Chromium spins: that is for a few, of which it is reported.
        const rate = index % 4 ? 1 : 4;
        const { weight: kilobytes, paint } = await weight(browser, address + name, rate);
        console.log(`   ${name}: ${kilobytes.toFixed(1)} KB, first paint after ${Math.round(paint)} ms, CPU slowed ${rate} times`);
        if (kilobytes > 100) found.push(`${name}: ${kilobytes.toFixed(1)} KB`);
    }
    assert.deepEqual(found, []);
});

// ------------------------------------------------------------------------------- reported, and not asserted

// A session as a learner types it: every line moves the picture.
const SESSION = ["int id = shmget(IPC_PRIVATE, 25600, 0600)", "char *p = shmat(id, NULL, 0)", 'strcpy(p, "hi")', "fork()", "shmdt(p)",
    "ipcs", "undo", "redo", "p[3] = 7", "shmctl(id, IPC_RMID, NULL)"];

// How long a page waits for the module, from asking for it; and for an answer, laid out: what the module takes of it,
// what was said, and the world, which comes in the frame after it.
async function clock({ browser, address }, rate) {
    const page = await open(browser, `${address}playground.html`);
    const session = await page.context().newCDPSession(page);
    await session.send("Emulation.setCPUThrottlingRate", { rate });
    await page.addInitScript(() => document.addEventListener("ready", () => performance.mark("ready"), true));
    await page.reload();
    await prompt(page);
    const ready = await page.evaluate(() => {
        const asked = performance.getEntriesByType("resource").find(({ name }) => /module\.js$/.test(name));
        return Math.round(performance.getEntriesByName("ready")[0].startTime - asked.startTime);
    });
    const { module, answer, world } = await page.evaluate(async (lines) => {
        const play = document.querySelector("shm-play"), spent = { module: [], answer: [], world: [] };
        const timed = (name, action) => { const start = performance.now(), made = action(); spent[name].push(performance.now() - start); return made; };
        const laidOut = (name, action) => timed(name, () => { action(); return document.body.offsetHeight; });
        const frame = () => new Promise((passed) => requestAnimationFrame(() => setTimeout(passed)));
        const ask = play.ask.bind(play), draw = play.draw.bind(play);
        play.ask = (request) => timed("module", () => ask(request));
        play.draw = () => laidOut("world", draw);
        for (let round = 0; round < 5; round += 1) {
            for (const line of [...lines, "restart"]) {
                laidOut("answer", () => play.perform(line));
                await frame();
            }
        }
        const median = (times) => times.sort((one, other) => one - other)[times.length >> 1].toFixed(1);
        return Object.fromEntries(Object.entries(spent).map(([name, times]) => [name, median(times)]));
    }, SESSION);
    console.log(`   the prompt: ready ${ready} ms after the module was asked for; an answer in ${answer} ms, of which the module takes ${module} ms, and the world in ${world} ms more, CPU slowed ${rate} times`);
    await close(page);
}

// -------------------------------------------------------------------------------------------------------- run

// Each test has pages of its own, and waits for frames and timers as often as it computes: two run at once on each
// processor. The first and the last in this file take longest, and begin before the others.
async function all(chosen, context) {
    const waiting = [...chosen], times = [];
    const next = () => (waiting.length % 2 ? waiting.shift() : waiting.pop());
    let failed = 0;
    const lane = async () => {
        for (let one = next(); one; one = next()) {
            const begin = Date.now();
            const problem = await one.run(context).then(() => null, (error) => error);
            const seconds = (Date.now() - begin) / 1000;
            times.push({ name: one.name, seconds });
            failed += problem ? 1 : 0;
            console.log(`${problem ? "FAILED" : "ok    "} ${one.name} (${seconds.toFixed(1)} s)`);
            if (problem) console.log(problem.message ?? problem);
        }
    };
    const begin = Date.now();
    await Promise.all(Array.from({ length: 2 * availableParallelism() }, lane));
    console.log(`${times.length} tests in ${Math.round((Date.now() - begin) / 1000)} s. The slowest:`);
    times.sort((one, other) => other.seconds - one.seconds);
    for (const { name, seconds } of times.slice(0, 8)) console.log(`  ${seconds.toFixed(1)} s  ${name}`);
    return failed;
}

const server = await serve();
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: FLAGS });
// The page that holds all chapters repeats them, and the first page is the preface.
const OTHERS = ["toc.html", "404.html", "print.html", "index.html"];
const pages = (await readdir(built)).filter((name) => name.endsWith(".html") && !OTHERS.includes(name)).sort();
const context = { browser, address: server.address, pages, lessons: pages.filter((name) => name.startsWith("lesson")) };
let failed = 0;
try {
    const shots = process.argv.indexOf("--shots");
    if (shots > 0) await shoot(context, open, process.argv[shots + 1]);
    const word = process.argv[2] ?? "";
    if (shots < 0) failed = await all(tests.filter((one) => one.name.includes(word)), context);
    if (shots < 0 && (!word || word === "clock")) await clock(context, 1).then(() => clock(context, 4));
} finally {
    await browser.close();
    server.stop();
}
console.log(`${outside.size} requests to the outside ${[...outside].join(" ")}`);
console.log(`${problems.length} errors in the console ${[...new Set(problems)].join("\n")}`);
process.exitCode = failed || outside.size || problems.length ? 1 : 0;
