//! Finding a segment that another has made, and leaving it to its owner.

use super::{fine, missing};
use crate::call::{Answer, Call, Key, ShmgetFlags};
use crate::code::Code;
use crate::run::{Fixture, Run};
use crate::verdict::Finding;
use playground_core::Errno;
use trace::CompletedCall;

fn gets(run: &Run) -> impl Iterator<Item = (&CompletedCall, Key, ShmgetFlags)> {
    run.trace.calls.iter().filter_map(|made| match made.performed.call {
        Call::Shmget { key, flags, .. } => Some((made, key, flags)),
        _ => None,
    })
}

fn found(run: &Run, fixture: &Fixture) -> bool {
    gets(run).any(|(made, ..)| made.performed.outcome == Ok(Answer::Id(fixture.shmid)))
}

/// The examiner's segment was found by its key, by one who did not mean to make it.
pub fn found_by_key(run: &Run) -> Vec<Finding> {
    let Some(fixture) = &run.fixture else { return fine() };
    let careless = gets(run).find(|(_, _, flags)| flags.contains(ShmgetFlags::IPC_CREAT));
    if let Some((made, key, _)) = careless.filter(|(_, key, _)| *key != Key::PRIVATE) {
        let words = format!(
            "With IPC_CREAT it would make a segment of its own if the one with the key {key} were not there: it only \
             wants to find it."
        );
        return vec![Finding::new(Code::WrongFlags, words).call(&made.performed)];
    }
    if found(run, fixture) {
        return fine();
    }
    match gets(run).next() {
        Some((made, key, _)) => {
            let (code, words) = not_found(key, made.performed.outcome.as_ref().err().copied());
            vec![Finding::new(code, words).call(&made.performed)]
        }
        None => missing(Code::NotAllocated, "It never looked for the segment: no shmget was seen."),
    }
}

/// Why there is no id: with the right key the kernel may have refused the size or the permission bits.
fn not_found(key: Key, refused: Option<Errno>) -> (Code, String) {
    match refused {
        Some(Errno::EINVAL) if key != Key::PRIVATE => (
            Code::WrongSize,
            format!(
                "The segment with the key {key} is there, but it has fewer bytes than the program asked for."
            ),
        ),
        Some(Errno::EACCES) => (
            Code::WrongMode,
            format!(
                "The segment with the key {key} is there, but it does not allow what the mode of shmget asks for."
            ),
        ),
        _ => (
            Code::WrongKey,
            format!("It asked for the key {key}, and did not find the other program's segment."),
        ),
    }
}

/// The segment was there, and the program noticed.
pub fn opened_what_exists(run: &Run) -> Vec<Finding> {
    let Some(fixture) = &run.fixture else { return fine() };
    if found(run, fixture) {
        return fine();
    }
    match run.refused().next() {
        Some(made) => {
            let words = "Another program had come first and has the key, and this one gave up.";
            vec![Finding::new(Code::KeyCollision, words).call(&made.performed)]
        }
        None => missing(Code::WrongKey, "Another had made the segment before, and it did not find it."),
    }
}

/// The other program's segment is as it was.
pub fn left_alone(run: &Run) -> Vec<Finding> {
    let Some(fixture) = &run.fixture else { return fine() };
    let removal = run.controlled(fixture.shmid, crate::call::Cmd::IpcRmid).next();
    let mut found = Vec::new();
    if let Some(made) = removal {
        let words =
            format!("It removed segment {}, which another program had made and still needs.", fixture.shmid);
        found.push(Finding::new(Code::RemovedByTheWrongProcess, words).call(&made.performed));
    }
    if run.is_overwritten() {
        let words = format!(
            "It wrote into segment {}, where another program has put something: it took the segment for its own.",
            fixture.shmid
        );
        let finding = Finding::new(Code::KeyCollision, words);
        let get = gets(run).find(|(made, ..)| made.performed.outcome == Ok(Answer::Id(fixture.shmid)));
        found.push(match get {
            Some((made, ..)) => finding.call(&made.performed),
            None => finding,
        });
    }
    found
}
