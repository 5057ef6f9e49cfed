//! What a call waits for: which semaphore, what it is, and who could change that.
//!
//! **Invariant:** looks at the set as it is now. Whoever changes it meanwhile makes the words older, not wrong.

use super::procfs;
use super::state::{Namespace, State};
use crate::call::{Call, SemCmd, SemOp, Semid};
use crate::error::Reason;

/// What is known beside the set itself.
pub(super) struct Around<'a> {
    pub state: &'a State,
    pub namespace: Namespace,
    /// The processes that are within a call.
    pub waiting: &'a [i32],
    /// Whether no traced thread is left that does not wait likewise.
    pub all_wait: bool,
}

/// A semaphore that lets a call not go on.
struct Obstacle {
    number: u16,
    value: i32,
    /// What the operation adds to it; 0 waits for 0.
    change: i16,
}

impl Around<'_> {
    /// What a call waits for, and what would help. Nothing, if it can go on, or the set cannot be read.
    pub fn explain(&self, call: &Call) -> Option<Reason> {
        let (Call::Semop { semid, ops } | Call::Semtimedop { semid, ops, .. }) = call else { return None };
        let obstacle = obstacle(*semid, ops)?;
        let Obstacle { number, value, change } = obstacle;
        let wants = match change {
            0 => "waits until it is 0".to_owned(),
            _ => format!("wants to take {}", -i32::from(change)),
        };
        let (who, advice) = self.who(*semid, &obstacle);
        let why = format!(
            "Semaphore {number} of set {semid} is {value}, and the call {wants}. {who}{}",
            if self.all_wait { " All that is traced waits, so nobody of it can end this." } else { "" }
        );
        Some(Reason { why, advice: format!("{advice} See `ipcs -s -i {semid}`.") })
    }

    /// Who has taken from the semaphore, or else who changed it last; and what would help.
    fn who(&self, set: Semid, Obstacle { number, change, .. }: &Obstacle) -> (String, String) {
        let holders = self.state.holders(self.namespace, set, *number);
        if !holders.is_empty() {
            let holders: Vec<_> = holders.into_iter().map(|pid| self.person(pid)).collect();
            return (
                format!("It was taken, and not given back, by {}.", holders.join(" and ")),
                "Who takes gives back, on every way out of the code between; SEM_UNDO gives back for who ends. Two that \
                 take several take them in the same order."
                    .to_owned(),
            );
        }
        let set_it = format!("Set it before it is used: semctl({set}, {number}, SETVAL, 1).");
        match procfs::semaphore(set, *number, SemCmd::GetPid) {
            _ if *change == 0 => (String::new(), "Whoever raised it takes it back to 0.".to_owned()),
            Some(0) => ("No process has ever operated on it: a new semaphore is 0.".to_owned(), set_it),
            Some(last) => (format!("The last to change it was {}.", self.person(last)), set_it),
            None => (String::new(), set_it),
        }
    }

    fn person(&self, pid: i32) -> String {
        let lives = self.state.processes().contains(&pid) || procfs::family(pid).is_some();
        let now = match (lives, self.waiting.contains(&pid)) {
            (false, _) => ", which has ended",
            (true, true) => ", which waits itself",
            (true, false) => "",
        };
        format!("process {pid}{now}")
    }
}

/// The first operation that cannot be done, after those before it.
fn obstacle(set: Semid, ops: &[SemOp]) -> Option<Obstacle> {
    let mut changed = std::collections::BTreeMap::new();
    for &SemOp { number, change, .. } in ops {
        let value = match changed.get(&number) {
            Some(value) => *value,
            None => procfs::semaphore(set, number, SemCmd::GetVal)?,
        };
        let after = value + i32::from(change);
        if after < 0 || change == 0 && value != 0 {
            return Some(Obstacle { number, value, change });
        }
        changed.insert(number, after);
    }
    None
}
