//! What is known of a word that several processes use: who did what to it, and from which line.

use serde::Serialize;

use super::{Form, Word};
use crate::Errno;

/// How an instruction uses a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AccessKind {
    /// It reads.
    Read,
    /// It writes.
    Write,
    /// It reads, then writes, and another processor can come between the two: `add` without `lock`.
    ReadThenWrite,
    /// It reads and writes as one: with `lock`, or a compare-and-swap that has succeeded.
    Atomic,
    /// It writes, and takes what was there, as one (`xchg`): what it writes does not come from what it takes.
    Exchange,
}

impl AccessKind {
    /// Whether the word may hold another value now.
    pub fn writes(self) -> bool {
        self != AccessKind::Read
    }
}

/// A line of a program's source.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Place {
    /// The file's name, without its folder.
    pub file: String,
    /// Counted from 1.
    pub line: u32,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// One of a program's segments, in a run in which their ids are not known yet. Counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nth {
    /// In the order in which they are attached first. Of several processes each run may have an order of its own.
    Attached(usize),
    /// In the order in which the program makes them.
    Made(usize),
}

/// Which word to watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watch {
    /// In which segment.
    pub segment: Nth,
    /// Where it begins in the segment: a multiple of its size.
    pub offset: usize,
    /// How many bytes it has, and what they mean.
    pub form: Form,
    /// Whether the run is over once it is proved that an update can be lost.
    pub until_proof: bool,
}

/// One access to the word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WordAccess {
    /// The process.
    pub pid: i32,
    /// The thread.
    pub tid: i32,
    /// What it did.
    pub kind: AccessKind,
    /// What it read, or what was there after it wrote.
    pub value: Word,
    /// The line of the program's source, where that is known.
    pub place: Option<Place>,
    /// How far it moved the word, where that is known: 0, if it left the word as it was.
    #[serde(skip)]
    pub step: Option<u64>,
}

/// How often a process used the word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Uses {
    /// Instructions that only read it.
    pub reads: u64,
    /// Instructions that wrote it, and changed it.
    pub changes: u64,
    /// The smallest step of a change: 1, where a step is not known.
    #[serde(skip)]
    pub step: u64,
    /// The largest step of a change.
    #[serde(skip)]
    pub largest: u64,
}

/// Why an update can be lost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "how", rename_all = "kebab-case")]
pub enum Proof {
    /// It was: one read the number, another wrote, and the first wrote over that.
    Lost {
        /// The four accesses, in their order; the other's read is missing where it reads and writes at once.
        accesses: Vec<WordAccess>,
    },
    /// One instruction reads and then writes, and another process could write at that very moment.
    Unordered {
        /// The two writes: nothing kept the second waiting while the first was at its instruction.
        accesses: Vec<WordAccess>,
    },
}

impl Proof {
    /// The accesses that show it.
    pub fn accesses(&self) -> &[WordAccess] {
        match self {
            Proof::Lost { accesses } | Proof::Unordered { accesses } => accesses,
        }
    }
}

/// All that is known of a word after a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Race {
    /// Why the word could not be watched.
    pub unwatched: Option<Errno>,
    /// How often each process used it, in the order in which they began to.
    pub uses: Vec<(i32, Uses)>,
    /// How often each line used it: where, how, how many times.
    pub lines: Vec<(Option<Place>, AccessKind, u64)>,
    /// How far it was counted up from 0, by small steps, whatever was written over that later.
    pub counted_to: u64,
    /// Whether two processes that change it were there at the same time.
    pub at_once: bool,
    /// Whether an access was not seen.
    pub is_partial: bool,
    /// How often a process was held after an access, to let others come.
    pub held: u64,
    /// How often another came then, rather than wait.
    pub came: u64,
    /// Whether an update can be lost.
    pub proof: Option<Proof>,
}
