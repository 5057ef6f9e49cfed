//! The classic mistakes, each told from what the kernel was asked and what it answered.
//!
//! **Invariant:** a finding is proved by a call, a fault or the kernel's table, never by what a program usually does.
//! A program that is only unusual is not accused.

use std::collections::HashMap;

use playground_core::Errno;

use super::Code;
use super::exit_status::Ending;
use super::procfs;
use super::reason::segment_id;
use super::space::{Attachment, Departure, Former, Space};
use super::state::{Namespace, State};
use super::subject::wanted;
use super::value::{CompletedCall, Fault, Left, ProcessRecord, What};
use crate::call::{Address, Call, Cmd, Key, Performed, SemCmd, Semid, Shmid};

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
    /// Whether another finding would only say in other words what this one says, or what came of it.
    pub(super) fn implies(&self, other: &Finding) -> bool {
        match (self.code, other.code) {
            (Code::NullCheckedInsteadOfMinusOne, Code::FixedAddressWithoutFallback) => {
                self.call == other.call
            }
            // It did call shmdt, if with the segment's id.
            (Code::WrongAddress, Code::NeverDetached) => match (&self.call.call, &other.call.call) {
                (Call::Shmdt { address }, Call::Shmat { shmid, .. }) => address.0 == shmid.0 as u64,
                _ => false,
            },
            _ => false,
        }
    }
}

fn finding(code: Code, message: String, by: i32, call: &Performed) -> Option<Finding> {
    Some(Finding { code, message, pid: by, call: call.clone(), times: 1 })
}

/// What a call shows, judged by the state before it, and by the memory that its process had then.
pub(super) fn of_call(
    made: &CompletedCall,
    namespace: Namespace,
    space: &Space,
    state: &State,
) -> Option<Finding> {
    let (performed, errno) = (&made.performed, made.performed.outcome.as_ref().err()?);
    if made.is_refused_by_a_sandbox() || !matches!(errno, Errno::EINVAL | Errno::EIDRM) {
        return None;
    }
    match &performed.call {
        Call::Shmdt { address } => detach(*address, performed, space, segment_id(*address, namespace, state)),
        Call::Shmat { shmid: Shmid(-1), .. } | Call::Shmctl { shmid: Shmid(-1), .. } => {
            ignored(performed, space.shmget.to_blame()?)
        }
        Call::Semop { semid: Semid(-1), .. }
        | Call::SemopAt { semid: Semid(-1), .. }
        | Call::Semtimedop { semid: Semid(-1), .. }
        | Call::Semctl { semid: Semid(-1), .. } => ignored(performed, space.semget.to_blame()?),
        call => {
            let what = wanted(call)?;
            if is_there(what, made.elsewhere, namespace, state) {
                return None;
            }
            match removal(what, namespace, state) {
                Some(removal) => gone(what, removal, performed, space),
                None => key_as_id(what, made, namespace, state),
            }
        }
    }
}

/// Whether a segment or a set is there. The kernel tells of our own namespace; of another one, what was made there, and
/// not removed, or is still attached, is there.
pub(super) fn is_there(what: What, elsewhere: bool, namespace: Namespace, state: &State) -> bool {
    match what {
        What::Segment(id) if !elsewhere => procfs::segment_is_there(id),
        What::Set(id) if !elsewhere => procfs::set_is_there(id),
        What::Segment(id) => {
            let segment = state.segment(namespace, id);
            segment.is_some_and(|segment| segment.removed.is_none() || state.is_attached(id))
        }
        What::Set(id) => state.set(namespace, id).is_some_and(|set| set.removed.is_none()),
    }
}

fn removal(what: What, namespace: Namespace, state: &State) -> Option<&Performed> {
    match what {
        What::Segment(id) => state.segment(namespace, id)?.removed.as_ref(),
        What::Set(id) => state.set(namespace, id)?.removed.as_ref(),
    }
}

/// What has the key that was passed for an id, where this run has used that key.
pub(super) fn of_key(what: What, namespace: Namespace, state: &State) -> Option<What> {
    let key = Key(what.id());
    if key == Key::PRIVATE {
        return None;
    }
    match what {
        What::Segment(_) => Some(What::Segment(state.segment_of_key(namespace, key)?.shmid)),
        What::Set(_) => Some(What::Set(state.set_of_key(namespace, key)?.0)),
    }
}

fn key_as_id(what: What, made: &CompletedCall, namespace: Namespace, state: &State) -> Option<Finding> {
    let found = of_key(what, namespace, state)?;
    let (name, id, key) = (what.name(), found.id(), Key(what.id()));
    let (number, used) = (what.id(), made.performed.call.name());
    let message =
        format!("It passed {number} to {used} as an id, and that is {key}, the key of {name} {id}.");
    finding(Code::KeyUsedAsId, message, made.performed.pid, &made.performed)
}

fn detach(address: Address, performed: &Performed, space: &Space, an_id: Option<Shmid>) -> Option<Finding> {
    if is_minus_one(address) && space.shmat.last().is_some() {
        return minus_one(performed.pid, space.shmat.to_blame()?, "passed to shmdt");
    }
    if let Some(former) = space.detached_at(address) {
        return detached_before(address, former, performed);
    }
    let around = space.attached_around(address);
    let message = match (an_id, around) {
        (Some(id), None) => {
            format!("It passed {id} to shmdt, which is the segment's id: shmdt takes the address of shmat.")
        }
        (_, Some(Attachment { address: start, .. })) => {
            format!("It detached at {address}, which is inside the attachment that starts at {start}.")
        }
        _ => format!("It detached at {address}, where no shmat had attached anything."),
    };
    finding(Code::WrongAddress, message, performed.pid, performed)
}

fn detached_before(address: Address, former: &Former, performed: &Performed) -> Option<Finding> {
    let (code, message) = match former.how {
        Departure::Detached => (
            Code::DetachedTwice,
            format!("It detached {address} twice: nothing is attached there after the first time."),
        ),
        Departure::Unmapped => (
            Code::DetachedTwice,
            format!(
                "It detached {address} twice: munmap had taken the attachment away, as shmdt does, before shmdt was \
                 called."
            ),
        ),
        Departure::Replaced => (
            Code::DetachedTwice,
            format!("It detached {address} twice: munmap or mmap had put an end to the attachment before."),
        ),
        Departure::Moved(now) => (
            Code::WrongAddress,
            format!("It detached at {address}, from where mremap had moved the attachment to {now}."),
        ),
    };
    finding(code, message, performed.pid, performed)
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

fn gone(what: What, removal: &Performed, performed: &Performed, space: &Space) -> Option<Finding> {
    // Who never had an id passes 0 for another reason: it is what a variable holds before anything is put there.
    if !space.knows(what) {
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
    if (near_minus_one || is_minus_one(address)) && space.shmat.last().is_some() {
        let failed = space.shmat.to_blame()?;
        return minus_one(fault.pid, failed, &format!("used as memory ({signal} at {:#x})", address.0));
    }
    // To jump there is no write; and what is for reading only can be read.
    if let (false, Some(Attachment { read_only: true, made, .. })) =
        (fault.jumped, space.attached_around(address))
    {
        let message = format!("It wrote to {address}, in an attachment for reading only ({signal}).");
        return finding(Code::ReadOnlyWritten, message, fault.pid, made);
    }
    if fault.mapped {
        return None;
    }
    if let Some(Former { attachment: old, how }) = space.detached_around(address) {
        let how =
            if *how == Departure::Detached { "it had detached" } else { "munmap or the like had ended" };
        let message =
            format!("It touched {address} after {how} the attachment at {} ({signal}).", old.address);
        return finding(Code::UsedAfterDetach, message, fault.pid, &old.made);
    }
    let (there, own, other) = state.foreign(fault.pid, address)?;
    let whose =
        if other == fault.pid { "before it ran this program".into() } else { format!("in process {other}") };
    let message = format!(
        "It followed a pointer to {address}, which means something {whose} only: segment {} is at {} there, and at {} \
         here ({signal}).",
        own.shmid, there.address, own.address
    );
    finding(Code::PointerOfAnotherProcess, message, fault.pid, &own.made)
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
    let end = if ending.is_some() { "ended" } else { "ran another program" };
    let message = format!("It {end} with segment {shmid} still attached at {address}: no shmdt detached it.");
    Finding { code: Code::NeverDetached, message, pid: made.pid, call: made.clone(), times: 1 }
}

/// What a process has not tried when it ends, or runs another program.
pub(super) fn without_fallback(pid: i32, state: &State) -> Option<Finding> {
    let refused = state.space(pid)?.without_fallback.as_ref().filter(|refused| refused.pid == pid)?;
    let Call::Shmat { shmid, address, .. } = &refused.call else { return None };
    let message = format!("It could not attach segment {shmid} at {address}, and did not try elsewhere.");
    finding(Code::FixedAddressWithoutFallback, message, pid, refused)
}

/// What is left shows, once all is over: one finding for all of a kind that one process made.
pub(super) fn of_left(left: &[(Left, Performed)], records: &[ProcessRecord]) -> Vec<Finding> {
    let mut groups = Vec::<(&Performed, Vec<What>)>::new();
    let mut places = HashMap::new();
    for (left, maker) in left.iter().filter(|(left, _)| !left.marked) {
        let place = *places.entry((maker.pid, left.what.name())).or_insert(groups.len());
        if place == groups.len() {
            groups.push((maker, Vec::new()));
        }
        groups[place].1.push(left.what);
    }
    groups.into_iter().map(|(maker, whats)| left_by(maker, &whats, records)).collect()
}

fn left_by(maker: &Performed, whats: &[What], records: &[ProcessRecord]) -> Finding {
    let record = records.iter().find(|record| record.start.pid == maker.pid);
    let ending = record.and_then(|record| record.ending).filter(|ending| !ending.is_success());
    let (named, one) = (named(whats), whats.len() == 1);
    let (is, it, them) = if one { ("is", "it", "it") } else { ("are", "they", "them") };
    let (code, message) = match ending {
        Some(ending) => (
            Code::LeakedOnError,
            format!("It {ending}, and {named}, which it had made, {is} left in the kernel."),
        ),
        None => (
            Code::NeverRemoved,
            format!("It made {named}, and nobody removed {them}: {it} {is} left in the kernel."),
        ),
    };
    Finding { code, message, pid: maker.pid, call: maker.clone(), times: 1 }
}

/// `segment 5`, or `4000 segments (5, 6, 7 and so on)`.
fn named(whats: &[What]) -> String {
    const NAMED: usize = 3;
    let name = whats.first().map_or("", |what| what.name());
    let ids: Vec<_> = whats.iter().take(NAMED).map(|what| what.id().to_string()).collect();
    match whats.len() {
        1 => format!("{name} {}", ids[0]),
        many if many > NAMED => format!("{many} {name}s ({} and so on)", ids.join(", ")),
        many => format!("{many} {name}s ({})", ids.join(", ")),
    }
}
