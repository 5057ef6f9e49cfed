//! Temporary folders that a signal does not leave behind.
//!
//! Only hand-ins without walls need any: those in a sandbox write to memory.
//!
//! **Invariant:** a folder is on the list before it is used. It is removed by this process, however it ends but by
//! SIGKILL; and then by the next one that makes any.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use std::thread;

use nix::sys::signal::{SigSet, Signal};
use tempfile::TempDir;

use super::group;
use super::held::{Held, end_abandoned, hold};

/// How folders are called: this, and what no other has.
const PREFIX: &str = "shm-playground-check-";

static FOLDERS: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// A temporary folder.
#[derive(Debug)]
pub(super) struct Scratch {
    folder: TempDir,
    /// Held as long as its maker lives.
    _held: Held,
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
    static LEFT: Once = Once::new();
    LEFT.call_once(|| end_abandoned(&env::temp_dir(), PREFIX, |folder| drop(fs::remove_dir_all(folder))));
    let folder = tempfile::Builder::new().prefix(PREFIX).tempdir()?;
    let held = hold(folder.path()).ok_or(io::ErrorKind::ResourceBusy)?;
    folders.insert(folder.path().to_owned());
    Ok(Scratch { folder, _held: held })
}

fn folders() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    FOLDERS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Has the signals that people end programs with remove all folders and control groups first. For `main` to call,
/// before it has threads.
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
