//! Keys that are made from files: as far as it can be told without Linux.

use std::convert::Infallible;
use std::env;
use std::io;
use std::path::{Path, PathBuf};

use playground_core::error::Result;
pub use playground_core::keys::free_project;
use playground_core::keys::{self, NamedFile};
use playground_core::story::Story;

use super::missing;
use crate::platform::numbers_of;

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
    Ok(keys::parts(project, device, file))
}

/// Asks for the key of one file in several ways.
///
/// # Errors
///
/// `Environment`, always: it takes links, and numbers of files.
pub fn ways_to_ask(_: i32) -> Result<Vec<NamedFile>> {
    Err(missing("ask for a key in several ways"))
}

/// Two different files that `ftok` takes for one. There are none here.
pub struct CollidingFiles {
    /// How many files were made until these two were found.
    pub made: usize,
    never: Infallible,
}

impl CollidingFiles {
    /// Where the two files can be named.
    pub fn paths(&self) -> [PathBuf; 2] {
        match self.never {}
    }
}

/// Says that it takes files without a name, which it makes on Linux only.
pub fn colliding(story: &Story) -> Option<CollidingFiles> {
    story.missing("It takes files in memory, without a name (memfd_create), which it makes on Linux only.");
    None
}
