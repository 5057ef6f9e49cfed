//! Where a traced thread stands, and how it goes on.
//!
//! nix's `waitpid` gives up on real-time signals, losing which process it was, and its `cont` cannot pass them on; so
//! both are made by hand here, and everything that has a number for a signal keeps the number.
//!
//! **Invariant:** whatever stops is told to the caller exactly once, and a stop tells all that the kernel said of it.

use nix::errno::Errno;
use nix::libc::{self, c_int};
use nix::sys::ptrace;
use nix::unistd::Pid;

use super::exit_status::Ending;

/// Why a thread does not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// It is about to make one of the calls that the filter names.
    Call,
    /// A call begins or has returned: which of the two, [`at_call`] tells.
    AtCall,
    /// It made a thread or a process.
    Forked(Pid),
    /// It runs another program. Whoever ran it before the call had this id: another thread may have asked.
    Exec(Pid),
    /// It is about to end; its memory is still there.
    Exiting,
    /// It was stopped by job control, and waits for `SIGCONT`.
    Group,
    /// It has just begun, or job control lets it go on.
    Ready,
    /// A signal is about to be delivered.
    Signal(c_int),
    /// It is gone.
    Ended(Ending),
}

/// Everything that is told of, for this thread's tracees alone: other threads may trace others.
const ALL: c_int = libc::__WALL | libc::__WNOTHREAD;

/// Waits until any traced thread stops or ends.
///
/// # Errors
///
/// `ECHILD`: none is left. `EINTR`: a signal came meanwhile.
pub(super) fn next() -> nix::Result<(Pid, Stop)> {
    let (pid, status) = wait(ALL)?;
    Ok((pid, stop(pid, status)?))
}

/// The same, for what has stopped or ended already: nothing, if all others run.
///
/// # Errors
///
/// `ECHILD`: none is left.
pub(super) fn poll() -> nix::Result<Option<(Pid, Stop)>> {
    let (pid, status) = wait(ALL | libc::WNOHANG)?;
    if pid.as_raw() == 0 { Ok(None) } else { Ok(Some((pid, stop(pid, status)?))) }
}

fn wait(options: c_int) -> nix::Result<(Pid, c_int)> {
    let mut status = 0;
    // SAFETY: `status` lives until the call returns, which writes nothing else.
    let pid = Errno::result(unsafe { libc::waitpid(-1, &mut status, options) })?;
    Ok((Pid::from_raw(pid), status))
}

fn stop(pid: Pid, status: c_int) -> nix::Result<Stop> {
    if libc::WIFEXITED(status) {
        return Ok(Stop::Ended(Ending::Exited(libc::WEXITSTATUS(status))));
    }
    if libc::WIFSIGNALED(status) {
        return Ok(Stop::Ended(Ending::Killed(libc::WTERMSIG(status))));
    }
    let signal = libc::WSTOPSIG(status);
    // A thread that was killed while it stood here has no message any more; its end is what comes next.
    let message = || ptrace::getevent(pid).map_or(pid, |id| Pid::from_raw(id as i32));
    Ok(match status >> 16 {
        0 if signal == libc::SIGTRAP | 0x80 => Stop::AtCall,
        0 => Stop::Signal(signal),
        libc::PTRACE_EVENT_SECCOMP => Stop::Call,
        libc::PTRACE_EVENT_FORK | libc::PTRACE_EVENT_VFORK | libc::PTRACE_EVENT_CLONE => {
            Stop::Forked(message())
        }
        libc::PTRACE_EVENT_EXEC => Stop::Exec(message()),
        libc::PTRACE_EVENT_EXIT => Stop::Exiting,
        libc::PTRACE_EVENT_STOP if signal == libc::SIGTRAP => Stop::Ready,
        libc::PTRACE_EVENT_STOP => Stop::Group,
        _ => Stop::Ready,
    })
}

/// How a stopped thread goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Resume {
    /// Until the filter, or an event, stops it; a signal is delivered unless it is 0.
    Free(c_int),
    /// The same, but it stops when the call that it is about to make has returned.
    UntilReturn,
    /// Until the next call begins or returns, whichever it is; a signal is delivered unless it is 0.
    EveryCall(c_int),
    /// It stays stopped for everyone else, and tells when `SIGCONT` comes.
    Listening,
    /// The same as free, but for one instruction only.
    Step(c_int),
    /// Not now: it is resumed later.
    Held,
}

/// Lets a thread go on. That it was killed meanwhile is no error: its end is told next.
pub(super) fn resume(pid: Pid, resume: Resume) {
    let (request, signal) = match resume {
        Resume::Free(signal) => (libc::PTRACE_CONT, signal),
        Resume::UntilReturn => (libc::PTRACE_SYSCALL, 0),
        Resume::EveryCall(signal) => (libc::PTRACE_SYSCALL, signal),
        Resume::Listening => (libc::PTRACE_LISTEN, 0),
        Resume::Step(signal) => (libc::PTRACE_SINGLESTEP, signal),
        Resume::Held => return,
    };
    // SAFETY: these requests take two numbers and touch no memory of this process.
    unsafe { libc::ptrace(request, pid.as_raw(), 0usize, signal as usize) };
}

/// Has a thread stop where it is: a sleep goes on afterwards, for the time that is left of it.
pub(super) fn interrupt(pid: Pid) {
    // That it is gone, or stands already, is no error: then its next stop is told anyway.
    let _ = ptrace::interrupt(pid);
}

/// Whether two threads have one memory, if the kernel tells (`CONFIG_KCMP`).
pub(super) fn share_memory(one: Pid, other: Pid) -> Option<bool> {
    const KCMP_VM: c_int = 1;
    // SAFETY: kcmp takes numbers and touches no memory of this process.
    let order = unsafe { libc::syscall(libc::SYS_kcmp, one.as_raw(), other.as_raw(), KCMP_VM, 0, 0) };
    Errno::result(order).ok().map(|order| order == 0)
}

/// A call as the registers have it: architecture, number and arguments.
pub(super) type Registers = (u32, u64, [u64; 6]);

/// Where a thread stands in a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AtCall {
    /// The call begins, and no filter has seen it yet.
    Begins(Registers),
    /// Our filter has let the call through: no filter in front of it refuses.
    Passes(Registers),
    /// The call returns this value, or a negated errno.
    Returns { value: i64, is_error: bool },
}

/// Where a thread that stopped at a call stands in it.
pub(super) fn at_call(pid: Pid) -> nix::Result<AtCall> {
    let info = ptrace::syscall_info(pid)?;
    Ok(match info.op {
        libc::PTRACE_SYSCALL_INFO_ENTRY => {
            // SAFETY: `op` says that this is the member that the kernel filled.
            let entry = unsafe { info.u.entry };
            AtCall::Begins((info.arch, entry.nr, entry.args))
        }
        libc::PTRACE_SYSCALL_INFO_SECCOMP => {
            // SAFETY: `op` says that this is the member that the kernel filled.
            let seccomp = unsafe { info.u.seccomp };
            AtCall::Passes((info.arch, seccomp.nr, seccomp.args))
        }
        libc::PTRACE_SYSCALL_INFO_EXIT => {
            // SAFETY: `op` says that this is the member that the kernel filled.
            let exit = unsafe { info.u.exit };
            AtCall::Returns { value: exit.sval, is_error: exit.is_error != 0 }
        }
        _ => return Err(Errno::EINVAL),
    })
}

/// The call that a filter refused with the SIGSYS which a thread is about to get: architecture and number.
pub(super) fn trapped(pid: Pid) -> Option<(u32, u64)> {
    /// What a seccomp filter gives as the cause (`SYS_SECCOMP`, `asm-generic/siginfo.h`).
    const SYS_SECCOMP: c_int = 1;
    let info = ptrace::getsiginfo(pid).ok()?;
    if info.si_code != SYS_SECCOMP {
        return None;
    }
    // SAFETY: a SIGSYS from seccomp carries both.
    let (arch, number) = unsafe { sigsys(&info) };
    Some((arch, number as u64))
}

/// `_sigsys` of `siginfo_t`, which libc does not name: an address, the number and the architecture.
///
/// # Safety
///
/// The signal is a SIGSYS of seccomp.
unsafe fn sigsys(info: &libc::siginfo_t) -> (u32, u32) {
    #[repr(C)]
    struct Sigsys {
        _head: [c_int; 3],
        _address: *const libc::c_void,
        number: c_int,
        arch: u32,
    }
    // SAFETY: a siginfo is 128 bytes of integers, and these are its first.
    let sigsys = unsafe { &*(&raw const *info).cast::<Sigsys>() };
    (sigsys.arch, sigsys.number as u32)
}

/// A touch of memory that is forbidden.
pub(super) struct Access {
    pub address: usize,
    /// Whether something is mapped there.
    pub mapped: bool,
    /// Whether the thread wanted to run what is there, rather than read or write it.
    pub jumped: bool,
}

/// Where a thread touched memory that it must not, if that is why it gets this signal.
pub(super) fn fault(pid: Pid) -> Option<Access> {
    let info = ptrace::getsiginfo(pid).ok()?;
    // A positive code comes from the kernel itself; this one is its word for "I do not know where".
    const SI_KERNEL: c_int = 0x80;
    if info.si_code <= 0 || info.si_code == SI_KERNEL {
        return None;
    }
    // SAFETY: SIGSEGV and SIGBUS from the kernel carry an address.
    let address = unsafe { info.si_addr() } as usize;
    const SEGV_ACCERR: c_int = 2;
    let next = ptrace::syscall_info(pid).ok().map(|info| info.instruction_pointer);
    Some(Access { address, mapped: info.si_code == SEGV_ACCERR, jumped: next == Some(address as u64) })
}
