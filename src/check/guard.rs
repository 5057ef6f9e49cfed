//! Bounds that the tracer does not keep: memory, output, and processes that have slipped away from it
//! (`CLONE_UNTRACED`). And the word to the outside of what is made.
//!
//! **Invariant:** only processes of the program are ever killed: each by its own id, or, where the examiner is process
//! 1 of a namespace, all others in it.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::code::Code;
use super::job::Line;
use super::memory;
use crate::call::{Answer, Performed};
use crate::trace::What;

/// Bytes of memory that all processes of a program may have together.
const MEMORY: u64 = 512 << 20;
/// Bytes of output that are kept, and how many may come before the program is ended.
const KEPT: usize = 1 << 20;
const OUTPUT: usize = 16 << 20;
/// Processes at once, of which the tracer need not know.
const MOST: usize = 96;
/// The first process of a namespace: the examiner.
const FIRST: i32 = 1;
/// How much later than the tracer.
const GRACE: Duration = Duration::from_millis(200);
/// How often memory is looked at. A program fills some tens of megabytes in this time.
const INTERVAL: Duration = Duration::from_millis(20);

/// What several threads know of a run.
#[derive(Default)]
pub(super) struct Guard {
    alive: Mutex<BTreeSet<i32>>,
    halted: Mutex<Option<(Code, String)>>,
    /// Whether every other process here is the program's. Where not, everything that is made is told on standard
    /// output, for one who cleans up if this process dies.
    alone: bool,
}

impl Guard {
    pub fn new(alone: bool) -> Arc<Guard> {
        Arc::new(Guard { alone, ..Guard::default() })
    }

    /// Whether a process of the program is there beside these.
    pub fn has_others(&self, than: [i32; 2]) -> bool {
        lock(&self.alive).iter().any(|pid| !than.contains(pid))
    }

    /// The processes of the program.
    fn everyone(&self) -> BTreeSet<i32> {
        if !self.alone {
            return lock(&self.alive).clone();
        }
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        numbers.filter(|pid| *pid != FIRST).collect()
    }

    /// Ends what is still there when the tracer has seen everything end that it knew.
    pub fn sweep(&self) {
        if self.alone && !self.everyone().is_empty() {
            let _ = kill(Pid::from_raw(-1), Signal::SIGKILL);
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
            Ok(Answer::Id(id)) => self.tell(Line::Made(What::Segment(id))),
            Ok(Answer::Set(id)) => self.tell(Line::Made(What::Set(id))),
            _ => {}
        }
    }

    /// The examiner has made a segment for the program.
    pub fn given(&self, performed: &Performed) {
        if let Ok(Answer::Id(id)) = performed.outcome {
            self.tell(Line::Given(id));
        }
    }

    fn tell(&self, line: Line) {
        if !self.alone {
            line.say();
        }
    }

    /// Ends the program, for a reason. The first reason counts.
    pub fn halt(&self, code: Code, words: impl Into<String>) {
        lock(&self.halted).get_or_insert((code, words.into()));
        for pid in self.everyone() {
            let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
        }
    }

    pub fn reason(&self) -> Option<(Code, String)> {
        lock(&self.halted).clone()
    }

    /// Looks at the program's memory, its number and its time until nobody else holds the guard.
    pub fn watch(self: &Arc<Guard>, patience: Duration) {
        let (weak, end) = (Arc::downgrade(self), Instant::now() + patience + GRACE);
        thread::spawn(move || {
            while let Some(guard) = weak.upgrade() {
                guard.look(Instant::now() > end);
                drop(guard);
                thread::sleep(INTERVAL);
            }
        });
    }

    fn look(&self, late: bool) {
        let everyone = self.everyone();
        if everyone.len() > MOST {
            self.halt(Code::OverLimit, format!("It had more than {MOST} processes at once, and was ended."));
        }
        if memory::of(&everyone) > MEMORY {
            let words = format!("It took more than {} MiB of memory, and was ended.", MEMORY >> 20);
            self.halt(Code::OverLimit, words);
        }
        if late {
            self.halt(
                Code::TimedOut,
                "A process that had slipped away from the tracer was still running, and was ended.",
            );
        }
    }

    /// Reads what the program prints, until all who hold the other end have let go.
    pub fn collect(self: &Arc<Guard>, end: OwnedFd) -> JoinHandle<String> {
        let guard = Arc::clone(self);
        thread::spawn(move || {
            let (mut kept, mut seen, mut buffer) = (Vec::new(), 0, vec![0; 64 * 1024]);
            let mut end = fs::File::from(end);
            while let Ok(read @ 1..) = end.read(&mut buffer) {
                seen += read;
                let room = KEPT.saturating_sub(kept.len());
                kept.extend_from_slice(&buffer[..read.min(room)]);
                if seen > OUTPUT {
                    let words = format!("It printed more than {} MiB, and was ended.", OUTPUT >> 20);
                    guard.halt(Code::OverLimit, words);
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
