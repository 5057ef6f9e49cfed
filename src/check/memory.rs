//! How much memory processes take: what they have mapped, and files that only they hold.
//!
//! **Invariant:** only `/proc` is read, so that nobody notices; and what cannot be read is an error, never nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use nix::errno::Errno;

/// Bytes that these processes take together.
///
/// # Errors
///
/// `EMFILE`, `ENFILE` and the like: nothing is known of a process that is still there.
pub(super) fn of(processes: &BTreeSet<i32>) -> io::Result<u64> {
    let (mut mapped, mut files) = (0, BTreeMap::new());
    for pid in processes {
        mapped += resident(*pid)?;
        // Several may hold the same file: it is in memory once.
        files.extend(anonymous_files(*pid)?);
    }
    Ok(mapped + files.values().sum::<u64>())
}

/// Bytes that a process has in memory.
fn resident(pid: i32) -> io::Result<u64> {
    let text = if_there(fs::read_to_string(format!("/proc/{pid}/statm")))?.unwrap_or_default();
    let pages: u64 = text.split_whitespace().nth(1).and_then(|pages| pages.parse().ok()).unwrap_or(0);
    Ok(pages * 4096)
}

/// The files without a name that a process has open (`memfd_create`, or deleted), and how much of each is there.
fn anonymous_files(pid: i32) -> io::Result<Vec<((u64, u64), u64)>> {
    let Some(files) = if_there(fs::read_dir(format!("/proc/{pid}/fd")))? else { return Ok(Vec::new()) };
    let files: Vec<_> = files.map_while(|file| if_there(file).transpose()).collect::<io::Result<_>>()?;
    Ok(files.iter().filter_map(|file| anonymous(&file.path())).collect())
}

/// Nothing of a process that has ended meanwhile.
fn if_there<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    let gone = [Errno::ENOENT, Errno::ESRCH].map(|errno| errno as i32);
    match result {
        Err(error) if error.raw_os_error().is_some_and(|errno| gone.contains(&errno)) => Ok(None),
        result => result.map(Some),
    }
}

fn anonymous(link: &Path) -> Option<((u64, u64), u64)> {
    let file = fs::metadata(link).ok().filter(|file| file.is_file() && file.nlink() == 0)?;
    Some(((file.dev(), file.ino()), file.blocks() * 512))
}
