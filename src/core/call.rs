//! A system call is a value.
//!
//! A lesson says what it wants as a [`Call`]; a process performs it and returns
//! an [`Outcome`]; the two together are a [`Performed`], and everything on screen is printed from that.
//!
//! **Invariant:** nothing here performs a call. This module knows names, numbers and C notation only.

mod cmd;
mod file;
mod flags;
mod lock;
mod names;
mod performed;
mod record;
mod sem;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Errno, Mode};

pub use cmd::{Cmd, Ownership};
pub use file::FileCall;
pub use flags::{ShmatFlags, ShmgetFlags};
pub use lock::{LockCall, LockOperation};
pub use names::{Address, Key, Shmid};
pub use performed::Performed;
pub use record::{ShmInfo, ShmLimits, ShmidDs};
pub use sem::{RefusedTimeout, SemCmd, SemFlags, SemLimits, SemOp, Semid, SemidDs};

/// One of the four System V calls for shared memory, of the four for semaphores, or of those on descriptors, with
/// its arguments. `ftok`, `shm_open`, and what is done to a `pthread_mutex_t` or a `sem_t` are here, too: functions of
/// the C library, which a lesson asks for as it asks for a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Call {
    /// `int shmget(key_t key, size_t size, int shmflg)`: make a segment, or find one.
    #[doc(alias = "shmget")]
    Shmget {
        /// The name by which unrelated processes find the segment.
        key: Key,
        /// In bytes; 0 is allowed when the segment exists.
        size: u64,
        /// `IPC_CREAT`, `IPC_EXCL` and the like.
        flags: ShmgetFlags,
        /// The nine permission bits, which C passes in the same argument as the flags.
        mode: Mode,
    },
    /// `void *shmat(int shmid, const void *shmaddr, int shmflg)`: map a segment into this process.
    #[doc(alias = "shmat")]
    Shmat {
        /// The segment.
        shmid: Shmid,
        /// Where to map it; [`Address::NULL`] lets the kernel choose.
        address: Address,
        /// `SHM_RDONLY`, `SHM_RND` and the like.
        flags: ShmatFlags,
    },
    /// `int shmdt(const void *shmaddr)`: remove the mapping that starts at an address.
    #[doc(alias = "shmdt")]
    Shmdt {
        /// What `shmat` returned.
        address: Address,
    },
    /// `int shmctl(int shmid, int cmd, struct shmid_ds *buf)`: ask about a segment, change or remove it.
    #[doc(alias = "shmctl")]
    Shmctl {
        /// The segment, or for `SHM_STAT` an index into the kernel's table.
        shmid: Shmid,
        /// What to do with it.
        cmd: Cmd,
    },
    /// `int semget(key_t key, int nsems, int semflg)`: make a set of semaphores, or find one.
    #[doc(alias = "semget")]
    Semget {
        /// The name by which unrelated processes find the set.
        key: Key,
        /// How many semaphores; 0 is allowed when the set exists.
        nsems: i32,
        /// `IPC_CREAT` and `IPC_EXCL`, as for `shmget`.
        flags: ShmgetFlags,
        /// The nine permission bits.
        mode: Mode,
    },
    /// `int semop(int semid, struct sembuf *sops, size_t nsops)`: change semaphores, all at once or not at all.
    #[doc(alias = "semop")]
    Semop {
        /// The set.
        semid: Semid,
        /// What to do with which of its semaphores.
        ops: Vec<SemOp>,
    },
    /// `semop` with a list that cannot be read, or `semtimedop` with a time limit that no kernel takes.
    SemopAt {
        /// The set.
        semid: Semid,
        /// Where the list is said to be.
        sops: Address,
        /// How many operations are said to be in it.
        nsops: u64,
        /// The time limit; then the list may be as it should.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        timeout: Option<RefusedTimeout>,
    },
    /// `int semtimedop(int semid, struct sembuf *sops, size_t nsops, const struct timespec *timeout)`: `semop` that
    /// waits no longer than this.
    #[doc(alias = "semtimedop")]
    Semtimedop {
        /// The set.
        semid: Semid,
        /// What to do with which of its semaphores.
        ops: Vec<SemOp>,
        /// After how long it fails with `EAGAIN`.
        timeout: Duration,
    },
    /// `int semctl(int semid, int semnum, int cmd, ...)`: ask about a set, set a value, or remove it.
    #[doc(alias = "semctl")]
    Semctl {
        /// The set.
        semid: Semid,
        /// Which of its semaphores; ignored by `IPC_RMID`.
        semnum: i32,
        /// What to do.
        cmd: SemCmd,
    },
    /// A call on descriptors: a pipe, a socket, a mapped file.
    File(FileCall),
    /// A function of the C library on a lock in shared memory.
    Lock(LockCall),
    /// `key_t ftok(const char *pathname, int proj_id)`: make a key from a file and a number.
    #[doc(alias = "ftok")]
    Ftok {
        /// A file that exists.
        path: PathBuf,
        /// The number; only its lowest 8 bits count.
        project: i32,
    },
}

/// What the kernel answered: a value, or an errno.
pub type Outcome = Result<Answer, Errno>;

/// The value that a successful [`Call`] returned, with what it copied out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// `shmget`: the segment's identifier.
    Id(Shmid),
    /// `shmat`: where the segment is mapped now.
    Mapped(Address),
    /// `shmdt`, `semop`, `semtimedop`, and the commands of `shmctl` and `semctl` that give nothing back: 0.
    Done,
    /// `semget`: the set's identifier.
    Set(Semid),
    /// `semctl` with a command that asks; `open`, `write`: the number.
    Number(i32),
    /// `pipe2` and `socketpair`: the two descriptors.
    Ends([i32; 2]),
    /// `recvmsg` with `SCM_RIGHTS`: the descriptor's number in the process that got it.
    Passed(i32),
    /// `read`: what it copied out.
    Bytes(Vec<u8>),
    /// `ftok`: the key.
    Key(Key),
    /// `IPC_STAT`: the kernel's record of the segment.
    Record(ShmidDs),
    /// `SHM_STAT` and `SHM_STAT_ANY`: the identifier found at that index, and its record.
    Found(Shmid, ShmidDs),
    /// `IPC_INFO`: the highest index in use, and the limits of this IPC namespace.
    Limits(i32, ShmLimits),
    /// `SHM_INFO`: the highest index in use, and what the segments of this namespace take.
    Usage(i32, ShmInfo),
    /// `GETALL`: the values.
    Values(Vec<u16>),
    /// `semctl` with `IPC_STAT`: the kernel's record of the set.
    SetRecord(SemidDs),
    /// `SEM_STAT` and `SEM_STAT_ANY`: the identifier found at that index, and its record.
    SetFound(Semid, SemidDs),
    /// `semctl` with `IPC_INFO` or `SEM_INFO`: the highest index in use, and the limits or the use.
    SemLimits(i32, SemLimits),
}

impl Answer {
    /// The number that the call returned.
    pub fn value(&self) -> i64 {
        match self {
            Answer::Id(id) | Answer::Found(id, _) => id.0.into(),
            Answer::Mapped(address) => address.0 as i64,
            Answer::Done | Answer::Record(_) | Answer::Ends(_) | Answer::Values(_) | Answer::SetRecord(_) => {
                0
            }
            Answer::SetFound(id, _) => id.0.into(),
            // One byte came along: without any, nothing is sent.
            Answer::Passed(_) => 1,
            Answer::Bytes(bytes) => bytes.len() as i64,
            Answer::Set(id) => id.0.into(),
            Answer::Number(number) => (*number).into(),
            Answer::Key(key) => key.0.into(),
            Answer::Limits(index, _) | Answer::Usage(index, _) | Answer::SemLimits(index, _) => {
                (*index).into()
            }
        }
    }
}

impl fmt::Display for Call {
    /// The call in C notation, with flags by name and the mode in octal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Call::Shmget { key, size, flags, mode } => {
                write!(f, "shmget({key}, {size}, {})", flags::with_mode(*flags, *mode))
            }
            Call::Shmat { shmid, address, flags } => write!(f, "shmat({shmid}, {address}, {flags})"),
            Call::Shmdt { address } => write!(f, "shmdt({address})"),
            Call::Shmctl { shmid, cmd } => write!(f, "shmctl({shmid}, {cmd}, {})", cmd.third_argument()),
            Call::Semget { key, nsems, flags, mode } => {
                write!(f, "semget({key}, {nsems}, {})", flags::with_mode(*flags, *mode))
            }
            Call::Semop { semid, ops } => write!(f, "semop({semid}, {}, {})", sem::list(ops), ops.len()),
            Call::SemopAt { semid, sops, nsops, timeout: None } => {
                write!(f, "semop({semid}, {sops}, {nsops})")
            }
            Call::SemopAt { semid, sops, nsops, timeout: Some(timeout) } => {
                write!(f, "semtimedop({semid}, {sops}, {nsops}, {timeout})")
            }
            Call::Semtimedop { semid, ops, timeout } => {
                let (seconds, nanoseconds) = (timeout.as_secs(), timeout.subsec_nanos());
                let ops = (sem::list(ops), ops.len());
                write!(f, "semtimedop({semid}, {}, {}, {{{seconds}, {nanoseconds}}})", ops.0, ops.1)
            }
            Call::Semctl { semid, semnum, cmd } => write!(f, "semctl({semid}, {semnum}, {cmd})"),
            Call::File(call) => call.fmt(f),
            Call::Lock(call) => call.fmt(f),
            Call::Ftok { path, project } => write!(f, "ftok(\"{}\", {project})", path.display()),
        }
    }
}

impl Call {
    /// The name of the system call.
    pub fn name(&self) -> &'static str {
        match self {
            Call::Shmget { .. } => "shmget",
            Call::Shmat { .. } => "shmat",
            Call::Shmdt { .. } => "shmdt",
            Call::Shmctl { .. } => "shmctl",
            Call::Semget { .. } => "semget",
            Call::Semtimedop { .. } | Call::SemopAt { timeout: Some(_), .. } => "semtimedop",
            Call::Semop { .. } | Call::SemopAt { .. } => "semop",
            Call::Semctl { .. } => "semctl",
            Call::File(call) => call.name(),
            Call::Lock(call) => call.operation.name(),
            Call::Ftok { .. } => "ftok",
        }
    }

    /// Whether it returns the number of an error, and not -1.
    fn returns_its_error(&self) -> bool {
        matches!(self, Call::Lock(call) if call.operation.is_of_a_mutex())
    }

    /// The arguments by name, as the JSON of a `call` event shows them: addresses and ids as numbers,
    /// flags as a list of names, the mode apart and in octal.
    pub fn arguments(&self) -> serde_json::Value {
        use serde_json::json;
        match self {
            Call::Shmget { key, size, flags, mode } => {
                json!({"key": key.0, "size": size, "flags": flags.names(), "mode": format!("0{:03o}", mode.bits())})
            }
            Call::Shmat { shmid, address, flags } => {
                json!({"shmid": shmid.0, "address": address.0, "flags": flags.names()})
            }
            Call::Shmdt { address } => json!({"address": address.0}),
            Call::Shmctl { shmid, cmd } => json!({"shmid": shmid.0, "cmd": cmd.to_string()}),
            Call::Semget { key, nsems, flags, mode } => {
                json!({"key": key.0, "nsems": nsems, "flags": flags.names(), "mode": format!("0{:03o}", mode.bits())})
            }
            Call::Semop { semid, ops } => {
                json!({"semid": semid.0, "ops": ops.iter().map(SemOp::argument).collect::<Vec<_>>()})
            }
            Call::SemopAt { semid, sops, nsops, .. } => {
                json!({"semid": semid.0, "sops": sops.0, "nsops": nsops})
            }
            Call::Semtimedop { semid, ops, timeout } => {
                let ops = ops.iter().map(SemOp::argument).collect::<Vec<_>>();
                json!({"semid": semid.0, "ops": ops, "timeout": timeout.as_secs_f64()})
            }
            Call::Semctl { semid, semnum, cmd } => {
                json!({"semid": semid.0, "semnum": semnum, "cmd": cmd.to_string()})
            }
            Call::File(call) => call.arguments(),
            Call::Lock(call) => call.arguments(),
            Call::Ftok { path, project } => json!({"path": path, "project": project}),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(call: Call, outcome: Outcome) -> String {
        Performed { pid: 1, call, outcome }.to_string()
    }

    #[test]
    fn a_call_reads_as_in_c() {
        let get = Call::Shmget {
            key: Key::PRIVATE,
            size: 0x6400,
            flags: ShmgetFlags::IPC_CREAT | ShmgetFlags::IPC_EXCL,
            mode: Mode::S_IRUSR | Mode::S_IWUSR,
        };
        assert_eq!(
            told(get, Ok(Answer::Id(Shmid(163843)))),
            "shmget(IPC_PRIVATE, 25600, IPC_CREAT|IPC_EXCL|0600) = 163843"
        );
        let decimal = Call::Shmget {
            key: Key::PRIVATE,
            size: 1,
            flags: ShmgetFlags::empty(),
            mode: Mode::from_bits_truncate(600),
        };
        assert_eq!(decimal.to_string(), "shmget(IPC_PRIVATE, 1, 01130)");
        let at = Call::Shmat { shmid: Shmid(7), address: Address::NULL, flags: ShmatFlags::empty() };
        assert_eq!(told(at, Ok(Answer::Mapped(Address(0x5000000)))), "shmat(7, NULL, 0) = 0x5000000");
        let remove = Call::Shmctl { shmid: Shmid(7), cmd: Cmd::IpcRmid };
        assert_eq!(
            told(remove, Err(Errno::EINVAL)),
            "shmctl(7, IPC_RMID, NULL) = -1 EINVAL (Invalid argument)"
        );
    }

    #[test]
    fn a_call_on_a_descriptor_reads_as_in_c() {
        let read = Call::File(FileCall::Read { fd: 3, count: 15 });
        assert_eq!(
            told(read.clone(), Ok(Answer::Bytes(b"TEST\0".into()))),
            r#"read(3, buf, 15) = 5 // "TEST""#
        );
        assert_eq!(
            told(read, Err(Errno::EAGAIN)),
            "read(3, buf, 15) = -1 EAGAIN (Resource temporarily unavailable)"
        );
        let pipe = Call::File(FileCall::Pipe);
        assert_eq!(told(pipe, Ok(Answer::Ends([3, 4]))), "pipe2(fds, O_NONBLOCK|O_CLOEXEC) = 0 // 3, 4");
    }

    #[test]
    fn a_lock_and_a_descriptor_that_is_passed_read_as_in_c() {
        let lock = |operation| Call::Lock(LockCall { at: Address(0x40), operation });
        assert_eq!(
            told(lock(LockOperation::MutexTryLock), Err(Errno::EOWNERDEAD)),
            "pthread_mutex_trylock(0x40) = EOWNERDEAD (Owner died)"
        );
        assert_eq!(
            told(lock(LockOperation::SemTryWait), Err(Errno::EAGAIN)),
            "sem_trywait(0x40) = -1 EAGAIN (Resource temporarily unavailable)"
        );
        let receive = Call::File(FileCall::ReceiveDescriptor { socket: 5 });
        assert_eq!(
            told(receive, Ok(Answer::Passed(7))),
            "recvmsg(5, &msg, MSG_CMSG_CLOEXEC) = 1 // SCM_RIGHTS, [7]"
        );
    }

    #[test]
    fn bits_without_a_name_are_shown_too() {
        let get = Call::Shmget {
            key: Key(0x0bad_cafe),
            size: 1,
            flags: ShmgetFlags::from_bits_retain(0o100000),
            mode: Mode::empty(),
        };
        assert_eq!(get.to_string(), "shmget(0x0badcafe, 1, 0x8000)");
    }
}
