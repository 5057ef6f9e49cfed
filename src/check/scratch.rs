//! Temporary folders that a signal does not leave behind.
//!
//! Only hand-ins without walls need any: those in a sandbox write to memory.
//!
//! **Invariant:** a folder is on the list before it is used, and is removed by whoever ends this process, if by anyone.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use nix::sys::signal::{SigSet, Signal};
use tempfile::TempDir;

use super::group;

static FOLDERS: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// A temporary folder.
#[derive(Debug)]
pub(super) struct Scratch {
    folder: TempDir,
}

impl Scratch {
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        folders().remove(self.folder.path());
    }
}

/// Makes a folder that no other has.
pub(super) fn make() -> io::Result<Scratch> {
    // Whoever ends this process waits for the list, so that no folder is made that is not on it.
    let mut folders = folders();
    let folder = tempfile::Builder::new().prefix("check-").tempdir()?;
    folders.insert(folder.path().to_owned());
    Ok(Scratch { folder })
}

fn folders() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    FOLDERS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Has the signals that people end programs with remove all folders and control groups first. For `main` to call, before it has threads.
///
/// A signal that is ignored stays ignored (`nohup`).
pub fn remove_folders_on_signals() {
    let ends = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGQUIT];
    let ignored = ignored();
    let heeded: SigSet =
        ends.into_iter().filter(|signal| ignored & (1 << (*signal as i32 - 1)) == 0).collect();
    if heeded.thread_block().is_err() {
        return;
    }
    thread::spawn(move || {
        if let Ok(signal) = heeded.wait() {
            let folders = folders();
            for folder in folders.iter() {
                let _ = fs::remove_dir_all(folder);
            }
            let _groups = group::remove_all();
            // The judges end with this process, and with them all that they run.
            std::process::exit(128 + signal as i32);
        }
    });
}

/// The signals that this process ignores: `SigIgn` in its status, a bit each.
fn ignored() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}
