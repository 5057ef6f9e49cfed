//! What a process does, and what comes of it: the two values that go into the [`Machine`](super::Machine).
//!
//! A [`Call`] is a System V call, which lessons make. Around it stands what else changes the rules' world: a process
//! forks, touches memory, is killed, becomes another user.
//!
//! **Invariant:** what the rules cannot know stands in the value: the pid of a new process, the memory of a new
//! program. So the same values give the same world each time.

use serde::{Deserialize, Serialize};

use super::credentials::Capabilities;
use super::space::{Protection, Space};
use super::unknown::Unknown;
use crate::Errno;
use crate::call::{Address, Answer, Call, Outcome};

/// Something that a process does, or that happens to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Action {
    /// It makes a System V call.
    Call(Call),
    /// It reads so many bytes of its memory, first to last.
    Load {
        /// The first byte.
        address: Address,
        /// How many.
        length: u64,
    },
    /// It writes bytes to its memory, first to last.
    Store {
        /// Where the first goes.
        address: Address,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// `mmap(address, length, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)`: memory of no segment. At an
    /// address, with `MAP_FIXED`, it replaces what is there.
    Mmap {
        /// Where; [`Address::NULL`] lets the kernel choose.
        address: Address,
        /// In bytes.
        length: u64,
    },
    /// `munmap(address, length)`.
    Munmap {
        /// Where the range begins.
        address: Address,
        /// In bytes.
        length: u64,
    },
    /// `mprotect(address, length, prot)`.
    Mprotect {
        /// Where the range begins.
        address: Address,
        /// In bytes.
        length: u64,
        /// What is to be allowed from now on.
        protection: Protection,
    },
    /// `mremap(address, old_length, new_length, flags)`.
    Mremap {
        /// Where the range begins.
        address: Address,
        /// How long it is, in bytes; 0 makes a second mapping of the same pages.
        old_length: u64,
        /// How long it is to be.
        new_length: u64,
        /// With `MREMAP_MAYMOVE`.
        may_move: bool,
    },
    /// `fork()`: a new process with a copy of this one's memory.
    Fork {
        /// The pid that the kernel gives it.
        child: i32,
    },
    /// `vfork()`: a new process in this one's memory. This one waits until the other starts a program or ends.
    Vfork {
        /// The pid that the kernel gives it.
        child: i32,
    },
    /// `execve(…)`: another program, in new memory.
    Exec {
        /// What the new memory is like before the program's first instruction.
        space: Space,
    },
    /// `_exit(…)`.
    Exit,
    /// `kill(target, signal)`.
    Kill {
        /// The process.
        target: i32,
        /// The signal's number; 0 asks only whether it may be sent.
        signal: i32,
    },
    /// `setresuid` and its like: it becomes somebody else.
    SetIdentity(Identity),
    /// It writes to a file in `/proc/sys/kernel`.
    Sysctl(Setting),
    /// `setrlimit(resource, …)`.
    Setrlimit(Resource),
    /// `unshare(CLONE_NEWIPC)`: from now on it is in a new, empty IPC namespace.
    Unshare,
}

/// Whom a process becomes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Identity {
    /// `setresuid(uid, uid, uid)`: another user.
    User(u32),
    /// `setresgid(gid, gid, gid)`: a member of another group.
    Group(u32),
    /// `setgroups(…)`: a member of these groups beside its own.
    Groups(Vec<u32>),
    /// `capset(…)`: somebody without these capabilities.
    Without(Capabilities),
}

/// What can be written to `/proc/sys/kernel`: it counts for the IPC namespace of who writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Setting {
    /// `kernel.shmmax`: the largest segment, in bytes.
    Shmmax(u64),
    /// `kernel.shmall`: how many pages all segments may have together.
    Shmall(u64),
    /// `kernel.shmmni`: how many segments there may be.
    Shmmni(i32),
    /// `kernel.shm_next_id`: the id of the next segment.
    ShmNextId(i32),
    /// `kernel.shm_rmid_forced`: 1 removes a segment as soon as nobody has it attached.
    ShmRmidForced(i32),
    /// `kernel.sem`: SEMMSL, SEMMNS, SEMOPM and SEMMNI.
    Sem([i32; 4]),
    /// `kernel.sem_next_id`: the id of the next set.
    SemNextId(i32),
}

/// A resource, with the limit for it, in bytes; nothing for `RLIM_INFINITY`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Resource {
    /// `RLIMIT_AS`: how much memory the process may have mapped.
    AddressSpace(Option<u64>),
    /// `RLIMIT_MEMLOCK`: how much memory its user may have locked.
    LockedMemory(Option<u64>),
}

/// What comes of an [`Action`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    /// It succeeds with an answer, or fails with an errno.
    Returns(Outcome),
    /// The process sleeps. The answer comes when another process wakes it: see [`Woken`].
    Waits,
    /// The process gets a signal that ends it.
    Dies(Fatal),
    /// The rules do not say.
    Unknown(Unknown),
}

/// The signal that ends a process for an access to memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fatal {
    /// `SIGSEGV`: nothing is mapped there, or the mapping does not allow it.
    Sigsegv,
    /// `SIGBUS`: the mapping reaches further than the segment.
    Sigbus,
}

/// A process whose waiting call returns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Woken {
    /// The process.
    pub pid: i32,
    /// What its call returns.
    pub outcome: Outcome,
}

impl From<Outcome> for Reply {
    fn from(outcome: Outcome) -> Reply {
        Reply::Returns(outcome)
    }
}

impl From<Result<(), Errno>> for Reply {
    fn from(result: Result<(), Errno>) -> Reply {
        Reply::Returns(result.map(|()| Answer::Done))
    }
}

impl From<Errno> for Reply {
    fn from(errno: Errno) -> Reply {
        Reply::Returns(Err(errno))
    }
}
