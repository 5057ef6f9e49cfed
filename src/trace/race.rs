//! What several processes have done to one word, and whether an update of one can be lost to another.
//!
//! An update is lost when a process reads the word, another writes it, and the first then writes what it made of the
//! old number. That is seen in the order of the accesses, and needs no guess at what the program means.
//!
//! **Invariant:** the accesses come in the order in which they were made, as far as they depend on each other: a thread
//! stops right after its access, so whatever waits for it cannot have come before.

use std::collections::BTreeMap;

use nix::unistd::Pid;

pub use playground_core::found::{Form, Nth, Proof, Race, Uses, Watch, Word, WordAccess};

use super::{AccessKind, Place};

/// Who counts goes up by no more than this from one access that is told to the next.
const LARGEST_STEP: u64 = 64;

/// What a thread has read last, and what others have written since.
struct Reading {
    read: WordAccess,
    /// Its number among all accesses.
    number: u64,
    /// The first write of another, after that one's own read.
    overtaken: Option<Vec<WordAccess>>,
}

/// When a process was there, and changed the word for the first and for the last time.
#[derive(Clone, Copy)]
struct Span {
    began: u64,
    changes: Option<(u64, u64)>,
}

/// The accesses so far.
pub(super) struct History {
    readings: BTreeMap<Pid, Reading>,
    lines: BTreeMap<(Option<Place>, &'static str), (AccessKind, u64)>,
    /// When each process was there, as a number of what has happened so far.
    spans: BTreeMap<i32, Span>,
    happened: u64,
    number: u64,
    /// The bits that the word holds, as far as that is known.
    last: Option<u64>,
    /// Whether there may be reads that were not seen, so that a write may follow a later one than is known.
    misses_reads: bool,
    pub race: Race,
}

impl Default for History {
    /// A word that nobody has touched is 0.
    fn default() -> History {
        History {
            readings: BTreeMap::new(),
            lines: BTreeMap::new(),
            spans: BTreeMap::new(),
            happened: 0,
            number: 0,
            last: Some(0),
            misses_reads: false,
            race: Race::default(),
        }
    }
}

impl History {
    /// One more access. Its number is returned. `stands` is the thread, if one is known to have stood still since before
    /// this access was begun: what others write meanwhile comes between its read and its write for certain. Stops are
    /// told in any order, so of a thread that runs it is not known whether it has written already.
    pub fn add(&mut self, access: &WordAccess, stands: Option<Pid>) -> u64 {
        self.number += 1;
        self.count(access);
        if access.kind.writes() {
            self.wrote(access, stands);
        } else if !self.misses_reads {
            let (read, number) = (access.clone(), self.number);
            self.readings.insert(Pid::from_raw(access.tid), Reading { read, number, overtaken: None });
        }
        self.number
    }

    /// Whether a thread has read the word after an access with this number, and not written it since.
    pub fn has_read_since(&self, tid: Pid, number: u64) -> bool {
        self.readings.get(&tid).is_some_and(|reading| reading.number > number)
    }

    /// From here on reads are not seen, and nothing is proved by those that were: not what a thread has read before its
    /// next write, nor what the word holds. The last read may have been told before the write whose value it found.
    pub fn miss_reads(&mut self) {
        self.misses_reads = true;
        self.readings.clear();
        self.last = None;
    }

    /// An access of a thread was not seen.
    pub fn missed(&mut self, tid: Pid) {
        self.readings.remove(&tid);
        self.race.is_partial = true;
    }

    /// How many accesses there were.
    pub fn number(&self) -> u64 {
        self.number
    }

    pub fn prove(&mut self, proof: Proof) {
        self.race.proof.get_or_insert(proof);
    }

    /// A process is there.
    pub fn began(&mut self, pid: i32) {
        self.happened += 1;
        self.spans.entry(pid).or_insert(Span { began: self.happened, changes: None });
    }

    /// A process is gone.
    pub fn ended(&mut self, pid: i32) {
        self.readings.retain(|_, reading| reading.read.pid != pid);
    }

    /// All is over.
    pub fn finished(self) -> Race {
        let lines = self.lines.into_iter().map(|((place, _), (kind, times))| (place, kind, times));
        let at_once = at_once(&self.spans);
        Race { lines: lines.collect(), at_once, ..self.race }
    }

    fn count(&mut self, access: &WordAccess) {
        let line = (access.place.clone(), name(access.kind));
        self.lines.entry(line).or_insert((access.kind, 0)).1 += 1;
        let step = self.step(access);
        let changes = access.kind.writes() && step != Some(0);
        let uses = &mut self.race.uses;
        let place = uses.iter().position(|(pid, _)| *pid == access.pid).unwrap_or_else(|| {
            uses.push((access.pid, Uses::default()));
            uses.len() - 1
        });
        let its = &mut uses[place].1;
        its.reads += u64::from(!access.kind.writes());
        if changes {
            let step = step.unwrap_or(1);
            its.step = if its.changes == 0 { step } else { its.step.min(step) };
            its.largest = its.largest.max(step);
            its.changes += 1;
        }
        if changes {
            self.changed(access.pid);
        }
        self.count_up(access.value.count());
        // Who is not stopped at reads any more may have changed it meanwhile.
        if access.kind.writes() || !self.misses_reads {
            self.last = Some(access.value.bits);
        }
    }

    /// Stops are told in any order, so the number may have gone up by a few since the one that was told last.
    fn count_up(&mut self, value: u64) {
        if (1..=LARGEST_STEP).contains(&value.saturating_sub(self.race.counted_to)) {
            self.race.counted_to = value;
        }
    }

    fn changed(&mut self, pid: i32) {
        self.began(pid);
        let now = self.happened;
        if let Some(span) = self.spans.get_mut(&pid) {
            span.changes = Some((span.changes.map_or(now, |(first, _)| first), now));
        }
    }

    /// How far an access moves the word. What it was, the thread has read; or else it is what was seen last, of which
    /// only so much is certain: who writes it again changes nothing.
    fn step(&self, access: &WordAccess) -> Option<u64> {
        let plain = matches!(access.kind, AccessKind::Write | AccessKind::Exchange);
        let read = self.readings.get(&Pid::from_raw(access.tid)).map(|reading| reading.read.value);
        let from_read = || read.map(|read| access.value.distance(read));
        let from_last = || (self.last == Some(access.value.bits)).then_some(0);
        access.step.or_else(|| if plain { from_read().or_else(from_last) } else { None })
    }

    fn wrote(&mut self, access: &WordAccess, stands: Option<Pid>) {
        let own = self.readings.remove(&Pid::from_raw(access.tid));
        if let (
            AccessKind::Write | AccessKind::Exchange,
            Some(Reading { read, overtaken: Some(others), .. }),
        ) = (access.kind, &own)
        {
            let accesses = [std::slice::from_ref(read), others, std::slice::from_ref(access)].concat();
            self.prove(Proof::Lost { accesses });
        }
        let before = own.map(|own| own.read);
        if let Some(reading) = stands.and_then(|tid| self.readings.get_mut(&tid)) {
            reading.overtaken.get_or_insert_with(|| before.iter().chain([access]).cloned().collect());
        }
    }
}

/// Whether a process that changes the word was there, and not done with it, when another one changed it. A lock may let
/// one of them in again and again, so that the changes themselves come one after the other.
fn at_once(spans: &BTreeMap<i32, Span>) -> bool {
    let changing: Vec<_> =
        spans.values().filter_map(|span| span.changes.map(|changes| (span.began, changes))).collect();
    let meets = |(one, (_, (first, last))): (usize, &(u64, (u64, u64)))| {
        let others = changing.iter().enumerate().filter(|(other, _)| *other != one);
        others.clone().any(|(_, (began, (_, done)))| began < last && first < done)
    };
    changing.iter().enumerate().any(meets)
}

fn name(kind: AccessKind) -> &'static str {
    match kind {
        AccessKind::Read => "read",
        AccessKind::Write => "write",
        AccessKind::ReadThenWrite => "read, then write",
        AccessKind::Atomic => "atomic",
        AccessKind::Exchange => "exchange",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn int(number: u64) -> Word {
        Word { bits: number, form: Form::Int }
    }

    /// Accesses of two processes: who, how, and the number.
    fn history(accesses: &[(i32, AccessKind, u64)]) -> Race {
        let mut history = History::default();
        for &(pid, kind, value) in accesses {
            let access = WordAccess { pid, tid: pid, kind, value: int(value), place: None, step: None };
            history.add(&access, Some(Pid::from_raw(3 - pid)));
        }
        history.finished()
    }

    #[test]
    fn a_write_over_what_another_wrote_after_ones_read_loses_it() {
        use AccessKind::{Atomic, Exchange, Read, Write};
        let lost = |accesses: &[_]| history(accesses).proof.is_some();
        assert!(lost(&[(1, Read, 0), (2, Read, 0), (2, Write, 1), (1, Write, 1)]));
        assert!(lost(&[(1, Read, 0), (2, Atomic, 1), (1, Write, 1)]), "an atomic addition is lost, too");
        assert!(lost(&[(1, Read, 0), (2, Read, 0), (2, Exchange, 1), (1, Exchange, 1)]));
        assert!(!lost(&[(1, Read, 0), (1, Write, 1), (2, Read, 1), (2, Write, 2)]), "one after the other");
        assert!(!lost(&[(1, Read, 0), (2, Atomic, 1), (1, Atomic, 2)]), "both atomic");
        assert!(
            !lost(&[(1, Read, 0), (2, Atomic, 1), (1, Read, 1), (1, Atomic, 2)]),
            "a loop of compare-and-swap"
        );
    }

    #[test]
    fn the_accesses_that_lose_an_update_are_told_in_order() {
        use AccessKind::{Read, Write};
        let race = history(&[(1, Read, 7), (2, Read, 7), (2, Write, 8), (1, Write, 8)]);
        let Some(Proof::Lost { accesses }) = race.proof else { panic!("no loss") };
        let told: Vec<_> =
            accesses.iter().map(|access| (access.pid, access.kind, access.value.bits)).collect();
        assert_eq!(told, [(1, Read, 7), (2, Read, 7), (2, Write, 8), (1, Write, 8)]);
    }

    /// Its write may be there, and its stop not be told yet.
    #[test]
    fn of_a_thread_that_runs_nothing_is_proved() {
        use AccessKind::{Read, Write};
        let mut history = History::default();
        for (pid, kind, value) in [(1, Read, 49), (2, Read, 50), (2, Write, 51), (1, Write, 50)] {
            history
                .add(&WordAccess { pid, tid: pid, kind, value: int(value), place: None, step: None }, None);
        }
        assert_eq!(history.finished().proof, None);
    }

    /// It may have read again, unseen, what the other wrote.
    #[test]
    fn a_read_before_others_that_were_not_seen_proves_nothing() {
        use AccessKind::{Read, Write};
        let access =
            |pid, kind, value| WordAccess { pid, tid: pid, kind, value: int(value), place: None, step: None };
        let mut history = History::default();
        history.add(&access(1, Read, 0), None);
        history.miss_reads();
        for access in [access(1, Read, 0), access(2, Write, 1), access(1, Write, 2)] {
            history.add(&access, Some(Pid::from_raw(1)));
        }
        assert_eq!(history.finished().proof, None);
    }

    /// The other's read of the new value was told before the write.
    #[test]
    fn a_write_counts_though_its_value_was_read_before_reads_were_missed() {
        use AccessKind::{Read, Write};
        let access =
            |pid, kind, value| WordAccess { pid, tid: pid, kind, value: int(value), place: None, step: None };
        let mut history = History::default();
        history.add(&access(1, Read, 5), None);
        history.add(&access(2, Read, 6), None);
        history.miss_reads();
        history.add(&access(2, Read, 6), None);
        history.add(&access(1, Write, 6), None);
        let uses = history.finished().uses;
        assert_eq!(uses[0], (1, Uses { reads: 1, changes: 1, step: 1, largest: 1 }));
    }

    #[test]
    fn who_is_there_while_another_changes_the_word_is_there_at_once_with_it() {
        let change = |history: &mut History, pid| {
            let access = WordAccess {
                pid,
                tid: pid,
                kind: AccessKind::Atomic,
                value: int(1),
                place: None,
                step: Some(1),
            };
            history.add(&access, None);
        };
        let at_once = |begin_first: bool| {
            let mut history = History::default();
            history.began(1);
            if begin_first {
                history.began(2);
            }
            change(&mut history, 1);
            change(&mut history, 1);
            history.ended(1);
            history.began(2);
            change(&mut history, 2);
            history.finished().at_once
        };
        assert!(at_once(true) && !at_once(false));
    }

    #[test]
    fn who_writes_what_is_there_has_changed_nothing() {
        use AccessKind::{Atomic, Write};
        let race = history(&[(1, Write, 0), (2, Atomic, 1), (2, Atomic, 2)]);
        assert_eq!(
            race.uses,
            [(1, Uses::default()), (2, Uses { reads: 0, changes: 2, step: 1, largest: 1 })]
        );
        assert!(!race.at_once, "to set it to 0 is no part of the race");
    }
}
