// The module that pages load, against the native session: the same requests, the same answers, byte by byte.
//
//     node book/tests/module.mjs MODULE.wasm TOOLCHAIN
//
// MODULE.wasm was built just now. Where the committed one was built from the same sources by the same toolchain, its
// bytes must be the same, too; where its sources differ, the book's own test says so.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFile, readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";

const root = resolve(fileURLToPath(new URL(".", import.meta.url)), "../..");
const target = process.env.CARGO_TARGET_DIR ?? join(root, "target");
const SCRIPTS = Number(process.env.SCRIPTS ?? 10_000), LINES = 8;

const [file, toolchain] = process.argv.slice(2);
const bytes = await readFile(file);
const { instance } = await WebAssembly.instantiate(bytes);

// What a page does, too.
function answer(request) {
    const { memory, place, answer, answered } = instance.exports;
    const text = new TextEncoder().encode(request);
    const at = place(text.length);
    new Uint8Array(memory.buffer, at, text.length).set(text);
    const length = answer();
    return new TextDecoder().decode(new Uint8Array(memory.buffer, answered(), length));
}

// Random, and the same in each run.
let seed = 16;
const random = (below) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor(seed / 2 ** 32 * below);
};
const pick = (list) => list[random(list.length)];

const NUMBERS = ["0", "1", "7", "4096", "25600", "-1", "0600", "0x5000000", "id", "p", "buf.shm_nattch"];
const PATTERNS = [
    "int id = shmget(IPC_PRIVATE, #, #)", "id = shmget(#, #, IPC_CREAT | 0600)", "char *p = shmat(id, NULL, 0)",
    "p = shmat(#, #, SHM_RND)", "shmdt(p)", "shmdt(#)", "shmctl(#, IPC_RMID, NULL)", "struct shmid_ds buf",
    "shmctl(id, IPC_STAT, &buf)", "p[#] = #", "strcpy(p, \"hi\")", "p[#]", "*p", "new", "fork()", "B:", "A:", "exit(0)",
    "int s = semget(IPC_PRIVATE, #, 0600)", "semop(s, &(struct sembuf){ 0, -1, 0 }, 1)", "semctl(s, 0, SETVAL, #)",
    "undo", "redo", "restart", "undo #", "ipcs", "show", "why", "help shmat", "sysctl kernel.shmmni=#", "ipcrm -m #",
    "kill(#, 9)", "setuid(#)", "cat /proc/self/maps", "printf(\"%d\\n\", #)", "munmap(p, #)", "save x", "shmgte(#)", "((",
];
const line = (own) => (random(3) === 0 && own.length ? pick(own) : pick(PATTERNS).replace(/#/g, () => pick(NUMBERS)));

// The lines that solve a puzzle lead further than chance does.
async function solutions() {
    const folder = join(root, "lessons/levels");
    const texts = await Promise.all((await readdir(folder)).map((name) => readFile(join(folder, name), "utf8")));
    return texts.flatMap((text) => [...text.matchAll(/^ {4}'([^'\n]*)',$/gm)].map((found) => found[1]));
}

function* requests(own) {
    for (let script = 0; script < SCRIPTS; script += 1) {
        yield JSON.stringify({ begin: {} });
        for (let done = 0; done < LINES; done += 1) yield JSON.stringify({ line: line(own) });
        yield JSON.stringify({ complete: pick(["", "sh", "int x = IPC", "é p", "S"]) });
    }
    yield "no request";
}

async function compare() {
    const native = spawn(join(target, "debug/web-answers"), { stdio: ["pipe", "pipe", "inherit"] });
    const answers = createInterface({ input: native.stdout })[Symbol.asyncIterator]();
    let compared = 0;
    for (const request of requests(await solutions())) {
        if (!native.stdin.write(`${request}\n`)) await new Promise((go) => native.stdin.once("drain", go));
        asked.push(request);
        if (asked.length === 500) compared += await drain(answers);
    }
    native.stdin.end();
    return compared + await drain(answers);
}

const asked = [];

async function drain(answers) {
    const count = asked.length;
    for (const request of asked.splice(0)) assert.equal(answer(request), (await answers.next()).value, request);
    return count;
}

// The committed module, as its script holds it.
async function committed() {
    const script = await readFile(join(root, "book/src/module.js"), "utf8");
    return JSON.parse(script.slice(script.indexOf("{"), script.lastIndexOf("}") + 1));
}

const compared = await compare();
console.log(`${compared} requests in ${SCRIPTS} scripts: the module answers as the native session does`);
const kept = await committed();
if (kept.toolchain !== toolchain) console.log(`The bytes are not compared: the committed module is from ${kept.toolchain}`);
else if (!gunzipSync(Buffer.from(kept.gzip, "base64")).equals(bytes)) {
    console.error("The committed module differs from what its sources give: `.ci/portable module` builds it anew.");
    process.exitCode = 1;
} else console.log("The committed module has the same bytes");
