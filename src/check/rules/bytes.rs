//! What lay in the segment when a process had done with it.

use super::{fine, missing};
use crate::call::Shmid;
use crate::check::code::Code;
use crate::check::run::{Look, Run};
use crate::check::verdict::Finding;

/// What the article writes.
const TEXT: &str = "THIS IS A TEST";
/// What exercise 10 writes.
const FIRST: &str = "I CAME FIRST";
/// Where exercise 13 puts its text.
const LINKED: usize = 64;
/// What exercise 16 counts to.
const CHILDREN: usize = 4;
const ROUNDS: u32 = 5000;

/// The article's text is at the start of the segment.
pub fn wrote_text(run: &Run) -> Vec<Finding> {
    run.subject().map_or_else(fine, |subject| wrote(run, subject, TEXT, 0))
}

/// Whoever came first has said so.
pub fn wrote_first(run: &Run) -> Vec<Finding> {
    run.subject().map_or_else(fine, |subject| wrote(run, subject, FIRST, 0))
}

fn wrote(run: &Run, subject: Shmid, text: &str, offset: usize) -> Vec<Finding> {
    if run.looks(subject).any(|look| holds(look, text, offset)) {
        return fine();
    }
    let written = run.looks(subject).filter(|look| look.bytes.iter().any(|byte| *byte != 0));
    match written.last() {
        Some(look) => vec![instead(look, subject, text, offset)],
        None => {
            let words =
                format!("Nobody wrote to segment {subject}: the witness found nothing but zeros in it.");
            missing(Code::WroteNothing, words)
        }
    }
}

/// What was found instead of a text.
fn instead(look: &Look, subject: Shmid, text: &str, offset: usize) -> Finding {
    if let Some(place) = (0..look.bytes.len()).find(|place| holds(look, text, *place)) {
        let words = format!(
            "The witness found `{text}` at offset {place} of segment {subject}, and not at {offset}."
        );
        return Finding::new(Code::WroteElsewhere, words);
    }
    let there = look.bytes.get(offset..).unwrap_or_default();
    if there.first().is_some_and(|byte| *byte != 0) {
        let longer = if there.starts_with(text.as_bytes()) {
            ": the text goes on, and ends with no NUL there"
        } else {
            ""
        };
        let words = format!(
            "The witness found `{}` at offset {offset} of segment {subject}, and not `{text}`{longer}.",
            excerpt(there)
        );
        return Finding::new(Code::WrongText, words);
    }
    let words =
        format!("The witness found `{}` in segment {subject}, and not `{text}`.", excerpt(&look.bytes));
    Finding::new(Code::WroteElsewhere, words)
}

/// Whether a text is at this place, with the zero that ends it: another one that only begins alike is another text.
fn holds(look: &Look, text: &str, offset: usize) -> bool {
    let rest = look.bytes.get(offset..).and_then(|bytes| bytes.strip_prefix(text.as_bytes()));
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
    let Some(look) = run.looks(subject).next() else { return wrote(run, subject, TEXT, LINKED) };
    let link = look.bytes.first_chunk::<8>().map_or(0, |link| u64::from_ne_bytes(*link));
    if link >= look.bytes.len() as u64 {
        let words = format!(
            "The number at the start of segment {subject} is {link:#x}, an address: after the segment has moved, it \
             leads elsewhere."
        );
        return missing(Code::WrongAddress, words);
    }
    wrote(run, subject, TEXT, link as usize)
}

/// Every process has counted, and no count was lost.
pub fn counted_without_loss(run: &Run) -> Vec<Finding> {
    let Some(subject) = run.subject() else { return vec![super::allocate::not_allocated(run)] };
    let counts: Vec<u32> = last_looks(run, subject).into_iter().map(counter).collect();
    if counts.len() < CHILDREN {
        let words = format!(
            "{} processes beside the first had the segment attached when they had done; {CHILDREN} have to count in it.",
            counts.len()
        );
        return missing(Code::PrintedWithoutSharing, words);
    }
    if let Some(words) = counted_for_show(run, subject) {
        return missing(Code::PrintedWithoutSharing, words);
    }
    let all = CHILDREN as u32 * ROUNDS;
    let last = run.looks(subject).last().map_or(0, counter);
    if last != all {
        let words = format!(
            "The counter in segment {subject} ended at {last}, and not at {all}: {} additions were lost, since two \
             processes read the same number and both stored the next.",
            all.abs_diff(last)
        );
        return missing(Code::LostUpdates, words);
    }
    // The first one to have done has counted to 5000 at least, the second has seen 10000 by then, and so on.
    if let Some((count, done)) = counts.iter().zip(1..).find(|(count, done)| **count < done * ROUNDS) {
        let words = format!(
            "When {done} of the processes had done, the counter in segment {subject} stood at {count}, and not at {} at \
             least: another one has counted for them.",
            done * ROUNDS
        );
        return missing(Code::LostUpdates, words);
    }
    if !run.at_once {
        let words = "They counted one after the other, so that nothing could be lost: each process had ended before the \
                     next one began. They have to count at the same time.";
        return missing(Code::PrintedWithoutSharing, words);
    }
    fine()
}

/// What each process beside the first saw last: when it detached the segment, or when it ended.
fn last_looks(run: &Run, subject: Shmid) -> Vec<&Look> {
    let children: Vec<&Look> =
        run.looks(subject).filter(|look| look.pid != run.trace.pid && look.done).collect();
    let is_last =
        |(place, look): &(usize, &&Look)| children[place + 1..].iter().all(|later| later.pid != look.pid);
    children.iter().enumerate().filter(is_last).map(|(_, look)| *look).collect()
}

fn counter(look: &Look) -> u32 {
    look.bytes.first_chunk::<4>().map_or(0, |count| u32::from_ne_bytes(*count))
}

/// Why a counter that says 20000 is no proof, if it is none.
fn counted_for_show(run: &Run, subject: Shmid) -> Option<String> {
    let start = run.starts.iter().find(|look| look.shmid == subject).map_or(0, counter);
    if start != 0 {
        return Some(format!(
            "The counter in segment {subject} stood at {start} before the others began: they have to count from 0."
        ));
    }
    let touched =
        |child: &Look| run.looks(subject).any(|look| look.pid == child.pid && look.done && look.touched);
    let idle = last_looks(run, subject).into_iter().filter(|child| !touched(child)).count();
    (idle != 0).then(|| {
        format!(
            "{idle} of the processes never touched the counter in segment {subject}: each has to count in it."
        )
    })
}
