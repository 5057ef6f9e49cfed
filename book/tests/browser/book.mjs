// The built book, as `book serve` serves it, in headless Chromium.

import { spawn } from "node:child_process";
import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const root = resolve(fileURLToPath(new URL(".", import.meta.url)), "../../..");
const target = process.env.CARGO_TARGET_DIR ?? join(root, "target");
export const built = join(root, "target/book");

// Nothing is asked of the network, and nothing is drawn by a graphics processor, or as one would.
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-gpu-compositing", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-first-run"];

// A machine under load takes its time; a page that never comes is a failure all the same.
const TIMEOUT = 120_000;

// The page that holds all chapters repeats them, and the first page is the preface.
const OTHERS = ["toc.html", "404.html", "print.html", "index.html"];

export async function openBook() {
    const server = await serve();
    const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
    const browser = await chromium.launch({ executablePath, args: FLAGS }).catch((problem) => {
        server.stop();
        throw problem;
    });
    const pages = (await readdir(built)).filter((name) => name.endsWith(".html") && !OTHERS.includes(name)).sort();
    return {
        browser, address: server.address, pages, lessons: pages.filter((name) => name.startsWith("lesson")),
        close: () => browser.close().finally(server.stop),
    };
}

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

// What went wrong in any page, and what any page asked of others.
export const problems = new Set();
export const outside = new Set();

// A browser's profile with one page, which stands at `place`, if there is one. What moves is drawn sixty times a second,
// which no test looks at but the one about motion.
export async function newPage({ browser, address }, place, { theme = "light", ...options } = {}) {
    const context = await browser.newContext({
        baseURL: address, viewport: { width: 1200, height: 900 }, reducedMotion: "reduce", ...options,
    });
    await context.addInitScript((name) => localStorage.setItem("mdbook-theme", name), theme);
    context.setDefaultTimeout(TIMEOUT);
    const page = await context.newPage();
    page.on("console", (message) => {
        if (message.type() === "error") problems.add(`${page.url()}: ${message.text()} ${message.location().url}`);
    });
    page.on("pageerror", (error) => problems.add(`${page.url()}: ${error.message}`));
    page.on("request", (request) => {
        const asked = new URL(request.url());
        if (!["127.0.0.1", ""].includes(asked.hostname)) outside.add(asked.href);
    });
    if (place) await page.goto(place);
    return page;
}
