//! The calls on sets of semaphores, a function each.
//!
//! **Invariant:** a function is one system call. Nothing is remembered, watched or refused here.

use std::time::Duration;

use nix::errno::Errno;
use nix::libc::{self, c_int};
use nix::sys::time::TimeSpec;

use crate::call::{Key, SemCmd, SemOp, Semid};

/// `semget(key, nsems, flags)`: makes a set, or finds one. `flags` hold the mode, too.
pub(super) fn get(key: Key, nsems: i32, flags: c_int) -> nix::Result<Semid> {
    // SAFETY: semget takes three numbers and touches no memory of this process.
    Errno::result(unsafe { libc::semget(key.0, nsems, flags) }).map(Semid)
}

/// `semop(id, ops, nops)`: changes semaphores, and waits until it can.
pub(in crate::kernel) fn operate(id: Semid, ops: &[SemOp]) -> nix::Result<()> {
    let mut ops = sembufs(ops);
    // SAFETY: the pointer and the count describe the vector, which lives until the call returns.
    Errno::result(unsafe { libc::semop(id.0, ops.as_mut_ptr(), ops.len()) }).map(drop)
}

/// `semop(id, {number, change, flags}, 1)`: one operation, and nothing is allocated for it, so that it can be timed.
///
/// # Errors
///
/// `EIDRM`, `EINVAL`: the set was removed. `ERANGE`: the value would be too large. `EINTR`: a signal came.
pub fn operate_one(id: Semid, op: SemOp) -> nix::Result<()> {
    let mut op = sembuf(&op);
    // SAFETY: the pointer leads to one operation, which lives until the call returns.
    Errno::result(unsafe { libc::semop(id.0, &raw mut op, 1) }).map(drop)
}

/// `semtimedop(id, ops, nops, &timeout)`: the same, and gives up after a time.
pub(super) fn operate_within(id: Semid, ops: &[SemOp], timeout: Duration) -> nix::Result<()> {
    let mut ops = sembufs(ops);
    let timeout = TimeSpec::from_duration(timeout);
    let (list, length, timeout) = (ops.as_mut_ptr(), ops.len(), std::ptr::from_ref(timeout.as_ref()));
    // SAFETY: the pointer and the count describe the vector; it and the timeout live until the call returns.
    Errno::result(unsafe { libc::syscall(libc::SYS_semtimedop, id.0, list, length, timeout) }).map(drop)
}

fn sembufs(ops: &[SemOp]) -> Vec<libc::sembuf> {
    ops.iter().map(sembuf).collect()
}

fn sembuf(op: &SemOp) -> libc::sembuf {
    libc::sembuf { sem_num: op.number, sem_op: op.change, sem_flg: op.flags.bits() as i16 }
}

/// `semctl(id, semnum, cmd, value)`, for the commands that take a number or nothing.
///
/// # Errors
///
/// Those of semctl(2); `EINVAL` for a command that may want a buffer.
pub(super) fn control(id: Semid, semnum: i32, cmd: &SemCmd) -> nix::Result<c_int> {
    match cmd {
        // SAFETY: SETVAL takes an int for its fourth argument.
        SemCmd::SetVal(value) => Errno::result(unsafe { libc::semctl(id.0, semnum, cmd.number(), *value) }),
        SemCmd::GetVal | SemCmd::GetPid | SemCmd::GetNcnt | SemCmd::GetZcnt | SemCmd::IpcRmid => {
            // SAFETY: these commands take no fourth argument.
            Errno::result(unsafe { libc::semctl(id.0, semnum, cmd.number()) })
        }
        _ => Err(Errno::EINVAL),
    }
}

/// `semctl(id, 0, IPC_RMID)`: removes a set at once; async-signal-safe.
pub(in crate::kernel) fn remove(id: Semid) -> nix::Result<()> {
    control(id, 0, &SemCmd::IpcRmid).map(drop)
}
