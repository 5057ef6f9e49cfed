//! A child that answers its parent through the segment.

use super::{fine, missing};
use crate::call::{Cmd, Shmid};
use crate::code::Code;
use crate::run::Run;
use crate::verdict::Finding;

/// A child has written its answer, the parent has printed it after the child had ended, and nobody but the one who made
/// the segment has removed it.
///
/// When a child has written and ends, the examiner puts words of its own in the place of the answer: whoever prints
/// those has read the segment after that.
pub fn child_answered(run: &Run) -> Vec<Finding> {
    let Some((made, subject)) = run.made_subject() else { return fine() };
    if run.trace.processes.len() < 2 {
        return missing(Code::PrintedWithoutSharing, "There was no second process: nobody forked.");
    }
    let maker = made.performed.pid;
    if let Some(made) = run.controlled(subject, Cmd::IpcRmid).find(|made| made.performed.pid != maker) {
        let words = format!(
            "Process {} removed segment {subject}, which process {maker} had made: that one removes it, when it has \
             read the answer.",
            made.performed.pid
        );
        return vec![Finding::new(Code::RemovedByTheWrongProcess, words).call(&made.performed)];
    }
    match run.answers.iter().any(|answer| answer.shmid == subject) {
        true => printed_the_answer(run, subject),
        false => vec![no_answer(run, subject)],
    }
}

fn no_answer(run: &Run, subject: Shmid) -> Finding {
    let mut was_there = run
        .births
        .iter()
        .filter(|snapshot| snapshot.shmid == subject)
        .map(|snapshot| super::excerpt(&snapshot.bytes));
    let words = match was_there.next_back().filter(|text| !text.is_empty()) {
        Some(text) => format!(
            "No child wrote to the start of segment {subject}: `{text}` stood there before the child began. The child \
             has to write the answer."
        ),
        None => format!(
            "No child wrote to the start of segment {subject}: nothing was there when the last one had ended."
        ),
    };
    Finding::new(Code::WroteNothing, words)
}

fn printed_the_answer(run: &Run, subject: Shmid) -> Vec<Finding> {
    let answers = || run.answers.iter().filter(|answer| answer.shmid == subject);
    if answers().all(|answer| answer.never_awaited) {
        let words = format!(
            "The parent did not wait for its child: the child's end did not wake it, and it had not asked for that (wait, \
             waitpid) when it had done with segment {subject}. To sleep only guesses how long a child takes."
        );
        return missing(Code::NeverWaited, words);
    }
    let mut ours = run.injected_in(subject);
    let last = run.injected_in(subject).last().map(|injected| injected.text.clone()).unwrap_or_default();
    if ours.any(|injected| run.printed(&injected.text)) {
        return fine();
    }
    if answers().any(|answer| answer.too_late) {
        let words = format!(
            "When the child ended, its parent had already done with segment {subject}: it did not wait for the child."
        );
        return vec![Finding::new(Code::NeverWaited, words).printed(run)];
    }
    let printed = answers().map(|answer| &answer.text).find(|text| !text.is_empty() && run.printed(text));
    let (code, words) = match printed {
        Some(text) => (
            Code::PrintedWithoutSharing,
            format!(
                "It printed `{text}`, but when the child had ended the examiner had put `{last}` in its place: the \
                 parent printed what it did not read there then."
            ),
        ),
        None => (
            Code::NeverPrinted,
            format!(
                "The parent did not print what was at the start of the segment: `{last}`, when the child had ended."
            ),
        ),
    };
    vec![Finding::new(code, words).printed(run)]
}

/// Of a run in which the start of the segment was watched: once there was a child, the first process has written there,
/// and no other one.
pub(in crate::check) fn wrote_itself(run: &Run) -> Vec<Finding> {
    let is_known = run.halted.is_none() && run.trace.race.as_ref().is_some_and(|race| !race.is_partial);
    if !is_known || !run.writers.iter().eq([&run.trace.pid]) {
        return fine();
    }
    let words = format!(
        "Process {} wrote to the start of the segment, and none of its children did: they have only read, or written \
         elsewhere. The child has to write the answer.",
        run.trace.pid
    );
    missing(Code::WroteNothing, words)
}
