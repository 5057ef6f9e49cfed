//! The four calls by their C names: what the exercises are written with.
//!
//! ```no_run
//! use linux::calls::*;
//!
//! # fn main() -> Result {
//! let id = shmget(IPC_PRIVATE, 25600, IPC_CREAT | IPC_EXCL | 0o600)?;
//! let memory = shmat(id, NULL, 0)?;
//! memory.write(0, b"THIS IS A TEST\0")?;
//! println!("{} bytes", shmctl(id, IPC_STAT)?.size);
//! shmdt(memory)?;
//! shmctl(id, IPC_RMID)
//! # }
//! ```
//!
//! Lessons use [`Segment`](crate::shm::Segment), which cannot be detached twice, and knows how large it is. Exercises
//! do not: whoever is to learn what `shmdt` is for must be able to forget it. So here is one function a call, with
//! the arguments that C gives it; the same line reads the same in the manual page, in `strace`, and in the C starter
//! beside each exercise. What Rust adds is that an error is an error, and not a -1 that looks like an address.
//!
//! **Invariant:** each function makes exactly one System V call, the one it is named after, and nothing removes or
//! detaches on its own. An access to memory is made only where a segment is attached, or where nothing at all is
//! mapped, so that the kernel ends the program as it ends one in C: no byte of Rust's own memory is ever touched.

mod failure;
mod memory;
mod process;

use nix::libc;
use playground_core::Mode;

use crate::call::{Address, Answer, Call, Cmd, Performed, ShmatFlags, ShmgetFlags};
use crate::kernel::raw;

pub use crate::call::{Key, Shmid, ShmidDs};
pub use failure::{Failure, Result};
pub use memory::{Memory, NULL};
pub use playground_core::Errno;
pub use process::{Child, fork};

/// No key: `shmget` makes a new segment, which no key finds again.
pub const IPC_PRIVATE: Key = Key::PRIVATE;
/// For `shmget`: make the segment if no segment has this key.
pub const IPC_CREAT: i32 = libc::IPC_CREAT;
/// For `shmget`, with [`IPC_CREAT`]: fail with `EEXIST` if a segment has this key.
pub const IPC_EXCL: i32 = libc::IPC_EXCL;
/// For `shmat`: only for reading.
pub const SHM_RDONLY: i32 = libc::SHM_RDONLY;
/// For `shmat`: round the address down to where a segment may begin.
pub const SHM_RND: i32 = libc::SHM_RND;
/// For `shmctl`: copy the kernel's record of the segment.
pub const IPC_STAT: IpcStat = IpcStat;
/// For `shmctl`: mark the segment for destruction.
pub const IPC_RMID: IpcRmid = IpcRmid;

/// `int shmget(key_t key, size_t size, int shmflg)`: makes a segment, or finds one, and returns its id.
///
/// The nine permission bits are part of the flags, as in C. They are octal, which Rust writes `0o600`.
///
/// # Errors
///
/// Those of [shmget(2)](https://man7.org/linux/man-pages/man2/shmget.2.html): `EEXIST`, `ENOENT`, `EINVAL`, `EACCES`…
pub fn shmget(key: Key, size: usize, flags: i32) -> Result<Shmid> {
    let mode = Mode::from_bits_truncate((flags & 0o777) as libc::mode_t);
    let flags = ShmgetFlags::from_bits_retain(flags & !0o777);
    match made(Call::Shmget { key, size: size as u64, flags, mode })? {
        Answer::Id(id) => Ok(id),
        other => unreachable!("shmget answered {other:?}"),
    }
}

/// `void *shmat(int shmid, const void *shmaddr, int shmflg)`: maps the segment into this program's memory.
///
/// [`NULL`] lets the kernel choose where. `SHM_REMAP`, which would replace what is there, is left out.
///
/// # Errors
///
/// Those of [shmat(2)](https://man7.org/linux/man-pages/man2/shmop.2.html): `EINVAL`, `EACCES`…
pub fn shmat(id: Shmid, address: impl Into<Address>, flags: i32) -> Result<Memory> {
    let flags = ShmatFlags::from_bits_retain(flags) - ShmatFlags::SHM_REMAP;
    match made(Call::Shmat { shmid: id, address: address.into(), flags })? {
        Answer::Mapped(start) => Ok(memory::attached(start)),
        other => unreachable!("shmat answered {other:?}"),
    }
}

/// `int shmdt(const void *shmaddr)`: takes the mapping away. The segment stays, and what is in it.
///
/// # Errors
///
/// `EINVAL`: no attachment begins there.
pub fn shmdt(memory: Memory) -> Result {
    made(Call::Shmdt { address: memory.address() })?;
    memory::detached(memory.address());
    Ok(())
}

/// `int shmctl(int shmid, int cmd, struct shmid_ds *buf)`: asks about a segment, or marks it for destruction.
///
/// `shmctl(id, IPC_STAT)` returns the record that C has copied to its buffer; `shmctl(id, IPC_RMID)` returns nothing.
///
/// # Errors
///
/// Those of [shmctl(2)](https://man7.org/linux/man-pages/man2/shmctl.2.html): `EINVAL`, `EACCES`, `EPERM`…
pub fn shmctl<C: Command>(id: Shmid, command: C) -> Result<C::Answer> {
    made(Call::Shmctl { shmid: id, cmd: command.cmd() }).map(C::answer)
}

/// A command of [`shmctl`], which decides what the call returns.
pub trait Command {
    /// What the call returns.
    type Answer;
    /// The command as the kernel knows it.
    fn cmd(&self) -> Cmd;
    /// Unwraps the kernel's answer.
    fn answer(answer: Answer) -> Self::Answer;
}

/// The type of [`IPC_STAT`].
#[derive(Clone, Copy, Debug)]
pub struct IpcStat;

impl Command for IpcStat {
    type Answer = ShmidDs;

    fn cmd(&self) -> Cmd {
        Cmd::IpcStat
    }

    fn answer(answer: Answer) -> ShmidDs {
        match answer {
            Answer::Record(record) => record,
            other => unreachable!("IPC_STAT answered {other:?}"),
        }
    }
}

/// The type of [`IPC_RMID`].
#[derive(Clone, Copy, Debug)]
pub struct IpcRmid;

impl Command for IpcRmid {
    type Answer = ();

    fn cmd(&self) -> Cmd {
        Cmd::IpcRmid
    }

    fn answer(_: Answer) {}
}

fn made(call: Call) -> Result<Answer> {
    let outcome = raw::perform(&call);
    outcome.clone().map_err(|errno| {
        let pid = std::process::id() as i32;
        Failure::new(errno, Performed { pid, call, outcome }.to_string())
    })
}
