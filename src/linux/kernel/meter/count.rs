//! Counting system calls: what `strace -c` would say.

use std::panic::{self, AssertUnwindSafe};

use nix::errno::Errno;
use nix::sys::prctl::set_pdeathsig;
use nix::sys::ptrace;
use nix::sys::signal::{Signal, raise};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, getpid, getppid};

use crate::kernel::{exit_now, fork};

/// How many system calls `operation` makes, by doing it in a forked child that stops at every one of them.
///
/// The child inherits all attachments of this process, so `operation` may use them.
///
/// # Errors
///
/// - `EPERM`: tracing is forbidden (yama, a container's seccomp profile), or this process is traced itself.
/// - `EAGAIN`, `ENOMEM`: no process can be made.
pub fn count_system_calls(operation: impl FnOnce()) -> nix::Result<u64> {
    // What stopping and exiting take is the same with an operation and without.
    let around = calls_of_a_child(|| {})?;
    Ok(calls_of_a_child(operation)? - around)
}

fn calls_of_a_child(operation: impl FnOnce()) -> nix::Result<u64> {
    let parent = getpid();
    match fork()? {
        ForkResult::Parent { child } => counted(child),
        ForkResult::Child => {
            let allowed = stop_for(parent);
            // A panic must not run the parent's destructors here.
            let done = allowed.is_ok() && panic::catch_unwind(AssertUnwindSafe(operation)).is_ok();
            exit_now(if done { 0 } else { 1 })
        }
    }
}

/// In the child: stops, for the parent to trace it. A parent that is gone would leave it stopped for ever, and with
/// it its attachments: `PTRACE_O_EXITKILL` holds only from the first stop on, so the child asks to die, too.
fn stop_for(parent: Pid) -> nix::Result<()> {
    set_pdeathsig(Signal::SIGKILL)?;
    if getppid() != parent {
        return Err(Errno::ESRCH);
    }
    ptrace::traceme()?;
    raise(Signal::SIGSTOP)
}

/// Lets the child go from stop to stop until it exits.
fn counted(child: Pid) -> nix::Result<u64> {
    let mut stops = 0;
    loop {
        match waitpid(child, None)? {
            WaitStatus::Stopped(_, Signal::SIGSTOP) => {
                ptrace::setoptions(
                    child,
                    ptrace::Options::PTRACE_O_TRACESYSGOOD | ptrace::Options::PTRACE_O_EXITKILL,
                )?;
                ptrace::syscall(child, None)?;
            }
            WaitStatus::PtraceSyscall(_) => {
                stops += 1;
                ptrace::syscall(child, None)?;
            }
            WaitStatus::Stopped(_, signal) => ptrace::syscall(child, signal)?,
            // Each call stops the child twice: before it and after it.
            WaitStatus::Exited(_, 0) => return Ok(stops / 2),
            WaitStatus::Exited(..) | WaitStatus::Signaled(..) => return Err(Errno::EPERM),
            _ => {}
        }
    }
}
