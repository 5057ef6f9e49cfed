// What mdBook's own page lacks for readers with a keyboard, a screen reader or a narrow screen.
"use strict";

(() => {
    // mdBook turns the page with the left and right arrow. A reader who moves a cursor would lose the page. A player or
    // a prompt has these keys for itself, while the focus is in it.
    window.addEventListener("keydown", (event) => {
        const isArrow = event.key === "ArrowLeft" || event.key === "ArrowRight";
        if (isArrow && !event.target.closest?.("shm-player, shm-play, shm-race, shm-plot")) event.stopImmediatePropagation();
    }, true);

    const turns = document.querySelector("#mdbook-help-popup p");
    if (turns) turns.innerHTML = "Press <kbd>←</kbd> or <kbd>→</kbd> inside a player for the call before or after";

    // Whoever comes by keyboard need not go through the whole table of contents.
    const main = document.querySelector("main");
    const skip = document.createElement("a");
    Object.assign(skip, { className: "shm-skip", href: "#mdbook-content", textContent: "Skip to the text" });
    skip.addEventListener("click", (event) => {
        event.preventDefault();
        main.tabIndex = -1;
        main.focus();
    });
    document.body.prepend(skip);
    for (const link of document.querySelectorAll("[aria-keyshortcuts=Left], [aria-keyshortcuts=Right]")) {
        link.removeAttribute("aria-keyshortcuts");
    }

    // What switches the sidebar is a label, which no keyboard reaches: a button takes its place.
    const label = document.getElementById("mdbook-sidebar-toggle");
    const switched = document.getElementById("mdbook-sidebar-toggle-anchor");
    if (label && switched) {
        const toggle = document.createElement("button");
        for (const { name, value } of label.attributes) if (name !== "for") toggle.setAttribute(name, value);
        toggle.type = "button";
        toggle.append(...label.childNodes);
        label.replaceWith(toggle);
        const told = () => toggle.setAttribute("aria-expanded", String(switched.checked));
        toggle.addEventListener("click", () => switched.click());
        switched.addEventListener("change", told);
        told();
    }
    document.getElementById("mdbook-menu-bar")?.setAttribute("role", "banner");

    // On paper the answers to questions stand unfolded: by the style sheet, or here where a browser is too old for that.
    if (!CSS.supports("selector(::details-content)")) {
        let opened = [];
        window.addEventListener("beforeprint", () => {
            opened = [...document.querySelectorAll("shm-quiz details:not([open]), .shm-why details:not([open]), .shm-fold:not([open])")];
            for (const one of opened) one.open = true;
        });
        window.addEventListener("afterprint", () => {
            for (const one of opened) one.open = false;
        });
    }

    // What is wider than the page can be moved sideways, by keyboard too. Code that fits is no stop on the way.
    const blocks = document.querySelectorAll("pre > code, .table-wrapper, .shm-frame");
    const cut = (block) => {
        const rest = block.scrollWidth - block.clientWidth - block.scrollLeft;
        block.classList.toggle("shm-cut", rest > 2);
    };
    const wide = () => {
        for (const block of blocks) {
            if (block.scrollWidth > block.clientWidth) block.tabIndex = 0;
            else block.removeAttribute("tabindex");
            cut(block);
        }
    };
    const sizes = new ResizeObserver(wide);
    for (const block of blocks) {
        sizes.observe(block);
        block.addEventListener("scroll", () => cut(block), { passive: true });
    }
    window.addEventListener("load", wide);
    document.fonts.ready.then(wide);
})();
