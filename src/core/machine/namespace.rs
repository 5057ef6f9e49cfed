//! An IPC namespace: its segments, its sets, and its limits. See ipc_namespaces(7).
//!
//! **Invariant:** what the limits are compared with is kept beside them, and is the sum over what is there.

use serde::{Deserialize, Serialize};

use super::ids::Table;
use super::segment::Segment;
use super::set::Set;

/// An IPC namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Namespace {
    /// Its limits and settings.
    pub limits: Limits,
    /// Its segments.
    pub segments: Table<Segment>,
    /// Its sets of semaphores.
    pub sets: Table<Set>,
    /// How many pages its segments promise together.
    pub shm_tot: u64,
    /// How many semaphores its sets have together.
    pub used_sems: i32,
}

/// The limits and settings of an IPC namespace: proc(5), `/proc/sys/kernel`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// The largest segment, in bytes.
    pub shmmax: u64,
    /// How many pages all segments may have together.
    pub shmall: u64,
    /// How many segments there may be.
    pub shmmni: i32,
    /// Whether a segment goes as soon as nobody has it attached.
    pub shm_rmid_forced: bool,
    /// How many semaphores a set may have.
    pub semmsl: i32,
    /// How many semaphores all sets may have together.
    pub semmns: i32,
    /// How many operations one `semop` may have.
    pub semopm: i32,
    /// How many sets there may be.
    pub semmni: i32,
}

impl Default for Limits {
    /// What a new namespace starts with.
    fn default() -> Limits {
        let most = u64::MAX - (1 << 24);
        Limits {
            shmmax: most,
            shmall: most,
            shmmni: 4096,
            shm_rmid_forced: false,
            semmsl: 32000,
            semmns: 1_024_000_000,
            semopm: 500,
            semmni: 32000,
        }
    }
}
