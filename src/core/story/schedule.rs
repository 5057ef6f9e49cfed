//! Who moves when: the order in which two processes make the three steps of one increment each.
//!
//! **Invariant:** a schedule is complete: three moves of A and three of B.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::process::Step;

/// The steps of one increment, in the only order in which one process makes them.
const STEPS: [Step; 3] = [Step::Load, Step::Add, Step::Store];

/// One of the two processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Turn {
    /// The first.
    A,
    /// The second.
    B,
}

/// Six moves, such as `AABBAB`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule(Vec<Turn>);

/// Why a word is no schedule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoSchedule {
    /// A letter that is nobody.
    #[error(
        "\n{0:?} is nobody: there are two processes, A and B.\nWrite who moves, step by step, such as AABBAB."
    )]
    Nobody(char),
    /// Too many moves, or too few.
    #[error(
        "\nA moves {a} times and B {b} times. An increment takes three steps, load, add\nand store, so each of them moves \
         three times.\nWrite three As and three Bs, in any order, such as AABBAB."
    )]
    Incomplete {
        /// A's moves.
        a: usize,
        /// B's moves.
        b: usize,
    },
}

impl Schedule {
    /// Every order that there is, as a dictionary has them: 6! / (3! × 3!) = 20.
    pub fn all() -> Vec<Schedule> {
        let words = (0..1u32 << 6).map(|bits| (0..6).rev().map(move |at| Turn::of(bits >> at & 1)));
        words.filter_map(|turns| Schedule::new(turns.collect()).ok()).collect()
    }

    /// The one that is followed where nobody decides: both load before either stores.
    pub fn example() -> Schedule {
        Schedule(vec![Turn::A, Turn::A, Turn::B, Turn::B, Turn::A, Turn::B])
    }

    /// The schedule of these moves.
    ///
    /// # Errors
    ///
    /// `Incomplete`.
    pub fn new(turns: Vec<Turn>) -> Result<Schedule, NoSchedule> {
        let [a, b] = [Turn::A, Turn::B].map(|who| turns.iter().filter(|turn| **turn == who).count());
        if (a, b) == (3, 3) { Ok(Schedule(turns)) } else { Err(NoSchedule::Incomplete { a, b }) }
    }

    /// The moves that are left of it after others were made, whoever made those; nothing, when all are made.
    pub(super) fn rest_after(&self, made: &[Turn]) -> Option<Vec<Turn>> {
        let mut rest = self.0.clone();
        for turn in made {
            rest.remove(rest.iter().position(|left| left == turn)?);
        }
        (!rest.is_empty()).then_some(rest)
    }

    /// Which step a process makes after these moves.
    pub(super) fn step_of(turn: Turn, made: &[Turn]) -> Step {
        STEPS[made.iter().filter(|other| **other == turn).count()]
    }

    /// The schedule of moves that were made.
    pub(super) fn of(made: Vec<Turn>) -> Schedule {
        Schedule(made)
    }

    /// Who moves, and which step of the increment that is.
    pub fn moves(&self) -> impl Iterator<Item = (Turn, Step)> {
        self.0.iter().enumerate().map(|(at, &turn)| (turn, Schedule::step_of(turn, &self.0[..at])))
    }
}

impl Turn {
    fn of(bit: u32) -> Turn {
        if bit == 0 { Turn::A } else { Turn::B }
    }
}

impl FromStr for Schedule {
    type Err = NoSchedule;

    fn from_str(word: &str) -> Result<Schedule, NoSchedule> {
        let turn = |letter: char| match letter.to_ascii_uppercase() {
            'A' => Ok(Turn::A),
            'B' => Ok(Turn::B),
            _ => Err(NoSchedule::Nobody(letter)),
        };
        Schedule::new(word.chars().map(turn).collect::<Result<_, _>>()?)
    }
}

impl fmt::Display for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if *self == Turn::A { "A" } else { "B" })
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|turn| turn.fmt(f))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_twenty_each_is_read_as_it_is_written_and_none_comes_twice() {
        let all = Schedule::all();
        assert_eq!(all.len(), 20);
        let words: Vec<_> = all.iter().map(Schedule::to_string).collect();
        assert!(words.is_sorted_by(|one, next| one < next), "{words:?}");
        for (schedule, word) in all.iter().zip(&words) {
            assert_eq!(word.parse().as_ref(), Ok(schedule));
            assert_eq!(word.to_lowercase().parse().as_ref(), Ok(schedule));
        }
    }

    #[test]
    fn each_process_makes_its_steps_in_order() {
        for schedule in Schedule::all() {
            for who in [Turn::A, Turn::B] {
                let steps: Vec<_> = schedule.moves().filter(|(turn, _)| *turn == who).collect();
                assert_eq!(steps, STEPS.map(|step| (who, step)));
            }
        }
    }

    #[test]
    fn a_word_that_is_no_schedule_is_refused_with_what_it_lacks() {
        let refused = |word: &str| word.parse::<Schedule>().unwrap_err();
        assert_eq!(refused("AABBAC"), NoSchedule::Nobody('C'));
        assert_eq!(refused(""), NoSchedule::Incomplete { a: 0, b: 0 });
        assert_eq!(refused("AABBABAB"), NoSchedule::Incomplete { a: 4, b: 4 });
        assert_eq!(refused("AAAABB"), NoSchedule::Incomplete { a: 4, b: 2 });
    }
}
