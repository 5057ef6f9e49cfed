//! What a tracer does with signals of its own: it lives as long as what it traces, and dies of the same signal.
//!
//! **Invariant:** each signal reaches the traced program once. What the terminal sends, it sends to the whole
//! foreground group, so the program has it already; what somebody sends to the tracer alone is passed on. When the
//! program is gone, and what it has left running is waited for, a signal means that whoever sent it has had enough: it
//! goes to what was left running.

use std::sync::atomic::{AtomicI32, Ordering::SeqCst};

use nix::libc::{self, c_int, c_void, siginfo_t};
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use nix::unistd::{Pid, getpgid, getpgrp};

/// The process that signals are passed on to; 0 while there is none.
static PROGRAM: AtomicI32 = AtomicI32::new(0);
/// In the place of a process: it is gone, and others that came of it are not.
const GONE: i32 = -1;
/// The signal that came when the program was gone; 0 for none, and negative where a terminal has sent it.
static ENOUGH: AtomicI32 = AtomicI32::new(0);

/// What people and systems send to end a program.
const ENDS: [Signal; 4] = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGQUIT];

/// From here on, signals that would end this process go to the traced program instead. For `main` to call, once.
///
/// A signal that is ignored stays ignored (`nohup`), by this process and by the program.
pub fn pass_on() {
    // Without SA_RESTART, so that the wait for what is traced returns.
    let action = SigAction::new(SigHandler::SigAction(passed_on), SaFlags::empty(), SigSet::empty());
    for signal in ENDS {
        // SAFETY: the handler uses atomics and calls kill, which is async-signal-safe.
        let before = unsafe { sigaction(signal, &action) };
        if let Ok(before) = before
            && matches!(before.handler(), SigHandler::SigIgn)
        {
            // SAFETY: this puts back what was there.
            let _ = unsafe { sigaction(signal, &before) };
        }
    }
}

/// Names the process that is traced now.
pub(super) fn program(pid: i32) {
    ENOUGH.store(0, SeqCst);
    PROGRAM.store(pid, SeqCst);
}

/// The program has ended, and what it has left running has not.
pub(super) fn program_is_gone() {
    PROGRAM.store(GONE, SeqCst);
}

/// A signal of somebody who wants to wait no longer for what the program has left running.
#[derive(Clone, Copy, Debug)]
pub(super) struct Enough {
    signal: c_int,
    by_terminal: bool,
}

impl Enough {
    /// Sends it to those that have not got it. A terminal sends it to its foreground group, which is ours.
    pub fn send_on(self, pids: &[i32]) {
        let ours = getpgrp();
        for pid in pids.iter().copied().map(Pid::from_raw) {
            if !self.by_terminal || getpgid(Some(pid)) != Ok(ours) {
                // SAFETY: kill takes two numbers.
                unsafe { libc::kill(pid.as_raw(), self.signal) };
            }
        }
    }
}

/// The signal of somebody who has had enough, once. A signal that comes in the very moment before the wait begins
/// interrupts nothing, and is heard with the next stop or signal.
pub(super) fn had_enough() -> Option<Enough> {
    match ENOUGH.swap(0, SeqCst) {
        0 => None,
        signal => Some(Enough { signal: signal.abs(), by_terminal: signal < 0 }),
    }
}

extern "C" fn passed_on(signal: c_int, info: *mut siginfo_t, _: *mut c_void) {
    // SAFETY: the kernel passes a siginfo that lives as long as the handler runs.
    let code = unsafe { (*info).si_code };
    let program = PROGRAM.load(SeqCst);
    // A code above 0 is the kernel's, on behalf of a terminal.
    let by_terminal = code > 0;
    if program == GONE {
        ENOUGH.store(if by_terminal { -signal } else { signal }, SeqCst);
    }
    if !by_terminal && program > 0 {
        // SAFETY: kill takes two numbers.
        unsafe { libc::kill(program, signal) };
    }
}

/// Ends this process as the program ended: by the signal with this number. Returns only if the signal does not kill.
pub fn die_of(signal: i32) {
    // The program has left its core where it is wanted; ours would be of no use (1, since 0 does not keep it from
    // handlers such as apport: core(5)).
    let _ = setrlimit(Resource::RLIMIT_CORE, 1, 1);
    // SAFETY: the default action is no handler, so none can be wrong.
    unsafe { libc::signal(signal, libc::SIG_DFL) };
    // SAFETY: raise takes a number.
    unsafe { libc::raise(signal) };
}
