//! The safety net: a segment that this process made does not outlive it, unless a lesson hands it over.
//!
//! Every end that a program can still act at is covered: a normal one, an error, a panic (by [`sweep`], which
//! `main` calls last), and a signal (by a handler). Against `SIGKILL` only a private IPC namespace helps.
//!
//! **Invariant:** only segments that this very process made, or that a child of it made at its request, are
//! in the net; and only this process draws it in, never a forked child that inherited it.

use std::sync::atomic::{AtomicI32, Ordering::SeqCst};

use nix::libc::c_int;
use nix::sys::signal::{SigSet, SigmaskHow, Signal, raise};

use super::linux;
use crate::call::Shmid;

/// As many as Linux allows by default in one namespace (`SHMMNI`).
const CAPACITY: usize = 4096;

/// The ids in the net, each plus 1, since 0 is an id and an empty place must be 0 in a fresh process.
static IDS: [AtomicI32; CAPACITY] = [const { AtomicI32::new(0) }; CAPACITY];

/// The process that the net belongs to; 0 until it is hung up.
static OWNER: AtomicI32 = AtomicI32::new(0);

/// What ends a process, and can be caught.
const ENDS: [Signal; 9] = [
    Signal::SIGINT,
    Signal::SIGTERM,
    Signal::SIGHUP,
    Signal::SIGQUIT,
    Signal::SIGABRT,
    Signal::SIGSEGV,
    Signal::SIGBUS,
    Signal::SIGILL,
    Signal::SIGFPE,
];

/// Hangs up the net: from here on a signal that ends this process removes its segments first.
pub fn install() {
    OWNER.store(this_process(), SeqCst);
    linux::on_first(&ENDS, remove_and_die);
}

/// Removes every segment that is still in the net.
pub fn sweep() {
    if OWNER.load(SeqCst) != this_process() {
        return;
    }
    for place in &IDS {
        let kept = place.swap(0, SeqCst);
        if kept != 0 {
            // There is nobody left to tell, and nothing left to try.
            let _ = linux::remove(Shmid(kept - 1));
        }
    }
}

/// Runs `deed` with signals held back, so that none falls between making a segment and watching it.
pub fn hold_signals<T>(deed: impl FnOnce() -> T) -> T {
    let mut before = SigSet::empty();
    let held = SigSet::from_iter(ENDS);
    let _ = nix::sys::signal::pthread_sigmask(SigmaskHow::SIG_BLOCK, Some(&held), Some(&mut before));
    let done = deed();
    let _ = nix::sys::signal::pthread_sigmask(SigmaskHow::SIG_SETMASK, Some(&before), None);
    done
}

/// Puts a segment into the net.
pub(super) fn watch(id: Shmid) {
    let free = |place: &&AtomicI32| place.compare_exchange(0, id.0 + 1, SeqCst, SeqCst).is_ok();
    // A lesson that fills the table does so in a namespace of its own, which takes its segments along.
    let _ = IDS.iter().find(free);
}

/// Takes a segment out of the net: it is removed, or another process answers for it now.
pub(super) fn forget(id: Shmid) {
    for place in &IDS {
        let _ = place.compare_exchange(id.0 + 1, 0, SeqCst, SeqCst);
    }
}

/// In a forked child: a net of its own, empty.
pub(super) fn renew() {
    for place in &IDS {
        place.store(0, SeqCst);
    }
    OWNER.store(this_process(), SeqCst);
}

fn this_process() -> i32 {
    nix::unistd::getpid().as_raw()
}

/// The handler was reset when it was called, so that raising the signal again ends the process as if it
/// had never been caught: its parent sees the truth.
extern "C" fn remove_and_die(signal: c_int) {
    sweep();
    if let Ok(signal) = Signal::try_from(signal) {
        let _ = raise(signal);
    }
}
