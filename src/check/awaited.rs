//! Whether a parent waits for its child's end, or only guesses how long the child takes.
//!
//! No wait is stopped by the tracer, as it is no System V call. Two things show it: whoever waits is blocked, when the
//! child ends, until somebody wakes it; and a child that was waited for is gone afterwards.
//!
//! **Invariant:** a parent is accused only if it could not have known of the end: it slept for a time, has not asked since,
//! and no signal tells it.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::observed::state;

/// How long a child's end is held back for a parent that is still on its way to wait for it.
const ON_ITS_WAY: Duration = Duration::from_secs(1);
const BETWEEN_LOOKS: Duration = Duration::from_millis(1);
/// `SIGCHLD`, as a bit of a set of signals.
const SIGCHLD: u64 = 1 << (nix::libc::SIGCHLD - 1);

/// Whether all threads of a process only sleep for a time, once it is no longer on its way anywhere. Of one that stands
/// still for the tracer, or runs on, that is not known.
pub(super) fn only_sleeps(pid: i32) -> bool {
    let end = Instant::now() + ON_ITS_WAY;
    while Instant::now() < end {
        let threads: Vec<i32> = threads(pid).collect();
        if !threads.iter().any(|tid| matches!(state(*tid), Some('R' | 'D'))) {
            return threads.into_iter().all(trace::is_dozing);
        }
        thread::sleep(BETWEEN_LOOKS);
    }
    false
}

/// Whether a child has ended, and its parent neither has asked how nor is told by a signal.
pub(super) fn is_unknown_to(parent: i32, child: i32) -> bool {
    let status = fs::read_to_string(format!("/proc/{parent}/status")).unwrap_or_default();
    let is_told = ["SigCgt:", "SigBlk:"].iter().any(|name| {
        let set = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        u64::from_str_radix(set.trim(), 16).unwrap_or(0) & SIGCHLD != 0
    });
    !is_told && Path::new(&format!("/proc/{child}")).exists()
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
