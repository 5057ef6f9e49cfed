// Colours for the few languages of this book, in the place of the library that mdBook brings, which knows two hundred
// and is larger than a chapter. It has the two functions that mdBook calls.
"use strict";

const hljs = (() => {
    const words = (text) => `\\b(?:${text.split(" ").join("|")})\\b`;
    const NUMBER = "\\b(?:0[xob][0-9a-fA-F_]+|\\d[\\d_.]*)(?:[uUlL]+|[iu](?:8|16|32|64|size))?\\b";
    const STRING = "\"(?:[^\"\\\\]|\\\\[^])*\"";

    // For each language its kinds of words, the first that fits counts.
    const LANGUAGES = {
        rust: [
            ["comment", "//[^\\n]*|/\\*[^]*?\\*/"],
            ["string", `b?${STRING}|b?'(?:[^'\\\\]|\\\\[^'\\n]+)'`],
            ["meta", "#!?\\[[^\\]]*\\]"],
            ["number", NUMBER],
            ["keyword", words("as async await break const continue crate dyn else enum extern fn for if impl in let loop match " +
                "mod move mut pub ref return self static struct super trait type unsafe use where while")],
            ["literal", words("true false None Some Ok Err")],
            ["built_in", "\\b[a-z_]+!"],
            ["type", words("bool char f64 i32 i64 str u8 u16 u32 u64 usize") + "|\\b[A-Z][a-zA-Z0-9]*[a-z][a-zA-Z0-9]*\\b"],
        ],
        c: [
            ["comment", "//[^\\n]*|/\\*[^]*?\\*/"],
            ["string", `${STRING}|'(?:[^'\\\\]|\\\\[^])'|<[a-z/]+\\.h>`],
            ["meta", "#[a-z]+"],
            ["number", NUMBER],
            ["keyword", words("break case const continue default do else enum for goto if inline return sizeof static struct " +
                "switch typedef union volatile while")],
            ["literal", words("NULL true false")],
            ["type", words("char double int long short signed unsigned void") + "|\\b[a-z0-9]+_t\\b|\\batomic_[a-z]*int\\b"],
        ],
        console: [
            ["comment", "(?:^|\\s)#[^\\n]*"],
            ["string", `${STRING}|'[^'\\n]*'`],
            ["built_in", words("cargo sudo curl cd node npm man")],
        ],
        yaml: [
            ["comment", "(?:^|\\s)#[^\\n]*"],
            ["string", STRING],
            ["attr", "[a-zA-Z0-9_-]+(?=:)"],
        ],
    };
    const SAME = { sh: "console", bash: "console", shell: "console" };

    const highlightBlock = (block) => {
        const named = [...block.classList].find((name) => name.startsWith("language-"))?.slice(9);
        const kinds = LANGUAGES[SAME[named] ?? named];
        if (!kinds) return;
        const any = new RegExp(kinds.map(([, pattern]) => `(${pattern})`).join("|"), "g");
        const text = block.textContent;
        const pieces = [];
        let end = 0;
        for (const found of text.matchAll(any)) {
            const kind = kinds[found.slice(1).findIndex((group) => group !== undefined)][0];
            const span = document.createElement("span");
            span.className = `hljs-${kind}`;
            span.textContent = found[0];
            pieces.push(text.slice(end, found.index), span);
            end = found.index + found[0].length;
        }
        block.replaceChildren(...pieces, text.slice(end));
    };

    return { configure() {}, highlightBlock };
})();
