//! Whether a parent waits for its child's end, or only guesses how long the child takes.
//!
//! No wait is stopped by the tracer, as it is no System V call. A child's end is kept back until its parent has gone on
//! from wherever it was, and then three things show a wait: whoever waits is blocked, until the end wakes it; whoever asks
//! again and again is told sooner or later; and a child that was waited for is gone afterwards.
//!
//! **Invariant:** a parent is accused only if it could not have known of the end: it slept for a time, has not asked since,
//! and no signal tells it; or it has done with the segment while the child was kept from its end.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::unistd::Pid;

use super::observed::state;
use trace::{Used, is_dozing, is_sleeping, used};

/// For how long a parent may be on its way to wait for its child, if it is given the processor.
const ON_ITS_WAY: Duration = Duration::from_secs(1);
/// So much it needs of the processor at least, to have been given it.
const ITS_TURN: Duration = Duration::from_millis(100);
/// `SIGCHLD`, as a bit of a set of signals.
const SIGCHLD: u64 = 1 << (nix::libc::SIGCHLD - 1);

/// What a parent does while its child is about to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Parent {
    /// It is on its way; or it sleeps, and its child's end would leave no trace for it to ask for later.
    GoesOn,
    /// It waits to be told, or asks again and again; or nothing can be said.
    Waits,
    /// It waits for something, and for a time at most: the end may wake it.
    WaitsForATime,
    /// It did, and its child has ended since. The signal of that interrupts it, and it waits on or it goes on.
    Interrupted,
    /// It waits for nothing but the time.
    Sleeps,
}

/// Children that are kept from their end.
#[derive(Debug, Default)]
pub(super) struct KeptChildren(BTreeMap<i32, KeptChild>);

impl KeptChildren {
    /// Whether a child is kept from its end for now, to see what its parent does.
    pub fn keep(&mut self, child: i32, parent: i32) -> bool {
        let kept = self.0.entry(child).or_insert_with(|| KeptChild::of(parent));
        kept.look();
        kept.does == Parent::GoesOn
    }

    /// A child is gone: whoever waited for that is woken.
    pub fn ended(&mut self, child: i32) {
        if let Some(kept) = self.0.get_mut(&child) {
            kept.child_ended();
        }
    }

    /// Sees whether parents go on after a child's end. Whether one may yet do so.
    pub fn look(&mut self) -> bool {
        self.0.values_mut().filter(|kept| kept.does == Parent::Interrupted).for_each(KeptChild::look);
        self.0.values().any(|kept| kept.does == Parent::Interrupted)
    }

    /// Whether a child has ended, and its parent can not know.
    pub fn is_unknown(&self, child: i32) -> bool {
        let slept = self.0.get(&child).is_some_and(|kept| match kept.does {
            Parent::Sleeps => true,
            // One that goes on before its child is gone was woken by something of its end.
            Parent::WaitsForATime => kept.has_ended,
            Parent::GoesOn | Parent::Waits | Parent::Interrupted => false,
        });
        // Who was asked for is gone.
        slept && Path::new(&format!("/proc/{child}")).exists()
    }
}

/// A child that is kept from its end, and what its parent has been seen to do meanwhile.
#[derive(Debug)]
struct KeptChild {
    parent: i32,
    since: Instant,
    ran_before: Duration,
    does: Parent,
    has_ended: bool,
    /// How often it had been given the processor when it was first seen to sleep.
    slept_at: Option<u64>,
}

impl KeptChild {
    fn of(parent: i32) -> KeptChild {
        let ran_before = used_by(parent).time;
        KeptChild {
            parent,
            since: Instant::now(),
            ran_before,
            does: Parent::GoesOn,
            has_ended: false,
            slept_at: None,
        }
    }

    fn look(&mut self) {
        let threads: Vec<i32> = threads(self.parent).collect();
        let states: Vec<char> = threads.iter().filter_map(|tid| state(*tid)).collect();
        let all = |do_so: fn(i32) -> bool| threads.iter().all(|tid| do_so(*tid));
        self.does = if states.iter().any(|state| matches!(state, 'R' | 'D' | 't')) {
            if self.is_late(&states) { Parent::Waits } else { self.on_its_way() }
        } else if !all(is_dozing) || has_signal(self.parent, &["SigCgt:", "SigBlk:"]) {
            Parent::Waits
        } else if all(is_sleeping) {
            self.sleeps()
        } else {
            Parent::WaitsForATime
        };
    }

    fn on_its_way(&self) -> Parent {
        if self.has_ended { Parent::Interrupted } else { Parent::GoesOn }
    }

    /// The kernel keeps nothing of a child whose parent ignores its end. Then who has slept, and sleeps again, has looked
    /// in between whether the child is there.
    fn sleeps(&mut self) -> Parent {
        let turns = used_by(self.parent).turns;
        match *self.slept_at.get_or_insert(turns) == turns {
            _ if !has_signal(self.parent, &["SigIgn:"]) => Parent::Sleeps,
            true => Parent::GoesOn,
            false => Parent::Waits,
        }
    }

    /// Whether it has had the time to come wherever it goes: one that runs, on a busy machine too.
    fn is_late(&self, states: &[char]) -> bool {
        let ran = used_by(self.parent).time.saturating_sub(self.ran_before);
        self.since.elapsed() > ON_ITS_WAY && (!states.contains(&'R') || ran > ITS_TURN)
    }

    fn child_ended(&mut self) {
        self.has_ended = true;
        if self.does == Parent::WaitsForATime {
            (self.does, self.since, self.ran_before) =
                (Parent::Interrupted, Instant::now(), used_by(self.parent).time);
        }
    }
}

/// What the first thread of a process has used.
fn used_by(pid: i32) -> Used {
    used(Pid::from_raw(pid)).unwrap_or_default()
}

/// Whether `SIGCHLD` is in one of these sets of a process.
fn has_signal(pid: i32, sets: &[&str]) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    sets.iter().any(|name| {
        let set = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        u64::from_str_radix(set.trim(), 16).unwrap_or(0) & SIGCHLD != 0
    })
}

/// Whether a process was made by this one.
pub(super) fn is_child_of(pid: i32, parent: i32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let made_by = status.lines().find_map(|line| line.strip_prefix("PPid:"));
    made_by.is_some_and(|number| number.trim() == parent.to_string())
}

fn threads(pid: i32) -> impl Iterator<Item = i32> {
    let entries = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}
