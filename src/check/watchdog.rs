//! Bounds that the tracer does not keep: memory, output, and processes that have slipped away from it
//! (`CLONE_UNTRACED`). And the word to the outside of what is made.
//!
//! **Invariant:** only processes of the program are ever killed, each by its own id. A program that cannot be looked at
//! is ended.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::process;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::code::Code;
use super::job::Line;
use super::memory;
use super::observed::is_running;
use super::orphans::children;
use crate::call::{Answer, Performed};
use trace::What;

/// Bytes of memory that all processes of a program may have together.
const MEMORY: u64 = 512 << 20;
/// Bytes of output that are kept, and how many may come before the program is ended.
const KEPT: usize = 1 << 20;
const OUTPUT: usize = 16 << 20;
/// Processes at once, of which the tracer need not know.
const MOST: usize = 96;
/// The first process of the judge's own namespace.
const KEEPER: i32 = 1;
/// How much later than the tracer, which others may keep from running.
const GRACE: Duration = Duration::from_secs(5);
/// How often memory is looked at. A program fills some tens of megabytes in this time.
const INTERVAL: Duration = Duration::from_millis(20);
/// Looks in a row at which nothing may be seen. To an ordinary user the kernel shows nothing of a process that is just
/// putting on another user's credentials, until it has become the program.
const BLINKS: u32 = 5;

/// What several threads know of a run.
#[derive(Default)]
pub(super) struct Watchdog {
    alive: Mutex<BTreeSet<i32>>,
    halted: Mutex<Option<(Code, String)>>,
    /// In a sandbox, process 1 of the program's pid namespace: all others here but ours are the program's. Where there is
    /// none, everything that is made is told on standard output, for one who cleans up if this process dies.
    first: Option<i32>,
}

impl Watchdog {
    pub fn new(first: Option<i32>) -> Arc<Watchdog> {
        Arc::new(Watchdog { first, ..Watchdog::default() })
    }

    /// Whether every other process here is the program's.
    fn is_alone(&self) -> bool {
        self.first.is_some()
    }

    /// Whether a process of the program is there beside these.
    pub fn has_others(&self, than: [i32; 2]) -> bool {
        lock(&self.alive).iter().any(|pid| !than.contains(pid))
    }

    /// The processes of the program.
    fn everyone(&self) -> io::Result<BTreeSet<i32>> {
        let Some(first) = self.first else { return Ok(lock(&self.alive).clone()) };
        let entries = fs::read_dir("/proc")?.collect::<io::Result<Vec<_>>>()?;
        let numbers = entries.iter().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        let ours = [KEEPER, process::id() as i32, first];
        Ok(numbers.filter(|pid| !ours.contains(pid)).collect())
    }

    /// Says so, if something still runs of which the tracer has not seen the end. Whoever drops the namespaces ends it.
    pub fn find_others(&self) {
        let others = self.everyone().unwrap_or_default();
        if self.is_alone() && others.into_iter().any(is_running) {
            let words = "A process that had slipped away from the tracer was still running, and was ended.";
            lock(&self.halted).get_or_insert((Code::TimedOut, words.into()));
        }
    }

    pub fn began(&self, pid: i32) {
        lock(&self.alive).insert(pid);
        // It may have begun just after all others were killed.
        if lock(&self.halted).is_some() {
            let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
        }
    }

    pub fn ended(&self, pid: i32) {
        lock(&self.alive).remove(&pid);
    }

    /// The program has made something.
    pub fn made(&self, performed: &Performed) {
        match performed.outcome {
            Ok(Answer::Id(id)) => self.tell(Line::Created(What::Segment(id))),
            Ok(Answer::Set(id)) => self.tell(Line::Created(What::Set(id))),
            _ => {}
        }
    }

    /// The examiner has made a segment for the program.
    pub fn fixture(&self, performed: &Performed) {
        if let Ok(Answer::Id(id)) = performed.outcome {
            self.tell(Line::Fixture(id));
        }
    }

    fn tell(&self, line: Line) {
        if !self.is_alone() {
            line.say();
        }
    }

    /// Ends the program, for a reason. The first reason counts.
    pub fn halt(&self, code: Code, words: impl Into<String>) {
        lock(&self.halted).get_or_insert((code, words.into()));
        let end = |pid| {
            let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
        };
        match self.first {
            // With the first process of the namespace all others of it go, seen or unseen.
            Some(first) => end(first),
            // Whoever has slipped away comes to this process when its parent goes.
            None => lock(&self.alive).iter().copied().chain(children()).for_each(end),
        }
    }

    pub fn reason(&self) -> Option<(Code, String)> {
        lock(&self.halted).clone()
    }

    /// Looks at the program's memory, its number and its time until nobody else holds the watchdog.
    pub fn watch(self: &Arc<Watchdog>, timeout: Duration) {
        let (weak, end) = (Arc::downgrade(self), Instant::now() + timeout + GRACE);
        thread::spawn(move || {
            let mut unseen = 0;
            while let Some(watchdog) = weak.upgrade() {
                watchdog.look(Instant::now() > end, &mut unseen);
                drop(watchdog);
                thread::sleep(INTERVAL);
            }
        });
    }

    /// `unseen` counts the looks in a row at which the kernel has shown nothing.
    fn look(&self, late: bool, unseen: &mut u32) {
        let looked = self.everyone().and_then(|everyone| Ok((everyone.len(), memory::of(&everyone)?)));
        match looked {
            Ok((processes, _)) if processes > MOST => {
                self.halt(
                    Code::OverLimit,
                    format!("It had more than {MOST} processes at once, and was ended."),
                );
            }
            Ok((_, memory)) if memory > MEMORY => {
                let words = format!("It took more than {} MiB of memory, and was ended.", MEMORY >> 20);
                self.halt(Code::OverLimit, words);
            }
            Ok(_) => *unseen = 0,
            Err(_) if *unseen < BLINKS => *unseen += 1,
            Err(error) => {
                let words = format!("The examiner could no longer see what it did ({error}), and ended it.");
                self.halt(Code::NotRun, words);
            }
        }
        if late {
            self.halt(
                Code::TimedOut,
                "A process that had slipped away from the tracer was still running, and was ended.",
            );
        }
    }

    /// Reads what the program prints, until all who hold the other end have let go.
    pub fn collect(self: &Arc<Watchdog>, end: OwnedFd) -> JoinHandle<String> {
        let watchdog = Arc::clone(self);
        thread::spawn(move || {
            let (mut kept, mut seen, mut buffer) = (Vec::new(), 0, vec![0; 64 * 1024]);
            let mut end = fs::File::from(end);
            while let Ok(read @ 1..) = end.read(&mut buffer) {
                seen += read;
                let room = KEPT.saturating_sub(kept.len());
                kept.extend_from_slice(&buffer[..read.min(room)]);
                if seen > OUTPUT {
                    let words = format!("It printed more than {} MiB, and was ended.", OUTPUT >> 20);
                    watchdog.halt(Code::OverLimit, words);
                }
            }
            String::from_utf8_lossy(&kept).into_owned()
        })
    }
}

/// A thread that panicked has left nothing half-done here.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
