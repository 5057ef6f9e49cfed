//! A thread that can be scheduled, and the ways by which it comes to the word.
//!
//! A program may leave its lock out so seldom that no sample finds it. It leaves marks, though: who has come past the
//! lock has other numbers in the registers and beneath the stack, where finished calls have left theirs. So a thread
//! that comes with a mark that is new, where there were always the same few, is worth a hold, however late it comes.
//!
//! **Invariant:** marks decide whether a thread is held, and never what is proved.

use std::collections::{HashMap, HashSet};

use nix::unistd::Pid;

use super::instruction::{self, Footprint};

/// A thread that comes by a way on which it has not come before is held, so many times.
const MOST_WAYS: usize = 64;
/// A mark that has been more numbers than this says nothing: it counts, or tells the time.
const FEW: usize = 8;

/// A thread that can be scheduled.
#[derive(Debug, Default)]
pub(super) struct Member {
    /// The process that it belongs to.
    pub pid: i32,
    /// Stopped by job control.
    pub listening: bool,
    /// How often it could have been held.
    pub chances: u64,
    ways: HashSet<[u64; 3]>,
    /// What each mark has been so far, by the place in the program.
    marks: HashMap<u64, Vec<Mark>>,
}

/// The numbers that were seen in one place.
#[derive(Clone, Debug, Default)]
struct Mark(Vec<u64>);

impl Mark {
    /// Whether a number is new here, where few were so far.
    fn is_new(&mut self, number: u64) -> bool {
        let is_new = self.0.len() <= FEW && !self.0.contains(&number);
        if is_new {
            self.0.push(number);
        }
        is_new && self.0.len() <= FEW
    }
}

impl Member {
    /// A thread of this process.
    pub fn of(pid: i32) -> Member {
        Member { pid, ..Member::default() }
    }

    /// Whether it has come by a way that is new.
    pub fn comes_anew(&mut self, tid: Pid) -> bool {
        instruction::footprint(tid).is_some_and(|footprint| self.leaves(footprint))
    }

    fn leaves(&mut self, Footprint { way, marks }: Footprint) -> bool {
        let known = self.marks.entry(way[0]).or_default();
        known.resize_with(known.len().max(marks.len()), Mark::default);
        // Each is remembered, so all are looked at.
        let new = known.iter_mut().zip(marks).filter_map(|(mark, number)| mark.is_new(number).then_some(()));
        let has_new_mark = new.count() > 0;
        let is_new_way = self.ways.len() < MOST_WAYS && self.ways.insert(way);
        has_new_mark || is_new_way
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(marks: impl IntoIterator<Item = u64>) -> Vec<bool> {
        let mut member = Member::of(1);
        let mut leaves = |mark| member.leaves(Footprint { way: [1, 2, 3], marks: vec![7, mark] });
        marks.into_iter().map(&mut leaves).collect()
    }

    #[test]
    fn a_mark_that_changes_at_last_is_worth_a_hold() {
        let marks = [vec![1; 500], vec![2, 1, 2]].concat();
        let held = held(marks);
        assert!(held[0] && held[500], "the first, and the first that differs");
        assert_eq!(held.iter().filter(|held| **held).count(), 2);
    }

    #[test]
    fn a_mark_that_is_always_another_says_nothing() {
        assert_eq!(held(0..500).iter().filter(|held| **held).count(), FEW);
    }
}
