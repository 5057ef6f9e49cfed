//! How a process begins and ends: fork, `_exit`, and the signals that end it.

use std::fs;

use nix::errno::Errno;
use nix::libc::{self, c_int};
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use nix::unistd::{ForkResult, Pid};

/// Forks this process.
///
/// # Errors
///
/// `EAGAIN`: no more processes are allowed. `EDEADLK`: this process has threads, whose locks a child would
/// inherit locked. `ENOMEM`, `ENOSYS`.
pub fn fork() -> nix::Result<ForkResult> {
    let threads = fs::read_dir("/proc/self/task").map_or(1, Iterator::count);
    if threads > 1 {
        return Err(Errno::EDEADLK);
    }
    // SAFETY: the process has one thread, so no lock can be held by a thread that the child lacks.
    unsafe { nix::unistd::fork() }
}

/// Forks this process, and makes the child one of its own parent's: a sibling.
///
/// For a process without threads only, as [`fork`] is.
///
/// # Errors
///
/// As for [`fork`]; `EINVAL` for the first process of a PID namespace.
pub(in crate::kernel) fn fork_sibling() -> nix::Result<ForkResult> {
    let flags = libc::CLONE_PARENT | libc::SIGCHLD;
    // SAFETY: without a stack of its own the child goes on here with a copy of all memory, as after fork; the process
    // has one thread, so no lock can be held by a thread that the child lacks.
    let pid = Errno::result(unsafe { libc::syscall(libc::SYS_clone, flags, 0, 0, 0, 0) })?;
    Ok(match pid {
        0 => ForkResult::Child,
        pid => ForkResult::Parent { child: Pid::from_raw(pid as i32) },
    })
}

/// Ends this process at once: no destructor runs, no buffer is flushed twice.
pub fn exit_now(status: i32) -> ! {
    // SAFETY: _exit takes a number and does not return.
    unsafe { libc::_exit(status) }
}

/// Calls `handler` at the first arrival of each signal; a signal that is ignored stays ignored (`nohup`).
pub(in crate::kernel) fn on_first(signals: &[Signal], handler: extern "C" fn(c_int)) {
    let flags = SaFlags::SA_RESETHAND | SaFlags::SA_ONSTACK;
    let action = SigAction::new(SigHandler::Handler(handler), flags, SigSet::all());
    for &signal in signals {
        // SAFETY: the handler does async-signal-safe things only: atomics, getpid, shmctl, unlink, raise.
        let before = unsafe { sigaction(signal, &action) };
        if let Ok(before) = before
            && matches!(before.handler(), SigHandler::SigIgn)
        {
            // SAFETY: this puts back what was there.
            let _ = unsafe { sigaction(signal, &before) };
        }
    }
}

/// Lets a signal end this process, even if it was ignored or held back before.
pub fn restore_default(signal: Signal) {
    // SAFETY: the default action runs no code of ours.
    let _ = unsafe { nix::sys::signal::signal(signal, SigHandler::SigDfl) };
    let _ = SigSet::from(signal).thread_unblock();
}
