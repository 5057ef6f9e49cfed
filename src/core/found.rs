//! What is found of a traced program: classic mistakes by name, and what it leaves behind.
//!
//! **Invariant:** these are names and numbers; whoever finds something has to prove it.

mod code;
mod interleaving;
mod race;
mod word;

use crate::call::{Key, Semid, Shmid};

pub use code::Code;
pub use race::{AccessKind, Nth, Place, Proof, Race, Uses, Watch, WordAccess};
pub use word::{Form, Word};

/// Something that outlives the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// What it is.
    pub what: What,
    /// The process that made it.
    pub maker: i32,
    /// Its key.
    pub key: Key,
    /// How large a segment is, in bytes.
    pub size: Option<usize>,
    /// How many attachments a segment has.
    pub nattch: Option<u64>,
    /// Processes that have it attached, as far as they can be seen from here.
    pub holders: Vec<i32>,
    /// Whether it is marked for destruction, and goes with its last attachment.
    pub marked: bool,
}

/// What outlives a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// A segment.
    Segment(Shmid),
    /// A set of semaphores.
    Set(Semid),
}

impl What {
    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            What::Segment(_) => "segment",
            What::Set(_) => "semaphore set",
        }
    }

    /// Its identifier.
    pub fn id(self) -> i32 {
        match self {
            What::Segment(Shmid(id)) | What::Set(Semid(id)) => id,
        }
    }

    /// The command that removes it.
    pub fn removal(self) -> String {
        match self {
            What::Segment(id) => format!("ipcrm -m {id}"),
            What::Set(id) => format!("ipcrm -s {id}"),
        }
    }
}
