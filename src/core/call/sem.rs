//! System V semaphores: counters in the kernel that processes wait on.

use std::fmt;

use bitflags::bitflags;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The identifier of a set of semaphores in its IPC namespace.
#[doc(alias = "semid")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Semid(pub i32);

impl fmt::Display for Semid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

bitflags! {
    /// The flags of one operation of `semop`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
    pub struct SemFlags: i32 {
        /// Do not wait: fail with `EAGAIN`.
        const IPC_NOWAIT = 0o4000;
        /// Take the operation back when the process ends, however it ends.
        const SEM_UNDO = 0x1000;
        const _ = !0;
    }
}

/// `struct sembuf`: what to do with one semaphore of a set.
#[doc(alias = "sembuf")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SemOp {
    /// `sem_num`: which one.
    pub number: u16,
    /// `sem_op`: add this; if that would go below 0, wait. With 0: wait until it is 0.
    pub change: i16,
    /// `sem_flg`.
    pub flags: SemFlags,
}

impl SemOp {
    /// The operation as JSON shows it.
    pub(super) fn argument(&self) -> serde_json::Value {
        let flags: Vec<_> = self.flags.iter_names().map(|(name, _)| name).collect();
        json!({"sem_num": self.number, "sem_op": self.change, "sem_flg": flags})
    }
}

impl fmt::Display for SemOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.flags.iter_names().map(|(name, _)| name).collect();
        let flags = if names.is_empty() { "0".to_owned() } else { names.join("|") };
        write!(f, "{{{}, {}, {flags}}}", self.number, self.change)
    }
}

/// The operations of one `semop` in C notation.
pub(super) fn list(ops: &[SemOp]) -> String {
    let ops: Vec<_> = ops.iter().map(SemOp::to_string).collect();
    format!("[{}]", ops.join(", "))
}

/// What `semctl` is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SemCmd {
    /// `SETVAL`: set the semaphore's value. A new one has no value that one may rely on.
    SetVal(i32),
    /// `GETVAL`: its value.
    GetVal,
    /// `GETPID`: the process that last operated on it.
    GetPid,
    /// `GETNCNT`: how many processes wait for it to grow.
    GetNcnt,
    /// `GETZCNT`: how many processes wait for it to be 0.
    GetZcnt,
    /// `IPC_RMID`: remove the set at once. Whoever waits gets `EIDRM`.
    IpcRmid,
    /// Another number.
    Other(i32),
}

/// Commands that the playground reads, yet never gives: they copy an array or a record.
const OTHERS: [(i32, &str); 8] = [
    (13, "GETALL"),
    (17, "SETALL"),
    (2, "IPC_STAT"),
    (1, "IPC_SET"),
    (3, "IPC_INFO"),
    (18, "SEM_STAT"),
    (19, "SEM_INFO"),
    (20, "SEM_STAT_ANY"),
];

impl SemCmd {
    /// The number that the kernel knows the command by.
    pub fn number(self) -> i32 {
        match self {
            SemCmd::SetVal(_) => 16,
            SemCmd::GetVal => 12,
            SemCmd::GetPid => 11,
            SemCmd::GetNcnt => 14,
            SemCmd::GetZcnt => 15,
            SemCmd::IpcRmid => 0,
            SemCmd::Other(number) => number,
        }
    }
}

impl fmt::Display for SemCmd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SemCmd::SetVal(value) => return write!(f, "SETVAL, {value}"),
            SemCmd::GetVal => "GETVAL",
            SemCmd::GetPid => "GETPID",
            SemCmd::GetNcnt => "GETNCNT",
            SemCmd::GetZcnt => "GETZCNT",
            SemCmd::IpcRmid => "IPC_RMID",
            SemCmd::Other(number) => match OTHERS.iter().find(|(other, _)| other == number) {
                Some((_, name)) => name,
                None => return write!(f, "{number}"),
            },
        })
    }
}
