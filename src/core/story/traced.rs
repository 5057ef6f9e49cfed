//! What there is to tell of a program that is traced, beside its calls, which are told as a lesson's are.
//!
//! **Invariant:** as for the other events: what really happened, never how it looks.

use serde::{Serialize, Serializer};

use super::event::Change;
use super::raced::RaceEvent;
use crate::call::{Address, Key, Performed, Shmid};
use crate::error::Reason;
use crate::evidence::segments::Row;
use crate::found::{Code, What, WordAccess};

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
    /// A call waits in the kernel, while others go on or for long. It is told again when it returns.
    Waits {
        /// The process.
        pid: i32,
        /// What it is called.
        who: Option<String>,
        /// What it asked, in C notation.
        c: String,
        /// For how many seconds it has waited, where that is long.
        #[serde(skip_serializing_if = "Option::is_none")]
        seconds: Option<u64>,
        /// What it waits for, and what would help, as far as that can be seen.
        #[serde(flatten)]
        reason: Option<Reason>,
    },
    /// A seccomp filter answered a call with SIGSYS: the call never returns.
    Refused {
        /// The process.
        pid: i32,
        /// What it is called.
        who: Option<String>,
        /// What it asked, in C notation.
        c: String,
        /// Why, and what to try.
        #[serde(flatten)]
        reason: Reason,
    },
    /// A process puts a seccomp filter in front of itself.
    Filters {
        /// The process.
        pid: i32,
        /// What it is called.
        who: Option<String>,
        /// What that means for what is told.
        text: String,
    },
    /// A row of the kernel's table of segments, as it is after a call, a fork or an end.
    Changed {
        /// The segment.
        shmid: Shmid,
        /// `new`, `found` where it was there before the program asked for it, `moved` or `gone`.
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
        /// Where that is, seen from what is attached.
        #[serde(skip_serializing_if = "Option::is_none")]
        text: Option<String>,
    },
    /// A process has used the word that is watched.
    Access {
        /// What it is called.
        who: Option<String>,
        /// Who did what, and where.
        #[serde(flatten)]
        access: WordAccess,
    },
    /// What became of the word that was watched.
    Race(Box<RaceEvent>),
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
        /// The process that made it.
        maker: i32,
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
    /// Many things of one kind outlive the run.
    LeftMany {
        /// `segment` or `semaphore set`.
        what: &'static str,
        /// Their ids.
        ids: Vec<i32>,
        /// How many bytes segments have altogether.
        size: Option<usize>,
        /// A command that removes them.
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
    pub fn goes_with_its_call(&self) -> bool {
        matches!(self, Traced::Changed { .. })
    }

    /// Something that is left.
    pub fn left(left: &crate::found::Left) -> Traced {
        let crate::found::Left { what, maker, key, size, nattch, holders, marked } = left;
        let remove = what.removal();
        let (what, id) = (What::name(*what), what.id());
        let (maker, holders) = (*maker, holders.clone());
        Traced::Left {
            what,
            id,
            maker,
            key: *key,
            size: *size,
            nattch: *nattch,
            holders,
            marked: *marked,
            remove,
        }
    }

    /// Many things of one kind that are left.
    pub fn left_many(left: &[&crate::found::Left]) -> Traced {
        let ids: Vec<_> = left.iter().map(|left| left.what.id()).collect();
        let size = left.iter().map(|left| left.size).sum();
        Traced::LeftMany { what: left[0].what.name(), ids, size, remove: removal(left) }
    }
}

/// One command that removes many things. `ipcs` tells who made a segment, so that not every id has to be written.
fn removal(left: &[&crate::found::Left]) -> String {
    const WRITTEN: usize = 8;
    let mut makers: Vec<_> = left.iter().map(|left| left.maker).collect();
    makers.sort_unstable();
    makers.dedup();
    let is_segments = matches!(left[0].what, What::Segment(_));
    if left.len() > WRITTEN && makers.len() == 1 && is_segments {
        let [maker, ..] = makers[..] else { return String::new() };
        return format!("ipcs -mp | awk '$3 == {maker} {{ print $1 }}' | xargs -n 1 ipcrm -m");
    }
    let option = if is_segments { "-m" } else { "-s" };
    let options: Vec<_> = left.iter().map(|left| format!("{option} {}", left.what.id())).collect();
    format!("ipcrm {}", options.join(" "))
}
