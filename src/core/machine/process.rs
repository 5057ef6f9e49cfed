//! A process: who it is, where it is, and what it may use.
//!
//! **Invariant:** a process owns nothing but itself. Its memory may be shared (vfork), and its namespace is.

use serde::{Deserialize, Serialize};

use super::credentials::Credentials;

/// A process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// Who it is.
    pub credentials: Credentials,
    /// The number of its IPC namespace.
    pub namespace: u64,
    /// The number of its memory.
    pub space: u64,
    /// `RLIMIT_AS`, in bytes.
    pub address_space: Option<u64>,
    /// `RLIMIT_MEMLOCK`, in bytes.
    pub locked_memory: Option<u64>,
    /// How many of its accesses found no page, and were given one.
    pub faults: u64,
    /// What it is doing.
    pub state: State,
}

/// What a process is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// It runs.
    Running,
    /// It waits in `semop` on the set with this id.
    Waiting(i32),
    /// It has called `vfork`, and waits for this child.
    Suspended(i32),
}
