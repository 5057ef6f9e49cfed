//! Where a program counts: the word of its segment that comes to the sum.
//!
//! A lock may count, too, in a word of its own, and the goal itself may stand in the segment: so there may be several
//! words that could be the counter.
//!
//! **Invariant:** nothing is assumed of where the counter stands or how wide it is.

use super::run::{Run, Snapshot};
use crate::call::Shmid;
use trace::Watch;

/// What exercise 16 counts to.
pub(super) const PROCESSES: usize = 4;
pub(super) const ADDITIONS: u64 = 5000;
pub(super) const SUM: u64 = PROCESSES as u64 * ADDITIONS;

/// A word that may be the counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Counter {
    pub shmid: Shmid,
    pub offset: usize,
    pub size: usize,
    /// The most that it held when somebody looked: a program may wipe its segment before it removes it.
    pub most: u64,
    /// Whether it held something else at another look.
    pub moved: bool,
}

/// So many words that hold the sum are looked at, and so many that came near to it.
const MOST_SUMS: usize = 3;
const MOST_NEAR: usize = 2;
pub(super) const MOST: usize = MOST_SUMS + MOST_NEAR;

impl Counter {
    /// The words that may be the counter, the likeliest first: those that came to the sum while somebody looked, those
    /// that came nearly as far, and those that hold the sum all the time. Where no word holds it, updates were lost:
    /// then it is the one word that comes nearest.
    pub fn candidates(run: &Run) -> Vec<Counter> {
        let segments = segments(run);
        let words = |size| segments.iter().flat_map(move |looks| words(looks, size));
        let mut found: Vec<Counter> = words(4).filter(|word| word.most == SUM).collect();
        let narrow: Vec<Counter> = words(2)
            .filter(|word| word.most == SUM && !found.iter().any(|other| other.covers(word)))
            .collect();
        found.extend(narrow);
        if found.is_empty() {
            return nearest(words(4)).into_iter().collect();
        }
        found.sort_by_key(|word| !word.moved);
        found.truncate(MOST_SUMS);
        found.extend(words(4).filter(Counter::came_near).take(MOST_NEAR));
        found.sort_by_key(|word| !word.moved);
        found
    }

    fn covers(&self, other: &Counter) -> bool {
        self.shmid == other.shmid && (self.offset..self.offset + self.size).contains(&other.offset)
    }

    fn came_near(&self) -> bool {
        self.moved && (ADDITIONS..SUM).contains(&self.most)
    }

    /// The same word in another run of the same program.
    pub fn watch(&self, run: &Run) -> Option<Watch> {
        let segment = run.order_of(self.shmid)?;
        Some(Watch { segment, offset: self.offset, size: self.size, until_proof: true, time: None })
    }

    /// The same word in another run, with the most that it held there: 0, if it was never seen.
    pub fn in_run(&self, run: &Run) -> Counter {
        let segments = segments(run);
        let words = segments.iter().flat_map(|looks| words(looks, self.size));
        let same = words.filter(|word| word.offset == self.offset);
        same.max_by_key(|word| word.most).unwrap_or(Counter { most: 0, moved: false, ..*self })
    }
}

/// All looks at each segment that a run has made, from before the first child could count.
fn segments(run: &Run) -> Vec<Vec<&Snapshot>> {
    let looks = |shmid| {
        let at_start = run.starts.iter().filter(move |snapshot| snapshot.shmid == shmid);
        at_start.chain(run.snapshots(shmid)).collect()
    };
    run.made().map(|(_, shmid)| looks(shmid)).collect()
}

/// The word that comes nearest to the sum: from below, if there is one.
fn nearest(words: impl Iterator<Item = Counter> + Clone) -> Option<Counter> {
    let below = words.clone().filter(|word| (1..SUM).contains(&word.most)).max_by_key(|word| word.most);
    below.or_else(|| words.filter(|word| (SUM..4 * SUM).contains(&word.most)).min_by_key(|word| word.most))
}

/// The words of a segment that start at multiples of their size.
fn words<'a>(looks: &'a [&Snapshot], size: usize) -> impl Iterator<Item = Counter> + Clone + 'a {
    let first = looks.first();
    let places = first.map_or(0, |snapshot| snapshot.bytes.len() / size);
    (0..places).zip(first.into_iter().cycle()).map(move |(nth, first)| {
        let offset = nth * size;
        let held = looks.iter().filter_map(|look| look.bytes.get(offset..offset + size)).map(number);
        let (least, most) = held.fold((u64::MAX, 0), |(least, most), held| (least.min(held), most.max(held)));
        Counter { shmid: first.shmid, offset, size, most, moved: least < most }
    })
}

/// The number that these bytes are, the lowest first.
fn number(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(bytes: &[u8]) -> Snapshot {
        Snapshot {
            shmid: Shmid(1),
            pid: 1,
            bytes: bytes.to_vec(),
            injected: false,
            done: true,
            touched: true,
        }
    }

    #[test]
    fn words_stand_at_multiples_of_their_size() {
        let look = look(&[0, 0, 0, 0, 0x20, 0x4e, 0, 0]);
        let found = words(&[&look], 4).find(|word| word.most == SUM).map(|word| (word.offset, word.moved));
        assert_eq!((SUM, found), (20000, Some((4, false))));
    }

    #[test]
    fn a_word_that_was_wiped_is_known_by_what_it_held() {
        let looks = [[7, 0, 0, 0], [0x20, 0x4e, 0, 0], [0; 4]].map(|bytes| look(&bytes));
        let looks: Vec<&Snapshot> = looks.iter().collect();
        let word = words(&looks, 4).next().expect("a word");
        assert_eq!((word.most, word.moved), (SUM, true));
    }
}
