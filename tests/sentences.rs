//! What lessons say is read in one breath: no sentence has more words than those of README and book may have, which
//! `book/tests/.textlintrc.json` bounds.

use std::fmt::Write;
use std::sync::Mutex;

use serde_json::Value;

use crate::support::{Format, Run, with_every_program};

/// As many as a sentence of README and book may have.
const MOST_WORDS: usize = 28;

/// The events that are prose.
const PROSE: [&str; 5] = ["say", "why", "habit", "erratum", "missing"];

#[test]
fn no_sentence_of_a_lesson_is_too_long() {
    let too_long = Mutex::new(String::new());
    with_every_program(|program| {
        let finished = Run::through(program, Format::Json).finish();
        finished.assert_exited(0);
        let text = PROSE.iter().flat_map(|event| finished.told(event));
        for sentence in text.flat_map(|event| sentences(&event)) {
            if sentence.split_whitespace().count() > MOST_WORDS {
                let mut list = too_long.lock().expect("nobody fails while holding it");
                writeln!(list, "{}: {sentence}", program.name).expect("memory takes it");
            }
        }
    });
    assert_eq!(too_long.into_inner().expect("nobody has failed"), "");
}

/// The sentences of an event. What stands after a colon, and the parts of a list, are read one by one as well.
fn sentences(event: &Value) -> Vec<String> {
    let text = event["text"].as_str().unwrap_or_default();
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
