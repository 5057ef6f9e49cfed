//! Two programs that meet at a key: they meet in a kernel, and here each would have a model of its own.
//!
//! **Invariant:** no session is ever made, which its type says: what would happen in one need not be told.

use std::convert::Infallible;
use std::time::Duration;

use playground_core::call::Key;
use playground_core::error::Result;
use playground_core::shm::Attachment;
use playground_core::story::Story;

use super::missing;

/// Where two programs would meet.
#[derive(Clone, Copy, Debug)]
pub struct Rendezvous {
    /// The lesson that both tell.
    pub lesson: usize,
    /// What the first and the second are called.
    pub names: [&'static str; 2],
    /// The key that both know.
    pub key: Key,
    /// How long to wait for the other.
    pub timeout: Duration,
}

/// The key that two runs of this program know without a word.
///
/// # Errors
///
/// `Environment`, always.
pub fn key_of_this_program() -> Result<Key> {
    Err(missing("meet another program"))
}

impl Rendezvous {
    /// Makes the segment under the key.
    ///
    /// # Errors
    ///
    /// `Environment`, always.
    pub fn open(&self, _: &Story) -> Result<Session> {
        Err(missing("meet another program"))
    }

    /// Looks for the key until somebody has made the segment.
    ///
    /// # Errors
    ///
    /// `Environment`, always.
    pub fn join(&self, _: &Story) -> Result<Session> {
        Err(missing("meet another program"))
    }
}

/// A segment in which two programs have met.
pub struct Session(Infallible);

impl Session {
    /// Where in the segment the data begins.
    pub const DATA: usize = 64;

    /// The segment.
    pub fn memory(&self) -> &Attachment {
        match self.0 {}
    }

    /// Waits for the other program.
    ///
    /// # Errors
    ///
    /// Never: there is no session.
    pub fn wait_for_second(&self) -> Result<i32> {
        match self.0 {}
    }

    /// Tells the other program how far this one is.
    ///
    /// # Errors
    ///
    /// Never: there is no session.
    pub fn announce(&self, _: u32) -> Result<()> {
        match self.0 {}
    }

    /// Waits until the other program is so far.
    ///
    /// # Errors
    ///
    /// Never: there is no session.
    pub fn wait_until(&self, _: u32, _: &str) -> Result<()> {
        match self.0 {}
    }

    /// Ends the session.
    ///
    /// # Errors
    ///
    /// Never: there is no session.
    pub fn close(self) -> Result<()> {
        match self.0 {}
    }
}
