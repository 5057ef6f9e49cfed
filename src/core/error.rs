//! Everything that can end a lesson early, each with what the learner needs to go on.

use std::io;

use crate::Errno;

use crate::call::{Address, Performed};
use crate::process::Ending;

/// The result of everything that lessons do.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a lesson cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The kernel refused a call.
    #[error("{}", .0.performed)]
    Refused(Box<Refusal>),

    /// An access outside the segment, refused before it was made.
    #[error(
        "{length} bytes at offset {offset} do not fit into a segment of {size} bytes; \
         the access was refused by its type, before it could reach memory"
    )]
    OutOfBounds {
        /// The first byte asked for.
        offset: usize,
        /// How many bytes.
        length: usize,
        /// How many there are.
        size: usize,
    },

    /// A value that does not start at a multiple of its own alignment.
    #[error("offset {offset} is not a multiple of {alignment}, which a value of this type needs")]
    Misaligned {
        /// Where the value was to start.
        offset: usize,
        /// What its type asks for.
        alignment: usize,
    },

    /// An access to memory that this process has not attached, or only for reading.
    #[error("{length} bytes at {address} are not in memory that this process attached for {purpose}")]
    NotAttached {
        /// The first byte asked for.
        address: Address,
        /// How many bytes.
        length: usize,
        /// `reading` or `writing`.
        purpose: &'static str,
    },

    /// A call that would endanger this process's own memory, refused before it was made.
    #[error("{call} was not made: {why}")]
    Dangerous {
        /// The call, in C notation.
        call: String,
        /// What it would have done.
        why: &'static str,
    },

    /// The process that the lesson spoke to is gone.
    #[error("process {pid} {ending}")]
    Ended {
        /// Which process.
        pid: i32,
        /// How it ended.
        ending: Ending,
    },

    /// Something else that the system does not do here.
    #[error("{asked}: {answer}")]
    Environment {
        /// What was asked.
        asked: String,
        /// What the system answered.
        answer: String,
        /// Why, and what to try.
        advice: String,
    },

    /// The other side of a lesson in two terminals does not do its part.
    #[error("{what}")]
    Partner {
        /// What it did, or did not.
        what: String,
        /// What the learner can do about it.
        advice: String,
    },

    /// The learner wants to stop.
    #[error("you left the lesson")]
    Quit,

    /// The narration cannot be written.
    #[error("the narration cannot be written: {0}")]
    Output(#[source] io::Error),
}

/// A call that the kernel refused, and what that means here.
#[derive(Debug)]
pub struct Refusal {
    /// The call and its errno.
    pub performed: Performed,
    /// The errno alone.
    pub errno: Errno,
    /// Why, and what to try.
    pub reason: Reason,
}

/// Why the kernel refused a call, found out at the moment it did.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Reason {
    /// What the errno means for this call with these arguments.
    pub why: String,
    /// What the learner can do about it.
    #[serde(rename = "try")]
    pub advice: String,
}

impl Error {
    /// Something the system does not do here: what was asked, what it answered, why and what to try.
    pub fn environment(asked: impl Into<String>, answer: impl ToString, advice: impl Into<String>) -> Error {
        Error::Environment { asked: asked.into(), answer: answer.to_string(), advice: advice.into() }
    }

    /// What the learner can do about it, where there is something.
    pub fn advice(&self) -> Option<String> {
        match self {
            Error::Refused(refusal) => Some(format!("{} {}", refusal.reason.why, refusal.reason.advice)),
            Error::Environment { advice, .. } | Error::Partner { advice, .. } => Some(advice.clone()),
            Error::Ended { ending: Ending::Hung, .. } => {
                Some("Was it stopped (Ctrl-Z), or is the machine very busy? Run the lesson again.".into())
            }
            Error::Ended { .. } => Some("Another program may have killed it. Run the lesson again.".into()),
            _ => None,
        }
    }
}
