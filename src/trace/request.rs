//! Changing what a stopped thread is about to ask.
//!
//! A judge may want to know what a program does when the kernel answers otherwise than usual. The answer stays the
//! kernel's own: only the request is another one, and what the program asked stays on record.
//!
//! **Invariant:** only a thread that stands before a `shmget` of this machine's own width is changed, and of it one
//! argument.

use nix::errno::Errno;
use nix::libc;
use nix::sys::ptrace;
use nix::unistd::Pid;

use super::abi;
use super::stop::{self, AtCall};

/// Changes the size, in bytes, that a thread is about to ask `shmget` for.
///
/// # Errors
///
/// `EINVAL`: it does not stand before such a call. `ENOSYS`: the registers of this architecture are not known here.
/// Otherwise what ptrace answers.
pub fn request_size(tid: i32, size: usize) -> nix::Result<()> {
    let tid = Pid::from_raw(tid);
    let (AtCall::Begins(registers) | AtCall::Passes(registers)) = stop::at_call(tid)? else {
        return Err(Errno::EINVAL);
    };
    let (architecture, number, _) = registers;
    if Some(architecture) != abi::NATIVE_ARCH || number != libc::SYS_shmget as u64 {
        return Err(Errno::EINVAL);
    }
    set_second_argument(tid, size as u64)
}

#[cfg(target_arch = "x86_64")]
fn set_second_argument(tid: Pid, value: u64) -> nix::Result<()> {
    let mut registers = ptrace::getregs(tid)?;
    registers.rsi = value;
    ptrace::setregs(tid, registers)
}

#[cfg(all(target_arch = "aarch64", target_env = "gnu"))]
fn set_second_argument(tid: Pid, value: u64) -> nix::Result<()> {
    let mut registers = ptrace::getregs(tid)?;
    registers.regs[1] = value;
    ptrace::setregs(tid, registers)
}

#[cfg(not(any(target_arch = "x86_64", all(target_arch = "aarch64", target_env = "gnu"))))]
fn set_second_argument(_: Pid, _: u64) -> nix::Result<()> {
    Err(Errno::ENOSYS)
}
