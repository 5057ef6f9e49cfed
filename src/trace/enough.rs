//! Whether a thread has been held for long enough.
//!
//! **Invariant:** that the others wait is looked at twice: who has not run in between was not woken by another either.

use std::time::Duration;

use super::hold::{SPINS, SPINS_AT_FIRST, Wait};
use super::schedule::Scheduler;
use super::waiting::Used;

/// How many holds are the first ones, and how long a hold may take of the program's own time: those, and later ones.
const FIRST: u64 = 8;
const LONGEST_AT_FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_millis(100);

impl Scheduler {
    /// Whether the one who is held has been held for long enough: all others wait, or it took too long.
    pub fn is_enough(&mut self) -> bool {
        let Some(hold) = &self.hold else { return false };
        let longest = if self.history.race.held <= FIRST { LONGEST_AT_FIRST } else { LONGEST };
        hold.since.is_longer_than(longest) || self.all_wait()
    }

    fn all_wait(&mut self) -> bool {
        let first = self.look_at_others();
        first.is_some() && first == self.look_at_others()
    }

    /// What those have used that are blocked; nothing, if somebody does not wait.
    fn look_at_others(&mut self) -> Option<Vec<Used>> {
        let Scheduler { hold: Some(hold), members, spun, .. } = self else { return None };
        let spins = if *spun < FIRST { SPINS_AT_FIRST } else { SPINS };
        let others = members.iter().filter(|(tid, member)| **tid != hold.tid && !member.listening);
        let mut blocked = Vec::new();
        for (tid, _) in others {
            match hold.progress.entry(*tid).or_default().wait(*tid, spins)? {
                Wait::Blocked(used) => blocked.push(used),
                Wait::Spins => *spun += 1,
                Wait::Looks => {}
            }
        }
        Some(blocked)
    }
}
