//! An address that could not be had: whether it is the address that a `shmat` failed for, and not the segment.
//!
//! **Invariant:** `EINVAL` says either; so right after the call it is found out whether there is such a segment.

use playground_core::Errno;

use super::procfs;
use super::state::{Namespace, State};
use super::value::CompletedCall;
use crate::call::{Address, Call, Shmid};

/// Whether a call could not attach a segment, which is there, at the address that it asked for.
pub(super) fn its_address(made: &CompletedCall, namespace: Namespace, state: &State) -> bool {
    let asked = match made.performed.call {
        Call::Shmat { shmid, address, .. } if address != Address::NULL => shmid,
        _ => return false,
    };
    made.performed.outcome == Err(Errno::EINVAL) && is_there(asked, made.elsewhere, namespace, state)
}

/// The kernel's table shows what is in our own namespace; of another one, what was made and not removed is there.
pub(super) fn is_there(id: Shmid, elsewhere: bool, namespace: Namespace, state: &State) -> bool {
    match elsewhere {
        false => procfs::segment_is_there(id),
        true => state.segment(namespace, id).is_some_and(|segment| segment.removed.is_none()),
    }
}
