//! A thread that is held, and whether the others wait for it.
//!
//! **Invariant:** that another waits is read from what it does and from its own time on the processor, never from how
//! long somebody else has waited for it; and a hold is no longer because the machine is busy.

use std::collections::HashMap;
use std::time::Duration;

use nix::unistd::Pid;

use super::race::WordAccess;
use super::starved::OwnTime;
use super::waiting::{Doing, Used, doing, used};

/// A thread spins when it has run for so long without an access: longer at first, while programs still begin.
pub(super) const SPINS_AT_FIRST: Duration = Duration::from_millis(1);
pub(super) const SPINS: Duration = Duration::from_micros(200);
/// It waits, too, when it was given the processor, or was stopped, or has slept, so often without one.
const TURNS: u64 = 8;
const STOPS: u64 = 24;
const NAPS: u64 = 3;
/// Who has read the word so often, and not written it, looks at it until it changes.
const LOOKS: u64 = 2;
/// Why a thread stands still.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// It uses the word for the first time: others may not have begun.
    Arrived,
    /// It has read.
    Read,
    /// It has read and written, and not at once.
    Wrote,
    /// It has written, and is on its way to its next access: perhaps between the test of a lock and the taking of it.
    OnItsWay {
        /// How many instructions after its write it is to stand.
        stands_after: u64,
    },
}

/// How it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    Held,
    /// It goes on by single instructions.
    Steps,
}

/// What another thread has done since.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Progress {
    /// What it had used when it was first looked at.
    pub base: Option<Used>,
    pub reads: u64,
    pub stops: u64,
    /// Whether it was resumed since the hold began: what it does from then on comes later than the held access.
    pub is_later: bool,
}

/// A thread that is held.
pub(super) struct Hold {
    pub tid: Pid,
    pub reason: Reason,
    pub pace: Pace,
    pub since: OwnTime,
    pub access: WordAccess,
    /// The number of its access.
    pub number: u64,
    pub steps: u64,
    pub progress: HashMap<Pid, Progress>,
    /// Whether another has read since it went on by steps, so that it is worth waiting for.
    pub has_company: bool,
}

/// How another thread waits.
pub(super) enum Wait {
    /// In the kernel, until it is woken. It has used the processor so much.
    Blocked(Used),
    /// It runs, and comes no further.
    Spins,
    /// It looks at the word, or tries its lock, again and again.
    Looks,
}

impl Hold {
    /// The thread that is held, if it has stood still since before another began what it has just done.
    pub fn stands_before(&self, other: Pid) -> Option<Pid> {
        let is_later = self.progress.get(&other).is_some_and(|progress| progress.is_later);
        (self.tid != other && self.pace == Pace::Held && is_later).then_some(self.tid)
    }
}

impl Progress {
    /// It is looked at from now on.
    pub fn anew(&mut self) {
        *self = Progress { is_later: self.is_later, ..Progress::default() };
    }

    /// How the thread waits; nothing, if it may still come by itself.
    pub fn wait(&mut self, tid: Pid, spins: Duration) -> Option<Wait> {
        let now = used(tid)?;
        let base = *self.base.get_or_insert(now);
        let (time, turns) = (now.time.saturating_sub(base.time), now.turns - base.turns);
        let looks = self.reads >= LOOKS;
        match doing(tid) {
            Doing::Blocked => Some(Wait::Blocked(now)),
            Doing::Dozing if looks || turns >= NAPS => Some(Wait::Looks),
            Doing::Running if time >= spins => Some(Wait::Spins),
            Doing::Running if looks || self.stops >= STOPS || turns >= TURNS + 2 * self.stops => {
                Some(Wait::Looks)
            }
            _ => None,
        }
    }
}
