//! What a second process may become.

use serde::{Deserialize, Serialize};

/// A change to a process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Adjustment {
    /// Give up `CAP_IPC_OWNER`, by which root is let past the permission bits.
    RenouncePrivilege,
    /// Become another user, with no group but the one of the same number. Only root may.
    SetIdentity(u32),
    /// Move into a private user and IPC namespace.
    Isolate,
    /// Write a number into `/proc/sys/kernel/…` of the namespace one is in.
    Set(String, u64),
    /// `setrlimit(RLIMIT_MEMLOCK)`: lock no more than so many bytes.
    LimitLocked(u64),
    /// `umask`: which permission bits new files do not get.
    Umask(u32),
}
