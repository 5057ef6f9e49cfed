//! Hardware watchpoints: the processor stops a traced thread right after it has read or written a word.
//!
//! On x86_64 a thread has four debug registers for addresses, DR0 to DR3, and DR7 says what each of them watches. Two
//! of them on one word tell a read from a write: the first stops after both, the second after writes only, and DR6
//! says which of them it was. So a thread can watch two words, or one word in two attachments.
//!
//! **Invariant:** the registers belong to a thread. A thread or process that begins has none set, and neither has a
//! process that runs another program: whoever wants to know of their accesses arms them, too.

use std::fs;
use std::time::Duration;

use nix::sys::ptrace;
use nix::unistd::Pid;

/// What a watched thread has just done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hit {
    /// Which of the addresses that it watches.
    pub number: usize,
    /// Whether the instruction has written it; it may have read it, too.
    pub wrote: bool,
}

/// How far apart the accesses of one thread have to be.
///
/// The kernel counts the hits of a watchpoint as samples (perf_event_open(2)), and drops what comes faster than
/// `kernel.perf_event_max_sample_rate`, which it lowers by itself where its own work takes too long.
pub(super) fn spacing() -> Duration {
    const USUAL: u64 = 100_000;
    let text = fs::read_to_string("/proc/sys/kernel/perf_event_max_sample_rate").unwrap_or_default();
    let rate = text.trim().parse().unwrap_or(USUAL).max(1);
    // A quarter more, since the kernel counts from one tick of its clock to the next.
    Duration::from_nanos(1_250_000_000 / rate)
}

/// A trap that names no access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trap {
    /// One instruction was made.
    Step,
    /// A watchpoint was hit, and the kernel has dropped which one.
    Unreported,
}

/// What kind of trap has stopped a thread. Nothing, if it is none of the processor's: a breakpoint of the program's own.
pub(super) fn trap(tid: Pid) -> Option<Trap> {
    // After a step over a system call the kernel says that it was a breakpoint; an `int3` has a code of its own.
    const TRAP_BRKPT: i32 = 1;
    const TRAP_TRACE: i32 = 2;
    const TRAP_HWBKPT: i32 = 4;
    match ptrace::getsiginfo(tid).ok()?.si_code {
        TRAP_BRKPT | TRAP_TRACE => Some(Trap::Step),
        TRAP_HWBKPT => Some(Trap::Unreported),
        _ => None,
    }
}

/// How many addresses a thread can watch.
pub(super) const MOST: usize = 2;

#[cfg(target_arch = "x86_64")]
mod registers {
    use nix::errno::Errno;
    use nix::libc::{self, c_long};
    use nix::unistd::Pid;

    /// DR6: which register was hit. DR7: what each register watches.
    pub const STATUS: usize = 6;
    pub const CONTROL: usize = 7;

    fn place(register: usize) -> usize {
        std::mem::offset_of!(libc::user, u_debugreg) + register * size_of::<u64>()
    }

    /// `ptrace(PTRACE_POKEUSER)`.
    pub fn set(tid: Pid, register: usize, value: u64) -> nix::Result<()> {
        // SAFETY: the request takes numbers and touches no memory of this process.
        let answer = unsafe { libc::ptrace(libc::PTRACE_POKEUSER, tid.as_raw(), place(register), value) };
        Errno::result(answer).map(drop)
    }

    /// `ptrace(PTRACE_PEEKUSER)`: the value is what the call returns, so only errno tells -1 from an error.
    pub fn get(tid: Pid, register: usize) -> nix::Result<u64> {
        Errno::clear();
        // SAFETY: the request takes numbers and touches no memory of this process.
        let value: c_long =
            unsafe { libc::ptrace(libc::PTRACE_PEEKUSER, tid.as_raw(), place(register), 0usize) };
        match (value, Errno::last()) {
            (-1, errno) if errno != Errno::UnknownErrno => Err(errno),
            _ => Ok(value as u64),
        }
    }
}

/// Watches a word of `size` bytes (1, 2, 4 or 8) at these addresses, and nothing else: its reads, too, or only its
/// writes. The thread must be stopped.
///
/// # Errors
///
/// `EINVAL`: an address is not a multiple of the size. `ENOSPC`: a debugger of the kernel's uses the registers.
/// `ENODEV`, `EIO`: this machine has none, or not for ptrace.
#[cfg(target_arch = "x86_64")]
pub(super) fn arm(tid: Pid, addresses: &[u64], size: usize, reads: bool) -> nix::Result<()> {
    const ANY_ACCESS: u64 = 0b11;
    const WRITES: u64 = 0b01;
    let length = match size {
        1 => 0b00,
        2 => 0b01,
        8 => 0b10,
        _ => 0b11,
    };
    registers::set(tid, registers::CONTROL, 0)?;
    let mut control = 0;
    for (number, address) in addresses.iter().take(MOST).enumerate() {
        for (register, what) in
            [(2 * number, if reads { ANY_ACCESS } else { WRITES }), (2 * number + 1, WRITES)]
        {
            registers::set(tid, register, *address)?;
            control |= 1 << (2 * register) | (what | length << 2) << (16 + 4 * register);
        }
    }
    registers::set(tid, registers::CONTROL, control)
}

/// Which access stopped a thread, if one did. What it says is forgotten, so that the next stop says something new.
#[cfg(target_arch = "x86_64")]
pub(super) fn hit(tid: Pid) -> Option<Hit> {
    let status = registers::get(tid, registers::STATUS).ok()?;
    registers::set(tid, registers::STATUS, 0).ok()?;
    let number = (0..MOST).find(|number| status >> (2 * number) & 0b11 != 0)?;
    Some(Hit { number, wrote: status >> (2 * number + 1) & 1 != 0 })
}

/// Other machines' watchpoints are not known here.
///
/// # Errors
///
/// `ENODEV`, always.
#[cfg(not(target_arch = "x86_64"))]
pub(super) fn arm(_: Pid, _: &[u64], _: usize, _: bool) -> nix::Result<()> {
    Err(nix::errno::Errno::ENODEV)
}

/// Nothing is ever hit where nothing can be watched.
#[cfg(not(target_arch = "x86_64"))]
pub(super) fn hit(_: Pid) -> Option<Hit> {
    None
}
