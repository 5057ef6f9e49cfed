//! What learners read is read in one breath: no sentence of a lesson, an exercise, a puzzle or a message has more words
//! than those of README and book may have, which `book/tests/.textlintrc.json` bounds.
//!
//! The sentences are those of the sources, so that each is there: also the reason of an option that no run here chooses,
//! and the words of lesson 20 for a machine that is too busy.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regex::Regex;

/// As many as a sentence of README and book may have.
const MOST_WORDS: usize = 28;

/// The sources of messages.
const MESSAGES: [&str; 8] = [
    "src/core/error.rs",
    "src/core/story/explain.rs",
    "src/core/story/explain",
    "src/check/rules",
    "src/trace/failure.rs",
    "src/trace/findings.rs",
    "src/trace/narrate.rs",
    "src/trace/reason.rs",
];

/// A string of Rust or TOML, on one line or on several; and what is none, though it has quotes: a comment, a character.
static STRING: LazyLock<Regex> = LazyLock::new(|| {
    let strings = r##"(?msx)
        ^\x20*(//|\#).*?$ | b?'\\?"' | r\#".*?"\#
        | '''(?<plain>.*?)''' | "(?<escaped>(?:[^"\\]|\\.)*)" | '(?<short>[^'\n]{3,})'"##;
    Regex::new(strings).expect("an expression")
});

/// Where a string goes on in the next line of the source.
static CONTINUED: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\\\n\s*").expect("an expression"));

#[test]
fn no_sentence_is_too_long() {
    let mut all = sources("lessons", "rs");
    all.extend(["lessons/exercises", "lessons/levels"].iter().flat_map(|folder| sources(folder, "toml")));
    all.extend(MESSAGES.iter().flat_map(|messages| sources(messages, "rs")));
    let too_long: Vec<String> = all.iter().flat_map(|source| long_sentences(source)).collect();
    assert!(too_long.is_empty(), "{}", too_long.join("\n"));
}

/// The files of a folder with this ending, or one file.
fn sources(place: &str, ending: &str) -> Vec<PathBuf> {
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join(place);
    if place.is_file() {
        return vec![place];
    }
    let files = fs::read_dir(&place).expect("a folder").map(|entry| entry.expect("an entry").path());
    files.filter(|file| file.extension().is_some_and(|its| its == ending)).collect()
}

fn long_sentences(source: &Path) -> Vec<String> {
    let text = fs::read_to_string(source).expect("a source");
    let strings = STRING.captures_iter(&text).filter_map(|found| {
        let string = found.name("plain").or(found.name("escaped")).or(found.name("short"))?.as_str();
        Some(CONTINUED.replace_all(string, "").into_owned())
    });
    let sentences: Vec<String> = strings.flat_map(|string| sentences(&string)).collect();
    let long = sentences.into_iter().filter(|sentence| sentence.split_whitespace().count() > MOST_WORDS);
    long.map(|sentence| format!("{}: {sentence}", source.display())).collect()
}

/// The sentences of a text. What stands after a colon, and the parts of a list, are read one by one as well.
fn sentences(text: &str) -> Vec<String> {
    let mut sentences = vec![String::new()];
    for word in text.split_whitespace() {
        let last = sentences.last_mut().expect("there is one");
        *last += word;
        *last += " ";
        if word.ends_with(['.', '?', '!', ';', ':']) {
            sentences.push(String::new());
        }
    }
    sentences
}

#[test]
fn a_sentence_is_found_in_each_kind_of_string() {
    let folder = tempfile::tempdir().expect("a folder");
    let source = folder.path().join("texts");
    let long = "word ".repeat(MOST_WORDS + 1);
    for text in [
        format!("say(\"{long}\")"),
        format!("say(\"A \\\"word\\\". {long}\")"),
        format!("['\"', say(\"{long}\")]"),
        format!("// A comment has a \" sometimes.\nsay(\"word \\\n    {long}\")"),
        format!("goal = '''\n{long}\n'''"),
        format!("hints = [\n'{long}',\n]"),
    ] {
        fs::write(&source, &text).expect("written");
        assert_eq!(long_sentences(&source).len(), 1, "{text}");
    }
    fs::write(&source, format!("// \"{long}\"\nsay(\"word: {}\")", "word ".repeat(MOST_WORDS)))
        .expect("written");
    assert_eq!(long_sentences(&source), Vec::<String>::new());
}
