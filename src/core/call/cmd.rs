//! The commands of `shmctl`: exclusive, so an enum.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Address;
use crate::Mode;

/// What `shmctl` is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cmd {
    /// `IPC_STAT`: copy the segment's record to the caller. Needs read permission.
    IpcStat,
    /// `IPC_SET`: change owner, group and mode. For the owner, the creator, or `CAP_SYS_ADMIN`.
    IpcSet(Ownership),
    /// `IPC_SET` with a record that cannot be read, as a traced program may call it; the playground does not.
    IpcSetAt(Address),
    /// `IPC_RMID`: mark the segment for destruction. For the owner, the creator, or `CAP_SYS_ADMIN`.
    IpcRmid,
    /// `SHM_LOCK`: keep the segment's pages in memory.
    ShmLock,
    /// `SHM_UNLOCK`: let the segment's pages be swapped out again.
    ShmUnlock,
    /// `IPC_INFO`: the limits of this IPC namespace.
    IpcInfo,
    /// `SHM_INFO`: what the segments of this namespace take.
    ShmInfo,
    /// `SHM_STAT`: like `IPC_STAT`, by index instead of id.
    ShmStat,
    /// `SHM_STAT_ANY`: like `SHM_STAT`, without the check for read permission.
    ShmStatAny,
    /// A number that the kernel does not know.
    Unknown(i32),
}

/// The fields of a segment's record that `IPC_SET` may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ownership {
    /// The new owner.
    pub uid: u32,
    /// The new owning group.
    pub gid: u32,
    /// The new permission bits.
    pub mode: Mode,
}

impl fmt::Display for Ownership {
    /// What goes into the kernel, as strace shows it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{uid={}, gid={}, mode=0{:03o}}}", self.uid, self.gid, self.mode.bits())
    }
}

impl Cmd {
    /// The number that the kernel knows the command by.
    pub fn number(self) -> i32 {
        match self {
            Cmd::IpcStat => 2,
            Cmd::IpcSet(_) | Cmd::IpcSetAt(_) => 1,
            Cmd::IpcRmid => 0,
            Cmd::ShmLock => 11,
            Cmd::ShmUnlock => 12,
            Cmd::IpcInfo => 3,
            Cmd::ShmInfo => 14,
            Cmd::ShmStat => 13,
            Cmd::ShmStatAny => 15,
            Cmd::Unknown(number) => number,
        }
    }

    /// The third argument in C: a buffer, or `NULL` where the command takes none. A buffer that goes into the kernel
    /// is shown with what is in it, as strace does.
    pub(super) fn third_argument(self) -> String {
        match self {
            Cmd::IpcSet(new) => new.to_string(),
            Cmd::IpcSetAt(buffer) => buffer.to_string(),
            Cmd::IpcStat | Cmd::ShmStat | Cmd::ShmStatAny => "&buf".to_owned(),
            Cmd::IpcInfo | Cmd::ShmInfo => "&info".to_owned(),
            Cmd::IpcRmid | Cmd::ShmLock | Cmd::ShmUnlock | Cmd::Unknown(_) => "NULL".to_owned(),
        }
    }
}

impl fmt::Display for Cmd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Cmd::IpcStat => "IPC_STAT",
            Cmd::IpcSet(_) | Cmd::IpcSetAt(_) => "IPC_SET",
            Cmd::IpcRmid => "IPC_RMID",
            Cmd::ShmLock => "SHM_LOCK",
            Cmd::ShmUnlock => "SHM_UNLOCK",
            Cmd::IpcInfo => "IPC_INFO",
            Cmd::ShmInfo => "SHM_INFO",
            Cmd::ShmStat => "SHM_STAT",
            Cmd::ShmStatAny => "SHM_STAT_ANY",
            Cmd::Unknown(number) => return write!(f, "{number}"),
        })
    }
}
