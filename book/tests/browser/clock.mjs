// How long a page takes, as it is and on a processor that is slowed: reported, and not asserted.

import { newPage } from "./book.mjs";
import { promptOf } from "./prompt.mjs";

// A session as a learner types it: every line moves the picture.
const SESSION = ["int id = shmget(IPC_PRIVATE, 25600, 0600)", "char *p = shmat(id, NULL, 0)", 'strcpy(p, "hi")', "fork()", "shmdt(p)",
    "ipcs", "undo", "redo", "p[3] = 7", "shmctl(id, IPC_RMID, NULL)"];

export async function clock(book) {
    for (const rate of [1, 4]) {
        for (const name of ["lesson00.html", "lesson08.html", "lesson16.html"]) {
            const paint = await slowed(book, rate, (page) => firstPaint(page, name));
            console.log(`   ${name}: first paint after ${Math.round(paint)} ms, CPU slowed ${rate} times`);
        }
        const { ready, module, answer, world } = await slowed(book, rate, async (page) => ({ ...await begin(page), ...await answers(page) }));
        console.log(`   the prompt: ready ${ready} ms after the module was asked for; an answer in ${answer} ms, of which the module`
            + ` takes ${module} ms, and the world in ${world} ms more, CPU slowed ${rate} times`);
    }
}

async function slowed(book, rate, measure) {
    const page = await newPage(book);
    const session = await page.context().newCDPSession(page);
    await session.send("Emulation.setCPUThrottlingRate", { rate });
    return measure(page).finally(() => page.context().close());
}

async function firstPaint(page, name) {
    await page.goto(name);
    const paint = await page.waitForFunction(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime);
    return paint.jsonValue();
}

// How long a page waits for the module, from asking for it. The browser has it already, as after a first visit.
async function begin(page) {
    await page.goto("playground.html");
    await page.addInitScript(() => document.addEventListener("ready", () => performance.mark("ready"), true));
    await page.reload();
    await promptOf(page);
    return page.evaluate(() => {
        const asked = performance.getEntriesByType("resource").find(({ name }) => /module\.js$/.test(name));
        return { ready: Math.round(performance.getEntriesByName("ready")[0].startTime - asked.startTime) };
    });
}

// How long an answer takes, laid out: what the module takes of it, what was said, and the world, which comes in the
// frame after it.
const answers = (page) => page.evaluate(async (lines) => {
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
