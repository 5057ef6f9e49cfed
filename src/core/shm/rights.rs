//! What a process may do with a segment, found out by trying.

use crate::call::{ShmatFlags, Shmid};
use crate::error::Result;
use crate::story::{Judge, Story, Verdict};

/// What a process was answered when it tried everything that permission bits govern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rights {
    /// `shmctl(id, IPC_STAT, &buf)`.
    pub ask: Verdict,
    /// `shmat(id, NULL, SHM_RDONLY)`.
    pub read: Verdict,
    /// `shmat(id, NULL, 0)`, for reading and writing.
    pub write: Verdict,
    /// `shmat(id, NULL, SHM_RDONLY | SHM_EXEC)`.
    pub execute: Verdict,
}

impl Rights {
    /// The heading of a table of [`Rights::row`]s, of which the first column is the caller's.
    pub fn heading(first: &str) -> [&str; 5] {
        [first, "IPC_STAT", "read", "read, write", "execute"]
    }

    /// Tries it all. What is attached is detached again.
    ///
    /// # Errors
    ///
    /// Those that say nothing of the calls: `Quit`, `Output` and the like.
    pub fn of(story: &Story, id: Shmid, size: usize) -> Result<Rights> {
        let attach = |flags| id.attach(story, size, flags).verdict();
        Ok(Rights {
            ask: id.stat(story).verdict()?,
            read: attach(ShmatFlags::SHM_RDONLY)?,
            write: attach(ShmatFlags::empty())?,
            execute: attach(ShmatFlags::SHM_RDONLY | ShmatFlags::SHM_EXEC)?,
        })
    }

    /// A row of a table, with the errno's name alone where the kernel refused.
    pub fn row(&self, first: impl Into<String>) -> [String; 5] {
        let [ask, read, write, execute] =
            [self.ask, self.read, self.write, self.execute].map(|verdict| match verdict {
                Verdict::Refused(errno) => format!("{errno:?}"),
                other => other.to_string(),
            });
        [first.into(), ask, read, write, execute]
    }
}
