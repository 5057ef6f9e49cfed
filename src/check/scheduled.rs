//! Exercise 16 is judged in two runs: one free, to find the counter; and one under a schedule of ours, in which an
//! update that can be lost is lost.
//!
//! **Invariant:** the second run ends, whatever the program does: it has a time of its own, and what it does not come to
//! in that time is a finding.

use std::iter::repeat;

use playground_core::Errno;

use super::counter::Counter;
use super::exercises::Trial;
use super::rules::{self, Seen};
use super::run::Run;
use super::script::Script;
use super::verdict::Finding;
use trace::{Race, Watch};

/// How many times the time of another exercise's run a run may take that makes twenty thousand additions: a free one,
/// with a lock and all its calls; and one under a schedule, with a stop at each access.
const FREE: u32 = 10;
const SCHEDULED: u32 = 20;
/// How often a run under a schedule is made where it was not seen whole, and what was seen is not enough.
const SCHEDULED_RUNS: usize = 3;
/// Each word but the likeliest is watched in one run. In a right program few of them are counted in, and the runs for the
/// others are short: so many long ones are enough.
const OTHERS: u32 = 4;
/// What all runs may take together.
pub(super) const ALTOGETHER: u32 = (SCHEDULED_RUNS as u32 + OTHERS) * SCHEDULED + FREE_RUNS as u32 * FREE + 4;
/// How many free runs stand for it where nothing can be watched.
const FREE_RUNS: usize = 3;

/// How many times the time of another run this one may take.
pub(super) fn longer(script: Script, watch: Option<Watch>) -> u32 {
    match watch {
        _ if !script.watches_counter => 1,
        Some(_) => SCHEDULED,
        None => FREE,
    }
}

/// What was found, and what else there is to say.
type Examined = (Vec<Finding>, Vec<String>);

/// What came of it to watch one word.
enum Watched {
    /// An update of it can be lost.
    Loses(Finding),
    /// None was; what was found beside that.
    Keeps(Examined),
    /// Nothing can be watched here.
    Not(Errno),
}

/// Judges the accesses to the counter that a free run has shown. Several words may be it: one of them has to be counted
/// in as the goal says, and none may lose an update.
pub(super) fn examine(
    trial: &Trial,
    free: &Run,
    run: &mut impl FnMut(Script, Option<Watch>) -> Result<Run, Finding>,
) -> Examined {
    let counters = Counter::candidates(free);
    let mut examined = Vec::new();
    for (counter, most) in counters.iter().zip([SCHEDULED_RUNS].into_iter().chain(repeat(1))) {
        match watched(trial, counter, most, run) {
            Watched::Loses(finding) => return (vec![finding], Vec::new()),
            Watched::Keeps(its) => examined.push(its),
            Watched::Not(errno) => return by_sums(trial, &counters, errno, run),
        }
    }
    let right = examined.iter().position(|(findings, _)| findings.is_empty());
    let nothing = || (rules::nothing_counted(), Vec::new());
    examined.into_iter().nth(right.unwrap_or_default()).unwrap_or_else(nothing)
}

/// Watches one word, in no more runs than these.
fn watched(
    trial: &Trial,
    counter: &Counter,
    most: usize,
    run: &mut impl FnMut(Script, Option<Watch>) -> Result<Run, Finding>,
) -> Watched {
    let mut examined = Examined::default();
    for _ in 0..most {
        let scheduled = match run(trial.script, Some(counter.watch())) {
            Ok(scheduled) => scheduled,
            Err(finding) => return Watched::Keeps((vec![finding], Vec::new())),
        };
        let race = match &scheduled.trace.race {
            Some(Race { unwatched: Some(errno), .. }) => return Watched::Not(*errno),
            Some(race @ Race { proof: Some(proof), .. })
                if !counter.is_doubtful || rules::is_added_to(race) =>
            {
                return Watched::Loses(rules::lost(proof, counter));
            }
            Some(race) => race,
            None => return Watched::Keeps((rules::sum(counter), Vec::new())),
        };
        let seen = Seen::of(race, &counter.in_run(&scheduled));
        let findings = judged(race, seen, &scheduled, counter);
        let note = partial(seen).filter(|_| findings.is_empty());
        examined = (findings, note.into_iter().collect());
        if seen == Seen::All || examined.0.is_empty() {
            break;
        }
    }
    Watched::Keeps(examined)
}

/// What has to be said where not everything was seen.
fn partial(seen: Seen) -> Option<String> {
    let words =
        "Not every access to the counter was seen: this machine has too much to do. What was seen counts.";
    (seen == Seen::Some).then(|| words.to_owned())
}

/// Several free runs, where nothing can be watched.
fn by_sums(
    trial: &Trial,
    counters: &[Counter],
    errno: Errno,
    run: &mut impl FnMut(Script, Option<Watch>) -> Result<Run, Finding>,
) -> Examined {
    let script = Script { compares_lives: true, ..trial.script };
    let mut one_run = || match run(script, None) {
        Ok(run) => {
            let mut found = rules::judge(trial, &run);
            found
                .extend(counters.iter().flat_map(|counter| rules::sums(&run, &counter.in_run(&run))).take(1));
            found
        }
        Err(finding) => vec![finding],
    };
    let findings = (0..FREE_RUNS).map(|_| one_run()).find(|found| !found.is_empty()).unwrap_or_default();
    let note = format!(
        "This verdict is statistical: it rests on the sums of free runs, at most {FREE_RUNS}. A word cannot be watched \
         here (ptrace, debug registers: {errno}), so a program that seldom loses an update may pass."
    );
    (findings, vec![note])
}

fn judged(race: &Race, seen: Seen, run: &Run, counter: &Counter) -> Vec<Finding> {
    if let Some((code, words)) = &run.halted {
        return vec![Finding::new(*code, format!("Under a schedule, one process held at a time: {words}"))];
    }
    let found = [rules::who_counts(race, seen), summed(race, counter), summed(race, &counter.in_run(run))];
    found.into_iter().find(|found| !found.is_empty()).unwrap_or_default()
}

/// What came of the counter, as far as that was seen: of one that is wiped before anybody can look, its accesses tell.
fn summed(race: &Race, counter: &Counter) -> Vec<Finding> {
    let is_unknown = counter.is_wiped && race.is_partial;
    let came_to = if counter.is_wiped { race.counted_to } else { counter.came_to };
    if is_unknown { Vec::new() } else { rules::sum(&Counter { came_to, ..*counter }) }
}
