//! What has to hold: small functions from a run to what is missing in it.
//!
//! **Invariant:** a rule judges by what the kernel saw and by the bytes in the segments. What a program prints counts
//! only for a text that nobody could know without reading the segment.

mod allocate;
mod attach;
mod bytes;
mod child;
mod detach;
mod ends;
mod keys;
mod printed;
mod race;

use super::code::Code;
use super::exercises::Trial;
use super::run::Run;
use super::verdict::Finding;
use trace::CompletedCall;

pub use allocate::{allocated, created_exclusively, stopped_when_refused};
pub use attach::{
    attached, attached_anywhere, attached_for_reading, reattached, reattached_there, went_elsewhere,
};
pub(super) use bytes::excerpt;
pub use bytes::{linked_by_offset, wrote_first, wrote_text, wrote_text_at_second};
pub use child::child_answered;
pub(super) use child::wrote_itself;
pub use detach::{detached, detached_first};
pub use ends::{was_killed_at_work, zero_is_no_failure};
pub use keys::{found_by_key, left_alone, opened_what_exists};
pub use printed::{
    asked_and_printed_size, printed_first, printed_the_records_size, printed_what_is_there, printed_where,
};
pub use race::has_a_segment;
pub(super) use race::{Seen, is_added_to, lost, nothing_counted, sum, sums, who_counts};

/// What is missing in a run; nothing, if the rule holds.
pub type Rule = fn(&Run) -> Vec<Finding>;

/// Without these there is nothing to which later rules could apply.
const GATES: [Code; 4] = [Code::PosixInsteadOfSysv, Code::NotAllocated, Code::WrongKey, Code::NeverAttached];

/// What a program that was ended early could not have done any more.
const CONSEQUENCES: [Code; 9] = [
    Code::NeverAttached,
    Code::NeverAsked,
    Code::WroteNothing,
    Code::WrongText,
    Code::WroteElsewhere,
    Code::NeverWaited,
    Code::PrintedWithoutSharing,
    Code::NeverPrinted,
    Code::NeverDetached,
];

/// All that is missing in a run.
pub(super) fn judge(trial: &Trial, run: &Run) -> Vec<Finding> {
    if let Some((code, words)) = &run.halted {
        return vec![Finding::new(*code, words)];
    }
    if let Some(finding) = ends::met_our_limit(run) {
        return vec![finding];
    }
    let mut findings = found(trial, run);
    for finding in &mut findings {
        explain(finding, &run.trace.calls);
    }
    findings
}

/// The kernel's reason, as it was found out while the program stood still.
fn explain(finding: &mut Finding, calls: &[CompletedCall]) {
    let is_it = |made: &&CompletedCall| finding.call.as_ref() == Some(&made.performed.to_string());
    if let Some(reason) = calls.iter().find(is_it).and_then(|made| made.reason.as_ref()) {
        finding.why(reason);
    }
}

fn found(trial: &Trial, run: &Run) -> Vec<Finding> {
    let mut findings = ends::mistakes(trial, run);
    let ended_early = trial.must_succeed && !run.trace.ending.is_success();
    for rule in trial.rules {
        let found = rule(run);
        let gate = found.iter().any(|finding| GATES.contains(&finding.code));
        findings.extend(found);
        if gate {
            break;
        }
    }
    let has_cause = |finding: &Finding| {
        !CONSEQUENCES.contains(&finding.code)
            && !matches!(finding.code, Code::LeakedOnError | Code::NeverRemoved)
    };
    // Who comes after the wrong one finds nothing left to remove.
    if findings.iter().any(|finding| finding.code == Code::RemovedByTheWrongProcess) {
        findings.retain(|finding| finding.code != Code::RemovedTwice);
    }
    if ended_early {
        if !findings.iter().any(has_cause) {
            findings.push(ends::ended_badly(run));
        }
        findings.retain(|finding| !CONSEQUENCES.contains(&finding.code));
    }
    findings
}

/// Nothing is missing.
fn fine() -> Vec<Finding> {
    Vec::new()
}

/// One thing is missing.
fn missing(code: Code, words: impl AsRef<str>) -> Vec<Finding> {
    vec![Finding::new(code, words)]
}
