//! Where a program counts: the word of its segment that comes to the sum.
//!
//! A lock may count, too, in a word of its own, and the goal itself may stand in the segment: so there may be several
//! words that could be the counter.
//!
//! **Invariant:** nothing is assumed of where the counter stands, but that a number stands at a multiple of its size,
//! and one of eight bytes at a multiple of four, if it is no `double`.

use super::run::{Run, Snapshot};
use crate::call::Shmid;
use trace::{Form, Nth, Watch};

/// What exercise 16 counts to.
pub(super) const PROCESSES: usize = 4;
pub(super) const ADDITIONS: u64 = 5000;
pub(super) const SUM: u64 = PROCESSES as u64 * ADDITIONS;
/// A smaller number is printed for other reasons.
const TOLD: u64 = 100;
/// A number from here on is no count, not even one of too many additions.
const TOO_MANY: u64 = 4 * SUM;

/// A word that may be the counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Counter {
    pub shmid: Shmid,
    /// Which of the segments it is in, in the order in which the program made them.
    pub segment: usize,
    pub offset: usize,
    pub form: Form,
    /// The sum, if it held that when somebody looked; or what it held last. A program may wipe its segment.
    pub came_to: u64,
    /// Whether something else was written over it before anybody looked: it may have come further.
    pub is_wiped: bool,
    /// What was seen of its way there.
    pub way: Way,
    /// Whether it may as well count something else: it is the counter only if it is added to as the goal says.
    pub is_doubtful: bool,
}

/// The forms that a counter may have, the likeliest first, but for the narrow ones: everything has those for parts.
const FORMS: [Form; 4] = [Form::Int, Form::Double, Form::Float, Form::Short];

/// What looks have shown of a word, the likeliest for a counter first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way {
    /// It was on its way to the sum.
    Counted,
    /// It has changed.
    Moved,
    /// It was always the same.
    #[default]
    Stood,
}

/// So many words that hold the sum are looked at, and so many that came near to it.
const MOST_SUMS: usize = 8;
const MOST_NEAR: usize = 4;

impl Counter {
    /// The words that may be the counter: those that came to the sum, the likeliest first, and those that came near.
    /// Where no word came to it, updates were lost: then it is the one word that came nearest.
    pub fn candidates(run: &Run) -> Vec<Counter> {
        let segments = segments(run);
        let words = |form| segments.iter().flat_map(move |segment| segment.words(form));
        let mut sums = meant(words, |word| word.came_to == SUM);
        if sums.is_empty() {
            return FORMS.into_iter().find_map(|form| nearest(words(form))).into_iter().collect();
        }
        sums.sort_by_key(|word| word.way);
        sums.truncate(MOST_SUMS);
        let is_told = |word: &Counter| run.printed_number(word.came_to as usize);
        let sum_is_told = run.printed_number(SUM as usize);
        let mut near = meant(words, |word| word.may_be_meant(is_told(word), sum_is_told));
        near.iter_mut().for_each(|word| word.is_doubtful = !is_told(word));
        near.sort_by_key(|word| (!is_told(word), SUM - word.came_to));
        near.truncate(MOST_NEAR);
        let (stood, counted): (Vec<_>, Vec<_>) = sums.into_iter().partition(|word| word.way == Way::Stood);
        [counted, near, stood].concat()
    }

    fn covers(&self, other: &Counter) -> bool {
        self.shmid == other.shmid && (self.offset..self.offset + self.form.size()).contains(&other.offset)
    }

    /// Whether it may be what the program calls its counter, though another word has come to the sum: the program prints
    /// its number, however far it came. Or the sum, by which one would know the counter, is not printed.
    fn may_be_meant(&self, is_told: bool, sum_is_told: bool) -> bool {
        (is_told || !sum_is_told) && self.way != Way::Stood && (TOLD..SUM).contains(&self.came_to)
    }

    /// The word, to be watched in another run of the same program.
    pub fn watch(&self) -> Watch {
        let segment = Nth::Made(self.segment);
        Watch { segment, offset: self.offset, form: self.form, until_proof: !self.is_doubtful }
    }

    /// The same word in another run: 0, if it was never seen.
    pub fn in_run(&self, run: &Run) -> Counter {
        let segments = segments(run);
        let same = segments.iter().find(|segment| segment.order == self.segment);
        let word = same.and_then(|segment| segment.words(self.form).find(|word| word.offset == self.offset));
        word.unwrap_or(Counter { came_to: 0, is_wiped: false, way: Way::Stood, ..*self })
    }
}

/// The words that are meant, without those that are part of another.
fn meant<Words: Iterator<Item = Counter>>(
    words: impl Fn(Form) -> Words,
    is_meant: impl Fn(&Counter) -> bool,
) -> Vec<Counter> {
    let mut found: Vec<Counter> = Vec::new();
    for form in FORMS {
        let new = words(form).filter(|word| is_meant(word) && !found.iter().any(|other| other.covers(word)));
        let new: Vec<Counter> = new.collect();
        found.extend(new);
    }
    found
}

/// The word that comes nearest to the sum: from below, if there is one.
fn nearest(words: impl Iterator<Item = Counter> + Clone) -> Option<Counter> {
    let below = words.clone().filter(|word| (1..SUM).contains(&word.came_to)).max_by_key(|word| word.came_to);
    below.or_else(|| {
        words.filter(|word| (SUM..TOO_MANY).contains(&word.came_to)).min_by_key(|word| word.came_to)
    })
}

/// A segment that a run has made and attached, and all looks at it, from before the first child could count.
struct Segment<'a> {
    shmid: Shmid,
    order: usize,
    looks: Vec<&'a Snapshot>,
}

fn segments(run: &Run) -> Vec<Segment<'_>> {
    let looks = |shmid| {
        let at_start = run.starts.iter().filter(move |snapshot| snapshot.shmid == shmid);
        at_start.chain(run.snapshots(shmid)).collect()
    };
    let made =
        run.made().enumerate().map(|(order, (_, shmid))| Segment { shmid, order, looks: looks(shmid) });
    made.filter(|segment| run.order_of(segment.shmid).is_some()).collect()
}

impl Segment<'_> {
    /// The words that start at multiples of their size.
    fn words(&self, form: Form) -> impl Iterator<Item = Counter> + Clone + '_ {
        let size = form.size();
        let places = self.looks.first().map_or(0, |look| look.bytes.len() / size);
        (0..places).map(move |nth| {
            let offset = nth * size;
            let held = self.looks.iter().filter_map(|look| look.bytes.get(offset..offset + size));
            let (came_to, is_wiped, way) =
                told(&held.map(|bytes| form.word(bytes).count()).collect::<Vec<_>>());
            let (shmid, segment) = (self.shmid, self.order);
            Counter { shmid, segment, offset, form, came_to, is_wiped, way, is_doubtful: false }
        })
    }
}

/// Where a word came to that held these numbers, one after the other; whether it may have come further; and how.
fn told(held: &[u64]) -> (u64, bool, Way) {
    let is_on_its_way = |number: &&u64| (1..SUM).contains(*number);
    let last = held.last().copied().unwrap_or(0);
    let is_no_count = !(1..TOO_MANY).contains(&last);
    let (came_to, is_wiped) = match held.iter().rfind(is_on_its_way) {
        _ if held.contains(&SUM) => (SUM, false),
        Some(before) if is_no_count => (*before, true),
        _ => (last, false),
    };
    let way = match held.iter().min() < held.iter().max() {
        true if held.iter().any(|number| is_on_its_way(&number)) => Way::Counted,
        true => Way::Moved,
        false => Way::Stood,
    };
    (came_to, is_wiped, way)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words_of(looks: &[[u8; 8]], form: Form) -> Vec<(usize, u64, Way)> {
        let look = |bytes: &[u8; 8]| Snapshot {
            shmid: Shmid(1),
            pid: 1,
            bytes: bytes.to_vec(),
            injected: false,
            done: true,
            touched: true,
        };
        let looks: Vec<Snapshot> = looks.iter().map(look).collect();
        let segment = Segment { shmid: Shmid(1), order: 0, looks: looks.iter().collect() };
        segment.words(form).map(|word| (word.offset, word.came_to, word.way)).collect()
    }

    #[test]
    fn words_stand_at_multiples_of_their_size() {
        let found = words_of(&[[0, 0, 0, 0, 0x20, 0x4e, 0, 0]], Form::Int);
        assert_eq!(found, [(0, 0, Way::Stood), (4, SUM, Way::Stood)]);
    }

    #[test]
    fn a_counter_may_be_a_floating_number() {
        let double = |number: f64| number.to_le_bytes();
        assert_eq!(
            words_of(&[double(0.0), double(7.0), double(20_000.0)], Form::Double),
            [(0, SUM, Way::Counted)]
        );
    }

    #[test]
    fn who_prints_what_was_lost_means_that_word_however_much_was_lost() {
        let word = |came_to, way| Counter {
            shmid: Shmid(1),
            segment: 0,
            offset: 0,
            form: Form::Int,
            came_to,
            is_wiped: false,
            way,
            is_doubtful: false,
        };
        assert!(word(ADDITIONS - 1, Way::Counted).may_be_meant(true, false));
        assert!(word(TOLD, Way::Moved).may_be_meant(true, true));
        assert!(
            word(ADDITIONS - 1, Way::Counted).may_be_meant(false, false),
            "if it is added to as the goal says"
        );
        assert!(!word(18_000, Way::Counted).may_be_meant(false, true), "it says which one counts");
        assert!(word(18_000, Way::Counted).may_be_meant(false, false));
        assert!(!word(ADDITIONS, Way::Stood).may_be_meant(true, false), "nobody counted in it");
    }

    #[test]
    fn a_word_is_known_by_the_sum_that_it_held_whatever_else_it_held() {
        assert_eq!(told(&[0, 7, SUM, 0]), (SUM, false, Way::Counted));
        assert_eq!(told(&[0xaaaa_aaaa, 0, SUM, SUM, 0xffff_ffff]), (SUM, false, Way::Moved));
        assert_eq!(told(&[30_000, 0, 6000, SUM]), (SUM, false, Way::Counted));
        assert_eq!(told(&[0, 6000, 19_000, 0xffff_ffff]), (19_000, true, Way::Counted));
        assert_eq!(told(&[0, 0, 25_000]), (25_000, false, Way::Moved));
        assert_eq!(told(&[0, 7000, 25_000]), (25_000, false, Way::Counted));
        assert_eq!(told(&[0, 0, 0]), (0, false, Way::Stood));
    }
}
