//! A thread on its way from a write to its next access, which may lead through a lock of the program's own making.
//!
//! Who tests a lock and then takes it can be overtaken between the two, and a hold at the word itself comes too late to
//! show that. So a thread is stopped after so many instructions, each time others, until another has read the word.
//!
//! **Invariant:** where a thread is stopped decides nothing of what is proved.

use nix::unistd::Pid;

use super::AccessKind;
use super::hold::{Pace, Reason};
use super::race::WordAccess;
use super::schedule::{MOST, Scheduler};
use super::stop::Resume;

/// How often a thread is stopped on its way, after how many holds for other reasons at least, and after one write in how
/// many.
const MOST_WALKS: u64 = 300;
const HOLDS_BEFORE: u64 = 32;
const SELDOM: u64 = 4;
/// How many instructions it goes at most: most locks are taken and left in few.
const LONGEST: [u64; 6] = [12, 24, 24, 48, 96, 192];

impl Scheduler {
    /// Another has come to the word while one stands on its way there: if it has read, it is held in that one's stead.
    pub(super) fn overtook(&mut self, tid: Pid, access: WordAccess, number: u64) {
        let standing = self.hold.as_ref().filter(|hold| hold.pace == Pace::Held).map(|hold| hold.tid);
        let Some(standing) = standing.filter(|_| access.kind == AccessKind::Read) else { return };
        self.let_go(Resume::Free(0));
        self.begin_hold(tid, access, number);
        if let Some(hold) = &mut self.hold {
            // Whatever it does now comes after the read.
            hold.progress.entry(standing).or_default().is_later = true;
        }
    }

    /// Whether a thread that has written is stopped on its way to its next access.
    pub(super) fn may_walk(&self, kind: AccessKind) -> bool {
        matches!(kind, AccessKind::Write | AccessKind::Exchange)
            && self.members.len() > 1
            && !self.has_proof()
            && self.history.race.held >= HOLDS_BEFORE
            && self.walks < MOST_WALKS
            && self.spent < MOST
            && is_sample(self.history.number(), SELDOM)
    }

    pub(super) fn begin_walk(&mut self, tid: Pid, access: WordAccess, number: u64) {
        let longest = LONGEST[self.walks as usize % LONGEST.len()].min(self.way);
        let stands_after = 1 + (spread(self.walks) >> 32) % longest;
        self.walks += 1;
        self.hold = Some(self.hold_of(tid, Reason::OnItsWay { stands_after }, Pace::Steps, access, number));
    }
}

/// One in so many, and with no period of its own: a program may do something each hundredth time.
pub(super) fn is_sample(chance: u64, seldom: u64) -> bool {
    spread(chance) < u64::MAX / seldom
}

/// Multiples of the golden ratio, in 64 bits, are spread evenly, and never fall into step with anything.
fn spread(number: u64) -> u64 {
    const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
    number.wrapping_mul(GOLDEN)
}
