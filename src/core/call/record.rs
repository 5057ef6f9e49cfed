//! The kernel's record of a segment, and what it says of all segments together.

use serde::{Deserialize, Serialize};

use super::Key;

/// `struct shmid_ds`: what the kernel knows of a segment. Times are in seconds since 1970, 0 for never.
#[doc(alias = "shmid_ds")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShmidDs {
    /// `shm_perm.__key`: the key, 0 for `IPC_PRIVATE` and for a segment marked for destruction.
    pub key: Key,
    /// `shm_perm.uid`: the owner's user id.
    pub uid: u32,
    /// `shm_perm.gid`: the owner's group id.
    pub gid: u32,
    /// `shm_perm.cuid`: the creator's user id.
    pub cuid: u32,
    /// `shm_perm.cgid`: the creator's group id.
    pub cgid: u32,
    /// `shm_perm.mode`: nine permission bits, [`ShmidDs::SHM_DEST`] and [`ShmidDs::SHM_LOCKED`].
    pub mode: u32,
    /// `shm_segsz`: the size in bytes, as it was asked for.
    pub size: usize,
    /// `shm_atime`: when a process last attached it.
    pub atime: i64,
    /// `shm_dtime`: when a process last detached it.
    pub dtime: i64,
    /// `shm_ctime`: when it was made, or last changed with `IPC_SET`.
    pub ctime: i64,
    /// `shm_cpid`: the process that made it.
    pub cpid: i32,
    /// `shm_lpid`: the process that last attached or detached it.
    pub lpid: i32,
    /// `shm_nattch`: how many attachments there are now, in all processes.
    pub nattch: u64,
}

impl ShmidDs {
    /// In `mode`: `IPC_RMID` was called; the segment goes when nobody has it attached.
    pub const SHM_DEST: u32 = 0o1000;
    /// In `mode`: the pages are kept in memory.
    pub const SHM_LOCKED: u32 = 0o2000;

    /// Whether `IPC_RMID` has been called on the segment.
    pub fn is_marked(&self) -> bool {
        self.mode & Self::SHM_DEST != 0
    }

    /// The nine permission bits alone.
    pub fn permissions(&self) -> u32 {
        self.mode & 0o777
    }
}

/// `struct shminfo`: the limits of an IPC namespace.
#[doc(alias = "shminfo")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShmLimits {
    /// Largest segment, in bytes.
    pub shmmax: u64,
    /// Smallest segment, in bytes: always 1.
    pub shmmin: u64,
    /// How many segments there may be.
    pub shmmni: u64,
    /// How many pages all segments may have together.
    pub shmall: u64,
}

/// `struct shm_info`: what all segments of an IPC namespace take together, in pages.
#[doc(alias = "shm_info")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShmInfo {
    /// How many segments there are.
    pub used_ids: i32,
    /// Pages that they promise.
    pub shm_tot: u64,
    /// Pages that are in memory.
    pub shm_rss: u64,
    /// Pages that are swapped out.
    pub shm_swp: u64,
}
