//! What a call is about: the segment or the set that it names, makes, wants or removes.
//!
//! **Invariant:** the call decides, and its answer; nobody is asked.

use crate::call::{Address, Answer, Call, Cmd, SemCmd, ShmatFlags};

use super::value::What;

/// What a call is about, where a removal by another process may be why it fails.
pub(super) fn subject(call: &Call) -> Option<What> {
    match call {
        Call::Shmat { shmid, .. } | Call::Shmctl { shmid, .. } => Some(What::Segment(*shmid)),
        Call::Semop { semid, .. }
        | Call::SemopAt { semid, .. }
        | Call::Semtimedop { semid, .. }
        | Call::Semctl { semid, .. } => Some(What::Set(*semid)),
        _ => None,
    }
}

/// What a call removes, if it succeeds.
pub(super) fn removes(call: &Call) -> Option<What> {
    match call {
        Call::Shmctl { shmid, cmd: Cmd::IpcRmid } => Some(What::Segment(*shmid)),
        Call::Semctl { semid, cmd: SemCmd::IpcRmid, .. } => Some(What::Set(*semid)),
        _ => None,
    }
}

/// What a call has given its process, or has found to be there.
pub(super) fn learned(call: &Call, answer: &Answer) -> Option<What> {
    match answer {
        Answer::Id(id) => Some(What::Segment(*id)),
        Answer::Set(id) => Some(What::Set(*id)),
        _ => subject(call),
    }
}

/// What a call wants that fails because it is not there. A call that the kernel refuses for its other arguments first
/// proves nothing about that.
pub(super) fn wanted(call: &Call) -> Option<What> {
    match call {
        Call::Shmat { address, flags, .. } if is_refused_for_its_address(*address, *flags) => None,
        Call::Shmat { shmid, .. } | Call::Shmctl { shmid, cmd: Cmd::IpcRmid } => Some(What::Segment(*shmid)),
        Call::Semop { ops, .. } | Call::Semtimedop { ops, .. } if ops.is_empty() => None,
        Call::Semop { semid, .. }
        | Call::Semtimedop { semid, .. }
        | Call::Semctl { semid, cmd: SemCmd::IpcRmid | SemCmd::SetVal(_) | SemCmd::GetVal, .. } => {
            Some(What::Set(*semid))
        }
        _ => None,
    }
}

/// No page is smaller than this.
const SMALLEST_PAGE: usize = 4096;

fn is_refused_for_its_address(address: Address, flags: ShmatFlags) -> bool {
    match address {
        Address::NULL => flags.contains(ShmatFlags::SHM_REMAP),
        _ => !address.is_multiple_of(SMALLEST_PAGE) && !flags.contains(ShmatFlags::SHM_RND),
    }
}
