//! What is measured, round after round, and what came of it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use std::{hint, io};

use super::channel::{Channel, Part, Report};
use super::ground::Ground;
use super::message::SMALLEST;
use super::spread::{Finding, Ratio, Scale, Spread, time};
use super::trial::{self, Deed, Failure};
use super::ways::{Pair, Shared, Traffic, Way};

/// The sizes of messages, in bytes: a line of the cache, the most that a message queue carries by default, the room in
/// a pipe, and powers between.
pub const SIZES: [usize; 5] = [SMALLEST, 1 << 10, 1 << 13, 1 << 16, 1 << 20];

/// How often everything is measured.
pub const ROUNDS: usize = 7;

/// How long a measurement may take beyond its own time before it is given up. One that gets on takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(15);

/// What goes through every mechanism there and back.
pub const ROUND_TRIPS: [Way; 9] =
    [Way::Spin, Way::Futex, Way::Semop, Way::File, Way::Pipe, Way::Unix, Way::Tcp, Way::Posix, Way::SystemV];

/// What goes through every mechanism one way.
pub const STREAMS: [Way; 11] = [
    Way::InPlace,
    Way::Spin,
    Way::Futex,
    Way::Semop,
    Way::Fresh,
    Way::File,
    Way::Pipe,
    Way::Unix,
    Way::Tcp,
    Way::Posix,
    Way::SystemV,
];

/// What is sent there and back on one CPU.
pub const ON_ONE_CPU: [Way; 5] = [Way::Spin, Way::Yield, Way::Futex, Way::Semop, Way::Pipe];

/// How much a processor copies at once, in bytes.
pub const COPIES: [usize; 3] = [1 << 10, 1 << 16, 1 << 20];

/// A thing that can be timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Thing {
    /// Messages between two processes.
    Messages {
        /// How.
        way: Way,
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

impl Thing {
    /// Messages between processes on CPUs of their own.
    pub fn messages(way: Way, traffic: Traffic, size: usize) -> Thing {
        Thing::Messages { way, traffic, size, one_cpu: false }
    }

    /// The smallest messages there and back, on one CPU.
    pub fn on_one_cpu(way: Way) -> Thing {
        Thing::Messages { way, traffic: Traffic::RoundTrip, size: SMALLEST, one_cpu: true }
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
    pub fn things(ground: &Ground) -> Vec<Thing> {
        let mut things = Vec::new();
        for size in SIZES {
            things.extend(ROUND_TRIPS.map(|way| Thing::messages(way, Traffic::RoundTrip, size)));
            things.extend(STREAMS.map(|way| Thing::messages(way, Traffic::Stream, size)));
        }
        if ground.pins || !ground.has_two() {
            things.extend(ON_ONE_CPU.map(Thing::on_one_cpu));
        }
        things.push(Thing::messages(Way::Line, Traffic::RoundTrip, size_of::<u64>()));
        things.extend(COPIES.map(Thing::Copy));
        things.push(Thing::Call);
        things
    }
}

/// What was measured.
#[derive(Debug, Default)]
pub struct Figures {
    /// Nanoseconds for one, in each round.
    times: BTreeMap<Thing, Vec<f64>>,
    failures: BTreeMap<Thing, Failure>,
    /// How many rounds were finished in time.
    pub rounds: usize,
    /// How many messages have arrived, each with every byte as it should be.
    pub messages: u64,
}

impl Figures {
    /// Measures everything, round after round. `progress` is called after each measurement.
    pub fn measure(shared: Shared<'_>, plan: Plan, ground: &Ground, mut progress: impl FnMut()) -> Figures {
        let mut figures = Figures::default();
        let things = Plan::things(ground);
        let mut clock = Clock::new(plan, things.len());
        for round in 0..plan.rounds {
            // Each round begins elsewhere, so that nothing always comes right after the same thing.
            let first = round * things.len() / plan.rounds;
            for thing in things[first..].iter().chain(&things[..first]) {
                let Some(budget) = clock.budget() else { return figures };
                figures.add(*thing, shared, budget, ground);
                progress();
            }
            figures.rounds = round + 1;
        }
        figures
    }

    fn add(&mut self, thing: Thing, shared: Shared<'_>, budget: Duration, ground: &Ground) {
        if self.failures.contains_key(&thing) {
            return;
        }
        match timed(thing, shared, budget, ground) {
            Ok(report) => {
                if matches!(thing, Thing::Messages { .. }) {
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

    /// Nanoseconds for one.
    pub fn time(&self, thing: Thing) -> Option<Spread> {
        Spread::of(self.times.get(&thing)?.iter().copied())
    }

    /// How many times as fast the first is as the second, from the pairs of each round.
    pub fn ratio(&self, first: Thing, second: Thing) -> Option<Ratio> {
        let pairs = self.times.get(&first)?.iter().zip(self.times.get(&second)?);
        Spread::of(pairs.map(|(first, second)| second / first)).map(Ratio)
    }

    /// The same, in words.
    pub fn told_ratio(&self, first: Thing, second: Thing) -> String {
        self.ratio(first, second).map_or("not measured".to_owned(), |ratio| ratio.to_string())
    }

    /// Which of the two is faster, if the rounds agree on that.
    pub fn finding(&self, first: Thing, second: Thing) -> Option<Finding> {
        self.ratio(first, second).map(Ratio::finding).filter(|finding| *finding != Finding::Unclear)
    }

    /// How much faster the first is, roughly, if the rounds agree on that.
    pub fn scale(&self, first: Thing, second: Thing) -> Option<Scale> {
        self.ratio(first, second)?.scale()
    }

    /// The median time for one, in words.
    pub fn told_time(&self, thing: Thing) -> String {
        self.time(thing).map_or("not measured".to_owned(), |spread| time(spread.median))
    }

    /// Why there is no figure.
    pub fn failure(&self, thing: Thing) -> Option<&Failure> {
        self.failures.get(&thing)
    }
}

/// Shares out the time that is left.
struct Clock {
    plan: Plan,
    start: Instant,
    begun: usize,
    all: usize,
    /// What was asked for so far, warming up included; the rest of the time went into forks, and to others.
    asked: Duration,
}

impl Clock {
    fn new(plan: Plan, things: usize) -> Clock {
        Clock { plan, start: Instant::now(), begun: 0, all: plan.rounds * things, asked: Duration::ZERO }
    }

    /// How long the next measurement may take; nothing, if the time is up.
    fn budget(&mut self) -> Option<Duration> {
        let passed = self.start.elapsed();
        let left = self.plan.limit.checked_sub(passed)? / (self.all - self.begun) as u32;
        let extra = passed.saturating_sub(self.asked) / self.begun.max(1) as u32;
        let fair = left.saturating_sub(extra).mul_f64(0.8);
        let budget = self.plan.budget.min(fair).max(self.plan.budget / 20);
        self.begun += 1;
        self.asked += budget.mul_f64(1.25);
        Some(budget)
    }
}

/// One measurement of one thing.
///
/// # Errors
///
/// Why there is none.
pub fn timed(thing: Thing, shared: Shared<'_>, budget: Duration, ground: &Ground) -> Result<Report, Failure> {
    let cpu = |side: usize| ground.pins.then_some(ground.cpus[side]);
    match thing {
        Thing::Messages { way, traffic, size, one_cpu } => {
            let pair = Pair::new(way, traffic, size, shared)?;
            let second = if one_cpu { cpu(0) } else { cpu(1) };
            between(pair, traffic, size, budget, [cpu(0), second])
        }
        Thing::Copy(size) => alone(Box::new(move || Ok(copies(size, budget))), cpu(0), budget),
        Thing::Call => alone(Box::new(move || Ok(calls(budget))), cpu(0), budget),
    }
}

fn between(
    pair: Pair<'_>,
    traffic: Traffic,
    size: usize,
    budget: Duration,
    [first, second]: [Option<usize>; 2],
) -> Result<Report, Failure> {
    let Pair { mut one, mut other, queues } = pair;
    let (begins, answers): (Part, Part) = traffic.parts();
    let deeds: Vec<(Deed<'_>, _)> = vec![
        (Box::new(move || played(&mut *one, begins, size, budget)), first),
        (Box::new(move || played(&mut *other, answers, size, budget)), second),
    ];
    let reports = trial::run(deeds, 2 * budget + PATIENCE);
    drop(queues);
    Ok(reports?[0])
}

fn played(end: &mut dyn Channel, part: Part, size: usize, budget: Duration) -> io::Result<Report> {
    let report = end.play(part, size, budget)?;
    end.finish()?;
    Ok(report)
}

fn alone(deed: Deed<'_>, cpu: Option<usize>, budget: Duration) -> Result<Report, Failure> {
    Ok(trial::run(vec![(deed, cpu)], 2 * budget + PATIENCE)?[0])
}

/// Copies private memory until the time is up.
fn copies(size: usize, budget: Duration) -> Report {
    let (from, mut to) = (vec![1u8; size], vec![2u8; size]);
    repeated(budget, || hint::black_box(&mut to).copy_from_slice(hint::black_box(&from)))
}

/// Enters and leaves the kernel until the time is up.
fn calls(budget: Duration) -> Report {
    repeated(budget, || {
        hint::black_box(nix::unistd::getppid());
    })
}

fn repeated(budget: Duration, mut deed: impl FnMut()) -> Report {
    let once = |stamp| -> io::Result<()> {
        let _ = hint::black_box(stamp);
        deed();
        Ok(())
    };
    super::channel::paced(budget, 1, once)
        .map_or(Report { messages: 1, nanoseconds: 0 }, |(report, _)| report)
}
