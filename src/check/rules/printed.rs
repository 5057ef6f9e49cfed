//! What is on the screen, as far as it can only have come out of the segment.

use super::{fine, missing};
use crate::call::Cmd;
use crate::code::Code;
use crate::course::SIZE;
use crate::run::Run;
use crate::verdict::Finding;

/// The article's text, which anybody can print who has read the exercise.
const KNOWN: [&str; 3] = ["THIS IS A TEST", "I CAME FIRST", "THE CHILD WAS HERE"];

/// The kernel was asked, and its answer printed.
pub fn asked_and_printed_size(run: &Run) -> Vec<Finding> {
    let Some(subject) = run.subject() else { return fine() };
    let printed = run.printed_number(SIZE);
    match (run.controlled(subject, Cmd::IpcStat).next(), printed) {
        (Some(_), true) => fine(),
        (Some(made), false) => {
            let words = format!("The kernel answered {SIZE}, and the program did not print it.");
            vec![Finding::new(Code::NeverPrinted, words).call(&made.performed).lesson("lesson03")]
        }
        (None, true) => {
            let words = format!(
                "{SIZE} is on the screen, but the kernel was never asked for it: no IPC_STAT was seen."
            );
            vec![Finding::new(Code::PrintedWithoutSharing, words).lesson("lesson03")]
        }
        (None, false) => {
            let words = "It never asked the kernel for the segment's record: no IPC_STAT was seen.";
            vec![Finding::new(Code::NeverAsked, words).lesson("lesson03")]
        }
    }
}

/// The text that the examiner had put into the segment is on the screen.
pub fn printed_what_is_there(run: &Run) -> Vec<Finding> {
    let Some(planted) = &run.planted else { return printed_known(run) };
    // That it wrote over the text is another finding.
    if run.printed(planted) || run.is_overwritten() {
        return fine();
    }
    match KNOWN.iter().find(|text| run.printed(text)) {
        Some(text) => missing(
            Code::PrintedWithoutSharing,
            format!(
                "It printed `{text}`, but that was not in the segment: the examiner had written `{planted}` there."
            ),
        ),
        None => missing(
            Code::NeverPrinted,
            format!("It did not print what was in the segment: the examiner had written `{planted}` there."),
        ),
    }
}

/// The examiner had no chance to write anything, for a reason that other rules name.
fn printed_known(run: &Run) -> Vec<Finding> {
    match KNOWN.iter().any(|text| run.printed(text)) {
        true => fine(),
        false => missing(Code::NeverPrinted, "It did not print what is in the segment."),
    }
}

/// Whoever came first prints what it has written.
pub fn printed_first(run: &Run) -> Vec<Finding> {
    printed_known(run)
}
