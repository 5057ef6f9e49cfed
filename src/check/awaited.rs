//! Whether a parent waits for its child's end, or only guesses how long the child takes.
//!
//! A child is kept from its end until its parent has shown what it does meanwhile. Whoever waits is blocked, until the
//! end wakes it. Whoever sleeps is followed call by call: one that asks for something and sleeps again will ask once
//! more, and is told then; one that goes on has only slept.
//!
//! **Invariant:** a parent is accused only if it could not have known of the end: it slept for a time, has not asked since,
//! and no signal tells it; or it has done with the segment while the child was kept from its end.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::unistd::Pid;

use super::observed::state;
use trace::{Entered, Used, is_dozing, is_in_vfork, is_sleeping, is_with_another, used};

/// For how long a parent may be on its way to wait for its child, if it is given the processor.
const ON_ITS_WAY: Duration = Duration::from_secs(1);
/// So much it needs of the processor at least, to have been given it.
const ITS_TURN: Duration = Duration::from_millis(100);
/// For how long a child is kept from its end while its parent sleeps.
const ASLEEP: Duration = Duration::from_millis(1500);
/// `SIGCHLD`, as a bit of a set of signals.
const SIGCHLD: u64 = 1 << (nix::libc::SIGCHLD - 1);

/// What a parent does while its child is about to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Parent {
    /// It is on its way.
    GoesOn,
    /// It waits to be told, or asks again and again; or nothing can be said.
    Waits,
    /// It waits for something, and for a time at most: the end may wake it.
    WaitsForATime,
    /// It did, and its child has ended since. The signal of that interrupts it, and it waits on or it goes on.
    Interrupted,
    /// It waits for nothing but the time, or the end of another child, and has not asked for anything since. All its calls
    /// are told.
    Sleeps,
    /// It has asked for something after a sleep.
    Asks,
}

/// Children that are kept from their end.
#[derive(Debug, Default)]
pub(super) struct KeptChildren(BTreeMap<i32, KeptChild>);

impl KeptChildren {
    /// Whether a child is kept from its end for now, to see what its parent does.
    pub fn keep(&mut self, child: i32, parent: i32) -> bool {
        let kept = self.0.entry(child).or_insert_with(|| KeptChild::of(child, parent));
        kept.look();
        match kept.does {
            Parent::GoesOn | Parent::Asks => true,
            Parent::Sleeps => kept.since.elapsed() < ASLEEP,
            Parent::Waits | Parent::WaitsForATime | Parent::Interrupted => false,
        }
    }

    /// The parent that is followed call by call, if there is one.
    pub fn followed(&self) -> Option<i32> {
        self.0.values().find(|kept| kept.is_followed()).map(|kept| kept.parent)
    }

    /// A parent that is followed makes a call.
    pub fn entered(&mut self, parent: i32, call: &Entered) {
        self.0
            .values_mut()
            .filter(|kept| kept.parent == parent && kept.is_followed())
            .for_each(|kept| kept.entered(call));
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
        self.0.get(&child).is_some_and(|kept| match kept.does {
            Parent::Sleeps => true,
            // One that goes on before its child is gone was woken by something of its end; who was asked for is gone.
            Parent::WaitsForATime => kept.has_ended && Path::new(&format!("/proc/{child}")).exists(),
            Parent::GoesOn | Parent::Waits | Parent::Interrupted | Parent::Asks => false,
        })
    }
}

/// A child that is kept from its end, and what its parent has been seen to do meanwhile.
#[derive(Debug)]
struct KeptChild {
    /// The number by which its parent knows it.
    number: i32,
    parent: i32,
    since: Instant,
    ran_before: Duration,
    does: Parent,
    has_ended: bool,
}

impl KeptChild {
    fn of(child: i32, parent: i32) -> KeptChild {
        KeptChild {
            number: innermost_number(child),
            parent,
            since: Instant::now(),
            ran_before: used_by(parent).time,
            does: Parent::GoesOn,
            has_ended: false,
        }
    }

    fn is_followed(&self) -> bool {
        matches!(self.does, Parent::Sleeps | Parent::Asks)
    }

    fn entered(&mut self, call: &Entered) {
        self.does = match self.does {
            Parent::Sleeps if call.is_question() && !call.is_wait_for_another(self.number) => {
                (self.since, self.ran_before) = (Instant::now(), used_by(self.parent).time);
                Parent::Asks
            }
            Parent::Asks if call.is_sleep() => Parent::Waits,
            does => does,
        };
    }

    fn look(&mut self) {
        // What a sleeper does from here on is told; and who waits has shown it.
        if !matches!(self.does, Parent::Sleeps | Parent::Waits) {
            self.does = self.seen();
        }
    }

    fn seen(&self) -> Parent {
        let threads: Vec<i32> = threads(self.parent).collect();
        let states: Vec<char> = threads.iter().filter_map(|tid| state(*tid)).collect();
        let is_with_another = |tid: &i32| is_with_another(*tid, self.number);
        // system(3) blocks SIGCHLD as long as it waits.
        let told_by: &[&str] =
            if threads.iter().any(is_with_another) { &["SigCgt:"] } else { &["SigCgt:", "SigBlk:"] };
        if threads.iter().any(|tid| is_in_vfork(*tid)) {
            Parent::Waits
        } else if states.iter().any(|state| matches!(state, 'R' | 'D' | 't')) {
            if self.is_late(&states) { Parent::Waits } else { self.on_its_way() }
        } else if has_signal(self.parent, told_by) {
            Parent::Waits
        } else if threads.iter().all(|tid| is_sleeping(*tid) || is_with_another(tid)) {
            if self.does == Parent::Asks { Parent::Waits } else { Parent::Sleeps }
        } else if threads.iter().all(|tid| is_dozing(*tid)) {
            Parent::WaitsForATime
        } else {
            Parent::Waits
        }
    }

    fn on_its_way(&self) -> Parent {
        match self.does {
            Parent::Asks => Parent::Asks,
            _ if self.has_ended => Parent::Interrupted,
            _ => Parent::GoesOn,
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

/// The number of a process in the namespace that it is in itself, the innermost: by this its relatives know it.
fn innermost_number(pid: i32) -> i32 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let numbers = status.lines().find_map(|line| line.strip_prefix("NSpid:"));
    numbers.and_then(|numbers| numbers.split_whitespace().last()?.parse().ok()).unwrap_or(pid)
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
