//! The rest of the family: a pipe, a mapped file, a socket pair, a semaphore; and a segment beside them.
//!
//! Each is a [`Mechanism`]: something through which one process reaches another. Lesson 0 asks all of them the same
//! questions, and fills a table from what the kernel answers.
//!
//! **Invariant:** a mechanism makes every call through the [`Story`], so that it is told; and what it made, it takes
//! away when it is dropped.

mod channels;
mod file;
mod memory;
mod pipeline;
mod questions;
mod semaphore;

use crate::error::Result;
use crate::story::Story;

pub use channels::Channel;
pub use file::MappedFile;
pub use memory::SharedSegment;
pub use pipeline::{Member, Pipeline, cat_to_xargs};
pub use questions::{HEADING, question};

/// Something through which one process reaches another. Nothing here ever waits.
pub trait Mechanism {
    /// What it is called.
    fn name(&self) -> &'static str;

    /// Hands something over: bytes, or a go-ahead.
    ///
    /// # Errors
    ///
    /// `Refused`, with the errno; `Ended`.
    fn put(&self, by: &Story, bytes: &[u8]) -> Result<()>;

    /// Takes what was handed over, at most so many bytes of it.
    ///
    /// # Errors
    ///
    /// `Refused`: `EAGAIN`, if the taker would have to wait; `EBADF` and others, if it has no access.
    fn take(&self, by: &Story, most: usize) -> Result<Vec<u8>>;

    /// Takes where nobody has handed anything over yet.
    ///
    /// # Errors
    ///
    /// As for [`Mechanism::take`].
    fn take_too_early(&self, by: &Story, most: usize) -> Result<Vec<u8>> {
        self.take(by, most)
    }

    /// Gives access to an unrelated process: it has inherited nothing, and is told a name or a number.
    ///
    /// # Errors
    ///
    /// As for [`Mechanism::take`].
    fn join(&self, _unrelated: &Story) -> Result<()> {
        Ok(())
    }

    /// Writes, as a process that may only read.
    ///
    /// # Errors
    ///
    /// `Refused`, if the kernel holds it to that.
    fn write_forbidden(&self, by: &Story) -> Result<()>;
}
