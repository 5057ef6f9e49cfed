//! What lay in the segment when a process had done with it.

use super::{fine, missing};
use crate::call::Shmid;
use crate::code::Code;
use crate::run::{Run, Snapshot};
use crate::verdict::Finding;

/// What the article writes.
const TEXT: &str = "THIS IS A TEST";
/// What exercise 10 writes.
const FIRST: &str = "I CAME FIRST";
/// Where exercise 13 puts its text.
const LINKED: usize = 64;

/// The article's text is at the start of the segment.
pub fn wrote_text(run: &Run) -> Vec<Finding> {
    run.subject().map_or_else(fine, |subject| wrote(run, subject, TEXT, 0))
}

/// The article's text was written to the start of the segment when that was attached twice.
pub fn wrote_text_at_second(run: &Run) -> Vec<Finding> {
    let Some(subject) = run.subject().filter(|subject| run.wiped.contains(subject)) else {
        return wrote_text(run);
    };
    if run.snapshots(subject).any(|snapshot| holds(snapshot, TEXT, 0)) {
        return fine();
    }
    let words = format!(
        "It wrote `{TEXT}` to segment {subject} before that was attached a second time, and not after: it is to be written \
         where the segment is attached then."
    );
    missing(Code::WroteElsewhere, words)
}

/// Whoever came first has said so.
pub fn wrote_first(run: &Run) -> Vec<Finding> {
    run.subject().map_or_else(fine, |subject| wrote(run, subject, FIRST, 0))
}

fn wrote(run: &Run, subject: Shmid, text: &str, offset: usize) -> Vec<Finding> {
    if run.snapshots(subject).any(|snapshot| holds(snapshot, text, offset)) {
        return fine();
    }
    let written = run.snapshots(subject).filter(|snapshot| snapshot.bytes.iter().any(|byte| *byte != 0));
    match written.last() {
        Some(snapshot) => vec![instead(snapshot, subject, text, offset)],
        None => {
            let words =
                format!("Nobody wrote to segment {subject}: the inspector found nothing but zeros in it.");
            missing(Code::WroteNothing, words)
        }
    }
}

/// What was found instead of a text.
fn instead(snapshot: &Snapshot, subject: Shmid, text: &str, offset: usize) -> Finding {
    if let Some(place) = (0..snapshot.bytes.len()).find(|place| holds(snapshot, text, *place)) {
        let words = format!(
            "The inspector found `{text}` at offset {place} of segment {subject}, and not at {offset}."
        );
        return Finding::new(Code::WroteElsewhere, words);
    }
    let there = snapshot.bytes.get(offset..).unwrap_or_default();
    if there.first().is_some_and(|byte| *byte != 0) {
        let longer = if there.starts_with(text.as_bytes()) {
            ": the text goes on, and ends with no NUL there"
        } else {
            ""
        };
        let words = format!(
            "The inspector found `{}` at offset {offset} of segment {subject}, and not `{text}`{longer}.",
            excerpt(there)
        );
        return Finding::new(Code::WrongText, words);
    }
    let words =
        format!("The inspector found `{}` in segment {subject}, and not `{text}`.", excerpt(&snapshot.bytes));
    Finding::new(Code::WroteElsewhere, words)
}

/// Whether a text is at this place, with the zero that ends it: another one that only begins alike is another text.
fn holds(snapshot: &Snapshot, text: &str, offset: usize) -> bool {
    let rest = snapshot.bytes.get(offset..).and_then(|bytes| bytes.strip_prefix(text.as_bytes()));
    rest.is_some_and(|rest| rest.first().is_none_or(|byte| *byte == 0))
}

/// The first bytes that are not zero, for people to read.
pub(in crate::check) fn excerpt(bytes: &[u8]) -> String {
    let start = bytes.iter().position(|byte| *byte != 0).unwrap_or(0);
    let text: Vec<u8> = bytes[start..].iter().copied().take_while(|byte| *byte != 0).take(32).collect();
    text.escape_ascii().to_string()
}

/// The number at the start is how far away the text is, and not where it was.
pub fn linked_by_offset(run: &Run) -> Vec<Finding> {
    let Some(subject) = run.subject() else { return fine() };
    let Some(snapshot) = run.snapshots(subject).next() else { return wrote(run, subject, TEXT, LINKED) };
    let link = snapshot.bytes.first_chunk::<8>().map_or(0, |link| u64::from_ne_bytes(*link));
    if link >= snapshot.bytes.len() as u64 {
        let words = format!(
            "The number at the start of segment {subject} is {link:#x}, an address: after the segment has moved, it \
             leads elsewhere."
        );
        return missing(Code::WrongAddress, words);
    }
    match snapshot.bytes[link as usize..].first() {
        // Any text will do, as the goal names none. It cannot lie in the number itself.
        Some(byte) if *byte != 0 && link >= size_of::<u64>() as u64 => fine(),
        _ => wrote(run, subject, TEXT, link as usize),
    }
}
