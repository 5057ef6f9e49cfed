// Ten pages in three widths and two themes, for eyes.

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { newPage } from "./book.mjs";

const PAGES = ["preface", "model", "lesson01", "lesson04", "lesson11", "lesson17", "lesson20", "errata", "reference", "teaching"];

export async function shoot(book, folder) {
    await mkdir(folder, { recursive: true });
    for (const theme of ["light", "coal"]) {
        for (const width of [360, 800, 1600]) {
            for (const name of PAGES) {
                const page = await newPage(book, `${name}.html`, { theme, viewport: { width, height: 1000 } });
                const next = page.locator("shm-player .shm-next");
                for (let presses = 0; presses < 3 && await next.count(); presses += 1) await next.click();
                await page.waitForTimeout(600);
                await page.screenshot({ path: join(folder, `${name}-${width}-${theme}.png`), fullPage: true });
                await page.context().close();
            }
        }
    }
}
