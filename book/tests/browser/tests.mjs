// The tests by name, and what runs them.

import { availableParallelism } from "node:os";
import { newPage } from "./book.mjs";

const tests = [];

// `run` is given the book and `open(place, options)`, which opens a page that is closed when the test ends.
export const test = (name, run) => tests.push({ name, run });

// A test of many pages, as some tests that share them: they run beside each other.
export function shared(parts, name, run) {
    const share = (names, part) => names.filter((_, index) => index % parts === part);
    for (let part = 0; part < parts; part += 1) {
        test(`${name} (${part + 1} of ${parts})`, (book) =>
            run({ ...book, pages: share(book.pages, part), lessons: share(book.lessons, part) }));
    }
}

// Shows the pages in turn, since a new page takes longer than most that is done on it, and says which one a failure is of.
export async function visit(page, names, look) {
    for (const name of names) {
        await page.goto(name);
        await look(name).catch((problem) => {
            throw new Error(`${name}, now at ${page.url()}: ${problem.message}`, { cause: problem });
        });
    }
}

async function perform({ name, run }, book) {
    const begin = Date.now(), opened = [];
    const open = async (...where) => {
        const page = newPage(book, ...where);
        opened.push(page);
        return page;
    };
    const problem = await run({ ...book, open }).then(() => null, (error) => error);
    await Promise.all(opened.map((page) => page.then((one) => one.context().close(), () => {})));
    const seconds = (Date.now() - begin) / 1000;
    console.log(`${problem ? "FAILED" : "ok    "} ${name} (${seconds.toFixed(1)} s)`);
    if (problem) console.log(problem.stack ?? problem);
    return { name, seconds, problem };
}

// Runs what has the word in its name, and returns how many failed. Tests wait for frames and timers as often as they
// compute: two at a time for each processor.
export async function runAll(book, word) {
    const waiting = tests.filter(({ name }) => name.includes(word)), done = [], begin = Date.now();
    const lane = async () => {
        while (waiting.length) done.push(await perform(waiting.shift(), book));
    };
    await Promise.all(Array.from({ length: 2 * availableParallelism() }, lane));
    console.log(`${done.length} tests in ${Math.round((Date.now() - begin) / 1000)} s. The slowest:`);
    done.sort((one, other) => other.seconds - one.seconds);
    for (const { name, seconds } of done.slice(0, 8)) console.log(`  ${seconds.toFixed(1)} s  ${name}`);
    return done.filter(({ problem }) => problem).length;
}
