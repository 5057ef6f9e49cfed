// Each lesson's player, by mouse and by keyboard, and what it says to answers.

import assert from "node:assert/strict";
import { built } from "./book.mjs";
import { click, enter } from "./hands.mjs";
import { playerOf, state, toAQuestion, toTheEndAndBack } from "./player.mjs";
import { promptOf } from "./prompt.mjs";
import { shared, test, visit } from "./tests.mjs";

async function everyPlayer(open, lessons, press) {
    const page = await open();
    await visit(page, lessons, () => toTheEndAndBack(playerOf(page), (...what) => press(page, ...what)));
}

shared(2, "each player goes to the end and back by mouse", ({ open, lessons }) => everyPlayer(open, lessons, click));

// One player in three: they are the same code, and Tab takes its time.
test("players go to the end and back by keyboard alone", ({ open, lessons }) =>
    everyPlayer(open, lessons.filter((_, index) => index % 3 === 0), enter));

test("the book works from a file", async ({ open }) => {
    const page = await open(`file://${built}/lesson01.html`);
    await toTheEndAndBack(playerOf(page), (button, times) => click(page, button, times));
});

const VERDICTS = { right: /^Right\. [a-d]\) .+: .+/, wrong: /^Not this time\. Not [a-d]\) .+: .+ It is [a-d]\)/ };

// The option that is right, or the one after it. What the machine could not tell, or tells later, has no verdict at once.
const optionThatIs = (player, which) => player.evaluateHandle((one, which) => {
    const prediction = one.open(), right = prediction.right();
    if (right < 0 || prediction.answer.closest(".shm-step") !== one.steps[one.at]) return null;
    return prediction.options[which === "right" ? right : (right + 1) % prediction.options.length];
}, which);

shared(2, "a prediction, right or wrong, is told with its reason, and aloud", async ({ open, lessons }) => {
    const page = await open(), player = playerOf(page);
    let judged = 0;
    await visit(page, lessons, async () => {
        for (const which of ["right", "wrong"]) {
            await toAQuestion(player);
            const option = (await optionThatIs(player, which)).asElement();
            if (!option) continue;
            await click(page, option);
            const { verdict, aloud, focused } = await player.evaluate((one, option) => ({
                verdict: option.closest(".shm-predict").querySelector(".shm-verdict").textContent,
                aloud: one.live.textContent, focused: document.activeElement === option,
            }), option);
            assert.match(verdict, VERDICTS[which]);
            assert.equal(aloud, verdict);
            assert.ok(focused, "the focus stays on the choice");
            judged += 1;
        }
    });
    assert.ok(judged >= lessons.length, `${judged} predictions have a verdict at once`);
});

test("a step can be jumped to, and the run started over", async ({ open }) => {
    const page = await open("lesson08.html"), player = playerOf(page);
    await player.locator(".shm-jump button").nth(3).click();
    assert.equal((await state(player)).at, 3);
    await player.locator(".shm-again").click();
    assert.equal((await state(player)).at, 0);
    await player.locator(".shm-all").click();
    const { shown, last } = await state(player);
    assert.equal(shown, last + 1, "the whole run is shown");
});

test("in the whole run Next and Back do nothing, and a jump turns to its step", async ({ open }) => {
    const page = await open("lesson08.html"), player = playerOf(page);
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
});

test("what the kernel showed is folded until the questions are answered", async ({ open }) => {
    const page = await open("lesson03.html");
    const fold = page.locator(".shm-fold");
    assert.equal(await fold.getAttribute("open"), null);
    await toTheEndAndBack(playerOf(page), (button, times) => click(page, button, times));
    assert.notEqual(await fold.getAttribute("open"), null);
});

test("questions at the end of a chapter tell why, whichever is chosen", async ({ open }) => {
    const page = await open("lesson05.html");
    const quiz = page.locator("shm-quiz").first();
    for (const option of await quiz.locator("button").elementHandles()) {
        await click(page, option);
        assert.match(await quiz.locator(".shm-verdict").textContent(), /^(Right|No): .+/);
    }
});

test("Try from here leads to the state that the run has", async ({ open, lessons }) => {
    let tried = 0;
    const page = await open(), player = playerOf(page), take = player.locator(".shm-take");
    await visit(page, lessons.slice(1, 9), async () => {
        await player.locator(".shm-next").focus();
        for (let presses = 0; presses < 12; presses += 1) await page.keyboard.press("ArrowRight");
        if (await take.getAttribute("aria-disabled") === "true") return;
        await take.click();
        await promptOf(page);
        const { run, here } = await player.evaluate((one) => {
            const ids = (scene) => scene.segments.map(({ id, filled, marked }) => [id, filled.length, marked]);
            return { run: ids(one.picture.scene), here: ids(one.play.picture.scene) };
        });
        assert.deepEqual(here, run);
        tried += 1;
    });
    assert.ok(tried >= 4, `${tried} lessons can be taken over`);
});
