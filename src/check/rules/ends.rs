//! How the program ended, and which classic mistakes the tracer has seen.

use super::{fine, missing};
use crate::code::Code;
use crate::exercises::Trial;
use crate::run::Run;
use crate::verdict::Finding;
use trace::{self, Ending};

/// The tracer's findings. In a run that is made to fail only what was made for it counts.
pub(super) fn mistakes(trial: &Trial, run: &Run) -> Vec<Finding> {
    let counts =
        |mistake: &&trace::Finding| !trial.script.no_segments && !trial.tolerates.contains(&mistake.code);
    run.trace.findings_by_call().iter().filter(counts).map(told).collect()
}

fn told(mistake: &trace::Finding) -> Finding {
    let code = Code::from(mistake.code);
    let finding = Finding::new(code, mistake.message.clone()).call(&mistake.call);
    match lesson(code) {
        Some(lesson) => finding.lesson(lesson),
        None => finding,
    }
}

/// Where a classic mistake is taught, whatever the exercise.
fn lesson(code: Code) -> Option<&'static str> {
    Some(match code {
        Code::ErrorIgnored => "lesson01",
        Code::NullCheckedInsteadOfMinusOne => "lesson02",
        Code::UsedAfterDetach | Code::NeverDetached | Code::DetachedTwice => "lesson05",
        Code::FixedAddressWithoutFallback => "lesson06",
        Code::NeverRemoved | Code::RemovedTwice => "lesson08",
        Code::ReadOnlyWritten => "lesson11",
        Code::LeakedOnError => "lesson15",
        Code::RemovedTooEarly => "lesson16",
        _ => return None,
    })
}

/// A bad end that nothing else explains.
pub(super) fn ended_badly(run: &Run) -> Finding {
    let said = run.complaint();
    match run.trace.ending {
        Ending::Killed(_) => Finding::new(Code::Crashed, format!("The program {}.{said}", run.trace.ending)),
        Ending::Exited(_) => Finding::new(
            Code::Failed,
            format!("The program {}: it says itself that it failed.{said}", run.trace.ending),
        ),
    }
}

/// The examiner found a process of it at its work, and killed that one there: what is left then, the tracer has found.
/// Whoever guards the others may end well.
pub fn was_killed_at_work(run: &Run) -> Vec<Finding> {
    if run.killed {
        return fine();
    }
    let how = match run.trace.ending {
        Ending::Killed(_) => format!(", and the program {}", run.trace.ending),
        Ending::Exited(_) => String::new(),
    };
    let words = format!("It never came to its work: no IPC_STAT was seen, at which it would be killed{how}.");
    missing(Code::NeverAsked, words)
}
