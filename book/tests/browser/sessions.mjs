// Sessions of the prompt beside each other, from links, and pasted.

import assert from "node:assert/strict";
import { paste, promptOf, told } from "./prompt.mjs";
import { test } from "./tests.mjs";

test("each of two tabs keeps its own session over a reload", async ({ open }) => {
    const first = await open("playground.html");
    await promptOf(first);
    await paste(first, "int id = shmget(7, 100, IPC_CREAT | 0600)");
    const second = await first.context().newPage();
    await second.goto("playground.html");
    await promptOf(second);
    await paste(second, "fork()");
    await second.waitForURL(/#s=/);
    await paste(first, "shmat(id, NULL, 0)");
    await first.waitForFunction(() => JSON.parse(sessionStorage.getItem(Object.keys(sessionStorage).find((key) => /play-$/.test(key)))).length === 2);
    await second.reload();
    const lines = await (await promptOf(second)).evaluate((one) => one.lines);
    assert.deepEqual(lines, ["int id = shmget(7, 100, IPC_CREAT | 0600)", "fork()"]);
});

test("a call that is pasted in several lines is one", async ({ open }) => {
    const page = await open("playground.html");
    const play = await promptOf(page);
    await page.getByLabel("Command").evaluate((input) => {
        const clipboardData = new DataTransfer();
        clipboardData.setData("text", "int id = shmget(IPC_PRIVATE, 100, /* ( */\n    IPC_CREAT |\n    0600);\nputs(\"(\");\nshmat(id,\n  NULL, 0)");
        input.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
    });
    assert.match(await told(play), /IPC_CREAT\|0600\) = 0.*prints \(/);
    assert.equal(await page.getByLabel("Command").inputValue(), "shmat(id, NULL, 0)");
});

test("a link that is broken, or too much, leaves one's own session as it is", async ({ open }) => {
    const page = await open("playground.html");
    await promptOf(page);
    await paste(page, "int id = shmget(7, 100, IPC_CREAT | 0600)");
    await page.waitForURL(/#s=/);
    const bomb = await page.evaluate(async () => {
        const text = JSON.stringify({ lines: [`1${" ".repeat(3e6)}`] });
        const stream = new Blob([text]).stream().pipeThrough(new CompressionStream("deflate-raw"));
        const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
        return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
    });
    for (const text of ["", "%25", bomb]) {
        await page.goto(`playground.html?${text.length}#s=${text}`);
        const play = await promptOf(page);
        assert.match(await told(play), /segment 0 is new.*The link cannot be read/);
    }
});
