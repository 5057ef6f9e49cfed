//! Sleeping on a word of shared memory, and waking whoever sleeps there: the two calls that a futex is made of.
//!
//! The word may be in any memory that two processes share: the kernel finds out which page it is on.

use std::sync::atomic::AtomicU32;
use std::{io, ptr};

use nix::errno::Errno;
use nix::libc;

/// `futex(word, FUTEX_WAIT, value, NULL)`: sleeps until it is woken, unless the word has another value by now.
///
/// The kernel compares and goes to sleep in one step: a change that comes before it is seen, and one that comes after
/// it is followed by a waking. It may return for no reason, so look at the word again.
///
/// # Errors
///
/// - `ENOSYS`: the kernel has no futexes, or a sandbox forbids them.
///
/// Source: [futex(2)](https://man7.org/linux/man-pages/man2/futex.2.html).
#[doc(alias = "FUTEX_WAIT")]
pub fn sleep_while(word: &AtomicU32, value: u32) -> io::Result<()> {
    let forever = ptr::null::<libc::timespec>();
    // SAFETY: the word lives until the call returns, and a missing time means no limit.
    let slept = unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAIT, value, forever) };
    match Errno::result(slept) {
        Ok(_) | Err(Errno::EAGAIN | Errno::EINTR) => Ok(()),
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
