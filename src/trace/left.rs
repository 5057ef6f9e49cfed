//! What a run leaves in the kernel.
//!
//! **Invariant:** what is left is what the kernel's table shows, not what the model of the run believes.

use super::outside;
use super::state::{Namespace, Segment, Set, State};
use super::value::{Left, What};
use crate::call::{Performed, Semid, ShmidDs};

/// What was made in this namespace and is still there, each with the call that made it. What was made in another
/// one goes with it.
pub(super) fn left_in(here: Namespace, state: &State) -> Vec<(Left, Performed)> {
    let (segments, sets) = state.kept(here);
    segments.into_iter().filter_map(segment).chain(sets.into_iter().filter_map(set)).collect()
}

fn segment(segment: &Segment) -> Option<(Left, Performed)> {
    let row = outside::segment(segment.shmid)?;
    let holders = if row.nattch > 0 { outside::holders(segment.shmid) } else { Vec::new() };
    let left = Left {
        what: What::Segment(row.shmid),
        key: row.key,
        size: Some(row.size),
        nattch: Some(row.nattch),
        holders,
        marked: row.perms & ShmidDs::SHM_DEST != 0,
    };
    Some((left, segment.made.clone()?))
}

fn set((id, set): (Semid, &Set)) -> Option<(Left, Performed)> {
    let (what, key) = (What::Set(id), outside::set(id)?);
    let left = Left { what, key, size: None, nattch: None, holders: Vec::new(), marked: false };
    Some((left, set.made.clone()?))
}
