//! A program under test: started, spoken to, listened to, and never waited for without end.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use std::{env, thread};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::libc;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigHandler, Signal, kill, killpg, signal};
use nix::unistd::{Pid, pipe2};
use serde_json::Value;

use super::left::{clean_up, queues, sets, table};
use super::programs::Program;
use super::terminal::without_colour;

/// What a program tells its story in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Text,
    Json,
}

/// When to give up: long after anything that works is done, and later still on a machine that is busy.
pub fn deadline() -> Instant {
    let loadavg = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load: f64 = loadavg.split(' ').next().and_then(|load| load.parse().ok()).unwrap_or(1.0);
    let processors = thread::available_parallelism().map_or(1, |processors| processors.get());
    Instant::now() + Duration::from_secs(60).mul_f64((load / processors as f64).clamp(1.0, 10.0))
}

/// How a program will be run.
pub struct Run {
    name: &'static str,
    format: Format,
    pub(super) command: Command,
}

impl Run {
    /// The program without options, in a session of its own, with pipes at its three ends.
    ///
    /// The environment of whoever runs the tests has no say in what the programs print.
    pub fn new(program: &Program) -> Run {
        let mut command = Command::new(&program.path);
        command.env_clear().env("LC_ALL", "C.UTF-8").env("TERM", "xterm-256color");
        command.env("PATH", env::var_os("PATH").unwrap_or_default());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let run = Run { name: program.name, format: Format::Text, command };
        run.before_exec(|| {
            nix::unistd::setsid()?;
            // Whoever runs the tests in the background may have had signals ignored, which is inherited.
            for ends in [Signal::SIGHUP, Signal::SIGINT, Signal::SIGQUIT, Signal::SIGTERM] {
                // SAFETY: the default action runs no code of ours.
                unsafe { signal(ends, SigHandler::SigDfl) }?;
            }
            Ok(())
        })
    }

    /// The program, waiting at each step. What it does between two of them takes no longer than it must. Its window is so
    /// high that no step comes in parts: it has the same prompts in both formats.
    pub fn stepping(program: &Program, format: Format) -> Run {
        let run = Run::at_pace("step", program, format).env("LINES", "1000");
        if run.name == "lesson20" { run.args(["--rounds", "1"]) } else { run }
    }

    /// The program, all at once, and no longer than it must take.
    pub fn through(program: &Program, format: Format) -> Run {
        Run::at_pace("run", program, format)
    }

    /// The figures of lessons 18 and 20 are of no interest here, so that they race and measure as shortly as they can.
    pub fn shortly(program: &Program) -> Run {
        let shortly: &[&str] = match program.name {
            "lesson18" => &["--race", "1000"],
            "lesson20" => &["--time", "200"],
            _ => &[],
        };
        Run::new(program).args(shortly)
    }

    fn at_pace(pace: &str, program: &Program, format: Format) -> Run {
        Run::shortly(program).format(format).args(["--pace", pace])
    }

    fn format(mut self, format: Format) -> Run {
        self.format = format;
        let name = if format == Format::Json { "json" } else { "text" };
        self.args(["--format", name])
    }

    pub fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Run {
        self.command.args(args);
        self
    }

    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Run {
        self.command.env(name, value);
        self
    }

    pub fn stdout(mut self, stdout: impl Into<Stdio>) -> Run {
        self.command.stdout(stdout);
        self
    }

    /// Sets up the new process, before the program takes its place.
    pub fn before_exec(mut self, operation: impl FnMut() -> io::Result<()> + Send + Sync + 'static) -> Run {
        // SAFETY: the operations of these tests make system calls and allocate, which the C library allows after a fork.
        unsafe { self.command.pre_exec(operation) };
        self
    }

    /// Starts it.
    pub fn start(mut self) -> Running {
        let (table_before, sets_before) = (table().iter().map(|row| row.shmid.0).collect(), sets());
        let queues_before = queues();
        let mut child = self.command.spawn().unwrap_or_else(|error| panic!("{}: {error}", self.name));
        Running {
            stdin: child.stdin.take().map(|pipe| OwnedFd::from(pipe).into()),
            stdout: child.stdout.take().map(|pipe| OwnedFd::from(pipe).into()),
            stderr: child.stderr.take().map(|pipe| OwnedFd::from(pipe).into()),
            name: self.name,
            format: self.format,
            child,
            ended: false,
            out: Vec::new(),
            err: Vec::new(),
            prompts: 0,
            table_before,
            sets_before,
            queues_before,
        }
    }

    /// Starts it with a pipe that holds a page and no more, so that it cannot run far ahead of its reader.
    pub fn start_with_small_pipe(self) -> Running {
        let (ours, its) = pipe2(OFlag::O_CLOEXEC).expect("a pipe");
        fcntl(&ours, FcntlArg::F_SETPIPE_SZ(4096)).expect("a pipe has a size");
        let mut running = self.stdout(its).start();
        running.stdout = Some(ours.into());
        running
    }

    /// Starts it, presses Enter at every prompt, and waits for the end.
    pub fn finish(self) -> Finished {
        let mut running = self.start();
        let mut answered = 0;
        while running.until_prompt_or_end(answered + 1) {
            running.send("\n");
            answered += 1;
        }
        running.finish()
    }
}

/// A program that runs.
pub struct Running {
    pub name: &'static str,
    pub stdin: Option<File>,
    pub stdout: Option<File>,
    pub stderr: Option<File>,
    format: Format,
    child: Child,
    ended: bool,
    out: Vec<u8>,
    err: Vec<u8>,
    /// How many prompts it has come to.
    prompts: usize,
    table_before: BTreeSet<i32>,
    sets_before: BTreeSet<i32>,
    queues_before: BTreeSet<i32>,
}

impl Running {
    pub fn pid(&self) -> i32 {
        self.child.id() as i32
    }

    /// What it has written to standard output up to now.
    pub fn out(&self) -> String {
        String::from_utf8_lossy(&self.out).into_owned()
    }

    /// The events that it has told up to now.
    pub fn events(&self) -> Vec<Value> {
        events(&self.out)
    }

    /// Those of this name.
    pub fn told(&self, event: &str) -> Vec<Value> {
        told(&self.out, event)
    }

    /// Writes to its standard input. One that has ended meanwhile is no failure of the test's.
    pub fn send(&mut self, text: &str) {
        self.send_bytes(text.as_bytes());
    }

    /// Writes bytes that need not be text.
    pub fn send_bytes(&mut self, bytes: &[u8]) {
        let input = self.stdin.as_mut().expect("standard input is open");
        match input.write_all(bytes) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => panic!("{}: {error}", self.name),
            _ => {}
        }
    }

    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.pid()), signal).expect("the program is there to be signalled");
    }

    /// Sends a signal to all its processes, as a terminal does.
    pub fn signal_group(&self, signal: Signal) {
        killpg(Pid::from_raw(self.pid()), signal).expect("the program is there to be signalled");
    }

    /// Goes on to the prompt of this number, counted from 1, with Enter at those before.
    pub fn go_to_prompt(mut self, number: usize) -> Running {
        for prompt in 1..=number {
            self.until_prompt(prompt);
            if prompt < number {
                self.send("\n");
            }
        }
        self
    }

    /// Waits for the prompt of this number.
    pub fn until_prompt(&mut self, number: usize) {
        assert!(self.until_prompt_or_end(number), "no prompt {number}: {}", self.seen());
    }

    /// Whether a prompt of this number came, rather than the end.
    pub fn until_prompt_or_end(&mut self, number: usize) -> bool {
        self.until("a prompt or the end", |running| running.prompts >= number || running.stdout.is_none());
        self.prompts >= number
    }

    /// Reads until the condition holds.
    pub fn until(&mut self, what: &str, condition: impl Fn(&Running) -> bool) {
        let end = deadline();
        while !condition(self) {
            let open = self.stdout.is_some() || self.stderr.is_some();
            assert!(open, "{} ended, instead of {what}: {}", self.name, self.seen());
            assert!(Instant::now() < end, "{} hangs, instead of {what}: {}", self.name, self.seen());
            self.listen();
        }
    }

    /// Counts the prompts whose last letter stands behind the first bytes, so many, of its output.
    fn count_prompts(&mut self, read: usize) {
        let marks: &[&str] = match self.format {
            Format::Json => &["{\"event\":\"wait\""],
            Format::Text => &["or Enter> ", "a or b> ", "moves left> ", "for none> ", "quit > "],
        };
        for mark in marks {
            let new = String::from_utf8_lossy(&self.out[read.saturating_sub(mark.len() - 1)..]);
            self.prompts += new.matches(mark).count();
        }
    }

    /// Reads what there is to read, and waits a little for it.
    fn listen(&mut self) {
        let [out, err] = ready(&self.stdout, &self.stderr);
        if out {
            let read = self.out.len();
            read_some(&mut self.stdout, &mut self.out);
            self.count_prompts(read);
        }
        if err {
            read_some(&mut self.stderr, &mut self.err);
        }
    }

    /// Lets it come to its end: reads what it still says, and gets its status.
    pub fn finish(mut self) -> Finished {
        let open = |running: &Running| running.stdout.is_some() || running.stderr.is_some();
        if open(&self) {
            self.until("ending", |running| !open(running));
        }
        let end = deadline();
        let status = loop {
            match self.child.try_wait().expect("a child can be waited for") {
                Some(status) => break status,
                None => assert!(Instant::now() < end, "{} does not end: {}", self.name, self.seen()),
            }
            thread::sleep(Duration::from_millis(1));
        };
        self.finished(status)
    }

    fn finished(&mut self, status: ExitStatus) -> Finished {
        self.ended = true;
        Finished {
            name: self.name,
            pid: self.pid(),
            status,
            out: std::mem::take(&mut self.out),
            err: String::from_utf8_lossy(&self.err).into_owned(),
            table_before: std::mem::take(&mut self.table_before),
            sets_before: std::mem::take(&mut self.sets_before),
            queues_before: std::mem::take(&mut self.queues_before),
        }
    }

    fn seen(&self) -> String {
        format!("\n--- stdout\n{}\n--- stderr\n{}", self.out(), String::from_utf8_lossy(&self.err))
    }
}

impl Drop for Running {
    /// A test that gives up takes its program along, with all that it forked and made.
    fn drop(&mut self) {
        if !self.ended {
            let _ = killpg(Pid::from_raw(self.pid()), Signal::SIGKILL);
            if let Ok(status) = self.child.wait() {
                clean_up(&self.finished(status));
            }
        }
    }
}

/// Which of two streams have something to read, or an end.
fn ready(one: &Option<File>, other: &Option<File>) -> [bool; 2] {
    let streams: Vec<_> = [one, other].into_iter().flatten().collect();
    let mut polled: Vec<_> = streams.iter().map(|it| PollFd::new(it.as_fd(), PollFlags::POLLIN)).collect();
    let _ = poll(&mut polled, PollTimeout::from(20u8));
    let mut answers = polled.iter().map(|it| it.any().unwrap_or(false));
    [one, other].map(|stream| stream.is_some() && answers.next().unwrap_or(false))
}

/// Reads once; the end of the stream, or of the terminal, closes it here, too.
fn read_some(stream: &mut Option<File>, into: &mut Vec<u8>) {
    let mut buffer = [0; 16384];
    match stream.as_mut().map(|stream| stream.read(&mut buffer)) {
        Some(Ok(length)) if length > 0 => into.extend_from_slice(&buffer[..length]),
        Some(Err(error)) if error.raw_os_error() != Some(libc::EIO) => panic!("cannot read: {error}"),
        _ => *stream = None,
    }
}

/// Whole lines only: the last one may still be on its way.
fn events(out: &[u8]) -> Vec<Value> {
    events_that_begin(out, "")
}

/// The events of this name. No other is parsed: a picture of memory is long.
fn told(out: &[u8], event: &str) -> Vec<Value> {
    events_that_begin(out, &format!("{{\"event\":\"{event}\""))
}

fn events_that_begin(out: &[u8], start: &str) -> Vec<Value> {
    let text = String::from_utf8_lossy(out);
    let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
    let lines = whole.lines().filter(|line| line.starts_with(start));
    lines.map(|line| serde_json::from_str(line).expect("an event a line")).collect()
}

/// A program that has ended.
pub struct Finished {
    pub name: &'static str,
    pub pid: i32,
    pub status: ExitStatus,
    pub out: Vec<u8>,
    pub err: String,
    /// The ids of the segments that were there before it.
    pub table_before: BTreeSet<i32>,
    /// The ids of the sets of semaphores that were there before it.
    pub sets_before: BTreeSet<i32>,
    /// The ids of the System V queues that were there before it.
    pub queues_before: BTreeSet<i32>,
}

impl Finished {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.out).into_owned()
    }

    pub fn events(&self) -> Vec<Value> {
        events(&self.out)
    }

    /// The events of this name.
    pub fn told(&self, event: &str) -> Vec<Value> {
        told(&self.out, event)
    }

    /// Both streams in words without colour and line breaks, since the narrator wraps lines.
    pub fn words(&self) -> String {
        without_colour(&self.seen()).split_whitespace().collect::<Vec<_>>().join(" ")
    }

    pub fn seen(&self) -> String {
        format!("{} ({})\n--- stdout\n{}\n--- stderr\n{}", self.name, self.status, self.text(), self.err)
    }

    /// The process that tells, and those that it says to have forked.
    pub(super) fn processes(&self) -> BTreeSet<i32> {
        let words = self.words();
        let in_json = words.split("{\"event\":\"fork\",\"pid\":").skip(1).filter_map(leading_number);
        let in_text = words.split(" Begins [").skip(1).filter_map(|line| {
            let name = line.split_once(']')?.0;
            leading_number(name.rsplit_once(' ')?.1)
        });
        in_json.chain(in_text).chain([self.pid]).collect()
    }

    /// The ids of the sets of semaphores that it says to have got.
    pub(super) fn sets_made(&self) -> BTreeSet<i32> {
        let words = self.words();
        let calls = words.split("semget(").skip(1);
        calls.filter_map(|call| leading_number(call.split_once(") = ")?.1)).collect()
    }

    /// Whether it says that it runs in a namespace of its own.
    pub(super) fn is_isolated(&self) -> bool {
        let words = self.words();
        ["in a private IPC namespace", "\"isolated\":true"].iter().any(|told| words.contains(told))
    }

    /// Fails unless it exited with this status.
    pub fn assert_exited(&self, status: i32) {
        assert_eq!(self.status.code(), Some(status), "{}", self.seen());
    }
}

fn leading_number(text: &str) -> Option<i32> {
    text.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}
