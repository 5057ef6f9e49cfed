//! How a process that was forked from this one ends, and that it ends with this one.
//!
//! **Invariant:** who waits here is told the truth: a child that cannot be waited for has no ending.

use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid};
use nix::unistd::{Pid, getppid};

use super::Ending;

/// Waits for a child, and returns how it ended.
///
/// # Errors
///
/// `ECHILD`: it is no child of this process, or somebody has waited for it already.
pub fn ending_of(child: Pid) -> nix::Result<Ending> {
    loop {
        if let Some(ending) = waited(child, WaitPidFlag::empty())? {
            return Ok(ending);
        }
    }
}

/// The same, but not for longer than this time; nothing, if the child lives on.
///
/// # Errors
///
/// As for [`ending_of`].
pub fn ending_within(child: Pid, time: Duration) -> nix::Result<Option<Ending>> {
    within(time, || waited(child, WaitPidFlag::WNOHANG))
}

/// The same, and the child that has ended stays a zombie: [`ending_of`] takes it away.
///
/// # Errors
///
/// As for [`ending_of`].
pub fn ending_seen_within(child: Pid, time: Duration) -> nix::Result<Option<Ending>> {
    let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
    within(time, || ending(waitid(Id::Pid(child), flags)))
}

/// Looks again and again, but not for longer than this time.
fn within(time: Duration, look: impl Fn() -> nix::Result<Option<Ending>>) -> nix::Result<Option<Ending>> {
    let until = Instant::now() + time;
    loop {
        let ending = look()?;
        if ending.is_some() || Instant::now() > until {
            return Ok(ending);
        }
        thread::sleep(Duration::from_micros(100));
    }
}

fn waited(child: Pid, flags: WaitPidFlag) -> nix::Result<Option<Ending>> {
    ending(waitpid(child, Some(flags)))
}

fn ending(status: nix::Result<WaitStatus>) -> nix::Result<Option<Ending>> {
    match status {
        Ok(WaitStatus::Exited(_, status)) => Ok(Some(Ending::Exited(status))),
        Ok(WaitStatus::Signaled(_, signal, _)) => {
            Ok(Some(Ending::Killed(playground_core::Signal::from_raw(signal as i32))))
        }
        Ok(_) | Err(Errno::EINTR) => Ok(None),
        Err(errno) => Err(errno),
    }
}

/// Has the kernel end this process with its parent; false, if the parent is gone already.
///
/// By SIGTERM, which [`hold_signals`](super::hold_signals) holds back: by SIGKILL it could end between making a
/// segment and marking it for destruction, and nobody would know of that segment.
pub fn dies_with(parent: Pid) -> bool {
    let _ = set_pdeathsig(Signal::SIGTERM);
    getppid() == parent
}
