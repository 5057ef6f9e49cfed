//! Detaching a segment: by the call that is made for it, by whoever attached it, in time.

use super::{fine, missing};
use crate::call::Cmd;
use crate::code::Code;
use crate::run::Run;
use crate::verdict::Finding;
use trace::{Code as Mistake, CompletedCall};

/// The segment was detached with `shmdt`, by the process that had attached it. That it is still attached at the end,
/// the tracer has found.
pub fn detached(run: &Run) -> Vec<Finding> {
    let Some(subject) = run.subject() else { return fine() };
    let told = [Mistake::NeverDetached, Mistake::WrongAddress, Mistake::UsedAfterDetach];
    if run.trace.findings.iter().any(|mistake| told.contains(&mistake.code)) {
        return fine();
    }
    if run.detached(subject).next().is_none() {
        let words =
            format!("The mapping of segment {subject} is gone, but no shmdt was seen that took it away.");
        return missing(Code::NeverDetached, words);
    }
    fine()
}

/// The segment was detached before it was removed.
pub fn detached_first(run: &Run) -> Vec<Finding> {
    let Some(subject) = run.subject() else { return fine() };
    let place = |wanted: &CompletedCall| run.trace.calls.iter().position(|made| std::ptr::eq(made, wanted));
    let removal = run.controlled(subject, Cmd::IpcRmid).next();
    let last = run.detached(subject).last().and_then(place);
    match removal.map(|made| (made, place(made))) {
        Some((made, removed)) if removed < last => {
            let words = format!(
                "It removed segment {subject} while it still had it attached: shmdt comes first here."
            );
            vec![Finding::new(Code::RemovedTooEarly, words).call(&made.performed).lesson("lesson05")]
        }
        _ => fine(),
    }
}
