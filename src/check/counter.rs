//! Where a program counts: the word of its segment whose last value is the sum.
//!
//! **Invariant:** nothing is assumed of where the counter stands or how wide it is: a lock may stand before it.

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
    /// What it said when it was seen last.
    pub last: u64,
}

impl Counter {
    /// The word in a run that holds the sum; or else, since updates may have been lost, the one that comes nearest.
    pub fn find(run: &Run) -> Option<Counter> {
        let ids: Vec<Shmid> = run.made().map(|(_, id)| id).collect();
        let last_snapshots: Vec<&Snapshot> = ids.iter().filter_map(|id| run.snapshots(*id).last()).collect();
        let words = |size| last_snapshots.iter().copied().flat_map(move |snapshot| words(snapshot, size));
        let sum = words(4).chain(words(2)).find(|word| word.last == SUM);
        let below = || words(4).filter(|word| (1..SUM).contains(&word.last)).max_by_key(|word| word.last);
        let above =
            || words(4).filter(|word| (SUM..4 * SUM).contains(&word.last)).min_by_key(|word| word.last);
        sum.or_else(below).or_else(above)
    }

    /// The same word in another run of the same program.
    pub fn watch(&self, run: &Run) -> Option<Watch> {
        let segment = run.order_of(self.shmid)?;
        Some(Watch { segment, offset: self.offset, size: self.size, until_proof: true, time: None })
    }

    /// The same word in another run, with what it said last there: 0, if it was never seen.
    pub fn in_run(&self, run: &Run) -> Counter {
        let looks = run.made().filter_map(|(_, id)| run.snapshots(id).last());
        let same =
            looks.flat_map(|snapshot| words(snapshot, self.size)).filter(|word| word.offset == self.offset);
        same.max_by_key(|word| word.last).unwrap_or(Counter { last: 0, ..*self })
    }
}

/// The words of a segment that start at multiples of their size.
fn words(snapshot: &Snapshot, size: usize) -> impl Iterator<Item = Counter> {
    let number =
        move |bytes: &[u8]| bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte));
    let words = snapshot.bytes.chunks_exact(size).enumerate();
    words.map(move |(nth, bytes)| Counter {
        shmid: snapshot.shmid,
        offset: nth * size,
        size,
        last: number(bytes),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_at_multiples_of_their_size() {
        let bytes = [0, 0, 0, 0, 0x20, 0x4e, 0, 0];
        let snapshot = Snapshot {
            shmid: Shmid(1),
            pid: 1,
            bytes: bytes.to_vec(),
            injected: false,
            done: true,
            touched: true,
        };
        let found = words(&snapshot, 4).find(|word| word.last == SUM).map(|word| word.offset);
        assert_eq!((SUM, found), (20000, Some(4)));
    }
}
