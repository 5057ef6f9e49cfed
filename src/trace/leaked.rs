//! What a run leaves in the kernel.
//!
//! **Invariant:** what is left is what the kernel's table shows, not what the model of the run believes.

use std::collections::{BTreeMap, HashMap};

use super::procfs;
use super::state::{Namespace, Segment, Set, State};
use super::value::{Left, What};
use crate::call::{Performed, Semid, ShmidDs};
use crate::evidence::segments::Row;
use crate::evidence::sets::SetRow;

/// What was made in this namespace and is still there, each with the call that made it. What was made in another
/// one goes with it.
pub(super) fn left_in(here: Namespace, state: &State) -> Vec<(Left, Performed)> {
    let (segments, sets) = state.kept(here);
    left_segments(&segments).into_iter().chain(left_sets(&sets)).collect()
}

/// The whole table is read once, however many segments there are.
fn left_segments(segments: &[&Segment]) -> Vec<(Left, Performed)> {
    if segments.is_empty() {
        return Vec::new();
    }
    let rows = procfs::segments().unwrap_or_default().into_iter();
    let rows: HashMap<_, _> = rows.map(|row| (row.shmid, row)).collect();
    let kept = segments.iter().filter_map(|segment| Some((rows.get(&segment.shmid)?, segment.made.clone()?)));
    let kept: Vec<_> = kept.collect();
    let is_held = kept.iter().any(|(row, _)| row.nattch > 0);
    let holders = if is_held { procfs::holders() } else { BTreeMap::new() };
    kept.into_iter().map(|(row, made)| (left_segment(row, made.pid, &holders), made)).collect()
}

fn left_segment(row: &Row, maker: i32, holders: &BTreeMap<u32, Vec<i32>>) -> Left {
    Left {
        what: What::Segment(row.shmid),
        maker,
        key: row.key,
        size: Some(row.size),
        nattch: Some(row.nattch),
        holders: holders.get(&(row.shmid.0 as u32)).cloned().unwrap_or_default(),
        marked: row.perms & ShmidDs::SHM_DEST != 0,
    }
}

fn left_sets(sets: &[(Semid, &Set)]) -> Vec<(Left, Performed)> {
    if sets.is_empty() {
        return Vec::new();
    }
    let rows: HashMap<_, _> =
        procfs::sets().unwrap_or_default().into_iter().map(|row| (row.semid, row)).collect();
    let kept = sets.iter().filter_map(|(id, set)| Some((rows.get(id)?, set.made.clone()?)));
    kept.map(|(row, made)| (left_set(row, made.pid), made)).collect()
}

fn left_set(row: &SetRow, maker: i32) -> Left {
    let (what, key) = (What::Set(row.semid), row.key);
    Left { what, maker, key, size: None, nattch: None, holders: Vec::new(), marked: false }
}
