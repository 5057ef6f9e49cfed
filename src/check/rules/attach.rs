//! Attaching a segment: at all, again, elsewhere, for reading only.

use super::ends::misalignment;
use super::{fine, missing};
use crate::call::{Address, Call, ShmatFlags, Shmid};
use crate::code::Code;
use crate::course::THERE;
use crate::run::Run;
use crate::verdict::Finding;
use trace::CompletedCall;

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

/// The kernel was asked to find room for the segment.
pub fn attached_anywhere(run: &Run) -> Vec<Finding> {
    let Some(subject) = run.subject() else { return fine() };
    let asks = |made: &CompletedCall| match made.performed.call {
        Call::Shmat { address, .. } => Some(address),
        _ => None,
    };
    let wishes: Vec<_> = run.attached(subject).filter_map(|(made, _)| Some((made, asks(made)?))).collect();
    match wishes.first() {
        Some((made, wish)) if wishes.iter().all(|(_, wish)| *wish != Address::NULL) => {
            let words = format!(
                "It asked for the address {wish}; the goal leaves the choice to the kernel, with NULL."
            );
            vec![Finding::new(Code::WrongAddress, words).call(&made.performed)]
        }
        _ => fine(),
    }
}

/// The segment was attached by one who asked for reading only.
pub fn attached_for_reading(run: &Run) -> Vec<Finding> {
    let Some(subject) = run.subject() else { return fine() };
    let asked =
        |made: &&CompletedCall| matches!(made.performed.call, Call::Shmat { shmid, .. } if shmid == subject);
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

/// The segment was attached a second time, wherever.
pub fn reattached(run: &Run) -> Vec<Finding> {
    let Some(subject) = run.subject() else { return fine() };
    let attached: Vec<_> = run.attached(subject).map(|(made, _)| made).collect();
    if run.refused().any(is_attach) || is_back(run, subject, &attached) {
        return fine();
    }
    let words = match attached[..] {
        [_, second, ..] => {
            let words = "It attached the segment a second time while it still had it attached, and not after it was detached.";
            return vec![Finding::new(Code::NeverAttached, words).call(&second.performed)];
        }
        _ => "It attached the segment once, and not a second time after it was detached.",
    };
    missing(Code::NeverAttached, words)
}

/// Whether the segment was attached after it was detached: by a call, or with the end of another process.
fn is_back(run: &Run, subject: Shmid, attached: &[&CompletedCall]) -> bool {
    let place = |wanted: &CompletedCall| run.trace.calls.iter().position(|made| std::ptr::eq(made, wanted));
    let first_gone = run.detached(subject).next().map(place);
    let is_later = |made: &&&CompletedCall| first_gone.is_some_and(|gone| place(made) > gone);
    let is_anothers = |made: &&&CompletedCall| made.performed.pid != attached[0].performed.pid;
    attached.iter().skip(1).any(|made| is_later(&made) || is_anothers(&made))
}

/// The segment was attached a second time, at the article's address.
pub fn reattached_there(run: &Run) -> Vec<Finding> {
    let Some(subject) = run.subject() else { return fine() };
    let places: Vec<_> = run.attached(subject).collect();
    if places.iter().skip(1).any(|(_, address)| *address == THERE) {
        return fine();
    }
    if let Some((made, address)) = places.get(1) {
        let words =
            format!("The second time it attached the segment at {address}; the goal asks for {THERE}.");
        return vec![Finding::new(Code::WrongAddress, words).call(&made.performed)];
    }
    // What became of a refusal is told by what the tracer has found.
    if run.refused().any(is_attach) {
        return fine();
    }
    missing(Code::NeverAttached, format!("It attached the segment once, and not a second time at {THERE}."))
}

fn is_attach(made: &CompletedCall) -> bool {
    matches!(made.performed.call, Call::Shmat { .. })
}

fn asked_for(run: &Run, wanted: Address) -> bool {
    run.refused().any(|made| matches!(made.performed.call, Call::Shmat { address, .. } if address == wanted))
}

fn replaces(made: &CompletedCall) -> bool {
    matches!(made.performed.call, Call::Shmat { flags, .. } if flags.contains(ShmatFlags::SHM_REMAP))
}

/// The wish for a taken address was refused, and the segment attached where there was room.
pub fn went_elsewhere(run: &Run) -> Vec<Finding> {
    let Some(subject) = run.subject() else { return fine() };
    // An address that is none is told by what the tracer has found.
    let misaligned = run.refused().any(|made| misalignment(&made.performed).is_some());
    if let Some(made) = run.attached(subject).map(|(made, _)| made).find(|made| replaces(made)) {
        let words = format!(
            "It asked for {THERE} with SHM_REMAP, with which the kernel replaces what is mapped there, and refuses \
             nothing."
        );
        return vec![Finding::new(Code::WrongAddress, words).call(&made.performed)];
    }
    if !asked_for(run, THERE) && !misaligned {
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
