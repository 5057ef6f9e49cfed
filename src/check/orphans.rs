//! Processes that have no parent any more: they come to this process (`PR_SET_CHILD_SUBREAPER`).

use std::collections::BTreeSet;
use std::fs;

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::waitpid;
use nix::unistd::Pid;

/// Kills all children of this process but these.
pub(super) fn end_all_but(judges: &BTreeSet<i32>) {
    // With each that goes, its own children come.
    loop {
        let orphans: Vec<i32> = children().filter(|pid| !judges.contains(pid)).collect();
        for pid in &orphans {
            let _ = kill(Pid::from_raw(*pid), Signal::SIGKILL);
            let _ = waitpid(Pid::from_raw(*pid), None);
        }
        if orphans.is_empty() {
            return;
        }
    }
}

/// The children of this process, with those that it has inherited.
pub(super) fn children() -> impl Iterator<Item = i32> {
    let tasks = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let lists = tasks.map(|task| fs::read_to_string(task.path().join("children")).unwrap_or_default());
    let numbers: Vec<i32> = lists
        .flat_map(|list| list.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>())
        .collect();
    numbers.into_iter()
}
