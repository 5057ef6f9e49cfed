//! Keys that are made from files: as far as it can be told without Linux.

use std::convert::Infallible;
use std::env;
use std::io;
use std::path::{Path, PathBuf};

use playground_core::Errno;
use playground_core::call::Key;
use playground_core::error::Result;
pub use playground_core::keys::free_project;
use playground_core::story::Story;

use super::missing;
use crate::ground::numbers_of;

/// What two runs of this program surely share: the file that it was built into.
pub fn program_file() -> PathBuf {
    env::current_exe().unwrap_or_else(|_| "/".into())
}

/// What `ftok` makes a key of: a row for each part, with its bits, where it is from, and its value.
///
/// # Errors
///
/// `NotFound`: the file is not there.
pub fn parts(path: &Path, project: i32) -> io::Result<[[String; 3]; 3]> {
    let (device, file) = numbers_of(path).ok_or(io::ErrorKind::NotFound)?;
    let row = |bits: &str, from: &str, value: String| [bits.to_owned(), from.to_owned(), value];
    Ok([
        row("31-24", "the lowest 8 bits of the project number", format!("{:02x}", project as u8)),
        row("23-16", "the lowest 8 bits of the device's number", format!("{:02x}", device as u8)),
        row("15-0", "the lowest 16 bits of the file's number", format!("{:04x}", file as u16)),
    ])
}

/// A file, or what passes for it, and what `ftok` says.
pub struct Way {
    /// Which file was asked for, and how.
    pub how: &'static str,
    /// The key.
    pub key: std::result::Result<Key, Errno>,
}

impl Way {
    /// What a C program would see: the key, or -1 and errno.
    pub fn answer(&self) -> String {
        self.key.map_or_else(|errno| format!("-1 {errno:?}"), |key| key.to_string())
    }
}

/// Asks for the key of one file in several ways.
///
/// # Errors
///
/// `Ground`, always: it takes links, and numbers of files.
pub fn ways_to_ask(_: i32) -> Result<Vec<Way>> {
    Err(missing("ask for a key in several ways"))
}

/// Two different files that `ftok` takes for one. There are none here.
pub struct Twins {
    /// How many files were made until these two were found.
    pub made: usize,
    never: Infallible,
}

impl Twins {
    /// Where the two files can be named.
    pub fn paths(&self) -> [PathBuf; 2] {
        match self.never {}
    }
}

/// Says that it takes files without a name, which only Linux makes.
pub fn twins(story: &Story) -> Option<Twins> {
    story.missing("It takes files in memory, without a name (memfd_create), which only Linux makes.");
    None
}
