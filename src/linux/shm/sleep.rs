//! Sleeping on a word of shared memory, and waking whoever sleeps there: the two calls that a futex is made of.
//!
//! The word may be in any memory that two processes share: the kernel finds out which page it is on.
//!
//! [`sleep_on`] and [`wake_sleeper`] are the whole of waiting for a word that another process changes. Nobody is left
//! asleep: the sleeper says that it sleeps, then looks at the word a last time, in the kernel; the waker changes the
//! word, then looks whether somebody sleeps. Between the two steps of either stands a fence, so that at least one of
//! them sees what the other did: the sleeper the change, or the waker the sleeper.
//!
//! Only the sleeper takes its word back, when it is awake. A waker that did it would sometimes be late, and take back
//! that the sleeper sleeps already the next time, where nobody would wake it then.

use std::sync::atomic::{AtomicU32, Ordering, fence};
use std::time::Duration;
use std::{io, ptr};

use nix::errno::Errno;
use nix::libc;
use nix::sys::time::TimeSpec;

use super::ring::Count;

/// A word to sleep on, and what the kernel does for it. Real ones are in shared memory; loom has its own.
pub trait Futex: Count {
    /// Sleeps until it is woken; not at all, unless `value` is there. It may wake for no reason.
    ///
    /// # Errors
    ///
    /// As for [`sleep_while`].
    fn sleep_while(&self, value: u32) -> io::Result<()>;

    /// Wakes one who sleeps.
    ///
    /// # Errors
    ///
    /// As for [`wake_one`].
    fn wake_one(&self) -> io::Result<()>;

    /// `atomic_thread_fence(memory_order_seq_cst)`.
    fn fence();
}

impl Futex for &AtomicU32 {
    fn sleep_while(&self, value: u32) -> io::Result<()> {
        sleep_while(self, value, None)
    }

    fn wake_one(&self) -> io::Result<()> {
        wake_one(self)
    }

    fn fence() {
        fence(Ordering::SeqCst);
    }
}

/// Sleeps until `word` has another value than `value`, or for less long; `asleep` says so meanwhile.
///
/// # Errors
///
/// As for [`sleep_while`].
pub fn sleep_on<W: Futex>(word: &W, value: u32, asleep: &W) -> io::Result<()> {
    asleep.store(1, Ordering::Relaxed);
    W::fence();
    word.sleep_while(value)?;
    asleep.store(0, Ordering::Relaxed);
    Ok(())
}

/// Wakes who sleeps on `word`, which has just been changed, if `asleep` says that somebody does.
///
/// # Errors
///
/// As for [`wake_one`].
pub fn wake_sleeper<W: Futex>(word: &W, asleep: &W) -> io::Result<()> {
    W::fence();
    if asleep.load(Ordering::Relaxed) == 0 { Ok(()) } else { word.wake_one() }
}

/// `futex(word, FUTEX_WAIT, value, &timeout)`: sleeps until it is woken, unless the word has another value by now; for
/// no longer than `most`, if that is given.
///
/// The kernel compares and goes to sleep in one step: a change that comes before it is seen, and one that comes after
/// it is followed by a waking. It may return for no reason, so look at the word again. Not `FUTEX_PRIVATE_FLAG`: who
/// sleeps may be another process.
///
/// # Errors
///
/// - `ENOSYS`: the kernel has no futexes, or a sandbox forbids them.
///
/// Source: [futex(2)](https://man7.org/linux/man-pages/man2/futex.2.html).
#[doc(alias = "FUTEX_WAIT")]
pub fn sleep_while(word: &AtomicU32, value: u32, most: Option<Duration>) -> io::Result<()> {
    let most = most.map(TimeSpec::from_duration);
    let most = most.as_ref().map_or(ptr::null(), |most| ptr::from_ref(most.as_ref()));
    // SAFETY: the word and the time live until the call returns; a missing time means no limit.
    let slept = unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAIT, value, most) };
    match Errno::result(slept) {
        Ok(_) | Err(Errno::EAGAIN | Errno::EINTR | Errno::ETIMEDOUT) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}

/// `futex(word, FUTEX_WAKE, 1)`: wakes one process that sleeps on the word, if there is one.
///
/// # Errors
///
/// As for [`sleep_while`].
#[doc(alias = "FUTEX_WAKE")]
pub fn wake_one(word: &AtomicU32) -> io::Result<()> {
    // SAFETY: the kernel uses the address only to find who sleeps there.
    let woken = unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAKE, 1) };
    Errno::result(woken)?;
    Ok(())
}
