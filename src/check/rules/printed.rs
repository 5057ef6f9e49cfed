//! What is on the screen, as far as it can only have come out of the segment.

use super::fine;
use crate::call::{Call, Cmd};
use crate::code::Code;
use crate::course::{SIZE, THERE};
use crate::run::Run;
use crate::verdict::Finding;
use trace::CompletedCall;

/// Texts that anybody can print who has read the exercise.
const KNOWN: [&str; 2] = ["THIS IS A TEST", "I CAME FIRST"];

/// The kernel was asked, and its answer printed.
pub fn asked_and_printed_size(run: &Run) -> Vec<Finding> {
    let Some(subject) = run.subject() else { return fine() };
    let is_stat = |made: &&CompletedCall| matches!(made.performed.call, Call::Shmctl { shmid, cmd } if shmid == subject && cmd.is_stat());
    let printed = run.printed_number(SIZE);
    if let (None, Some(made)) = (run.records(subject).next(), run.refused().find(is_stat)) {
        let words =
            "It asked for the segment's record, and was refused: what it prints cannot come from there.";
        return vec![Finding::new(Code::NeverAsked, words).call(&made.performed)];
    }
    let finding = match (run.controlled(subject, Cmd::IpcStat).next(), printed) {
        (Some(_), true) => return fine(),
        (Some(made), false) => {
            let words = format!(
                "The kernel answered {SIZE}, and the program did not print it{}.",
                on_stderr(run, &SIZE.to_string())
            );
            Finding::new(Code::NeverPrinted, words).call(&made.performed).printed(run)
        }
        (None, true) => {
            let words = format!(
                "{SIZE} is on the screen, but the kernel was never asked for it: no IPC_STAT was seen."
            );
            Finding::new(Code::PrintedWithoutSharing, words).printed(run)
        }
        (None, false) => {
            let words = "It never asked the kernel for the segment's record: no IPC_STAT was seen.";
            Finding::new(Code::NeverAsked, words)
        }
    };
    vec![finding.lesson("lesson03")]
}

/// The kernel's record has another size than the program asked for, and that one was printed. Who gives up because of
/// the difference has read it, too.
pub fn printed_the_records_size(run: &Run) -> Vec<Finding> {
    let Some(subject) = run.subject() else { return fine() };
    let Some((made, record)) = run.records(subject).last() else { return fine() };
    if record.size == SIZE || run.printed_number(record.size) || !run.trace.ending.is_success() {
        return fine();
    }
    let words = format!(
        "In another run the segment was made larger than it had asked for: the kernel's record said {}, and it did not \
         print that. What it prints does not come from the record.",
        record.size
    );
    vec![
        Finding::new(Code::PrintedWithoutSharing, words)
            .call(&made.performed)
            .printed(run)
            .lesson("lesson03"),
    ]
}

/// The address of the second attachment was printed.
pub fn printed_where(run: &Run) -> Vec<Finding> {
    let Some(subject) = run.subject() else { return fine() };
    let Some((made, address)) = run.attached(subject).skip(1).find(|(_, address)| *address == THERE) else {
        return fine();
    };
    if run.printed_address(address) {
        return fine();
    }
    let words = format!(
        "It attached the segment at {address}, and did not print the address{}.",
        on_stderr(run, "5000000")
    );
    vec![Finding::new(Code::NeverPrinted, words).call(&made.performed).printed(run)]
}

/// The text that the examiner had put into the segment is on the screen.
pub fn printed_what_is_there(run: &Run) -> Vec<Finding> {
    let Some(subject) = run.subject() else { return fine() };
    let Some(injected) = run.injected_in(subject).last() else { return printed_known(run) };
    if let Some(decoy) = run.injected.iter().find(|other| other.decoy && run.printed(&other.text)) {
        let words = format!(
            "It printed `{}` from offset {}, where the number at the start of the segment does not lead: it led to {}.",
            decoy.text, decoy.offset, injected.offset
        );
        return vec![Finding::new(Code::PrintedWithoutSharing, words).printed(run)];
    }
    // That it wrote over the text is another finding.
    if run.printed(&injected.text) || run.is_overwritten() {
        return fine();
    }
    let text = &injected.text;
    let (code, words) = match KNOWN.iter().find(|known| run.printed(known)) {
        Some(known) => (
            Code::PrintedWithoutSharing,
            format!(
                "It printed `{known}`, but that was not in the segment: the examiner had written `{text}` there."
            ),
        ),
        None => (
            Code::NeverPrinted,
            format!(
                "It did not print what was in the segment: the examiner had written `{text}` there{}.",
                on_stderr(run, text)
            ),
        ),
    };
    vec![Finding::new(code, words).printed(run)]
}

/// The examiner had no chance to write anything, for a reason that other rules name.
fn printed_known(run: &Run) -> Vec<Finding> {
    match KNOWN.iter().any(|text| run.printed(text)) {
        true => fine(),
        false => {
            vec![Finding::new(Code::NeverPrinted, "It did not print what is in the segment.").printed(run)]
        }
    }
}

/// Whoever came first prints what it has written.
pub fn printed_first(run: &Run) -> Vec<Finding> {
    match run.printed("I CAME FIRST") {
        true => fine(),
        false => {
            let words = format!(
                "It came first, and did not print what is in the segment{}.",
                on_stderr(run, "I CAME FIRST")
            );
            vec![Finding::new(Code::NeverPrinted, words).printed(run)]
        }
    }
}

/// What counts is what stands on standard output: errors go to the other one.
fn on_stderr(run: &Run, text: &str) -> &'static str {
    if run.errors.contains(text) { ": it is on standard error, and belongs on standard output" } else { "" }
}
