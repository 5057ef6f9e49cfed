//! Making a segment.

use super::fine;
use crate::call::{Call, Key, ShmgetFlags};
use crate::code::Code;
use crate::course::SIZE;
use crate::run::Run;
use crate::verdict::Finding;
use trace::{Code as Mistake, CompletedCall};

/// The key that all copies of exercise 10's program know.
const SHARED_KEY: Key = Key(0x0a0a_0a0a);

/// A new segment without a key, of the article's size, for its owner alone.
pub fn allocated(run: &Run) -> Vec<Finding> {
    let Some((made, _)) = run.made_subject() else { return vec![not_allocated(run)] };
    let Call::Shmget { key, size, mode, .. } = made.performed.call else { return fine() };
    let mut found = Vec::new();
    if key != Key::PRIVATE {
        found.push(Finding::new(
            Code::KeyCollision,
            format!(
                "It made the segment with the key {key}, which another program may use, too; the goal asks for \
                 IPC_PRIVATE."
            ),
        ));
    }
    if size != SIZE as u64 {
        found.push(Finding::new(
            Code::WrongSize,
            format!("It asked for {size} bytes; the goal asks for {SIZE}."),
        ));
    }
    if mode.bits() != 0o600 {
        let hint = if mode.bits() == 600 & 0o777 { " (600 without 0o is decimal in Rust)" } else { "" };
        let words = format!(
            "The permission bits are {:04o}{hint}; 0600 lets the owner read and write, and nobody else.",
            mode.bits()
        );
        found.push(Finding::new(Code::WrongMode, words));
    }
    found.into_iter().map(|finding| finding.call(&made.performed)).collect()
}

/// Why there is no segment.
pub(super) fn not_allocated(run: &Run) -> Finding {
    if let Some(name) = &run.shared_otherwise {
        let words = format!(
            "It shares memory by {name}, and not by shmget: the exercise is about System V segments."
        );
        return Finding::new(Code::PosixInsteadOfSysv, words);
    }
    let elsewhere = run.trace.calls.iter().any(|made| made.elsewhere);
    let refused = run.refused().find(|made| is_get(made));
    match refused {
        Some(made) => Finding::new(Code::NotAllocated, "Its shmget was refused, so it has no segment.")
            .call(&made.performed),
        None if elsewhere => {
            Finding::new(Code::NotAllocated, "It made its segments in a namespace where nobody can see them.")
        }
        None if run.trace.ending.is_success() => {
            Finding::new(Code::NotAllocated, "It made no segment: no shmget was seen that makes one.")
        }
        None => {
            let words = format!("It made no segment, and {}.{}", run.trace.ending, run.complaint());
            Finding::new(Code::NotAllocated, words)
        }
    }
}

fn is_get(made: &CompletedCall) -> bool {
    matches!(made.performed.call, Call::Shmget { .. })
}

/// Alone, the program makes the segment with the key, and would have noticed had it been there.
pub fn created_exclusively(run: &Run) -> Vec<Finding> {
    let by_key = run
        .made()
        .find(|(made, _)| matches!(made.performed.call, Call::Shmget { key, .. } if key == SHARED_KEY));
    let Some((made, _)) = by_key else {
        return match run.made().next() {
            Some((made, _)) => {
                let words =
                    format!("It made a segment, but not with the key {SHARED_KEY}: nobody else can find it.");
                vec![Finding::new(Code::WrongKey, words).call(&made.performed)]
            }
            None => vec![not_allocated(run)],
        };
    };
    match made.performed.call {
        Call::Shmget { flags, .. } if !flags.contains(ShmgetFlags::IPC_EXCL) => {
            let words = "Without IPC_EXCL it cannot know whether it made the segment or found it: two that come at the \
                         same time both believe that they are first.";
            vec![Finding::new(Code::WrongFlags, words).call(&made.performed)]
        }
        _ => fine(),
    }
}

/// Where no segment can be had, it has to stop, and to say so.
pub fn stopped_when_refused(run: &Run) -> Vec<Finding> {
    let Some(position) =
        run.trace.calls.iter().position(|made| is_get(made) && made.performed.outcome.is_err())
    else {
        return fine();
    };
    let refused = &run.trace.calls[position].performed;
    let went_on = run.trace.calls.get(position + 1);
    let ignored = run.trace.findings.iter().any(|mistake| mistake.code == Mistake::ErrorIgnored);
    let words = match went_on {
        Some(next) if ignored => {
            format!(
                "When shmget failed, it went on with -1 for an id: the next call was `{}`.",
                next.performed.call
            )
        }
        _ if run.trace.ending.is_success() => {
            "When shmget failed, it ended with status 0, as if all had gone well.".to_owned()
        }
        _ => return fine(),
    };
    vec![Finding::new(Code::ErrorIgnored, words).call(refused).lesson("lesson01")]
}
