//! Attaching a segment: at all, again, elsewhere, for reading only.

use super::{fine, missing};
use crate::call::{Address, Call, ShmatFlags};
use crate::code::Code;
use crate::course::THERE;
use crate::run::Run;
use crate::verdict::Finding;
use trace::Code as Mistake;

/// The segment was attached at least once.
pub fn attached(run: &Run) -> Vec<Finding> {
    let Some(subject) = run.subject() else {
        return missing(Code::NeverAttached, "It has no segment to attach.");
    };
    if run.attached(subject).next().is_some() {
        return fine();
    }
    let refused = run.refused().find(|made| matches!(made.performed.call, Call::Shmat { .. }));
    match refused {
        Some(made) => {
            let words = format!("It asked to attach segment {subject}, and was refused.");
            vec![Finding::new(Code::NeverAttached, words).call(&made.performed)]
        }
        None => {
            missing(Code::NeverAttached, format!("It never attached segment {subject}: no shmat was seen."))
        }
    }
}

/// The segment was detached by the call that is made for it. That it is still attached at the end, the tracer has found.
pub fn detached(run: &Run) -> Vec<Finding> {
    let Some(subject) = run.subject() else { return fine() };
    let still_attached = run.trace.findings.iter().any(|mistake| mistake.code == Mistake::NeverDetached);
    if still_attached || run.detached(subject).next().is_some() {
        return fine();
    }
    let words = format!("The mapping of segment {subject} is gone, but no shmdt was seen that took it away.");
    missing(Code::NeverDetached, words)
}

/// The segment was attached by one who asked for reading only.
pub fn attached_for_reading(run: &Run) -> Vec<Finding> {
    let Some(subject) = run.subject() else { return fine() };
    let asked =
        |made: &&trace::Made| matches!(made.performed.call, Call::Shmat { shmid, .. } if shmid == subject);
    let Some(made) = run.trace.calls.iter().find(asked) else { return attached(run) };
    match made.performed.call {
        Call::Shmat { flags, .. } if !flags.contains(ShmatFlags::SHM_RDONLY) => {
            let words =
                "It asked to read and to write, where only reading is allowed: SHM_RDONLY is missing.";
            vec![Finding::new(Code::WrongFlags, words).call(&made.performed)]
        }
        _ => attached(run),
    }
}

/// The segment was attached a second time, at the article's address.
pub fn reattached_there(run: &Run) -> Vec<Finding> {
    let Some(subject) = run.subject() else { return fine() };
    let places: Vec<_> = run.attached(subject).collect();
    if places.iter().skip(1).any(|(_, address)| *address == THERE) {
        return fine();
    }
    if let Some((made, address)) = places.get(1) {
        let words = format!("The second time it attached the segment at {address}; {THERE} was asked for.");
        return vec![Finding::new(Code::WrongAddress, words).call(&made.performed)];
    }
    // A refusal is told by what the tracer has found.
    if asked_for(run, THERE) {
        return fine();
    }
    missing(Code::NeverAttached, format!("It attached the segment once, and not a second time at {THERE}."))
}

fn asked_for(run: &Run, wanted: Address) -> bool {
    run.refused().any(|made| matches!(made.performed.call, Call::Shmat { address, .. } if address == wanted))
}

/// The wish for a taken address was refused, and the segment attached where there was room.
pub fn went_elsewhere(run: &Run) -> Vec<Finding> {
    let Some(subject) = run.subject() else { return fine() };
    if !asked_for(run, THERE) {
        let words = format!("It did not ask for {THERE} a second time: no shmat was refused.");
        return missing(Code::WrongAddress, words);
    }
    match run.attached(subject).nth(1) {
        Some(_) => fine(),
        // What it did with the refusal is told by what the tracer has found.
        None => {
            missing(Code::NeverAttached, "It attached the segment once, and not a second time elsewhere.")
        }
    }
}
