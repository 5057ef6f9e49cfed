//! How much memory processes take: what they have mapped, and files that only they hold.
//!
//! **Invariant:** only `/proc` is read, so that nobody notices.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Bytes that these processes take together.
pub(super) fn of(processes: &BTreeSet<i32>) -> u64 {
    let mapped: u64 = processes.iter().map(|pid| resident(*pid)).sum();
    // Several may hold the same file: it is in memory once.
    let files: BTreeMap<(u64, u64), u64> = processes.iter().flat_map(|pid| nameless_files(*pid)).collect();
    mapped + files.values().sum::<u64>()
}

/// Bytes that a process has in memory.
fn resident(pid: i32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/statm")).unwrap_or_default();
    let pages: u64 = text.split_whitespace().nth(1).and_then(|pages| pages.parse().ok()).unwrap_or(0);
    pages * 4096
}

/// The files without a name that a process has open (`memfd_create`, or deleted), and how much of each is there.
fn nameless_files(pid: i32) -> Vec<((u64, u64), u64)> {
    let files = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    files.filter_map(|file| nameless(&file.path())).collect()
}

fn nameless(link: &Path) -> Option<((u64, u64), u64)> {
    let file = fs::metadata(link).ok().filter(|file| file.is_file() && file.nlink() == 0)?;
    Some(((file.dev(), file.ino()), file.blocks() * 512))
}
