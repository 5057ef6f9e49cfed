//! What is measured, round after round, and what came of it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use std::{hint, io};

use super::channel::{Channel, Part, Report};
use super::host::Host;
use super::message::SMALLEST;
use super::trial::{self, Failure, Operation};
use super::ways::{Mechanism, Pair, Shared, Traffic};
use playground_core::quartiles::{self, FEWEST, Finding, Quartiles, Ratio, Scale};

/// The sizes of messages, in bytes: a line of the cache, the most that a message queue carries by default, the room in
/// a pipe, and powers between.
pub const SIZES: [usize; 5] = [SMALLEST, 1 << 10, 1 << 13, 1 << 16, 1 << 20];

/// How often everything is measured.
pub const ROUNDS: usize = 7;

/// How long a measurement may take beyond its own time before it is given up. One that gets on takes milliseconds.
const TIMEOUT: Duration = Duration::from_secs(15);

/// How long a measurement may go on when the time for all of them is over.
const OVERTIME: Duration = Duration::from_secs(1);

/// What goes through every mechanism there and back.
pub const ROUND_TRIPS: [Mechanism; 9] = [
    Mechanism::Spin,
    Mechanism::Futex,
    Mechanism::Semop,
    Mechanism::File,
    Mechanism::Pipe,
    Mechanism::Unix,
    Mechanism::Tcp,
    Mechanism::Posix,
    Mechanism::SystemV,
];

/// What goes through every mechanism one way.
pub const STREAMS: [Mechanism; 11] = [
    Mechanism::InPlace,
    Mechanism::Spin,
    Mechanism::Futex,
    Mechanism::Semop,
    Mechanism::Fresh,
    Mechanism::File,
    Mechanism::Pipe,
    Mechanism::Unix,
    Mechanism::Tcp,
    Mechanism::Posix,
    Mechanism::SystemV,
];

/// What is sent there and back on one CPU.
pub const ON_ONE_CPU: [Mechanism; 5] =
    [Mechanism::Spin, Mechanism::Yield, Mechanism::Futex, Mechanism::Semop, Mechanism::Pipe];

/// How much a processor copies at once, in bytes.
pub const COPIES: [usize; 3] = [1 << 10, 1 << 16, 1 << 20];

/// A thing that can be timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Measurement {
    /// Messages between two processes.
    Messages {
        /// How.
        way: Mechanism,
        /// There and back, or one way.
        traffic: Traffic,
        /// In bytes.
        size: usize,
        /// Whether both processes are kept on one CPU.
        one_cpu: bool,
    },
    /// `memcpy` of so many bytes, in one process.
    Copy(usize),
    /// A system call that does next to nothing: `getppid`.
    Call,
}

impl Measurement {
    /// Messages between processes on CPUs of their own.
    pub fn messages(way: Mechanism, traffic: Traffic, size: usize) -> Measurement {
        Measurement::Messages { way, traffic, size, one_cpu: false }
    }

    /// The smallest messages there and back, on one CPU.
    pub fn on_one_cpu(way: Mechanism) -> Measurement {
        Measurement::Messages { way, traffic: Traffic::RoundTrip, size: SMALLEST, one_cpu: true }
    }
}

/// How thoroughly to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// How often everything is measured, in turn.
    pub rounds: usize,
    /// How long each time, after a quarter of it to warm up.
    pub budget: Duration,
    /// How long everything may take. On a busy machine each time becomes shorter, and then there are fewer rounds.
    pub limit: Duration,
}

impl Plan {
    /// Everything that one round measures, what is compared with each other close together.
    pub fn things(host: &Host) -> Vec<Measurement> {
        let mut things = Vec::new();
        for size in SIZES {
            things.extend(ROUND_TRIPS.map(|way| Measurement::messages(way, Traffic::RoundTrip, size)));
            things.extend(STREAMS.map(|way| Measurement::messages(way, Traffic::Stream, size)));
        }
        if host.pins || !host.has_two() {
            things.extend(ON_ONE_CPU.map(Measurement::on_one_cpu));
        }
        things.push(Measurement::messages(Mechanism::Line, Traffic::RoundTrip, size_of::<u64>()));
        things.extend(COPIES.map(Measurement::Copy));
        things.push(Measurement::Call);
        things
    }
}

/// What was measured.
#[derive(Debug, Default)]
pub struct Results {
    /// Nanoseconds for one, in each round.
    times: BTreeMap<Measurement, Vec<f64>>,
    failures: BTreeMap<Measurement, Failure>,
    /// How many rounds were asked for.
    pub planned: usize,
    /// How many of them were finished in time.
    pub rounds: usize,
    /// How many messages have arrived, each with every byte as it should be.
    pub messages: u64,
}

impl Results {
    /// Measures everything, round after round. `progress` is called after each measurement.
    pub fn measure(shared: Shared<'_>, plan: Plan, host: &Host, mut progress: impl FnMut()) -> Results {
        let mut figures = Results { planned: plan.rounds, ..Results::default() };
        let things = Plan::things(host);
        let (mut clock, start) = (Clock::new(plan, things.len()), Instant::now());
        for round in 0..plan.rounds {
            // Each round begins elsewhere, so that nothing always comes right after the same thing.
            let first = round * things.len() / plan.rounds;
            for thing in things[first..].iter().chain(&things[..first]) {
                let Some(time) = clock.next(start.elapsed()) else { return figures };
                figures.add(*thing, shared, time, host);
                progress();
            }
            figures.rounds = round + 1;
        }
        figures
    }

    fn add(&mut self, thing: Measurement, shared: Shared<'_>, time: Time, host: &Host) {
        if self.failures.contains_key(&thing) {
            return;
        }
        match timed(thing, shared, time, host) {
            Ok(report) => {
                if matches!(thing, Measurement::Messages { .. }) {
                    self.messages += report.messages;
                }
                self.times.entry(thing).or_default().push(report.nanoseconds as f64 / report.messages as f64);
            }
            Err(failure) => {
                self.times.remove(&thing);
                self.failures.insert(thing, failure);
            }
        }
    }

    /// Whether the machine was too busy for as many rounds as a ratio takes.
    pub fn are_too_few(&self) -> bool {
        self.rounds < self.planned.min(FEWEST)
    }

    /// Nanoseconds for one.
    pub fn time(&self, thing: Measurement) -> Option<Quartiles> {
        Quartiles::of(self.times.get(&thing)?.iter().copied())
    }

    /// How many times as fast the first is as the second, from the pairs of each round.
    pub fn ratio(&self, first: Measurement, second: Measurement) -> Option<Ratio> {
        Ratio::of(self.times.get(&second)?, self.times.get(&first)?)
    }

    /// The same, in words.
    pub fn told_ratio(&self, first: Measurement, second: Measurement) -> String {
        self.ratio(first, second).map_or("not measured".to_owned(), |ratio| ratio.to_string())
    }

    /// Which of the two is faster, if the rounds agree on that.
    pub fn finding(&self, first: Measurement, second: Measurement) -> Option<Finding> {
        self.ratio(first, second).map(Ratio::finding).filter(|finding| *finding != Finding::Unclear)
    }

    /// How much faster the first is, roughly, if the rounds agree on that.
    pub fn scale(&self, first: Measurement, second: Measurement) -> Option<Scale> {
        self.ratio(first, second)?.scale()
    }

    /// The median time for one, in words.
    pub fn told_time(&self, thing: Measurement) -> String {
        self.time(thing).map_or("not measured".to_owned(), |spread| quartiles::time(spread.median))
    }

    /// Why there is no figure.
    pub fn failure(&self, thing: Measurement) -> Option<&Failure> {
        self.failures.get(&thing)
    }
}

/// How long a measurement may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Time {
    /// How long to measure, after a quarter of it to warm up.
    pub budget: Duration,
    /// How much longer to wait for a process that gets on with nothing.
    pub timeout: Duration,
}

impl Time {
    /// So long, and more than enough timeout.
    pub fn of(budget: Duration) -> Time {
        Time { budget, timeout: TIMEOUT }
    }

    fn most(self) -> Duration {
        2 * self.budget + self.timeout
    }
}

/// Shares out the time that is left.
struct Clock {
    plan: Plan,
    begun: usize,
    all: usize,
    /// What was asked for so far, warming up included; the rest of the time went into forks, and to others.
    asked: Duration,
}

impl Clock {
    fn new(plan: Plan, things: usize) -> Clock {
        Clock { plan, begun: 0, all: plan.rounds * things, asked: Duration::ZERO }
    }

    /// How long the next measurement may take, when so much time has passed; nothing, if the time is up.
    fn next(&mut self, passed: Duration) -> Option<Time> {
        let rest = self.plan.limit.checked_sub(passed)?;
        let left = rest / (self.all - self.begun) as u32;
        let extra = passed.saturating_sub(self.asked) / self.begun.max(1) as u32;
        let fair = left.saturating_sub(extra).mul_f64(0.8);
        let budget = self.plan.budget.min(fair).max(self.plan.budget / 20);
        self.begun += 1;
        self.asked += budget.mul_f64(1.25);
        // One that hangs must not keep a learner longer than was promised.
        Some(Time { budget, timeout: TIMEOUT.min(rest + OVERTIME) })
    }
}

/// One measurement of one thing.
///
/// # Errors
///
/// Why there is none.
pub fn timed(thing: Measurement, shared: Shared<'_>, time: Time, host: &Host) -> Result<Report, Failure> {
    let cpu = |side: usize| host.pins.then_some(host.cpus[side]);
    match thing {
        Measurement::Messages { way, traffic, size, one_cpu } => {
            let pair = Pair::new(way, traffic, size, shared)?;
            let second = if one_cpu { cpu(0) } else { cpu(1) };
            between(pair, traffic, size, time, [cpu(0), second])
        }
        Measurement::Copy(size) => alone(Box::new(move || Ok(copies(size, time.budget))), cpu(0), time),
        Measurement::Call => alone(Box::new(move || Ok(calls(time.budget))), cpu(0), time),
    }
}

fn between(
    pair: Pair<'_>,
    traffic: Traffic,
    size: usize,
    time: Time,
    [first, second]: [Option<usize>; 2],
) -> Result<Report, Failure> {
    let Pair { mut one, mut other, queues } = pair;
    let (begins, answers): (Part, Part) = super::ways::parts(traffic);
    let operations: Vec<(Operation<'_>, _)> = vec![
        (Box::new(move || played(&mut *one, begins, size, time.budget)), first),
        (Box::new(move || played(&mut *other, answers, size, time.budget)), second),
    ];
    let reports = trial::run(operations, time.most());
    drop(queues);
    Ok(reports?[0])
}

fn played(end: &mut dyn Channel, part: Part, size: usize, budget: Duration) -> io::Result<Report> {
    let report = end.play(part, size, budget)?;
    end.finish()?;
    Ok(report)
}

fn alone(operation: Operation<'_>, cpu: Option<usize>, time: Time) -> Result<Report, Failure> {
    Ok(trial::run(vec![(operation, cpu)], time.most())?[0])
}

/// A size that pages have on most machines: where a page is larger, this is a line of the cache all the same.
const PAGE: usize = 4096;

/// Copies private memory until the time is up.
///
/// Source and target begin at a page each, as what is mapped does. Where malloc puts them, the target may begin a few
/// bytes further into its page than the source, and then some processors copy ten times more slowly.
fn copies(size: usize, budget: Duration) -> Report {
    let (from, mut to) = (vec![1u8; size + PAGE], vec![2u8; size + PAGE]);
    let [source, target] = [from.as_ptr(), to.as_ptr()].map(|start| start.align_offset(PAGE));
    let (from, to) = (&from[source..][..size], &mut to[target..][..size]);
    repeated(budget, || hint::black_box(&mut *to).copy_from_slice(hint::black_box(from)))
}

/// Enters and leaves the kernel until the time is up.
fn calls(budget: Duration) -> Report {
    repeated(budget, || {
        hint::black_box(nix::unistd::getppid());
    })
}

fn repeated(budget: Duration, mut operation: impl FnMut()) -> Report {
    let once = |stamp| -> io::Result<()> {
        let _ = hint::black_box(stamp);
        operation();
        Ok(())
    };
    super::channel::paced(budget, 1, once)
        .map_or(Report { messages: 1, nanoseconds: 0 }, |(report, _)| report)
}

#[cfg(test)]
mod tests {
    use super::*;

    const THINGS: usize = 110;
    const MILLISECOND: Duration = Duration::from_millis(1);

    /// How many measurements are made of a plan, and how long all of them take, if each takes as long as `takes` says.
    fn played(plan: Plan, takes: impl Fn(usize, Time) -> Duration) -> (usize, Duration) {
        let (mut clock, mut passed, mut made) = (Clock::new(plan, THINGS), Duration::ZERO, 0);
        while made < plan.rounds * THINGS {
            let Some(time) = clock.next(passed) else { break };
            passed += takes(made, time);
            made += 1;
        }
        (made, passed)
    }

    /// As the lesson has them: in full, and in a hurry.
    fn plans() -> [Plan; 2] {
        [(36, 52), (3, 8)].map(|(budget, limit)| Plan {
            rounds: ROUNDS,
            budget: budget * MILLISECOND,
            limit: Duration::from_secs(limit),
        })
    }

    #[test]
    fn all_rounds_are_made_in_the_time_that_was_promised() {
        for plan in plans() {
            for forks in [1, 2, 5] {
                let (made, passed) = played(plan, |_, time| time.budget.mul_f64(1.25) + forks * MILLISECOND);
                assert_eq!(made, ROUNDS * THINGS);
                assert!(passed <= plan.limit, "{passed:?} of {plan:?}");
            }
        }
    }

    #[test]
    fn a_busy_machine_makes_fewer_rounds_and_takes_no_longer() {
        for plan in plans() {
            let slow = 200 * MILLISECOND;
            let (made, passed) = played(plan, |_, time| time.budget + slow);
            assert!(made < ROUNDS * THINGS);
            assert!(passed <= plan.limit + plan.budget + slow, "{passed:?} of {plan:?}");
        }
    }

    #[test]
    fn one_that_hangs_takes_no_longer_than_was_promised_whenever_it_hangs() {
        for plan in plans() {
            for hangs in 0..ROUNDS * THINGS {
                let takes =
                    |made, time: Time| if made == hangs { time.most() } else { time.budget.mul_f64(1.25) };
                let (_, passed) = played(plan, takes);
                let most = plan.limit + OVERTIME + 2 * plan.budget;
                assert!(passed <= most, "{passed:?} of {plan:?}, hangs at {hangs}");
            }
        }
    }
}
