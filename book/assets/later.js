// Scripts that wait for their first use: search, the prompt. The page names them, and asks for none before that.
"use strict";

globalThis.shm = (() => {
    // A script is the one thing that a page may load which was opened as a file.
    const load = (src) => new Promise((loaded, failed) => {
        const script = document.createElement("script");
        Object.assign(script, { src, onload: loaded, onerror: () => failed(new Error(`${src} is not there`)) });
        document.head.append(script);
    });

    // One after the other: each builds on those before it. A plain `mdbook build` has them all at once: none waits.
    async function all(group) {
        for (const waiting of document.querySelectorAll(`script[data-later=${group}]`)) await load(waiting.dataset.src);
    }

    const begun = {};
    const later = (group) => begun[group] ??= all(group);

    return { load, later };
})();

// mdBook's search, which is heavier than a short chapter.
(() => {
    const { later } = globalThis.shm;
    const [toggle, box, bar] = ["search-toggle", "search-wrapper", "searchbar"].map((id) => document.getElementById(`mdbook-${id}`));
    if (!toggle || !document.querySelector("script[data-later=search]")) return;

    // One may type at once. The script hides the box when it begins, and keeps what was typed.
    async function open() {
        box.classList.remove("hidden");
        bar.focus();
        await later("search");
        toggle.click();
        bar.setSelectionRange(bar.value.length, bar.value.length);
    }

    let isOpen = false;
    const first = () => {
        if (!isOpen) open();
        isOpen = true;
    };
    toggle.addEventListener("click", first, { once: true });
    document.addEventListener("keydown", (event) => {
        const isShortcut = (event.key === "s" || event.key === "/") && !event.altKey && !event.ctrlKey && !event.metaKey && !event.shiftKey;
        if (isOpen || !isShortcut || event.target.closest("input, select, textarea")) return;
        event.preventDefault();
        first();
    });
    // An address may ask for a search, or for words that a search has found.
    if (/[?&](?:search|highlight)=/.test(location.search)) {
        toggle.removeEventListener("click", first);
        isOpen = true;
        later("search");
    }
})();
