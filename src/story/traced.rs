//! What there is to tell of a program that is traced, beside its calls, which are told as a lesson's are.
//!
//! **Invariant:** as for the other events: what really happened, never how it looks.

use serde::{Serialize, Serializer};

use super::event::Change;
use crate::call::{Address, Key, Performed, Shmid};
use crate::evidence::segments::Row;
use crate::trace::{Code, What};

/// One thing that happened to a traced program. In JSON it is an event like the others.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Traced {
    /// A process or thread begins.
    Begin {
        /// The process that it is, or belongs to.
        pid: i32,
        /// Its own id.
        tid: i32,
        /// The process that made it.
        parent: Option<i32>,
        /// `program`, `fork`, `vfork` or `thread`.
        how: &'static str,
        /// What it is called.
        who: Option<String>,
        /// How many attachments it has from its maker.
        inherited: usize,
    },
    /// A call waits in the kernel, while others go on. It is told again when it returns.
    Waits {
        /// The process.
        pid: i32,
        /// What it is called.
        who: Option<String>,
        /// What it asked, in C notation.
        c: String,
    },
    /// A row of the kernel's table of segments, as it is after a call, a fork or an end.
    Changed {
        /// The segment.
        shmid: Shmid,
        /// `new`, `moved` or `gone`.
        how: &'static str,
        /// The cells that differ from when the row was last looked at.
        changes: Vec<Change>,
        /// The row, unless it is gone.
        row: Option<Row>,
    },
    /// A process touched memory that it may not.
    Fault {
        /// The process.
        pid: i32,
        /// What it is called.
        who: Option<String>,
        /// The signal that it gets.
        signal: String,
        /// Where.
        address: Address,
        /// Whether something is mapped there.
        mapped: bool,
    },
    /// The program has ended, and processes that came of it have not: they are waited for.
    Lingers {
        /// They.
        processes: Vec<Lingering>,
    },
    /// Something outlives the run.
    Left {
        /// `segment` or `semaphore set`.
        what: &'static str,
        /// Its id.
        id: i32,
        /// Its key.
        key: Key,
        /// A segment's size in bytes.
        size: Option<usize>,
        /// How many attachments a segment has.
        nattch: Option<u64>,
        /// Who has it attached, as far as can be seen.
        holders: Vec<i32>,
        /// Whether it goes with its last attachment.
        marked: bool,
        /// The command that removes it.
        remove: String,
    },
    /// A mistake.
    Finding {
        /// Its name, which is stable.
        code: Code,
        /// What happened, in a sentence.
        message: String,
        /// The process that made it.
        pid: i32,
        /// The call that shows it, in C notation.
        #[serde(serialize_with = "in_c")]
        call: Performed,
        /// How often it happened.
        times: usize,
    },
    /// All is over.
    Total {
        /// System V calls.
        calls: usize,
        /// Processes.
        processes: usize,
        /// How often a traced thread was stopped.
        stops: u64,
        /// How many segments and sets are left.
        left: usize,
        /// How many mistakes were found.
        findings: usize,
        /// Why the run was cut short, and all of it killed.
        cut: Option<String>,
    },
}

/// A process that goes on when the program has ended.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Lingering {
    /// The process.
    pub pid: i32,
    /// What it runs, with its arguments, as far as can be seen.
    pub command: String,
}

fn in_c<S: Serializer>(call: &Performed, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(call)
}

impl Traced {
    /// Whether it is told in one line below the call that it came of.
    pub(crate) fn goes_with_its_call(&self) -> bool {
        matches!(self, Traced::Changed { .. })
    }

    /// Something that is left.
    pub(crate) fn left(left: &crate::trace::Left) -> Traced {
        let crate::trace::Left { what, key, size, nattch, holders, marked } = left;
        let remove = what.removal();
        let (what, id) = (What::name(*what), what.id());
        let holders = holders.clone();
        Traced::Left { what, id, key: *key, size: *size, nattch: *nattch, holders, marked: *marked, remove }
    }
}
