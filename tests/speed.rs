//! The mechanisms of lesson 20: every byte arrives, every size is carried or refused, nobody is waited for without end,
//! and nothing is left. Never how fast: that is what the benchmark is for.

use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Read, Write};
use std::num::NonZeroUsize;
use std::process::{Command, Output};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::prctl::set_child_subreaper;
use nix::sys::signal::{SigHandler, Signal, kill, raise, signal};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, Pid, fork};
use playground::evidence::segments;
use playground::kernel::Ending;
use playground::shm::Mapping;
use speed::channel::{Channel, Part, Report};
use speed::figures::{ROUND_TRIPS, STREAMS, Time, timed};
use speed::look::look;
use speed::sequence;
use speed::trial::{self, Failure, Operation};
use speed::ways::{Pair, room_for};
use speed::{Host, Measurement, Mechanism, SIZES, SMALLEST, Shared, Traffic};

use crate::built::path_of;
use crate::runner::Needs::{Any, Ipcns, User};
use crate::runner::{Group, Row, fall_away, row};

pub fn group() -> Group {
    Group::new("speed", vec![MESSAGES, FAILURES, ENDS, PROGRAM], || {
        Mapping::anonymous_file(ROOM).expect("a temporary file")
    })
}

const ROOM: NonZeroUsize = NonZeroUsize::new(32 << 20).unwrap();
const BUDGET: Duration = Duration::from_millis(1);

fn shared(memory: &Mapping) -> Shared<'_> {
    let bytes = memory.bytes();
    let half = bytes.length() / 2;
    assert!(room_for(SIZES[4]) <= half);
    Shared { segment: bytes.part(0, half), file: Some(bytes.part(half, half)), set: None }
}

/// Without semaphores, which only a story makes; the program's rows have those.
fn ways(traffic: Traffic) -> impl Iterator<Item = Mechanism> {
    let ways: &[Mechanism] = if traffic == Traffic::RoundTrip { &ROUND_TRIPS } else { &STREAMS };
    ways.iter().copied().filter(|way| *way != Mechanism::Semop)
}

const MESSAGES: &[Row<Mapping>] = &[
    row("sequence", Any, "of a million messages each arrives once, in order and whole", |memory| {
        let checked = sequence::check(shared(memory), &Host::look(), 1_000_000, Duration::from_secs(50));
        assert_eq!(checked, Ok(()));
    }),
    row("every-way", Any, "every mechanism carries every size whole, or refuses it with a word", |memory| {
        let host = Host::look();
        for traffic in [Traffic::RoundTrip, Traffic::Stream] {
            for (way, size) in ways(traffic).flat_map(|way| SIZES.map(|size| (way, size))) {
                match timed(
                    Measurement::messages(way, traffic, size),
                    shared(memory),
                    Time::of(BUDGET),
                    &host,
                ) {
                    Ok(report) => assert!(report.messages > 1 && report.nanoseconds > 0, "{way} {size}"),
                    Err(Failure::TooLarge(limit)) => {
                        assert!(
                            matches!(way, Mechanism::Posix | Mechanism::SystemV) && size > 8192,
                            "{way} {size}: {limit}"
                        );
                    }
                    Err(failure) => panic!("{way} {size}: {failure}"),
                }
            }
        }
    }),
    row("one-cpu", Any, "on one CPU everything comes to an end, too", |memory| {
        let mut host = Host::look();
        host.cpus[1] = host.cpus[0];
        for (way, traffic) in [Mechanism::Spin, Mechanism::Yield, Mechanism::Futex, Mechanism::Pipe]
            .into_iter()
            .flat_map(|way| [(way, Traffic::RoundTrip), (way, Traffic::Stream)])
        {
            let thing = Measurement::messages(way, traffic, SMALLEST);
            timed(thing, shared(memory), Time::of(BUDGET), &host)
                .unwrap_or_else(|failure| panic!("{way}: {failure}"));
        }
    }),
    row("nothing-left", Any, "no queue is left, whether its message fitted or not", |memory| {
        let before = queues();
        let host = Host::look();
        for size in [SMALLEST, 1 << 20] {
            let _ = timed(
                Measurement::messages(Mechanism::SystemV, Traffic::Stream, size),
                shared(memory),
                Time::of(BUDGET),
                &host,
            );
        }
        assert_eq!(queues(), before);
    }),
    row(
        "small-queue",
        Ipcns,
        "a queue that is smaller than a message refuses it, and nobody waits for ever",
        |memory| {
            fs::write("/proc/sys/kernel/msgmax", "1048576")
                .unwrap_or_else(|error| fall_away(error.to_string()));
            let thing = Measurement::messages(Mechanism::SystemV, Traffic::RoundTrip, 1 << 16);
            let failure =
                timed(thing, shared(memory), Time::of(BUDGET), &Host::look()).expect_err("no room for it");
            assert_eq!(failure, Failure::TooLarge("msgsnd: EAGAIN (msgmnb 16384)".to_owned()));
        },
    ),
];

const ENDS: &[Row<Mapping>] = &[
    row(
        "killed-watcher",
        Any,
        "no segment is left of who is told to end while others make one each time",
        |memory| {
            let _ = set_child_subreaper(true);
            let mut seen = 0;
            for _ in 0..100 {
                let watcher =
                    forked(|| drop(timed(EACH_TIME, shared(memory), Time::of(FOR_EVER), &Host::look())));
                seen += u32::from(makes_segments(watcher));
                sleep(Duration::from_micros(random() % 3000));
                kill(watcher, Signal::SIGTERM).expect("it is there");
                assert_eq!(left_by_orphans(), [0; 0]);
            }
            assert!(seen > 50, "{seen} of 100 made a segment");
        },
    ),
    row(
        "late-maker",
        Any,
        "no segment is left of who is ended in the midst, because it takes too long",
        |memory| {
            let mut seen = 0;
            for _ in 0..50 {
                let (mut ours, mut tell) = io::pipe().expect("a pipe");
                let pair = Pair::new(Mechanism::Fresh, Traffic::Stream, SMALLEST, shared(memory));
                let Pair { mut one, other, .. } = pair.expect("both ends");
                let makes: Operation<'_> = Box::new(move || {
                    tell.write_all(&std::process::id().to_ne_bytes())?;
                    one.play(Part::Produce, SMALLEST, FOR_EVER)
                });
                let timeout = Duration::from_micros(5000 + random() % 3000);
                let late = trial::run(vec![(makes, None), plays(Boxed(other), Part::Consume)], timeout);
                assert_eq!(late, Err(Failure::Late));
                let mut maker = Vec::new();
                ours.read_to_end(&mut maker).expect("its pid, if it came so far");
                assert_eq!(left_by(|pid| maker == pid.to_ne_bytes()), [0; 0]);
                seen += maker.len() / size_of::<i32>();
            }
            assert!(seen > 0, "none came so far");
        },
    ),
    row(
        "deaf",
        Any,
        "who ignores SIGTERM ends all the same: a worker that spins does not outlive its watcher",
        |memory| {
            let _ = set_child_subreaper(true);
            let spin = Measurement::messages(Mechanism::Spin, Traffic::Stream, SMALLEST);
            let watcher = forked(|| {
                // SAFETY: ignoring a signal runs no code of ours.
                let _ = unsafe { signal(Signal::SIGTERM, SigHandler::SigIgn) };
                drop(timed(spin, shared(memory), Time::of(FOR_EVER), &Host::look()));
            });
            while children_of(watcher).len() < 2 {
                sleep(Duration::from_millis(1));
            }
            kill(watcher, Signal::SIGKILL).expect("it is there");
            assert_eq!(left_by_orphans(), [0; 0]);
        },
    ),
];

const EACH_TIME: Measurement =
    Measurement::Messages { way: Mechanism::Fresh, traffic: Traffic::Stream, size: SMALLEST, one_cpu: false };
const FOR_EVER: Duration = Duration::from_secs(30);

/// A process of its own, which does this and ends.
fn forked(operation: impl FnOnce()) -> Pid {
    // SAFETY: this process has one thread.
    match unsafe { fork() }.expect("a process") {
        ForkResult::Parent { child } => child,
        ForkResult::Child => {
            operation();
            std::process::exit(0);
        }
    }
}

/// Waits until a child of this process has made a segment; false, if that takes too long.
fn makes_segments(watcher: Pid) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(60) {
        if !made_by(|pid| parent_of(pid) == Some(watcher.as_raw())).is_empty() {
            return true;
        }
    }
    false
}

/// Waits for all children, those of a child that is gone among them, and returns the segments that they have left.
fn left_by_orphans() -> Vec<i32> {
    let mut gone = Vec::new();
    loop {
        match waitpid(None, None) {
            Ok(status) => gone.extend(status.pid()),
            Err(Errno::ECHILD) => break,
            Err(errno) => panic!("waitpid: {errno}"),
        }
    }
    left_by(|pid| gone.contains(&Pid::from_raw(pid)))
}

/// The ids of the segments whose makers are such.
/// What stays of the segments that such processes have made. Whoever looks into a process as it ends, as `ps` does, keeps
/// its memory, and the marked segments in it, for a moment.
fn left_by(is_such: impl Fn(i32) -> bool) -> Vec<i32> {
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        let left = made_by(&is_such);
        if left.is_empty() || Instant::now() > end {
            return left;
        }
        sleep(Duration::from_millis(1));
    }
}

fn made_by(is_such: impl Fn(i32) -> bool) -> Vec<i32> {
    let text = fs::read_to_string("/proc/sysvipc/shm").expect("the kernel's table");
    let rows = segments::parse(&text).expect("a table");
    rows.iter().filter(|row| is_such(row.cpid)).map(|row| row.shmid.0).collect()
}

fn parent_of(pid: i32) -> Option<i32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit(')').next()?.split_whitespace().nth(1)?.parse().ok()
}

fn children_of(parent: Pid) -> Vec<i32> {
    let entries = fs::read_dir("/proc").expect("/proc").flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid| parent_of(*pid) == Some(parent.as_raw())).collect()
}

fn random() -> u64 {
    RandomState::new().hash_one(())
}

/// The queues of this process, by the kernel's table.
fn queues() -> usize {
    let table = fs::read_to_string("/proc/sysvipc/msg").unwrap_or_default();
    let pid = std::process::id().to_string();
    table.lines().filter(|line| line.split_whitespace().any(|word| word == pid)).count()
}

/// A mechanism that spoils a byte of the third message.
struct Spoiled<'a>(Box<dyn Channel + 'a>, usize);

impl Channel for Spoiled<'_> {
    fn send(&mut self, message: &[u64]) -> io::Result<()> {
        self.1 += 1;
        let mut message = message.to_vec();
        if self.1 == 3 {
            message[5] ^= 1 << 40;
        }
        self.0.send(&message)
    }

    fn receive(&mut self, message: &mut [u64]) -> io::Result<()> {
        self.0.receive(message)
    }
}

fn pair(way: Mechanism, memory: &Mapping) -> Pair<'_> {
    Pair::new(way, Traffic::RoundTrip, SMALLEST, shared(memory)).expect("both ends")
}

fn plays<'a>(mut end: impl Channel + 'a, part: Part) -> (Operation<'a>, Option<usize>) {
    (Box::new(move || end.play(part, SMALLEST, Duration::from_secs(30))), None)
}

/// The other end of a `Box`, as a mechanism of its own.
struct Boxed<'a>(Box<dyn Channel + 'a>);

impl Channel for Boxed<'_> {
    fn send(&mut self, message: &[u64]) -> io::Result<()> {
        self.0.send(message)
    }

    fn receive(&mut self, message: &mut [u64]) -> io::Result<()> {
        self.0.receive(message)
    }
}

const FAILURES: &[Row<Mapping>] = &[
    row("wrong-byte", Any, "a byte that is not as it was sent is noticed, on either way", |memory| {
        for first_is_spoiled in [true, false] {
            let Pair { one, other, .. } = pair(Mechanism::Futex, memory);
            let operations = if first_is_spoiled {
                vec![plays(Spoiled(one, 0), Part::Ping), plays(Boxed(other), Part::Pong)]
            } else {
                vec![plays(Boxed(one), Part::Ping), plays(Spoiled(other, 0), Part::Pong)]
            };
            let failure = trial::run(operations, Duration::from_secs(20)).expect_err("a wrong byte");
            assert_eq!(failure, Failure::Failed("message 2 has arrived with wrong bytes".to_owned()));
        }
    }),
    row(
        "dead-peer",
        Any,
        "a process that dies in the middle ends the other one's wait, whatever it waits in",
        |memory| {
            for way in [Mechanism::Spin, Mechanism::Futex, Mechanism::Pipe, Mechanism::Posix, Mechanism::Tcp]
            {
                let Pair { one, mut other, .. } = pair(way, memory);
                let dies: Operation<'_> = Box::new(move || {
                    other.receive(&mut [0; 8])?;
                    raise(Signal::SIGKILL)?;
                    unreachable!("it is killed")
                });
                let start = Instant::now();
                let operations = vec![plays(Boxed(one), Part::Ping), (dies, None)];
                let failure = trial::run(operations, Duration::from_secs(20)).expect_err("a dead peer");
                assert_eq!(
                    failure,
                    Failure::Ended(Ending::Killed(playground_core::Signal::SIGKILL)),
                    "{way}"
                );
                assert!(start.elapsed() < Duration::from_secs(15), "{way}");
            }
        },
    ),
    row("deadline", Any, "a process that gets on with nothing is ended when the time is over", |memory| {
        for way in [Mechanism::Spin, Mechanism::Futex, Mechanism::Pipe] {
            let Pair { one, mut other, .. } = pair(way, memory);
            let listens: Operation<'_> = Box::new(move || {
                loop {
                    other.receive(&mut [0; 8])?;
                }
            });
            let operations = vec![plays(Boxed(one), Part::Ping), (listens, None)];
            assert_eq!(trial::run(operations, Duration::from_millis(300)), Err(Failure::Late), "{way}");
        }
    }),
    row("no-orphan", Any, "both processes are gone when a measurement is over", |_| {
        let (mut ours, theirs) = io::pipe().expect("a pipe");
        let holds = |mut end: io::PipeWriter| -> (Operation<'static>, Option<usize>) {
            (
                Box::new(move || {
                    end.write_all(b"x")?;
                    std::thread::sleep(Duration::from_secs(60));
                    Ok(Report { messages: 1, nanoseconds: 1 })
                }),
                None,
            )
        };
        let operations = vec![holds(theirs.try_clone().expect("a copy")), holds(theirs)];
        // Long enough for both to begin, on a busy machine too.
        assert_eq!(trial::run(operations, Duration::from_secs(2)), Err(Failure::Late));
        // The pipe ends with the last process that holds its other end.
        assert_eq!(io::read_to_string(&mut ours).expect("its end"), "xx");
    }),
];

fn lesson(name: &str, arguments: &[&str]) -> Output {
    Command::new(path_of(name)).args(arguments).output().expect("it can be run")
}

/// Where the row's process may write, and nobody minds.
fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

const PROGRAM: &[Row<Mapping>] = &[
    row(
        "misuse",
        Any,
        "an option that is not understood ends with status 2, before anything is measured",
        |_| {
            let folder = folder();
            let nowhere = folder.path().join("missing/curves.svg");
            let html = folder.path().join("curves.html");
            let misuses: [(&str, &[&str]); 5] = [
                ("lesson19", &["--quick"]),
                ("lesson19", &["--plot", "curves.svg"]),
                ("lesson20", &["--plot"]),
                ("lesson20", &["--plot", nowhere.to_str().expect("UTF-8")]),
                ("lesson20", &["--plot", html.to_str().expect("UTF-8")]),
            ];
            for (name, arguments) in misuses {
                assert_eq!(lesson(name, arguments).status.code(), Some(2), "{name} {arguments:?}");
            }
        },
    ),
    row(
        "too-busy",
        // Whoever asks waits for eight seconds.
        User,
        "a machine too busy for five rounds is told so, and what to do, in place of figures",
        |_| {
            // Each measurement takes longer than the time that all have.
            let output = lesson("lesson20", &["--quick", "--time", "2000000", "--format", "json"]);
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            let text = String::from_utf8_lossy(&output.stdout);
            let advice = "too busy: 0 of 7 rounds were finished in the time, and so few answer no question. What to do: close";
            assert!(text.contains(advice), "{text}");
            assert!(
                !text.contains("\"event\":\"speeds\"") && !text.contains("\"event\":\"answer\""),
                "{text}"
            );
            assert!(text.contains("\"outcome\":\"complete\""), "{text}");
        },
    ),
    row("plot", User, "the curves are an SVG file that names every mechanism", |_| {
        let folder = folder();
        let file = folder.path().join("curves.svg");
        let output =
            lesson("lesson20", &["--time", "200", "--rounds", "1", "--plot", file.to_str().expect("UTF-8")]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = fs::read_to_string(&file).expect("the file");
        assert!(text.starts_with("<svg") && text.trim_end().ends_with("</svg>"));
        for way in ROUND_TRIPS.iter().chain(&STREAMS) {
            assert!(text.contains(&way.to_string()), "{way}");
        }
        assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 1, "nothing else is left");
    }),
    row("looks", Any, "in a plot each mechanism has its own mark, in a colour that shows on white", |_| {
        let light = |part: u8| match f64::from(part) / 255.0 {
            part if part <= 0.04045 => part / 12.92,
            part => ((part + 0.055) / 1.055).powf(2.4),
        };
        let mut seen = Vec::new();
        for way in STREAMS.iter().chain([&Mechanism::Yield, &Mechanism::Line]) {
            let look = look(*way);
            let colour = look.colour;
            let luminance = 0.2126 * light(colour[0]) + 0.7152 * light(colour[1]) + 0.0722 * light(colour[2]);
            assert!(1.05 / (luminance + 0.05) >= 3.0, "{way} is too pale");
            assert!(!seen.contains(&(look.marker, look.filled)), "{way} looks like another, without colour");
            seen.push((look.marker, look.filled));
        }
    }),
    row(
        "all-present",
        Any,
        "every mechanism has a figure or a reason for each size, and bytes were checked",
        |_| {
            let output = lesson("lesson20", &["--time", "200", "--format", "json"]);
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            assert_eq!(output.stderr, b"", "no bar without a terminal");
            let events: Vec<serde_json::Value> = output
                .stdout
                .split(|byte| *byte == b'\n')
                .filter_map(|line| serde_json::from_slice(line).ok())
                .collect();
            let tables: Vec<_> = events.iter().filter(|event| event["event"] == "speeds").collect();
            assert_eq!(tables.len(), 2);
            for (table, ways) in tables.iter().zip([ROUND_TRIPS.len(), STREAMS.len()]) {
                let rows = table["rows"].as_array().expect("rows");
                assert_eq!(rows.len(), ways);
                let cells = |row: &serde_json::Value| row["cells"].as_array().expect("cells").clone();
                for (row, cell) in
                    rows.iter().flat_map(|row| cells(row).into_iter().map(move |cell| (row, cell)))
                {
                    let time = cell["time"]["median"].as_f64();
                    let may_refuse = ["posix", "system_v"].iter().any(|way| row["way"] == *way)
                        && cell["size"].as_u64() > Some(8192);
                    assert!(may_refuse || cell["refused"].is_null(), "{row}");
                    assert!(time.is_some_and(|time| time > 0.0) != cell["refused"].is_string(), "{cell}");
                }
            }
            let checked = events.iter().find(|event| event["event"] == "count").expect("a count");
            assert!(checked["times"].as_u64().expect("a number") > 10_000);
        },
    ),
];
