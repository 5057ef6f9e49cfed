//! The classic mistakes, each told from what the kernel was asked and what it answered.
//!
//! **Invariant:** a finding is proved by a call, a fault or the kernel's table, never by what a program usually does.
//! A program that is only unusual is not accused.

use std::fmt;

use playground_core::Errno;
use serde::{Serialize, Serializer};

use super::ended::Ending;
use super::state::{Attachment, Namespace, Space, State};
use super::value::{Fault, Left, Life, Made, What};
use crate::call::{Address, Call, Cmd, Performed, SemCmd, Semid, Shmid};

/// A mistake by name. The names are stable: programs may rely on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Code {
    /// A segment or set outlives the program that made it.
    NeverRemoved,
    /// The same, and the program ended with an error.
    LeakedOnError,
    /// A process ended with a segment attached that it had attached itself, and no heir detached it either.
    NeverDetached,
    /// `shmdt` of what was detached already.
    DetachedTwice,
    /// `shmdt` of an address where no attachment starts.
    WrongAddress,
    /// What a failed `shmat` returned was used: `(void *) -1`, which is not `NULL`.
    NullCheckedInsteadOfMinusOne,
    /// What a failed `shmget` or `semget` returned was used: -1.
    ErrorIgnored,
    /// Memory was touched after it was detached.
    UsedAfterDetach,
    /// An attachment was written that is for reading only.
    ReadOnlyWritten,
    /// A process wanted what another, or it itself, had removed before.
    RemovedTooEarly,
    /// `IPC_RMID` of what was removed already.
    RemovedTwice,
    /// The address that was asked for could not be had, and no other was tried.
    FixedAddressWithoutFallback,
}

impl Code {
    /// The name, as in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Code::NeverRemoved => "never-removed",
            Code::LeakedOnError => "leaked-on-error",
            Code::NeverDetached => "never-detached",
            Code::DetachedTwice => "detached-twice",
            Code::WrongAddress => "wrong-address",
            Code::NullCheckedInsteadOfMinusOne => "null-checked-instead-of-minus-one",
            Code::ErrorIgnored => "error-ignored",
            Code::UsedAfterDetach => "used-after-detach",
            Code::ReadOnlyWritten => "read-only-written",
            Code::RemovedTooEarly => "removed-too-early",
            Code::RemovedTwice => "removed-twice",
            Code::FixedAddressWithoutFallback => "fixed-address-without-fallback",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// A mistake that a traced program made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which mistake.
    pub code: Code,
    /// One sentence that says what happened.
    pub message: String,
    /// The process that made it.
    pub pid: i32,
    /// The call that shows it.
    pub call: Performed,
    /// How often exactly this happened.
    pub times: usize,
}

impl Finding {
    /// Whether another finding about the same call would only say in other words what this one says.
    pub(super) fn implies(&self, other: &Finding) -> bool {
        let codes = (Code::NullCheckedInsteadOfMinusOne, Code::FixedAddressWithoutFallback);
        (self.code, other.code) == codes && self.call == other.call
    }
}

fn finding(code: Code, message: String, by: i32, call: &Performed) -> Option<Finding> {
    Some(Finding { code, message, pid: by, call: call.clone(), times: 1 })
}

/// What a call shows, judged by the state before it.
pub(super) fn of_call(made: &Made, namespace: Namespace, state: &State) -> Option<Finding> {
    let (performed, errno) = (&made.performed, made.performed.outcome.as_ref().err()?);
    let space = state.space(performed.pid)?;
    match &performed.call {
        Call::Shmdt { address } if *errno == Errno::EINVAL => detach(*address, performed, space),
        Call::Shmat { shmid: Shmid(-1), .. } | Call::Shmctl { shmid: Shmid(-1), .. } => {
            ignored(performed, space.shmget.last()?)
        }
        Call::Semop { semid: Semid(-1), .. }
        | Call::SemopAt { semid: Semid(-1), .. }
        | Call::Semtimedop { semid: Semid(-1), .. }
        | Call::Semctl { semid: Semid(-1), .. } => ignored(performed, space.semget.last()?),
        Call::Shmat { shmid, .. } | Call::Shmctl { shmid, cmd: Cmd::IpcRmid } => {
            let removal = state.segment(namespace, *shmid)?.removed.as_ref()?;
            gone(What::Segment(*shmid), removal, performed, *errno)
        }
        Call::Semop { semid, .. }
        | Call::SemopAt { semid, .. }
        | Call::Semtimedop { semid, .. }
        | Call::Semctl { semid, cmd: SemCmd::IpcRmid, .. } => {
            let removal = state.set(namespace, *semid)?.removed.as_ref()?;
            gone(What::Set(*semid), removal, performed, *errno)
        }
        _ => None,
    }
}

fn detach(address: Address, performed: &Performed, space: &Space) -> Option<Finding> {
    if let (true, Some(failed)) = (is_minus_one(address), space.shmat.last()) {
        return minus_one(performed.pid, failed, "passed to shmdt");
    }
    if space.detached_at(address).is_some() {
        let message = format!("It detached {address} twice: nothing is attached there after the first time.");
        return finding(Code::DetachedTwice, message, performed.pid, performed);
    }
    let message = match space.attached_around(address) {
        Some(Attachment { address: start, .. }) => {
            format!("It detached at {address}, which is inside the attachment that starts at {start}.")
        }
        None => format!("It detached at {address}, where no shmat had attached anything."),
    };
    finding(Code::WrongAddress, message, performed.pid, performed)
}

/// Whether an address is `(void *) -1`, in a program of either width.
fn is_minus_one(address: Address) -> bool {
    address.0 == u64::MAX || address.0 == u64::from(u32::MAX)
}

fn minus_one(pid: i32, failed: &Performed, how: &str) -> Option<Finding> {
    let message = format!(
        "shmat failed, and the (void *) -1 that it returned was {how}: check for that, not for NULL."
    );
    finding(Code::NullCheckedInsteadOfMinusOne, message, pid, failed)
}

fn ignored(performed: &Performed, failed: &Performed) -> Option<Finding> {
    let (made, used) = (failed.call.name(), performed.call.name());
    let message =
        format!("{made} failed, and the -1 that it returned was passed to {used} as if it were an id.");
    finding(Code::ErrorIgnored, message, performed.pid, failed)
}

fn gone(what: What, removal: &Performed, performed: &Performed, errno: Errno) -> Option<Finding> {
    if !matches!(errno, Errno::EINVAL | Errno::EIDRM) {
        return None;
    }
    let (name, id) = (what.name(), what.id());
    let who = if removal.pid == performed.pid { "it".into() } else { format!("process {}", removal.pid) };
    let removes = matches!(
        performed.call,
        Call::Shmctl { cmd: Cmd::IpcRmid, .. } | Call::Semctl { cmd: SemCmd::IpcRmid, .. }
    );
    if removes {
        let message = format!("It removed {name} {id}, which {who} had removed before.");
        return finding(Code::RemovedTwice, message, performed.pid, performed);
    }
    let message = format!("{} wanted {name} {id}, which {who} had removed before.", performed.call.name());
    finding(Code::RemovedTooEarly, message, removal.pid, removal)
}

/// What a forbidden touch of memory shows.
pub(super) fn of_fault(fault: &Fault, state: &State) -> Option<Finding> {
    let space = state.space(fault.pid)?;
    let (address, signal) = (fault.address, fault.signal_name());
    // From (void *) -1 on, addresses wrap around to those just above NULL. Once a later shmat has succeeded, those may
    // as well come of another pointer.
    let near_minus_one = space.shmat.stands() && address.0.wrapping_add(4096) < 2 * 4096;
    if let (true, Some(failed)) = (near_minus_one || is_minus_one(address), space.shmat.last()) {
        return minus_one(fault.pid, failed, &format!("used as memory ({signal} at {:#x})", address.0));
    }
    // To jump there is no write; and what is for reading only can be read.
    if let (false, Some(Attachment { read_only: true, made, .. })) =
        (fault.jumped, space.attached_around(address))
    {
        let message = format!("It wrote to {address}, in an attachment for reading only ({signal}).");
        return finding(Code::ReadOnlyWritten, message, fault.pid, made);
    }
    let old = space.detached_around(address).filter(|_| !fault.mapped)?;
    let message =
        format!("It touched {address} after it had detached the attachment at {} ({signal}).", old.address);
    finding(Code::UsedAfterDetach, message, fault.pid, &old.made)
}

/// What a process has attached when it ends, or runs another program, for no reason that would excuse it.
pub(super) fn not_detached(pid: i32, ending: Option<Ending>, state: &State) -> Vec<&Attachment> {
    // Who is killed, or gives up because a call failed, leaves the detaching to the kernel with good reason.
    let gave_up = match ending {
        Some(Ending::Killed(_)) => true,
        Some(ending) => !ending.is_success() && state.space(pid).is_some_and(Space::a_call_failed),
        None => false,
    };
    state.attached(pid).filter(|_| !gave_up).collect()
}

/// Accuses the process that made an attachment, and ended so.
pub(super) fn never_detached(ending: Option<Ending>, attachment: &Attachment) -> Finding {
    let Attachment { address, shmid, made, .. } = attachment;
    let deed = if ending.is_some() { "ended" } else { "ran another program" };
    let message =
        format!("It {deed} with segment {shmid} still attached at {address}: shmdt was not called.");
    Finding { code: Code::NeverDetached, message, pid: made.pid, call: made.clone(), times: 1 }
}

/// What a process has not tried when it ends, or runs another program.
pub(super) fn without_fallback(pid: i32, state: &State) -> Option<Finding> {
    let refused = state.space(pid)?.without_fallback.as_ref().filter(|refused| refused.pid == pid)?;
    let Call::Shmat { shmid, address, .. } = &refused.call else { return None };
    let message = format!("It could not attach segment {shmid} at {address}, and did not try elsewhere.");
    finding(Code::FixedAddressWithoutFallback, message, pid, refused)
}

/// What is left shows, once all is over.
pub(super) fn of_left(left: &Left, makers: &Performed, lives: &[Life]) -> Option<Finding> {
    if left.marked {
        return None;
    }
    let maker = lives.iter().find(|life| life.beginning.pid == makers.pid);
    let ending = maker.and_then(|life| life.ending).filter(|ending| !ending.is_success());
    let (name, id) = (left.what.name(), left.what.id());
    match ending {
        Some(ending) => {
            let message = format!("It {ending}, and {name} {id}, which it had made, is left in the kernel.");
            finding(Code::LeakedOnError, message, makers.pid, makers)
        }
        None => {
            let message = format!("It made {name} {id}, and nobody removed it: it is left in the kernel.");
            finding(Code::NeverRemoved, message, makers.pid, makers)
        }
    }
}
