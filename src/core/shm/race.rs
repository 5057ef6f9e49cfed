//! Several processes that count in one word at the same time.
//!
//! **Invariant:** they begin together: each waits at the gate until all have been started.

use std::cmp::Ordering;

use super::Attachment;
use crate::error::Result;
use crate::process::{How, Tally};
use crate::quartiles::{Quartiles, Ratio};
use crate::story::Work;

/// Who counts, and where.
pub struct Race<'a> {
    /// The attachment of the process that starts them.
    pub memory: &'a Attachment,
    /// Those of the processes that count.
    pub runners: &'a [&'a Attachment],
    /// Where the counter is.
    pub counter: usize,
    /// Where the gate is: a word that is 0 until all may begin. Far enough from the counter, 128 bytes, for the two
    /// not to be in cache lines that a processor moves together.
    pub gate: usize,
}

/// What a race came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sum {
    /// What the counter says.
    pub counted: u64,
    /// What each process has done.
    pub tallies: Vec<Tally>,
}

impl Sum {
    /// How many increments were made.
    pub fn made(&self) -> u64 {
        self.tallies.iter().map(|tally| tally.times).sum()
    }

    /// What the counter says, beside how many increments were made.
    pub fn beside_made(&self) -> Ordering {
        self.counted.cmp(&self.made())
    }

    /// How many of them are not in the counter.
    pub fn lost(&self) -> u64 {
        self.made().saturating_sub(self.counted)
    }

    /// How many system calls they took.
    pub fn calls(&self) -> u64 {
        self.tallies.iter().map(|tally| tally.calls).sum()
    }

    /// How long one of them took, in nanoseconds: for each process, as it saw it.
    pub fn nanoseconds(&self) -> f64 {
        self.tallies.iter().map(|tally| tally.nanoseconds).sum::<u64>() as f64 / self.made() as f64
    }
}

/// What races of one kind came to, beside others: the way, the increments of all races, how many of them were lost,
/// system calls for each, nanoseconds for each in the middle half of the races, and how many times as long as the
/// others those are.
pub fn compared(way: &str, races: &[Sum], with: &[Sum]) -> [String; 6] {
    let total = |count: fn(&Sum) -> u64| races.iter().map(count).sum::<u64>();
    let [times, others] = [races, with].map(|races| races.iter().map(Sum::nanoseconds).collect::<Vec<_>>());
    let time = Quartiles::of(times.iter().copied().filter(|time| *time > 0.0));
    [
        way.to_owned(),
        total(Sum::made).to_string(),
        total(Sum::lost).to_string(),
        format!("{:.2}", total(Sum::calls) as f64 / total(Sum::made) as f64),
        // No increment takes no time: whoever counted has no clock.
        time.map_or("no clock".to_owned(), |Quartiles { low, high, .. }| format!("{low:.0} to {high:.0}")),
        Ratio::of(&times, &others).map_or(String::new(), |ratio| ratio.to_string()),
    ]
}

impl Race<'_> {
    /// Lets every process add 1 to the counter so many times, from 0, in several races; tells of the first only. The
    /// option `--race` makes them shorter.
    ///
    /// # Errors
    ///
    /// `Ended`, if one of them dies over it; `Refused`, if the set of semaphores is gone; as for
    /// [`Attachment::store_word`].
    #[track_caller]
    pub fn run(&self, times: u64, how: How, races: usize) -> Result<Vec<Sum>> {
        let times = times.min(self.memory.longest_race());
        let mut sums = Vec::new();
        for race in 0..races {
            sums.push(self.round(times, how, race == 0)?);
        }
        Ok(sums)
    }

    /// Repeats the race until updates are lost, four times as long each time, and tells of the first only.
    ///
    /// Returns the last, and how many there were.
    ///
    /// # Errors
    ///
    /// As for [`Race::run`].
    #[track_caller]
    pub fn run_until_lost(&self, times: u64, how: How, most_rounds: u32) -> Result<(Sum, u32)> {
        let mut sum = self.round(times, how, true)?;
        let mut rounds = 1;
        while sum.beside_made().is_eq() && rounds < most_rounds {
            sum = self.round(times << (2 * rounds), how, false)?;
            rounds += 1;
        }
        Ok((sum, rounds))
    }

    /// Starts them, and leaves it to others to collect their ends, or to kill them.
    ///
    /// # Errors
    ///
    /// As for [`Race::run`].
    #[track_caller]
    pub fn start(&self, times: u64, how: How) -> Result<Vec<Work<Tally>>> {
        self.begin(times, how, true)
    }

    #[track_caller]
    fn begin(&self, times: u64, how: How, told: bool) -> Result<Vec<Work<Tally>>> {
        self.memory.store_word(self.counter, 0)?;
        self.memory.store_word(self.gate, 0)?;
        let mut works = Vec::new();
        for runner in self.runners {
            works.push(runner.start_count([self.counter, self.gate], times, how, told)?);
        }
        self.memory.store_word(self.gate, 1)?;
        Ok(works)
    }

    #[track_caller]
    fn round(&self, times: u64, how: How, told: bool) -> Result<Sum> {
        let works = self.begin(times, how, told)?;
        let tallies = works.into_iter().map(|work| work.end()).collect::<Result<_>>()?;
        Ok(Sum { counted: self.memory.load_word(self.counter)?.into(), tallies })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn races(nanoseconds: &[u64]) -> Vec<Sum> {
        let race = |&nanoseconds| Sum {
            counted: 10,
            tallies: vec![Tally { times: 10, nanoseconds, ..Tally::default() }],
        };
        nanoseconds.iter().map(race).collect()
    }

    /// What is lost can then never be more than what was made.
    #[test]
    fn increments_and_losses_are_those_of_all_races() {
        let race = |counted| Sum { counted, tallies: vec![Tally { times: 10, ..Tally::default() }] };
        let races = [race(3), race(4), race(9)];
        let [_, made, lost, ..] = compared("bare", &races, &races);
        assert_eq!((made.as_str(), lost.as_str()), ("30", "14"));
    }

    #[test]
    fn a_ratio_is_told_only_if_the_races_agree() {
        let atomic = races(&[100, 110, 100, 90, 100]);
        let ratio = |nanoseconds: &[u64]| compared("futex", &races(nanoseconds), &atomic)[5].clone();
        assert_eq!(ratio(&[2000, 2200, 2000, 1800, 2000]), "20");
        assert_eq!(ratio(&[500, 9000, 2000, 300, 4000]), "unclear");
        assert_eq!(ratio(&[2000, 2200, 2000]), "unclear");
    }
}
