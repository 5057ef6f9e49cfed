// The built book in headless Chromium: players by mouse and by keyboard, without scripts, narrow, wide, on paper;
// accessibility in every theme; what is asked of the network.
//
//     node book/tests/browser.mjs                 all of it
//     node book/tests/browser.mjs keyboard        what has this word in its name
//     node book/tests/browser.mjs clock           only how long a page takes to be painted, and the prompt to answer
//     node book/tests/browser.mjs --shots FOLDER  only screenshots, to look at
//
// It serves the book with `book serve`, which it starts and stops itself. CHROMIUM names another Chromium.
//
// What it measured last, on two processors of x86_64 with nothing else to do, with Chromium slowed 4 times in brackets
// (in the gate, where tests had just ended, up to 294 ms to the prompt and 13 ms to an answer):
//
//     a chapter before anything is done on it        60 to 72 KB compressed; more than 100 fails a test
//     its first paint                                (0.4 to 1.3 s)
//     the prompt's module                            175 KB compressed, loaded at the first use
//     from asking for it to the prompt               36 ms (71)
//     an answer, until it is laid out                1.1 ms (5.5), of which the module takes 0.4 (1.7)
//     the world, in the frame after it               2.5 ms (9.1)
//     the whole group of tests                       372 to 387 s in an hour in which the machine was half as quick

import { openBook, outside, problems } from "./browser/book.mjs";
import { clock } from "./browser/clock.mjs";
import { shoot } from "./browser/shots.mjs";
import { runAll } from "./browser/tests.mjs";

// The tests, in the order in which they begin: what takes longest comes first.
import "./browser/access.mjs";
import "./browser/sizes.mjs";
import "./browser/players.mjs";
import "./browser/weight.mjs";
import "./browser/paper.mjs";
import "./browser/playground.mjs";
import "./browser/sessions.mjs";
import "./browser/readers.mjs";
import "./browser/races.mjs";
import "./browser/plot.mjs";
import "./browser/pictures.mjs";
import "./browser/stage.mjs";
import "./browser/addresses.mjs";

const [word = "", folder] = process.argv.slice(2);
const book = await openBook();
let failed = 0;
try {
    if (word === "--shots") await shoot(book, folder);
    else failed = await runAll(book, word);
    if (["", "clock"].includes(word)) await clock(book);
} finally {
    await book.close();
}
console.log(`${outside.size} requests to the outside ${[...outside].join(" ")}`);
console.log(`${problems.size} errors in the console ${[...problems].join("\n")}`);
process.exitCode = failed || outside.size || problems.size ? 1 : 0;
