//! What a second process does on its own once it is told to: what takes long, or waits for another process.
//!
//! **Invariant:** whoever started a operation can always go on without its end: it is collected within a time, or not.

use serde::{Deserialize, Serialize};

use crate::call::{Address, Outcome, SemFlags, SemOp, Semid};

/// Something that a process does while others go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Operation {
    /// `semop`, which may wait for another process.
    Semop(Semid, Vec<SemOp>),
    /// Add 1 to the control word at `counter`, so many times.
    Count {
        /// The word.
        counter: Address,
        /// The word to wait for before the first of them: others begin at the same moment, when it is no longer 0.
        gate: Address,
        /// How many times.
        times: u64,
        /// In which way.
        how: How,
    },
    /// Take the lock in the word at this address.
    Lock(Address),
    /// Give it free.
    Unlock(Address),
}

/// A way to add 1 to a word that others add to as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum How {
    /// Load, add, store: what `counter++` is.
    Plain,
    /// One atomic instruction.
    Atomic,
    /// Load, add, store, between two `semop` on the set's first semaphore, with `SEM_UNDO`.
    Semaphore(Semid),
    /// Load, add, store, while holding the lock in the word at this address.
    Lock(Address),
}

impl How {
    /// `{0, -1, SEM_UNDO}`: take the semaphore.
    pub const TAKE: SemOp = SemOp { number: 0, change: -1, flags: SemFlags::SEM_UNDO };
    /// `{0, 1, SEM_UNDO}`: give it back.
    pub const GIVE: SemOp = SemOp { number: 0, change: 1, flags: SemFlags::SEM_UNDO };
}

/// What came of a operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Done {
    /// What the kernel answered to a call.
    Answered(Outcome),
    /// The counting is over.
    Counted(Tally),
    /// The lock is taken; whether it came from a holder that died.
    Locked {
        /// What it guards may be half changed.
        orphaned: bool,
    },
    /// The lock is free.
    Unlocked,
}

/// What a process has counted, and what that took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Increments made.
    pub times: u64,
    /// How long they took, in nanoseconds.
    pub nanoseconds: u64,
    /// System calls that the loop itself made: two `semop` each, or the futex calls of a lock that was not free.
    pub calls: u64,
    /// How often the lock came from a holder that had died.
    pub orphaned: u64,
}

/// One of the three steps of an increment, with the one register that a process has for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Step {
    /// `r = counter`
    Load,
    /// `r = r + 1`
    Add,
    /// `counter = r`
    Store,
}
