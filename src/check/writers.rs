//! Who has written the answer of exercise 14: its child has to, and not the parent while the child looks on.
//!
//! A store is no system call, so what stands in the segment does not say whose it is. In a run of its own the processor
//! stops each process after it has written the first word (watchpoints, as for exercise 16).
//!
//! **Invariant:** nobody is accused of what was not seen: a word that nobody seems to have written was written by the
//! kernel for somebody (`read(2)`), or could not be watched.

use super::rules;
use super::run::Run;
use super::script::Script;
use super::verdict::Finding;
use trace::{Form, Nth, Watch};

/// Has the program run once more, and judges by who has changed the first word of its segment.
pub(super) fn examine(
    free: &Run,
    run: &mut impl FnMut(Script, Option<Watch>) -> Result<Run, Finding>,
) -> Vec<Finding> {
    let subject = free.subject().and_then(|shmid| free.order_of(shmid));
    let Some(segment) = subject else { return Vec::new() };
    let watch = Watch { segment: Nth::Attached(segment), offset: 0, form: Form::Long, until_proof: false };
    match run(Script::LOOK_ON, Some(watch)) {
        Ok(watched) => rules::wrote_itself(&watched),
        Err(finding) => vec![finding],
    }
}
