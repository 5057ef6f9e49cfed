//! The ring and the spin round trip of lesson 20 beside the same in C, and beside a pipe: how close to the goals.
//!
//! ```text
//! cargo bench --bench speed                       two minutes
//! cargo bench --bench speed -- --messages 1e7     a shorter check of the sequence
//! ```
//!
//! Everything runs in turn, round after round; a ratio pairs the times of one round, and the figure is the median of the
//! ratios, with the middle half behind it. Goals are printed, never asserted: a busy machine is no fault of the code.
//! What is asserted is the sequence: of 10^8 messages through the ring each arrives once, in order, with all its bytes.
//!
//! Measured on 2026-11-26 on two virtual CPUs of an AMD EPYC, Linux 6.18, that did nothing else: medians of runs of 15
//! to 31 rounds.
//!
//! | what | measured | goal |
//! |---|---|---|
//! | spin round trip beside C, 64 B | 1.03 to 1.06 | at most 1.25 |
//! | the same, 1 KiB, 64 KiB, 1 MiB | 0.88, 0.80, 0.74 | at most 1.1 |
//! | ring beside C, 64 KiB, 1 MiB | 0.77 to 0.79, 0.77 | at most 1.1 |
//! | ring in place beside C, 64 KiB, 1 MiB | 0.53, 0.51 | at most 1.1 |
//! | spin beside a pipe, 64 B, 1 KiB, 64 KiB, 1 MiB | 84 to 85, 31 to 34, 3.2 to 3.3, 7.4 to 7.5 | at least 50, 25, 3, 3 |
//! | in place beside copying, 64 KiB, 1 MiB | 1.64 to 1.71, 1.71 to 1.72 | at least 1.3 |
//! | a segment for each message beside a pipe, 64 KiB | 0.20 to 0.21 | at most 0.5 |
//! | semop beside a pipe, 64 B | 0.98 to 1.00 | 0.8 to 1.25 |
//! | mapped file beside a segment, 64 B, 64 KiB | 0.96 to 1.01, 0.97 to 1.00 | 0.9 to 1.1 |
//! | sequence, 10^8 messages | 11.6 s | each once, in order, whole |
//!
//! Three things these figures hide. At times the hypervisor ran the two CPUs far apart: a round trip of 64 bytes then
//! took 540 ns instead of 105, and 64 KiB in place only 0.5 times as fast as copies, since each store waits for a line
//! to come over, which `memcpy` avoids. Our C program does the same then, in place as well as with copies. A pipe is
//! slower than usual while others want the CPUs, for each message waits for a waking. And at 1 MiB a segment for each
//! message keeps up with a pipe (0.74 to 5), which wakes both sides for every 64 KiB.

use std::error::Error;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use clap::Parser;
use playground::call::{Answer, Call, Key, Semid, ShmgetFlags};
use playground::course::OWNER_RW;
use playground::kernel::{self, Linux, Process};
use playground::shm::{Bytes, Mapping};
use speed::figures::{Time, timed};
use speed::quartiles::{size as told_size, time as told_time};
use speed::sequence;
use speed::ways::{SEMAPHORES, room_for};
use speed::{Host, Measurement, Mechanism, Quartiles, Ratio, SMALLEST, Shared, Traffic};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const KIB: usize = 1 << 10;
const SMALL: [usize; 2] = [SMALLEST, KIB];
const LARGE: [usize; 2] = [64 * KIB, 1024 * KIB];

#[derive(Parser)]
struct Options {
    /// How many rounds
    #[arg(long, value_name = "N", default_value_t = 15, value_parser = clap::value_parser!(u16).range(7..))]
    rounds: u16,

    /// How long each measurement takes, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 40)]
    time: u64,

    /// How many messages the check of the sequence sends
    #[arg(long, value_name = "N", default_value = "1e8", value_parser = whole)]
    messages: u64,

    /// Given by `cargo bench` to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

/// `1000` or `1e3`.
fn whole(text: &str) -> std::result::Result<u64, String> {
    let (figure, zeros) = text.split_once('e').unwrap_or((text, "0"));
    let number = figure.parse::<u64>().ok().zip(zeros.parse().ok());
    let number = number.and_then(|(figure, zeros)| figure.checked_mul(10u64.checked_pow(zeros)?));
    number.ok_or_else(|| "a whole number, as 1000 or 1e3".to_owned())
}

fn main() -> Result<()> {
    let options = Options::parse();
    let c = C::build()?;
    let host = Host::look();
    if !host.has_two() {
        println!("One CPU only: whoever spins keeps the other from running. Nothing here means anything.");
    }
    let room = NonZeroUsize::new(room_for(LARGE[1])).ok_or("no room")?;
    // Nothing is left of a file without a name, nor of a segment that is marked for destruction.
    let (file, (_, segment)) = (Mapping::anonymous_file(room)?, Mapping::of_doomed_segment(room)?);
    kernel::install_safety_net();
    let memory = Memory { segment: segment.bytes(), file: file.bytes(), set: semaphores(&mut Linux::new())? };
    let compared =
        check_sequence(memory, &host, options.messages).and_then(|()| compare(memory, &c, &host, &options));
    kernel::remove_what_is_left();
    compared
}

/// They are in the safety net, and go with it.
fn semaphores(process: &mut Linux) -> Result<Option<Semid>> {
    let call = Call::Semget { key: Key::PRIVATE, nsems: SEMAPHORES, flags: NEW, mode: OWNER_RW };
    match process.perform(&call)?? {
        Answer::Set(set) => Ok(Some(set)),
        other => Err(format!("semget answered {other:?}").into()),
    }
}

const NEW: ShmgetFlags = ShmgetFlags::IPC_CREAT.union(ShmgetFlags::IPC_EXCL);

#[derive(Clone, Copy)]
struct Memory<'a> {
    segment: Bytes<'a>,
    file: Bytes<'a>,
    set: Option<Semid>,
}

impl<'a> Memory<'a> {
    fn shared(self) -> Shared<'a> {
        Shared { segment: self.segment, file: Some(self.file), set: self.set }
    }
}

/// The same in C.
struct C(PathBuf);

impl C {
    fn build() -> Result<C> {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("ring-c");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/c/ring.c");
        let built = Command::new("cc").args(["-O2", "-o"]).arg(&path).arg(source).status()?;
        if built.success() { Ok(C(path)) } else { Err("cc cannot build tests/c/ring.c".into()) }
    }

    /// Nanoseconds for one message.
    fn time(&self, what: &str, size: usize, budget: Duration, cpus: [usize; 2]) -> Result<f64> {
        let numbers = [size as u128, budget.as_micros(), cpus[0] as u128, cpus[1] as u128];
        let output =
            Command::new(&self.0).arg(what).args(numbers.map(|number| number.to_string())).output()?;
        let text = String::from_utf8(output.stdout)?;
        Ok(text.split_whitespace().nth(1).ok_or("the C program said nothing")?.parse()?)
    }
}

fn check_sequence(memory: Memory<'_>, host: &Host, messages: u64) -> Result<()> {
    let start = Instant::now();
    let checked = sequence::check(memory.shared(), host, messages, Duration::from_secs(600));
    checked.map_err(|failure| failure.to_string())?;
    println!(
        "Sequence: {messages} messages of 64 B, each once, in order and whole, in {:.1?}",
        start.elapsed()
    );
    Ok(())
}

/// Something to time.
#[derive(Clone, Copy, PartialEq)]
enum What {
    Ours(Measurement),
    C(&'static str, usize),
}

struct Goal {
    name: String,
    /// How many times as fast the first should be as the second.
    first: What,
    second: What,
    goal: String,
    holds: fn(f64, f64) -> bool,
    limit: f64,
}

fn goals() -> Vec<Goal> {
    let ours = |way, traffic, size| What::Ours(Measurement::messages(way, traffic, size));
    let trip = |way, size| ours(way, Traffic::RoundTrip, size);
    let stream = |way, size| ours(way, Traffic::Stream, size);
    // For "at most 1.25 times as long" the ratio is that of the times.
    let longer = |name: &str, size, first, second, limit: f64| Goal {
        name: format!("{name}, {}: times as long as C", told_size(size)),
        first: second,
        second: first,
        goal: format!("at most {limit}"),
        holds: |figure, limit| figure <= limit,
        limit,
    };
    let faster = |name: &str, size, first, second, limit: f64| Goal {
        name: format!("{name}, {}: times as fast", told_size(size)),
        first,
        second,
        goal: format!("at least {limit}"),
        holds: |figure, limit| figure >= limit,
        limit,
    };
    let slower = |name: &str, size, first, second, limit: f64| Goal {
        goal: format!("at most {limit}"),
        holds: |figure, limit| figure <= limit,
        ..faster(name, size, first, second, limit)
    };
    let mut goals = vec![longer(
        "round trip",
        SMALLEST,
        trip(Mechanism::Spin, SMALLEST),
        What::C("trip", SMALLEST),
        1.25,
    )];
    for size in [SMALL[1], LARGE[0], LARGE[1]] {
        goals.push(longer("round trip", size, trip(Mechanism::Spin, size), What::C("trip", size), 1.1));
    }
    for size in LARGE {
        goals.push(longer("ring", size, stream(Mechanism::Spin, size), What::C("copy", size), 1.1));
        goals.push(longer(
            "ring in place",
            size,
            stream(Mechanism::InPlace, size),
            What::C("place", size),
            1.1,
        ));
    }
    for (size, limit) in [(SMALLEST, 50.0), (KIB, 25.0), (LARGE[0], 3.0), (LARGE[1], 3.0)] {
        goals.push(faster(
            "spin beside a pipe",
            size,
            trip(Mechanism::Spin, size),
            trip(Mechanism::Pipe, size),
            limit,
        ));
    }
    for size in LARGE {
        goals.push(faster(
            "in place beside copying",
            size,
            stream(Mechanism::InPlace, size),
            stream(Mechanism::Spin, size),
            1.3,
        ));
    }
    goals.push(slower(
        "one segment each beside a pipe",
        LARGE[0],
        stream(Mechanism::Fresh, LARGE[0]),
        stream(Mechanism::Pipe, LARGE[0]),
        0.5,
    ));
    let semop = faster(
        "semop beside a pipe",
        SMALLEST,
        trip(Mechanism::Semop, SMALLEST),
        trip(Mechanism::Pipe, SMALLEST),
        0.8,
    );
    let holds = |figure: f64, _: f64| (0.8..=1.25).contains(&figure);
    goals.push(Goal { goal: "0.8 to 1.25".to_owned(), holds, ..semop });
    for size in [SMALLEST, LARGE[0]] {
        let (first, second) = (stream(Mechanism::File, size), stream(Mechanism::Spin, size));
        let near = faster("mapped file beside a segment", size, first, second, 0.9);
        let holds = |figure: f64, _: f64| (0.9..=1.1).contains(&figure);
        goals.push(Goal { goal: "0.9 to 1.1".to_owned(), holds, ..near });
    }
    goals
}

fn compare(memory: Memory<'_>, c: &C, host: &Host, options: &Options) -> Result<()> {
    let goals = goals();
    let budget = Duration::from_millis(options.time);
    let time = |what: What| -> Result<f64> {
        match what {
            What::Ours(thing) => {
                let report = timed(thing, memory.shared(), Time::of(budget), host)
                    .map_err(|failure| failure.to_string())?;
                Ok(report.nanoseconds as f64 / report.messages as f64)
            }
            What::C(what, size) => c.time(what, size, budget, host.cpus),
        }
    };
    let mut pairs = vec![Vec::new(); goals.len()];
    for _ in 0..options.rounds {
        for (goal, pairs) in goals.iter().zip(&mut pairs) {
            pairs.push((time(goal.first)?, time(goal.second)?));
        }
    }
    println!("\n{} rounds in turn: median (middle half)", options.rounds);
    for (goal, pairs) in goals.iter().zip(pairs) {
        let spread =
            |figure: fn(&(f64, f64)) -> f64| Quartiles::of(pairs.iter().map(figure)).ok_or("no rounds");
        let (first, second) = (spread(|pair| pair.0)?, spread(|pair| pair.1)?);
        let ratio = spread(|pair| pair.1 / pair.0)?;
        let verdict = match (Ratio(ratio).is_told(), (goal.holds)(ratio.median, goal.limit)) {
            (_, true) => "met",
            (true, false) => "missed",
            (false, false) => "missed, or a busy machine",
        };
        println!(
            "  {:<54} {:>8.2} ({:.2} to {:.2})  {:>9} {:>9}   goal: {}: {verdict}",
            goal.name,
            ratio.median,
            ratio.low,
            ratio.high,
            told_time(first.median),
            told_time(second.median),
            goal.goal,
        );
    }
    Ok(())
}
