//! A set of semaphores: its record, its values, and who waits for them.
//!
//! **Invariant:** whoever waits could not go on with the values as they are.

use crate::sorted::SortedMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::ids::Entry;
use super::permission::Permissions;
use crate::call::{SemOp, SemidDs};

/// The highest value of a semaphore (`SEMVMX`).
pub const HIGHEST: i32 = 32767;

/// A set of semaphores.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Set {
    /// Its id, key, owners and mode.
    pub permissions: Permissions,
    /// When a `semop` last succeeded, in seconds; 0 for never.
    pub otime: i64,
    /// When it was made, or changed by `semctl`.
    pub ctime: i64,
    /// The semaphores.
    pub semaphores: Vec<Semaphore>,
    /// Who waits, in the order in which they came.
    pub waiters: Vec<Waiter>,
    /// What is to be added to each semaphore at the end of a process (`SEM_UNDO`), by its pid.
    pub undo: SortedMap<i32, Vec<i32>>,
}

/// One semaphore.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Semaphore {
    /// Its value.
    pub value: i32,
    /// The process that operated on it last; 0 for none.
    pub pid: i32,
}

/// A process that waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiter {
    /// The process.
    pub pid: i32,
    /// What it wants to do.
    pub ops: Vec<SemOp>,
    /// Which of these operations it waits for.
    pub blocked_at: usize,
    /// When it will have waited long enough, by the machine's clock.
    pub deadline: Option<Duration>,
}

impl Entry for Set {
    fn permissions(&self) -> &Permissions {
        &self.permissions
    }
}

impl Waiter {
    /// The operation that it waits for.
    pub fn blocking(&self) -> &SemOp {
        &self.ops[self.blocked_at]
    }

    /// Whether it only waits for zeros.
    pub(super) fn only_looks(&self) -> bool {
        self.ops.iter().all(|op| op.change == 0)
    }
}

impl Set {
    /// A new set. All values are 0, which POSIX does not promise.
    pub(super) fn new(permissions: Permissions, nsems: i32, now: i64) -> Set {
        Set {
            permissions,
            otime: 0,
            ctime: now,
            semaphores: vec![Semaphore::default(); nsems as usize],
            waiters: Vec::new(),
            undo: SortedMap::default(),
        }
    }

    /// How many processes wait for a semaphore to grow: what `GETNCNT` returns.
    ///
    /// A process that waits with several operations is counted for the first that cannot be done.
    pub fn waiting_to_grow(&self, number: u16) -> usize {
        self.waiting(number).filter(|op| op.change < 0).count()
    }

    /// How many wait for it to be 0: what `GETZCNT` returns.
    pub fn waiting_for_zero(&self, number: u16) -> usize {
        self.waiting(number).filter(|op| op.change == 0).count()
    }

    fn waiting(&self, number: u16) -> impl Iterator<Item = &SemOp> {
        self.waiters.iter().map(Waiter::blocking).filter(move |op| op.number == number)
    }

    /// The record that `IPC_STAT` copies out.
    pub fn record(&self) -> SemidDs {
        let Permissions { key, uid, gid, cuid, cgid, mode, .. } = self.permissions;
        let nsems = self.semaphores.len() as u64;
        SemidDs { key, uid, gid, cuid, cgid, mode, otime: self.otime, ctime: self.ctime, nsems }
    }
}
