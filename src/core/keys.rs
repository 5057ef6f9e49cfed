//! Keys: one that nobody uses yet, what `ftok` makes one of, and what it says of a file.

use std::path::Path;

use crate::call::{Answer, Call, Key, ShmgetFlags};
use crate::error::{Error, Result};
use crate::story::Story;
use crate::{Errno, Mode};

/// A project number for which no segment has the key yet.
///
/// Where to begin depends on the process, so that two runs do not compete for one key.
///
/// # Errors
///
/// `Environment`: the file is not there, or all of its keys are taken.
pub fn free_project(story: &Story, path: &Path) -> Result<i32> {
    for project in projects(story.pid()) {
        let key = key_of(story, path, project)?;
        let look = Call::Shmget { key, size: 0, flags: ShmgetFlags::empty(), mode: Mode::empty() };
        // Whatever else stands in the way, the lesson's own call will be told of it.
        if !matches!(story.quietly(&look)?, Ok(_) | Err(Errno::EACCES)) {
            return Ok(project);
        }
    }
    let asked = format!("find a free key for {}", path.display());
    Err(Error::environment(
        asked,
        "segments have those of all numbers from 1 to 254",
        "`ipcs -m` lists them.",
    ))
}

fn key_of(story: &Story, path: &Path, project: i32) -> Result<Key> {
    let asked = || format!("ftok({path:?}, {project})");
    match story.quietly(&Call::Ftok { path: path.to_owned(), project })? {
        Ok(Answer::Key(key)) => Ok(key),
        Ok(other) => Err(Error::environment(asked(), format!("{other:?}"), "")),
        Err(errno) => Err(Error::environment(asked(), errno, "Is the program's file still there?")),
    }
}

/// Every project number that a lesson may ask for, from one on that depends on the process.
///
/// Not 255: lessons count one further, and POSIX leaves open what `ftok` answers where the low 8 bits are 0.
fn projects(pid: i32) -> impl Iterator<Item = i32> {
    (0..254).map(move |n| 1 + (pid + n) % 254)
}

/// What `ftok` makes a key of: a row for each part, with its bits, where it is from, and its value.
pub fn parts(project: i32, device: u64, file: u64) -> [[String; 3]; 3] {
    let row = |bits: &str, from: &str, value: String| [bits.to_owned(), from.to_owned(), value];
    [
        row("31-24", "the lowest 8 bits of the project number", format!("{:02x}", project as u8)),
        row("23-16", "the lowest 8 bits of the device's number", format!("{:02x}", device as u8)),
        row("15-0", "the lowest 16 bits of the file's number", format!("{:04x}", file as u16)),
    ]
}

/// A file, or what passes for it, and what `ftok` says.
pub struct NamedFile {
    /// Which file was asked for, and how.
    pub how: &'static str,
    /// The key.
    pub key: std::result::Result<Key, Errno>,
}

impl NamedFile {
    /// What a C program would see: the key, or -1 and errno.
    pub fn answer(&self) -> String {
        self.key.map_or_else(|errno| format!("-1 {errno:?}"), |key| key.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_after_a_project_is_one_that_ftok_takes() {
        for pid in 1..=1000 {
            let mut projects: Vec<_> = projects(pid).collect();
            projects.sort_unstable();
            assert!(projects.into_iter().eq(1..=254), "{pid}");
        }
    }
}
