//! One measurement: two processes, forked for it, and this one, which watches over them.
//!
//! Both say when they are ready, and begin at a word. The one that watches touches no mechanism, so that nothing can
//! keep it: when the time is over, or one of them is gone, it ends both. Neither outlives it.

use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::panic::{self, AssertUnwindSafe};
use std::time::{Duration, Instant};
use std::{fmt, mem};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sched::{CpuSet, sched_setaffinity};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{ForkResult, Pid, getpid};

use super::channel::Report;
use crate::kernel::{Ending, dies_with, ending_of, ending_within, exit_now, fork, restore_default};

/// How long the second process has to say what went wrong, when the first one has failed.
const AFTERWARDS: Duration = Duration::from_millis(200);

/// How long a process may hold back the signal that ends it. It does so for a few calls; the rest is for a busy machine.
const LAST_CALLS: Duration = Duration::from_secs(2);

/// Why there is no figure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The mechanism carries no message of this size: who says so.
    TooLarge(String),
    /// What a call of the mechanism gave.
    Failed(String),
    /// A process ended in the middle.
    Ended(Ending),
    /// Nothing was heard in time.
    Late,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::TooLarge(limit) => write!(f, "too large: {limit}"),
            Failure::Failed(error) => f.write_str(error),
            Failure::Ended(ending) => write!(f, "a process {ending}"),
            Failure::Late => f.write_str("no answer in time"),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        match error.kind() {
            io::ErrorKind::FileTooLarge => Failure::TooLarge(error.to_string()),
            _ => Failure::Failed(error.to_string()),
        }
    }
}

impl From<Errno> for Failure {
    fn from(errno: Errno) -> Failure {
        io::Error::from(errno).into()
    }
}

/// What a process of a measurement does.
pub type Operation<'a> = Box<dyn FnOnce() -> io::Result<Report> + 'a>;

/// Lets processes do their operations at the same time, each on a CPU of its own if one is given for it.
///
/// Returns what each of them reports. When the time is over, all of them are gone.
///
/// # Errors
///
/// What went wrong first, as far as that can be known.
pub fn run(
    operations: Vec<(Operation<'_>, Option<usize>)>,
    timeout: Duration,
) -> Result<Vec<Report>, Failure> {
    let mut workers = Vec::new();
    let mut operations = operations.into_iter();
    while let Some((operation, cpu)) = operations.next() {
        // What the other processes hold, this one must not: the end of a pipe, for one, closes with its last holder.
        let mut others: Vec<_> = operations.collect();
        workers.push(Worker::new(operation, cpu, &mut others)?);
        operations = others.into_iter();
    }
    let until = Instant::now() + timeout;
    for worker in &mut workers {
        worker.ready(until)?;
    }
    for worker in &mut workers {
        worker.line.write_all(b"g").map_err(|_| worker.lost())?;
    }
    reports(&mut workers, until)
}

/// Listens to all of them until each has reported.
fn reports(workers: &mut [Worker], mut until: Instant) -> Result<Vec<Report>, Failure> {
    let mut failures = Vec::new();
    while workers.iter().any(|worker| !worker.is_over) {
        if !wait_for(workers, until)? {
            break;
        }
        for worker in workers.iter_mut().filter(|worker| !worker.is_over) {
            if let Err(failure) = worker.listen() {
                failures.push(failure);
                until = until.min(Instant::now() + AFTERWARDS);
            }
        }
    }
    // A process that is gone is the cause of what the other one says of it.
    let ended = failures.iter().position(|failure| matches!(failure, Failure::Ended(_)));
    match (ended, failures.is_empty()) {
        (Some(position), _) => Err(failures.swap_remove(position)),
        (None, false) => Err(failures.swap_remove(0)),
        (None, true) => workers.iter().map(|worker| worker.report.ok_or(Failure::Late)).collect(),
    }
}

/// Waits until one of them says something, or is gone; not longer than until then.
fn wait_for(workers: &[Worker], until: Instant) -> Result<bool, Failure> {
    let left = until.saturating_duration_since(Instant::now());
    let mut lines: Vec<_> = workers
        .iter()
        .filter(|worker| !worker.is_over)
        .map(|worker| PollFd::new(worker.line.as_fd(), PollFlags::POLLIN))
        .collect();
    // Rounded up: a wait of 0 milliseconds would be none.
    let timeout = PollTimeout::try_from(left.as_millis() as u64 + 1).unwrap_or(PollTimeout::MAX);
    match poll(&mut lines, timeout) {
        Ok(_) | Err(Errno::EINTR) => Ok(Instant::now() < until),
        Err(errno) => Err(errno.into()),
    }
}

/// A process that was forked for a measurement. It is gone when this is dropped.
struct Worker {
    pid: Pid,
    line: UnixStream,
    heard: Vec<u8>,
    report: Option<Report>,
    /// Whether nothing more will be heard.
    is_over: bool,
    ending: Option<Ending>,
}

impl Worker {
    fn new<'a>(
        operation: Operation<'a>,
        cpu: Option<usize>,
        others: &mut Vec<(Operation<'a>, Option<usize>)>,
    ) -> Result<Worker, Failure> {
        let (line, its) = UnixStream::pair()?;
        let watcher = getpid();
        match fork()? {
            ForkResult::Parent { child } => {
                Ok(Worker { pid: child, line, heard: Vec::new(), report: None, is_over: false, ending: None })
            }
            ForkResult::Child => {
                drop(mem::take(others));
                drop(line);
                // A panic must not run the destructors of the process that this is a copy of.
                let played = panic::catch_unwind(AssertUnwindSafe(|| play(operation, cpu, its, watcher)));
                exit_now(i32::from(!matches!(played, Ok(Ok(())))))
            }
        }
    }

    /// Waits for the word that it is ready.
    fn ready(&mut self, until: Instant) -> Result<(), Failure> {
        let left = until.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
        self.line.set_read_timeout(Some(left))?;
        match self.line.read(&mut [0]) {
            Ok(1) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Err(Failure::Late),
            _ => Err(self.lost()),
        }
    }

    fn listen(&mut self) -> Result<(), Failure> {
        let mut bytes = [0; 4096];
        self.line.set_nonblocking(true)?;
        match self.line.read(&mut bytes) {
            Ok(0) => {
                self.is_over = true;
                let report = serde_json::from_slice::<Result<Report, (bool, String)>>(&self.heard);
                self.report = Some(match report {
                    Ok(Ok(report)) => report,
                    Ok(Err((true, limit))) => return Err(Failure::TooLarge(limit)),
                    Ok(Err((false, error))) => return Err(Failure::Failed(error)),
                    Err(_) => return Err(self.lost()),
                });
                Ok(())
            }
            Ok(count) => {
                self.heard.extend_from_slice(&bytes[..count]);
                Ok(())
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {
                Ok(())
            }
            Err(_) => {
                self.is_over = true;
                Err(self.lost())
            }
        }
    }

    /// It has closed its line without a report, so that it has ended, or is about to.
    fn lost(&mut self) -> Failure {
        Failure::Ended(self.wait())
    }

    fn wait(&mut self) -> Ending {
        let pid = self.pid;
        *self.ending.get_or_insert_with(|| ending_of(pid).unwrap_or(Ending::Hung))
    }
}

impl Drop for Worker {
    /// First by a signal that can be held back, so that a segment which it is about to mark for destruction is marked.
    fn drop(&mut self) {
        if self.ending.is_some() {
            return;
        }
        let _ = kill(self.pid, Signal::SIGTERM);
        if let Ok(None) = ending_within(self.pid, LAST_CALLS) {
            let _ = kill(self.pid, Signal::SIGKILL);
            let _ = ending_of(self.pid);
        }
    }
}

/// In the forked process.
fn play(operation: Operation<'_>, cpu: Option<usize>, mut line: UnixStream, watcher: Pid) -> io::Result<()> {
    // Whoever ignores SIGTERM passes that on to what is forked, and then nothing would end a worker that spins.
    restore_default(Signal::SIGTERM);
    if !dies_with(watcher) {
        return Ok(());
    }
    if let Some(cpu) = cpu {
        pin(cpu)?;
    }
    line.write_all(b"r")?;
    line.read_exact(&mut [0])?;
    let report =
        operation().map_err(|error| (error.kind() == io::ErrorKind::FileTooLarge, error.to_string()));
    line.write_all(&serde_json::to_vec(&report)?)
}

/// Keeps this process on one CPU.
fn pin(cpu: usize) -> nix::Result<()> {
    let mut set = CpuSet::new();
    set.set(cpu)?;
    sched_setaffinity(Pid::from_raw(0), &set)
}
