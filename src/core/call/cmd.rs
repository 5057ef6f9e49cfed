//! The commands of `shmctl`: exclusive, so an enum.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Address;
use crate::Mode;

/// The number of the command that changes owner, group and mode.
const IPC_SET: i32 = 1;

/// What `shmctl` is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cmd {
    /// `IPC_STAT`: copy the segment's record to the caller. Needs read permission.
    IpcStat,
    /// `IPC_SET`: change owner, group and mode. For the owner, the creator, or `CAP_SYS_ADMIN`.
    IpcSet(Ownership),
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
    /// A command whose buffer is at an address that the kernel can copy nothing from or to. The lessons make no such call.
    BufferAt {
        /// The command's number.
        number: i32,
        /// Where the buffer is said to be.
        buffer: Address,
    },
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
            Cmd::IpcSet(_) => IPC_SET,
            Cmd::IpcRmid => 0,
            Cmd::ShmLock => 11,
            Cmd::ShmUnlock => 12,
            Cmd::IpcInfo => 3,
            Cmd::ShmInfo => 14,
            Cmd::ShmStat => 13,
            Cmd::ShmStatAny => 15,
            Cmd::BufferAt { number, .. } | Cmd::Unknown(number) => number,
        }
    }

    /// Whether it is the command that copies the record out, wherever to.
    pub fn is_stat(self) -> bool {
        self.number() == Cmd::IpcStat.number()
    }

    /// The command with this number, if it copies something to the caller.
    pub fn that_copies_out(number: i32) -> Option<Cmd> {
        let all = [Cmd::IpcStat, Cmd::IpcInfo, Cmd::ShmStat, Cmd::ShmInfo, Cmd::ShmStatAny];
        all.into_iter().find(|cmd| cmd.number() == number)
    }

    /// The third argument in C: a buffer, or `NULL` where the command takes none. A buffer that goes into the kernel
    /// is shown with what is in it, as strace does.
    pub(super) fn third_argument(self) -> String {
        match self {
            Cmd::IpcSet(new) => new.to_string(),
            Cmd::BufferAt { buffer, .. } => buffer.to_string(),
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
            Cmd::IpcSet(_) | Cmd::BufferAt { number: IPC_SET, .. } => "IPC_SET",
            Cmd::IpcRmid => "IPC_RMID",
            Cmd::ShmLock => "SHM_LOCK",
            Cmd::ShmUnlock => "SHM_UNLOCK",
            Cmd::IpcInfo => "IPC_INFO",
            Cmd::ShmInfo => "SHM_INFO",
            Cmd::ShmStat => "SHM_STAT",
            Cmd::ShmStatAny => "SHM_STAT_ANY",
            Cmd::BufferAt { number, .. } | Cmd::Unknown(number) => match Cmd::that_copies_out(*number) {
                Some(cmd) => return cmd.fmt(f),
                None => return write!(f, "{number}"),
            },
        })
    }
}
