//! Detaching a segment: by the call that is made for it, by whoever attached it, in time.

use super::{fine, missing};
use crate::call::{Address, Call, Cmd, Shmid};
use crate::check::code::Code;
use crate::check::run::Run;
use crate::check::verdict::Finding;
use crate::trace::{Code as Mistake, Made};

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
    let forgotten = run.attached(subject).find(|(made, address)| is_forgotten(run, subject, made, *address));
    forgotten.map_or_else(fine, |(made, address)| {
        let words = format!(
            "The process that attached segment {subject} at {address} never detached it: what another process \
             detaches is its own copy."
        );
        vec![Finding::new(Code::NeverDetached, words).call(&made.performed)]
    })
}

/// Whether an attachment was left to a copy of the process that made it, although that one went on. One that ends, as
/// in daemon(3), may leave it to its child.
fn is_forgotten(run: &Run, subject: Shmid, attach: &Made, address: Address) -> bool {
    let owner = attach.performed.pid;
    let takes_it = |made: &&Made| matches!(made.performed.call, Call::Shmdt { address: at } if at == address);
    let detaches: Vec<&Made> = run.detached(subject).filter(takes_it).collect();
    let Some(by_other) = detaches.first().filter(|_| detaches.iter().all(|made| made.performed.pid != owner))
    else {
        return false;
    };
    let calls = run.trace.calls.iter().skip_while(|made| !std::ptr::eq(*made, *by_other));
    let shares_memory = run.shares_memory(by_other.performed.pid, owner);
    !shares_memory && calls.skip(1).any(|made| made.performed.pid == owner)
}

/// The segment was detached before it was removed.
pub fn detached_first(run: &Run) -> Vec<Finding> {
    let Some(subject) = run.subject() else { return fine() };
    let place = |wanted: &Made| run.trace.calls.iter().position(|made| std::ptr::eq(made, wanted));
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
