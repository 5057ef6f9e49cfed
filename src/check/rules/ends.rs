//! How the program ended, and which classic mistakes the tracer has seen.

use super::{fine, missing};
use crate::call::{Answer, Call, Cmd, Performed, ShmatFlags, Shmid};
use crate::code::Code;
use crate::course::THERE;
use crate::exercises::Trial;
use crate::judge::ADDRESS_SPACE;
use crate::kernel::{Linux, Look};
use crate::run::Run;
use crate::script::{Injection, Sizes};
use crate::verdict::Finding;
use trace::{self, Code as Mistake, CompletedCall, Ending};

/// The tracer's findings. In a run in which the kernel is asked for something else, only what the run is made for
/// counts.
pub(super) fn mistakes(trial: &Trial, run: &Run) -> Vec<Finding> {
    let is_plain = trial.script.sizes == Sizes::AsAsked;
    let counts = |mistake: &&trace::Finding| {
        is_plain && !trial.tolerates.contains(&mistake.code) && !is_excused(trial, run, mistake)
    };
    run.trace.findings_by_call().iter().filter(counts).map(|mistake| told(run, mistake)).collect()
}

/// A child that answers may leave the detaching to its end; and who passes a wrong address to `shmdt` has not forgotten
/// to call it.
fn is_excused(trial: &Trial, run: &Run, mistake: &trace::Finding) -> bool {
    let is_child = trial.script.inject == Injection::AfterChild && mistake.pid != run.trace.pid;
    let wrong = |other: &trace::Finding| {
        other.pid == mistake.pid
            && other.code == Mistake::WrongAddress
            && matches!(other.call.call, Call::Shmdt { .. })
    };
    mistake.code == Mistake::NeverDetached && (is_child || run.trace.findings.iter().any(wrong))
}

fn told(run: &Run, mistake: &trace::Finding) -> Finding {
    let (code, words) = match (mistake.code, misalignment(&mistake.call), id_detached(run, mistake)) {
        (Mistake::FixedAddressWithoutFallback, Some(words), _) | (Mistake::WrongAddress, _, Some(words)) => {
            (Code::WrongAddress, words)
        }
        _ => (Code::from(mistake.code), mistake.message.clone()),
    };
    let finding = Finding::new(code, words).call(&mistake.call);
    match lesson(code) {
        Some(lesson) => finding.lesson(lesson),
        None => finding,
    }
}

/// What is wrong with an address that no segment can begin at, wherever there is room.
pub(super) fn misalignment(performed: &Performed) -> Option<String> {
    let Call::Shmat { address, flags, .. } = performed.call else { return None };
    let page = Linux::new().page_size();
    if performed.outcome.is_ok() || address.0 % page as u64 == 0 || flags.contains(ShmatFlags::SHM_RND) {
        return None;
    }
    let same_digits = address.0.to_string() == format!("{:x}", THERE.0);
    let meant = if same_digits {
        format!(" Without 0x the number is decimal: the goal asks for {THERE}.")
    } else {
        String::new()
    };
    Some(format!(
        "It asked for the address {address}, which is no multiple of {page}, the size of a page.{meant}"
    ))
}

/// Whether what was passed to `shmdt` is the number of a segment.
fn id_detached(run: &Run, mistake: &trace::Finding) -> Option<String> {
    let Call::Shmdt { address } = mistake.call.call else { return None };
    let ids = run.trace.calls.iter().filter_map(|made| match made.performed.outcome {
        Ok(Answer::Id(id)) => Some(id),
        _ => None,
    });
    let id = ids.into_iter().find(|id| u64::try_from(id.0) == Ok(address.0))?;
    Some(format!(
        "It passed {id} to shmdt: that is the segment's id. shmdt wants the address that shmat returned."
    ))
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

/// A limit of the examiner's that a program met is no mistake in the program: sanitizers reserve more addresses than a
/// hand-in may have, whatever it does.
pub(super) fn met_our_limit(run: &Run) -> Option<Finding> {
    let limit = ADDRESS_SPACE >> 30;
    if run.trace.ending.is_success() {
        return None;
    }
    let words = if SANITIZERS.iter().any(|words| run.errors.contains(words)) {
        format!(
            "It was built with a sanitizer, which reserves more memory addresses than the {limit} GiB that check allows \
             a program. Hand it in without -fsanitize."
        )
    } else if OUT_OF_MEMORY.iter().any(|words| run.errors.contains(words)) {
        format!(
            "It wanted more than the {limit} GiB of memory addresses that check allows a program.{}",
            run.complaint()
        )
    } else {
        return None;
    };
    Some(Finding::new(Code::OverLimit, words))
}

/// What sanitizers say when they cannot begin.
const SANITIZERS: [&str; 4] = [
    "Sanitizer failed to allocate",
    "Sanitizer: CHECK failed",
    "ReserveShadowMemoryRange failed",
    "Sanitizer: failed to intercept",
];

/// What programs say when there is no memory for them. A segment that the kernel refuses is ENOSPC, or EINVAL.
const OUT_OF_MEMORY: [&str; 3] = ["Cannot allocate memory", "memory allocation of", "std::bad_alloc"];

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

/// A process of it was killed at its work: with the text in the segment, at IPC_STAT. What is left then, the tracer has
/// found. Whoever guards the others may end well.
pub fn was_killed_at_work(run: &Run) -> Vec<Finding> {
    let killed = || run.killed.iter().filter(|killed| Some(killed.shmid) == run.subject());
    if killed().any(|killed| killed.at_work) {
        return fine();
    }
    if let Some(killed) = killed().next() {
        let words = format!(
            "Process {} asked for IPC_STAT, and was killed there, but it was not at the work: it has to have the segment \
             attached, with `THIS IS A TEST` at its start.",
            killed.pid
        );
        return missing(Code::WroteNothing, words);
    }
    let other = run
        .succeeded()
        .find(|made| matches!(made.performed.call, Call::Shmctl { cmd: Cmd::ShmStat | Cmd::ShmStatAny, .. }));
    if let Some(made) = other {
        let words = "It asked for the segment's record by its index, and not with IPC_STAT, at which it would be killed.";
        return vec![Finding::new(Code::NeverAsked, words).call(&made.performed)];
    }
    let how = match run.trace.ending {
        Ending::Killed(_) => format!(", and the program {}", run.trace.ending),
        Ending::Exited(_) => String::new(),
    };
    let words = format!("It never came to its work: no IPC_STAT was seen, at which it would be killed{how}.");
    missing(Code::NeverAsked, words)
}

/// What a program did that did well with another id, and not with 0.
pub fn zero_is_no_failure(run: &Run) -> Vec<Finding> {
    let got_zero = |made: &&CompletedCall| matches!(made.performed.outcome, Ok(Answer::Id(Shmid(0))));
    let Some(made) = run.trace.calls.iter().find(got_zero) else { return fine() };
    // Who works with it does not take it for a failure, whatever else went otherwise this time.
    if run.attached(Shmid(0)).next().is_some() || run.records(Shmid(0)).next().is_some() {
        return fine();
    }
    let end = match run.trace.ending.is_success() {
        true => "did not do its work".to_owned(),
        false => run.trace.ending.to_string(),
    };
    let words = format!(
        "When shmget returned 0, it {end}. 0 is an id like any other, the first one in a new system or container: only \
         -1 is a failure, so compare with -1.{}",
        run.complaint()
    );
    vec![Finding::new(Code::ZeroTakenForFailure, words).call(&made.performed).lesson("lesson01")]
}
