// The prompt in the page: levels, links, what it answers, and its keys.

import assert from "node:assert/strict";
import { built } from "./book.mjs";
import { drawn, paste, promptOf, told, type } from "./prompt.mjs";
import { test } from "./tests.mjs";

test("a level is solved by typing, undone, and kept over a reload", async ({ open }) => {
    const page = await open("playground.html");
    let play = await promptOf(page);
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
    await play.evaluate((one) => { one.publish = () => {}; });
    await play.getByRole("button", { name: "Redo" }).click();
    await drawn(page);
    assert.match(await play.locator("figcaption").textContent(), /1 of 7 pages in memory/);
    await play.evaluate((one) => one.keep());
    assert.equal(page.url(), undone);
    await page.reload();
    play = await promptOf(page);
    assert.match(await told(play), /strcpy\(p, "hi"\)/);
    assert.match(await play.locator("figcaption").textContent(), /1 of 7 pages in memory/);
    // Without the link, too: what was typed is kept.
    await page.goto("playground.html");
    play = await promptOf(page);
    assert.match(await told(play), /strcpy\(p, "hi"\)/);
    assert.match(await play.getByLabel("Level", { exact: true }).locator("option:checked").textContent(), /^✓/);
    // A link that is opened is what it says, whatever is kept.
    await page.goto("preface.html");
    await page.goto(undone);
    play = await promptOf(page);
    assert.match(await play.locator("figcaption").textContent(), /0 of 7 pages in memory/);
});

// The page gives the module a level's conditions in bytes that the book's tool wrote.
test("each level's solution reaches its goal in the page, and its start does not", async ({ open }) => {
    const page = await open("playground.html");
    await promptOf(page);
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
});

test("a link opens the session in another browser, from a file too", async ({ open }) => {
    const page = await open("playground.html");
    await promptOf(page);
    await paste(page, "int id = shmget(7, 4096, IPC_CREAT | 0600)", "new", "B: char *p = shmat(0, NULL, 0)");
    await page.locator("shm-play").evaluate((one) => one.publish());
    const link = new URL(page.url());
    for (const place of [link.href, `file://${built}/playground.html${link.hash}`]) {
        const other = await open(place);
        const play = await promptOf(other);
        assert.match(await play.locator("figcaption").textContent(), /Segment 0: 4096 bytes, .* in B at 0x/);
        await paste(other, "B: shmdt(p)");
        assert.match(await told(play), /nattch 1 → 0/);
    }
    const broken = await open("playground.html#s=nonsense");
    assert.match(await told(await promptOf(broken)), /The link cannot be read/);
});

test("what is not understood is told with its place, and changes nothing", async ({ open }) => {
    const page = await open("playground.html");
    const play = await promptOf(page);
    await paste(page, "int id = shmgte(7, 1, 0)");
    assert.match(await told(play), /column \d+: .*Did you mean shmget\?/);
    await paste(page, "help shmat");
    assert.match(await told(play), /shmat/);
});

test("Tab completes a name, and leaves where there is nothing to complete", async ({ open }) => {
    const page = await open("playground.html");
    const play = await promptOf(page);
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
});

test("an answer leaves alone what it does not change, and no rule of style asks what the page has", async ({ open }) => {
    const page = await open("playground.html");
    await promptOf(page);
    await paste(page, "int id = shmget(IPC_PRIVATE, 4096, 0600)");
    const parts = () => page.evaluateHandle(() => [...document.querySelectorAll("shm-play svg g > *, shm-play td, shm-play [role=tab]")]);
    const before = await parts();
    const same = (now) => now.evaluate((now, before) => now.length === before.length && now.every((one, index) => one === before[index]), before);
    await paste(page, "ipcs");
    assert.ok(await same(await parts()), "the same shapes, cells and tabs");
    await paste(page, "fork()");
    assert.ok(!(await same(await parts())));
    // With such a rule a browser looks at the whole page anew, whatever is added to it.
    const asking = await page.evaluate(() => [...document.styleSheets].flatMap(({ cssRules }) => [...cssRules])
        .flatMap((rule) => (rule.media ? [...rule.cssRules] : [rule])).map(({ selectorText }) => selectorText ?? "")
        .filter((selector) => /(html|body|main)[^ ,]*:has/.test(selector)));
    assert.deepEqual(asking, []);
});

test("processes are tabs, by keyboard too", async ({ open }) => {
    const page = await open("playground.html");
    const play = await promptOf(page);
    await paste(page, "fork()");
    await play.getByRole("tab", { name: "Process A" }).focus();
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Enter");
    await drawn(page);
    assert.equal(await play.getByRole("tab", { name: "Process B" }).getAttribute("aria-selected"), "true");
    await paste(page, "exit(0)");
    assert.equal(await play.getByRole("tab", { name: "Process B, ended" }).getAttribute("aria-disabled"), "true");
});
