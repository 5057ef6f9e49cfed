// A reader's mouse and keyboard: what is pressed here, the browser takes for a hand's.

import assert from "node:assert/strict";

// Presses a button with the mouse, where it is seen, so many times. A locator's click() waits for two frames in which
// the button does not move; here it need only be what the pointer meets. And none of these clicks waits for what was
// made of the last: the page answers them in their order.
export async function click(page, button, times = 1) {
    const { x, y, isMet } = await button.evaluate((one) => {
        one.scrollIntoView({ block: "nearest", behavior: "instant" });
        const { x, y, width, height } = one.getBoundingClientRect();
        const place = { x: x + width / 2, y: y + height / 2 };
        return { ...place, isMet: one.contains(document.elementFromPoint(place.x, place.y)) };
    });
    assert.ok(isMet, "something lies over the button, or it is out of sight");
    await Promise.all(Array.from({ length: times }, () => page.mouse.click(x, y)));
}

// Presses Tab, or Shift and Tab, until the button has the focus; never a mouse, never focus(). Some at once, and one by
// one when the button has been passed.
export async function tabTo(page, button) {
    const way = () => button.evaluate((one) => {
        const { activeElement: now } = document;
        if (one === now) return null;
        return now.compareDocumentPosition(one) & Node.DOCUMENT_POSITION_FOLLOWING ? "Tab" : "Shift+Tab";
    });
    const first = await way();
    for (let key = first, presses = 0; key; key = await way()) {
        assert.ok(presses < 400, "the button cannot be reached with Tab");
        const some = key === first && first === "Tab" ? 4 : 1;
        for (let press = 0; press < some; press += 1) await page.keyboard.press(key);
        presses += some;
    }
}

// Presses a button with Enter, so many times, where the focus is brought by Tab.
export async function enter(page, button, times = 1) {
    await tabTo(page, button);
    for (let press = 0; press < times; press += 1) await page.keyboard.press("Enter");
}
