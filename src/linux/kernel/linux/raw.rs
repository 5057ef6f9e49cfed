//! The four calls as C has them: nothing is remembered, watched or refused, and no call is added.
//!
//! For exercises, where a mistake has to reach the kernel as it was made.

use nix::errno::Errno;
use nix::libc::c_int;

use super::{Linux, portable, shm};
use crate::call::{Answer, Call, Cmd, Outcome, ShmatFlags};

/// This process's memory, for an access that is made whatever comes of it.
///
/// Whoever asks for it has found out that the bytes are an attachment's, or that nothing at all is there.
pub fn memory() -> Linux {
    Linux { unchecked: true, ..Linux::default() }
}

/// Makes a call that needs no more memory than an address; `SHM_REMAP` is left out.
pub fn perform(call: &Call) -> Outcome {
    let answer = match *call {
        Call::Shmget { key, size, flags, mode } => {
            shm::get(key, size, flags.bits() | mode.bits() as c_int).map(Answer::Id)
        }
        Call::Shmat { shmid, address, flags } => {
            // SAFETY: SHM_REMAP is not among the flags.
            unsafe { shm::attach(shmid, address, flags - ShmatFlags::SHM_REMAP) }.map(Answer::Mapped)
        }
        Call::Shmdt { address } => shm::detach(address).map(|()| Answer::Done),
        Call::Shmctl { shmid, cmd: cmd @ Cmd::IpcStat } => {
            shm::stat(shmid, cmd).map(|(_, record)| Answer::Record(record))
        }
        Call::Shmctl { shmid, cmd: Cmd::IpcRmid } => shm::remove(shmid).map(|()| Answer::Done),
        _ => Err(Errno::ENOSYS),
    };
    answer.map_err(portable)
}
