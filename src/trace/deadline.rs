//! A limit on time that needs no second thread: a timer whose signal interrupts the wait of this one.
//!
//! **Invariant:** the signal has a handler that does nothing, and goes to this thread only; nobody else notices.

use std::time::{Duration, Instant};

use nix::libc::c_int;
use nix::sys::signal::{SaFlags, SigAction, SigEvent, SigHandler, SigSet, SigevNotify, Signal, sigaction};
use nix::sys::time::TimeSpec;
use nix::sys::timer::{Expiration, Timer, TimerSetTimeFlags};
use nix::time::ClockId;
use nix::unistd::gettid;

/// After the first signal another one comes this often: the first may arrive just before the wait begins.
const AGAIN: Duration = Duration::from_millis(20);

/// When a run has to be over.
pub(super) struct Deadline {
    end: Option<Instant>,
    /// Stops when it is dropped.
    _timer: Option<Timer>,
}

impl Deadline {
    /// So much time from now on; without end for `None`.
    pub fn after(time: Option<Duration>) -> nix::Result<Deadline> {
        let Some(time) = time else { return Ok(Deadline { end: None, _timer: None }) };
        extern "C" fn nothing(_: c_int) {}
        // Without SA_RESTART, so that the wait returns.
        let action = SigAction::new(SigHandler::Handler(nothing), SaFlags::empty(), SigSet::empty());
        // SAFETY: a handler that does nothing is safe at any moment.
        unsafe { sigaction(Signal::SIGALRM, &action) }?;
        let thread_id = gettid().as_raw();
        let notify = SigevNotify::SigevThreadId { signal: Signal::SIGALRM, thread_id, si_value: 0 };
        let mut timer = Timer::new(ClockId::CLOCK_MONOTONIC, SigEvent::new(notify))?;
        // A timer of no time at all would never ring.
        let first = TimeSpec::from_duration(time.max(Duration::from_nanos(1)));
        let again = TimeSpec::from_duration(AGAIN);
        timer.set(Expiration::IntervalDelayed(first, again), TimerSetTimeFlags::empty())?;
        Ok(Deadline { end: Some(Instant::now() + time), _timer: Some(timer) })
    }

    /// Whether it is over.
    pub fn has_passed(&self) -> bool {
        self.end.is_some_and(|end| Instant::now() >= end)
    }
}
