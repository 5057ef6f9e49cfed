//! Keys that are made from files: which file two programs share, what `ftok` keeps of it, and when it fails them.
//!
//! **Invariant:** nothing here makes a segment. A file that is made here has no name, or is gone with its folder
//! before a signal can arrive.

use std::collections::HashMap;
use std::fs::{self, File};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{env, io, process};

use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::stat::fstat;
use nix::sys::time::TimeValLike;
use nix::unistd::mkdtemp;
pub use playground_core::keys::free_project;
use playground_core::keys::{self, NamedFile};

use crate::error::{Error, Result};
use crate::kernel::{hold_signals, key_of, portable};
use crate::story::Story;

/// What two runs of this program surely share, and programs of others do not: the file that it was built into.
///
/// The root folder, where `/proc` does not tell.
pub fn program_file() -> PathBuf {
    env::current_exe().ok().filter(|path| path.exists()).unwrap_or_else(|| "/".into())
}

/// What `ftok` makes a key of: a row for each part, with its bits, where it is from, and its value.
///
/// # Errors
///
/// Those of stat(2).
pub fn parts(path: &Path, project: i32) -> io::Result<[[String; 3]; 3]> {
    let file = fs::metadata(path)?;
    Ok(keys::parts(project, file.dev(), file.ino()))
}

/// Asks for the key of one file in several ways; the first is the plain one.
///
/// # Errors
///
/// `Environment`: no folder for temporary files, or one that holds no links.
pub fn ways_to_ask(project: i32) -> Result<Vec<NamedFile>> {
    let cannot =
        |error| Error::environment("make a temporary file", error, "Is the folder in TMPDIR writable?");
    hold_signals(|| in_a_folder(|folder| ask_in(folder, project))).map_err(cannot)
}

fn ask_in(folder: &Path, project: i32) -> io::Result<Vec<NamedFile>> {
    let [file, hard, soft] = ["key", "hard", "soft"].map(|name| folder.join(name));
    // It stays open, so that its number is not given to the next file.
    let _open = File::create(&file)?;
    fs::hard_link(&file, &hard)?;
    symlink(&file, &soft)?;
    let key_of = |path: &Path, project| key_of(path, project).map_err(portable);
    let mut ways = vec![
        NamedFile { how: "the file", key: key_of(&file, project) },
        NamedFile { how: "a hard link to it", key: key_of(&hard, project) },
        NamedFile { how: "a symbolic link to it", key: key_of(&soft, project) },
        NamedFile { how: "the file, and the number plus 256", key: key_of(&file, project + 256) },
        NamedFile { how: "the file, and the number plus 1", key: key_of(&file, project + 1) },
    ];
    fs::remove_file(&file)?;
    ways.push(NamedFile { how: "the name, once the file is deleted", key: key_of(&file, project) });
    File::create(&file)?;
    ways.push(NamedFile {
        how: "the name, made anew while the old file is open",
        key: key_of(&file, project),
    });
    Ok(ways)
}

/// Runs a operation with a folder of its own, which is gone afterwards.
fn in_a_folder<T>(operation: impl FnOnce(&Path) -> io::Result<T>) -> io::Result<T> {
    let folder = mkdtemp(&env::temp_dir().join("shm-playground-XXXXXX"))?;
    let done = operation(&folder);
    fs::remove_dir_all(&folder)?;
    done
}

/// Two different files that `ftok` takes for one.
pub struct CollidingFiles {
    files: [OwnedFd; 2],
    /// How many files were made until these two were found.
    pub made: usize,
}

impl CollidingFiles {
    /// Where the two files can be named while this lives.
    pub fn paths(&self) -> [PathBuf; 2] {
        let path = |file: &OwnedFd| format!("/proc/{}/fd/{}", process::id(), file.as_raw_fd()).into();
        self.files.each_ref().map(path)
    }
}

/// Makes files without a name (`memfd_create`) until `ftok` cannot tell two of them apart.
///
/// The kernel numbers such files one after another, each processor in batches of 1024; one file of each batch is
/// kept, and a later one must meet it when 16 bits have gone round. Where that cannot be done, the story says so.
pub fn colliding(story: &Story) -> Option<CollidingFiles> {
    match find_colliding() {
        Ok(Some(colliding)) if colliding.paths().iter().all(|path| path.exists()) => Some(colliding),
        Ok(Some(_)) => {
            story.missing("Two such files were found, but /proc alone has names for them. Is it mounted?");
            None
        }
        Ok(None) => {
            story.missing("It takes too long here. Is the run traced?");
            None
        }
        Err(errno) => {
            story.missing(format!(
                "memfd_create gave {}. Is it forbidden here, or is `ulimit -n` below 100?",
                portable(errno)
            ));
            None
        }
    }
}

/// How long the search may keep a processor busy; it takes a tenth of that.
const MOST_PROCESSOR_TIME: Duration = Duration::from_secs(3);

fn find_colliding() -> nix::Result<Option<CollidingFiles>> {
    let start = Instant::now();
    let mut kept: HashMap<(u8, u16), OwnedFd> = HashMap::new();
    for made in 1.. {
        let file = memfd_create("key", MFdFlags::MFD_CLOEXEC)?;
        let stat = fstat(&file)?;
        let what_ftok_keeps = (stat.st_dev as u8, stat.st_ino as u16);
        if let Some(other) = kept.remove(&what_ftok_keeps) {
            return Ok(Some(CollidingFiles { files: [other, file], made }));
        }
        if made % 1024 == 1 {
            if processor_time() > MOST_PROCESSOR_TIME || start.elapsed() > 10 * MOST_PROCESSOR_TIME {
                return Ok(None);
            }
            kept.insert(what_ftok_keeps, file);
        }
    }
    Ok(None)
}

/// What this process has had of the processors. On a busy machine that is less than the time that has passed.
fn processor_time() -> Duration {
    let Ok(usage) = getrusage(UsageWho::RUSAGE_SELF) else { return Duration::ZERO };
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Duration::from_micros(micros as u64)
}

#[cfg(test)]
mod tests {
    use playground_core::Errno;

    use super::*;

    #[test]
    fn the_parts_make_the_key() {
        let path = program_file();
        let [project, device, file] = parts(&path, 0x153).unwrap().map(|[_, _, value]| value);
        let key = key_of(&path, 0x153).unwrap();
        assert_eq!(key.to_string(), format!("0x{project}{device}{file}"));
    }

    #[test]
    fn links_and_the_low_8_bits_of_the_number_do_not_matter_and_a_new_file_does() {
        let keys: Vec<_> = ways_to_ask(7).unwrap().into_iter().map(|way| way.key).collect();
        let same: Vec<_> = keys.iter().map(|key| *key == keys[0]).collect();
        assert_eq!(same, [true, true, true, true, false, false, false]);
        assert_eq!(keys[5], Err(Errno::ENOENT));
    }

    #[test]
    fn two_files_may_have_one_key() {
        let Some(colliding) = find_colliding().unwrap() else { return };
        let [one, other] = colliding.paths();
        assert_eq!(key_of(&one, 1), key_of(&other, 1));
        assert_ne!(fs::metadata(one).unwrap().ino(), fs::metadata(other).unwrap().ino());
    }
}
