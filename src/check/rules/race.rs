//! Exercise 16: what the accesses to the counter prove.
//!
//! **Invariant:** that an update can be lost is proved by the order of accesses, and never by a sum alone; where nothing
//! can be watched, the sums of several runs count, and the verdict says so.

use super::missing;
use crate::code::Code;
use crate::counter::{ADDITIONS, Counter, PROCESSES, SUM};
use crate::run::Run;
use crate::verdict::Finding;
use trace::{Proof, Race, Uses};

/// So many additions of a process are enough where not all of them were seen.
const SOME_ADDITIONS: u64 = 20;

/// The program has a segment to count in.
pub fn has_a_segment(run: &Run) -> Vec<Finding> {
    match run.subject() {
        Some(_) => super::fine(),
        None => vec![super::allocate::not_allocated(run)],
    }
}

/// What came of the counter in a run that nobody has disturbed.
pub(in crate::check) fn sum(counter: &Counter) -> Vec<Finding> {
    let Counter { shmid, offset, came_to, .. } = counter;
    if *came_to == SUM {
        return super::fine();
    }
    let words = format!(
        "The counter, at offset {offset} of segment {shmid}, came to {came_to}, and not to {SUM}: {} additions {}.",
        came_to.abs_diff(SUM),
        if *came_to < SUM { "were lost" } else { "too many were made" }
    );
    missing(Code::LostUpdates, words)
}

/// No word of any segment holds anything that could be a sum.
pub(in crate::check) fn nothing_counted() -> Vec<Finding> {
    let words = format!("Nobody counted in the segment: no word in it came to {SUM}, or near to that.");
    missing(Code::WroteNothing, words)
}

/// What a free run shows where nothing can be watched: the sum, and that four processes were at it at once.
pub(in crate::check) fn sums(run: &Run, counter: &Counter) -> Vec<Finding> {
    let wrong = sum(counter);
    // Where a counter is wiped before anybody can look, what is printed is all that there is.
    let is_told = counter.is_wiped && run.printed_number(SUM as usize);
    if !wrong.is_empty() && !is_told {
        return wrong;
    }
    let mut touched: Vec<i32> = run
        .snapshots(counter.shmid)
        .filter(|snapshot| snapshot.done && snapshot.touched)
        .map(|snapshot| snapshot.pid)
        .collect();
    touched.sort_unstable();
    touched.dedup();
    if touched.len() < PROCESSES {
        let words = format!(
            "{} processes touched the counter in segment {}; {PROCESSES} have to count in it.",
            touched.len(),
            counter.shmid
        );
        return missing(Code::PrintedWithoutSharing, words);
    }
    if run.at_once { super::fine() } else { in_turn() }
}

fn in_turn() -> Vec<Finding> {
    let words = "They counted one after the other, so that nothing could be lost: each process had ended before the \
                 next one began. They have to count at the same time.";
    missing(Code::PrintedWithoutSharing, words)
}

/// How much of a run was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::check) enum Seen {
    /// Each change of the counter.
    All,
    /// The processor did not report each: a busy host may let a watchpoint slip.
    Some,
}

impl Seen {
    /// All that were seen have moved the counter as far as it has come, if none is missing.
    pub fn of(race: &Race, counter: &Counter) -> Seen {
        let moves = race.uses.iter().map(|(_, uses)| uses.changes.saturating_mul(uses.step));
        let moved = moves.fold(0, u64::saturating_add);
        if race.is_partial || moved < counter.came_to { Seen::Some } else { Seen::All }
    }
}

/// An update that was lost, and how.
pub(in crate::check) fn lost(proof: &Proof, counter: &Counter) -> Finding {
    let words = format!("{} That word is at offset {} of its segment.", proof.in_words(), counter.offset);
    Finding::new(Code::LostUpdates, words).steps(proof.steps())
}

/// Whether four processes have added as often as they have to, all at the same time.
pub(in crate::check) fn who_counts(race: &Race, seen: Seen) -> Vec<Finding> {
    let adds = |(_, uses): &&(i32, Uses)| is_enough(*uses, seen);
    if race.uses.iter().filter(adds).count() < PROCESSES {
        return too_few(race);
    }
    if race.at_once { super::fine() } else { in_turn() }
}

/// Whether four processes have changed a word so often that it is no statistic of theirs, of which some additions were
/// not seen perhaps.
pub(in crate::check) fn is_added_to(race: &Race) -> bool {
    race.uses.iter().filter(|(_, uses)| uses.changes * 10 >= ADDITIONS * 9).count() >= PROCESSES
}

/// Whether a process adds as often as it has to. Who comes to its sum by larger steps does not: a step looks no larger
/// than it is but by what each of the others has added before the tracer came to look.
fn is_enough(Uses { changes, step, largest, .. }: Uses, seen: Seen) -> bool {
    let adds_one =
        step <= PROCESSES as u64 && changes.saturating_mul(step) < ADDITIONS && largest < ADDITIONS / 2;
    changes >= ADDITIONS || seen == Seen::Some && changes >= SOME_ADDITIONS && adds_one
}

fn too_few(race: &Race) -> Vec<Finding> {
    let adding: Vec<_> = race.uses.iter().filter(|(_, uses)| uses.changes > 0).collect();
    if adding.len() < PROCESSES {
        let words = format!(
            "{} added to the counter; {PROCESSES} have to, each {ADDITIONS} times. A counter of its own for each \
             process is not the one counter that the goal asks for.",
            match adding.len() {
                1 => "1 process".to_owned(),
                many => format!("{many} processes"),
            }
        );
        return missing(Code::PrintedWithoutSharing, words);
    }
    let Some((pid, uses)) = adding.iter().min_by_key(|(_, uses)| uses.changes) else { return super::fine() };
    let times = if uses.changes == 1 { "once".to_owned() } else { format!("{} times", uses.changes) };
    let by = match uses.step {
        step if (PROCESSES as u64 + 1..=SUM).contains(&step) && uses.changes > 1 => {
            format!(", by {step} or more each time")
        }
        _ => String::new(),
    };
    let words = format!(
        "Process {pid} wrote the counter {times}{by}, and not {ADDITIONS} times. A compiler may make one addition of many: \
         each is kept if the counter is `volatile` or atomic."
    );
    missing(Code::TooFewAdditions, words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::Shmid;
    use crate::counter::Way;

    /// Four processes that changed the counter so often, by steps of this size.
    fn race(changes: [u64; 4], step: u64) -> Race {
        let uses =
            (1..).zip(changes.map(|changes| Uses { reads: 0, changes, step, largest: step })).collect();
        Race { uses, at_once: true, ..Race::default() }
    }

    const AT_THE_SUM: Counter = Counter {
        shmid: Shmid(1),
        segment: 0,
        offset: 0,
        form: trace::Form::Int,
        came_to: SUM,
        is_wiped: false,
        way: Way::Counted,
        is_doubtful: false,
    };

    fn passes(race: &Race) -> bool {
        who_counts(race, Seen::of(race, &AT_THE_SUM)).is_empty()
    }

    #[test]
    fn of_a_run_that_was_seen_whole_each_addition_counts() {
        assert!(passes(&race([5000; 4], 1)));
        assert!(!passes(&race([5001, 5000, 5000, 4999], 1)));
    }

    #[test]
    fn of_a_run_that_was_seen_in_part_some_additions_of_each_are_enough() {
        assert_eq!(Seen::of(&race([5000, 5000, 5000, 289], 1), &AT_THE_SUM), Seen::Some);
        assert!(passes(&race([5000, 5000, 5000, 289], 1)));
        assert!(!passes(&race([5000, 5000, 5000, 3], 1)));
    }

    #[test]
    fn larger_steps_are_no_part_of_a_run() {
        assert!(!passes(&race([1; 4], 5000)));
        assert!(!passes(&race([20; 4], 250)));
        assert_eq!(Seen::of(&race([20; 4], 250), &AT_THE_SUM), Seen::All);
        assert!(!passes(&race([24, 20, 21, 24], 200)), "nor if one of each was missed");
    }

    #[test]
    fn a_few_steps_and_a_leap_are_no_additions() {
        let mut few = race([25; 4], 1);
        few.uses.iter_mut().for_each(|(_, uses)| uses.largest = 4976);
        assert_eq!(Seen::of(&few, &AT_THE_SUM), Seen::Some);
        assert!(!passes(&few));
    }

    #[test]
    fn of_a_counter_that_did_not_come_to_the_sum_nothing_is_missing() {
        let three = race([5000, 5000, 5000, 0], 1);
        assert_eq!(Seen::of(&three, &Counter { came_to: 15_000, ..AT_THE_SUM }), Seen::All);
        assert_eq!(Seen::of(&three, &AT_THE_SUM), Seen::Some);
    }
}
