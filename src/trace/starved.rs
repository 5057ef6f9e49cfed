//! How long a program was kept from running by others on the machine.
//!
//! Whatever the program waits for the tracer is part of it: that, too, may be kept from running by others.
//!
//! **Invariant:** a program that has all the processors is kept from nothing, however many of its threads want to run;
//! and what waits for anything but a processor is not kept from running.

use std::sync::LazyLock;
use std::thread;
use std::time::{Duration, Instant};

use nix::unistd::{Pid, gettid};

use super::deadline::Deadline;
use super::run::Tracer;
use super::value::StopReason;
use super::waiting::{Used, used};

/// What a run has used of the processor beside its living threads.
pub(super) struct Account {
    /// The threads that are gone.
    gone: Used,
    /// The tracer, before the run began.
    before: Used,
}

impl Account {
    /// Begins with the run.
    pub fn open() -> Account {
        Account { gone: Used::default(), before: used(gettid()).unwrap_or_default() }
    }

    /// A thread is about to end.
    pub fn close(&mut self, tid: Pid) {
        self.gone = self.gone.and(used(tid).unwrap_or_default());
    }
}

impl Tracer<'_> {
    /// The time is up: what others took of it is given once more, as far as the limit may be stretched. All is judged by one
    /// moment: whatever keeps the tracer from running meanwhile is no time of the program's.
    pub(super) fn out_of_time(&mut self, deadline: &mut Deadline) {
        let elapsed = deadline.elapsed();
        let starved = self.starved(elapsed);
        deadline.put_off(starved, self.limits.stretch);
        if deadline.has_passed_after(elapsed) {
            // Whoever had most of the time has not been kept from its end by others.
            let had_most = self.limits.time.is_some_and(|time| elapsed.saturating_sub(starved) > time / 2);
            self.cut_short(if had_most { StopReason::Time } else { StopReason::Starved });
        }
    }

    /// By how much longer it has taken so far than on a machine of its own.
    fn starved(&self, elapsed: Duration) -> Duration {
        let living = self.tasks.iter().filter(|(_, task)| !task.exiting).filter_map(|(tid, _)| used(tid));
        let tracer = used(gettid()).unwrap_or_default().since(self.account.before);
        let threads: Vec<Used> = living.chain([self.account.gone, tracer]).collect();
        starved(&threads, elapsed, processors())
    }
}

/// A clock that stands still while threads, and the tracer, are kept from running.
pub(super) struct OwnTime {
    began: Instant,
    threads: Vec<(Pid, Used)>,
}

impl OwnTime {
    /// Begins now.
    pub fn of(threads: impl Iterator<Item = Pid>) -> OwnTime {
        let threads = threads.chain([gettid()]).filter_map(|tid| Some((tid, used(tid)?))).collect();
        OwnTime { began: Instant::now(), threads }
    }

    /// How long it has gone.
    pub fn elapsed(&self) -> Duration {
        let elapsed = self.began.elapsed();
        let since = |(tid, then): &(Pid, Used)| Some(used(*tid)?.since(*then));
        let threads: Vec<Used> = self.threads.iter().filter_map(since).collect();
        elapsed.saturating_sub(starved(&threads, elapsed, processors()))
    }

    /// Whether it has gone for longer than this. Most have not by any clock, which is soon found out.
    pub fn is_longer_than(&self, time: Duration) -> bool {
        self.began.elapsed() > time && self.elapsed() > time
    }
}

/// How many processors this process may use. To find that out takes as long as ten stops: files of control groups are read.
fn processors() -> u32 {
    static PROCESSORS: LazyLock<u32> =
        LazyLock::new(|| thread::available_parallelism().map_or(1, usize::from) as u32);
    *PROCESSORS
}

/// What the threads were kept from, spread over as many processors as they could have used.
fn starved(threads: &[Used], elapsed: Duration, processors: u32) -> Duration {
    let ran: Duration = threads.iter().map(|used| used.time).sum();
    let waited: Duration = threads.iter().map(|used| used.waited).sum();
    let wanted = (ran + waited).min(elapsed * processors);
    let at_once = (wanted.as_secs_f64() / elapsed.as_secs_f64()).max(1.0);
    wanted.saturating_sub(ran).div_f64(at_once)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn kept(threads: &[(u64, u64)], elapsed: u64, processors: u32) -> u128 {
        let threads: Vec<Used> = threads
            .iter()
            .map(|(ran, waited)| Used {
                time: SECOND * *ran as u32,
                waited: SECOND * *waited as u32,
                turns: 1,
            })
            .collect();
        starved(&threads, SECOND * elapsed as u32, processors).as_millis()
    }

    #[test]
    fn a_program_that_has_the_machine_is_kept_from_nothing() {
        assert_eq!(kept(&[(10, 0)], 10, 2), 0);
        assert_eq!(kept(&[(5, 5), (5, 5), (5, 5), (5, 5)], 10, 2), 0, "four that spin on two processors");
        assert_eq!(kept(&[(0, 0), (0, 0)], 10, 2), 0, "all of it sleeps");
    }

    #[test]
    fn who_runs_seldom_is_given_what_others_had() {
        assert_eq!(kept(&[(1, 9)], 10, 2), 9000);
        assert_eq!(kept(&[(1, 9), (0, 0)], 10, 2), 9000, "its parent waits");
        assert_eq!(kept(&[(1, 9); 4], 10, 2), 8000, "four that could have used two processors");
        assert_eq!(kept(&[(1, 1)], 10, 2), 1000, "it slept for the rest");
    }
}
