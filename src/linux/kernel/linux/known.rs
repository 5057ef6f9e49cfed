//! What is known of a segment that this process has not made itself.
//!
//! **Invariant:** where the kernel's table can be read, no call is made for it: a story tells every call of its processes,
//! and this one would be missing.

use std::fs;

use super::shm;
use crate::call::{Cmd, Shmid};
use crate::evidence::segments;
use crate::kernel::ProcFile;

/// A segment: what of its record our own bookkeeping needs.
pub(super) struct Known {
    /// In bytes.
    pub size: usize,
    /// Who made it.
    pub cpid: i32,
    /// Whether it was ever attached.
    pub was_attached: bool,
    /// When it was made, or last changed, in seconds since 1970.
    pub ctime: i64,
}

/// What the table says of a segment, or else the kernel, asked for it.
pub(super) fn known(id: Shmid) -> Option<Known> {
    in_the_table(id).or_else(|| asked_for(id))
}

fn in_the_table(id: Shmid) -> Option<Known> {
    let table = fs::read_to_string(ProcFile::Segments.path(0)).ok()?;
    let row = segments::parse(&table).ok()?.into_iter().find(|row| row.shmid == id)?;
    let ctime = segments::ctime(&table, id)?;
    Some(Known { size: row.size, cpid: row.cpid, was_attached: row.lpid != 0, ctime })
}

fn asked_for(id: Shmid) -> Option<Known> {
    let (_, record) = shm::stat(id, Cmd::IpcStat).ok()?;
    let was_attached = record.lpid != 0;
    Some(Known { size: record.size, cpid: record.cpid, was_attached, ctime: record.ctime })
}
