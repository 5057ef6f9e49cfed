//! System V semaphores: counters in the kernel that processes wait on.

use std::fmt;

use bitflags::bitflags;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Address, Key, Ownership};

/// The identifier of a set of semaphores in its IPC namespace.
#[doc(alias = "semid")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Semid(pub i32);

impl fmt::Display for Semid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// A time limit that `semtimedop` refuses, whatever the operations are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RefusedTimeout {
    /// It is where nothing can be read: `EFAULT`.
    At(Address),
    /// One of the two is negative, or there are too many nanoseconds for a second: `EINVAL`.
    Is {
        /// `tv_sec`.
        seconds: i64,
        /// `tv_nsec`.
        nanoseconds: i64,
    },
}

impl fmt::Display for RefusedTimeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RefusedTimeout::At(address) => address.fmt(f),
            RefusedTimeout::Is { seconds, nanoseconds } => write!(f, "{{{seconds}, {nanoseconds}}}"),
        }
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// `GETALL`: the values of all semaphores of the set.
    GetAll,
    /// `SETALL`: set the values of all.
    SetAll(Vec<u16>),
    /// `IPC_STAT`: copy the set's record to the caller. Needs read permission.
    IpcStat,
    /// `IPC_SET`: change owner, group and mode. For the owner, the creator, or `CAP_SYS_ADMIN`.
    IpcSet(Ownership),
    /// `IPC_INFO`: the limits of this IPC namespace.
    IpcInfo,
    /// `SEM_INFO`: the limits, and what the sets of this namespace take.
    SemInfo,
    /// `SEM_STAT`: like `IPC_STAT`, by index instead of id.
    SemStat,
    /// `SEM_STAT_ANY`: like `SEM_STAT`, without the check for read permission.
    SemStatAny,
    /// A command whose array or record is at an address that the kernel can copy nothing from or to.
    BufferAt {
        /// The command's number.
        number: i32,
        /// Where the buffer is said to be.
        buffer: Address,
    },
    /// Another number: one that the kernel does not know, or a command whose array or record was not read.
    Other(i32),
}

/// The names of commands that copy an array or a record.
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
    pub fn number(&self) -> i32 {
        match self {
            SemCmd::SetVal(_) => 16,
            SemCmd::GetVal => 12,
            SemCmd::GetPid => 11,
            SemCmd::GetNcnt => 14,
            SemCmd::GetZcnt => 15,
            SemCmd::IpcRmid => 0,
            SemCmd::GetAll => 13,
            SemCmd::SetAll(_) => 17,
            SemCmd::IpcStat => 2,
            SemCmd::IpcSet(_) => 1,
            SemCmd::IpcInfo => 3,
            SemCmd::SemStat => 18,
            SemCmd::SemInfo => 19,
            SemCmd::SemStatAny => 20,
            SemCmd::BufferAt { number, .. } | SemCmd::Other(number) => *number,
        }
    }
}

impl SemCmd {
    /// The command with this number, if it copies something to the caller.
    pub fn that_copies_out(number: i32) -> Option<SemCmd> {
        use SemCmd::{GetAll, IpcInfo, IpcStat, SemInfo, SemStat, SemStatAny};
        let all = [IpcStat, IpcInfo, GetAll, SemStat, SemInfo, SemStatAny];
        all.into_iter().find(|cmd| cmd.number() == number)
    }

    /// The name of a command that copies an array or a record, in or out.
    pub fn array_or_record(&self) -> Option<&'static str> {
        OTHERS.iter().find(|(number, _)| *number == self.number()).map(|(_, name)| *name)
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
            SemCmd::SetAll(values) => return write!(f, "SETALL, {values:?}"),
            SemCmd::IpcSet(new) => return write!(f, "IPC_SET, {new}"),
            SemCmd::BufferAt { number, buffer } => {
                return write!(f, "{}, {buffer}", SemCmd::Other(*number));
            }
            other => match other.array_or_record() {
                Some(name) => name,
                None => return write!(f, "{}", other.number()),
            },
        })
    }
}

/// `struct semid_ds`: what the kernel knows of a set. Times are in seconds since 1970, 0 for never.
#[doc(alias = "semid_ds")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SemidDs {
    /// `sem_perm.__key`: the key, 0 for `IPC_PRIVATE`.
    pub key: Key,
    /// `sem_perm.uid`: the owner's user id.
    pub uid: u32,
    /// `sem_perm.gid`: the owner's group id.
    pub gid: u32,
    /// `sem_perm.cuid`: the creator's user id.
    pub cuid: u32,
    /// `sem_perm.cgid`: the creator's group id.
    pub cgid: u32,
    /// `sem_perm.mode`: nine permission bits.
    pub mode: u32,
    /// `sem_otime`: when a `semop` last succeeded.
    pub otime: i64,
    /// `sem_ctime`: when it was made, or last changed with `semctl`.
    pub ctime: i64,
    /// `sem_nsems`: how many semaphores it has.
    pub nsems: u64,
}

/// `struct seminfo`: the limits of an IPC namespace, and for `SEM_INFO` what its sets take.
#[doc(alias = "seminfo")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SemLimits {
    /// How many semaphores a set may have.
    pub semmsl: i32,
    /// How many semaphores all sets may have together.
    pub semmns: i32,
    /// How many operations one `semop` may have.
    pub semopm: i32,
    /// How many sets there may be.
    pub semmni: i32,
    /// The highest value of a semaphore.
    pub semvmx: i32,
    /// `semusz`: for `SEM_INFO`, how many sets there are.
    pub semusz: i32,
    /// `semaem`: the largest adjustment of `SEM_UNDO`; for `SEM_INFO`, how many semaphores there are.
    pub semaem: i32,
}
