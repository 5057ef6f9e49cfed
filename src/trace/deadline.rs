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
/// How often a call is looked at that may wait for long.
const NOW_AND_THEN: Duration = Duration::from_millis(200);

/// When a run has to be over.
pub(super) struct Deadline {
    began: Instant,
    time: Option<Duration>,
    end: Option<Instant>,
    /// Stops when it is dropped.
    _timer: Option<Timer>,
}

impl Deadline {
    /// So much time from now on; without end for `None`.
    pub fn after(time: Option<Duration>) -> nix::Result<Deadline> {
        let timer = time.map(|time| {
            let mut timer = timer()?;
            start(&mut timer, time, AGAIN).map(|()| timer)
        });
        let began = Instant::now();
        Ok(Deadline { began, time, end: time.map(|time| began + time), _timer: timer.transpose()? })
    }

    /// Whether it is over.
    pub fn has_passed(&self) -> bool {
        self.has_passed_after(self.elapsed())
    }

    /// Whether it is over when the run has taken so long.
    pub fn has_passed_after(&self, elapsed: Duration) -> bool {
        self.end.is_some_and(|end| self.began + elapsed >= end)
    }

    /// How long the run has taken so far.
    pub fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// Gives this much more time than there was at first, but no more than `most` times that; what was given stays.
    pub fn put_off(&mut self, by: Duration, most: u32) {
        let later = self.time.map(|time| self.began + (time + by).min(time * most));
        self.end = self.end.max(later);
    }
}

/// Wakes this thread from its wait once in a while, from when it is set until it is stopped. Without it nothing is lost
/// but what would be told of calls that wait, so no failure is.
#[derive(Default)]
pub(super) struct Alarm {
    timer: Option<Timer>,
    first: Option<Instant>,
}

impl Alarm {
    /// Rings after this time, and then again and again. Once it is set, it stays as it is.
    pub fn set(&mut self, time: Duration) {
        if self.first.is_none() {
            self.timer = self.timer.take().or_else(|| timer().ok());
            self.first = Some(Instant::now() + time);
            let _ = self.timer.as_mut().map(|timer| start(timer, time, NOW_AND_THEN));
        }
    }

    /// Whether it was set, and its time has come.
    pub fn rings(&self) -> bool {
        self.first.is_some_and(|first| Instant::now() >= first)
    }

    /// Rings no more, until it is set anew.
    pub fn stop(&mut self) {
        self.first = None;
        // A time of 0 disarms a timer (timer_settime(2)).
        let disarmed = Expiration::OneShot(TimeSpec::new(0, 0));
        let _ = self.timer.as_mut().map(|timer| timer.set(disarmed, TimerSetTimeFlags::empty()));
    }
}

/// A timer that interrupts this thread.
fn timer() -> nix::Result<Timer> {
    extern "C" fn nothing(_: c_int) {}
    // Without SA_RESTART, so that the wait returns.
    let action = SigAction::new(SigHandler::Handler(nothing), SaFlags::empty(), SigSet::empty());
    // SAFETY: a handler that does nothing is safe at any moment.
    unsafe { sigaction(Signal::SIGALRM, &action) }?;
    let thread_id = gettid().as_raw();
    let notify = SigevNotify::SigevThreadId { signal: Signal::SIGALRM, thread_id, si_value: 0 };
    Timer::new(ClockId::CLOCK_MONOTONIC, SigEvent::new(notify))
}

fn start(timer: &mut Timer, first: Duration, again: Duration) -> nix::Result<()> {
    // A timer of no time at all would never ring.
    let first = TimeSpec::from_duration(first.max(Duration::from_nanos(1)));
    let times = Expiration::IntervalDelayed(first, TimeSpec::from_duration(again));
    timer.set(times, TimerSetTimeFlags::empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_given_once_more_counts_from_the_beginning() {
        const SECOND: Duration = Duration::from_secs(1);
        let mut deadline = Deadline::after(Some(SECOND)).expect("a timer");
        assert!(deadline.has_passed_after(SECOND));
        deadline.put_off(SECOND / 2, 3);
        assert!(!deadline.has_passed_after(SECOND) && deadline.has_passed_after(SECOND * 3 / 2));
        deadline.put_off(SECOND * 9, 3);
        assert!(!deadline.has_passed_after(SECOND * 2) && deadline.has_passed_after(SECOND * 3));
        assert!(!Deadline::after(None).expect("none").has_passed_after(SECOND * 1000));
    }
}
