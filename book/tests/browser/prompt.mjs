// The prompt in a page, and how a test speaks to it.

export async function promptOf(page) {
    const play = page.locator("shm-play");
    await play.locator("input:enabled").waitFor();
    await drawn(page);
    return play;
}

// The world is drawn in the frame after what is said of it.
export const drawn = (page) => page.waitForFunction(() => !document.querySelector("shm-play").coming);

const commandOf = (page) => page.getByLabel("Command");

// Key by key.
export const type = (page, ...lines) => perform(page, lines, (line) => commandOf(page).pressSequentially(line));

// Each line as a whole, as from a clipboard: where typing is not what is tried.
export const paste = (page, ...lines) => perform(page, lines, (line) => commandOf(page).fill(line));

async function perform(page, lines, write) {
    for (const line of lines) {
        await write(line);
        await page.keyboard.press("Enter");
    }
    await drawn(page);
}

export const told = (play) => play.getByRole("log").textContent();
