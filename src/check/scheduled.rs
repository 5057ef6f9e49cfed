//! Exercise 16 is judged in two runs: one free, to find the counter; and one under a schedule of ours, in which an
//! update that can be lost is lost.
//!
//! **Invariant:** the second run ends, whatever the program does: it has a time of its own, and what it does not come to
//! in that time is a finding.

use nix::errno::Errno;

use super::counter::Counter;
use super::exercises::Trial;
use super::judge::Desk;
use super::rules;
use super::run::Run;
use super::script::Script;
use super::verdict::Finding;
use crate::trace::{Race, Watch};

/// How many times the time of another exercise's run a run may take that makes twenty thousand additions: a free one,
/// with a lock and all its calls; and one under a schedule, with a stop at each access.
const FREE: u32 = 4;
const SCHEDULED: u32 = 12;
/// What all of them may take together.
pub(super) const ALTOGETHER: u32 = SCHEDULED + FREE_RUNS as u32 * FREE + 4;
/// How many free runs stand for it where nothing can be watched.
const FREE_RUNS: usize = 3;

/// How many times the time of another run this one may take.
pub(super) fn longer(script: Script, watch: Option<Watch>) -> u32 {
    match watch {
        Some(_) => SCHEDULED,
        None if script.watches_counter => FREE,
        None => 1,
    }
}

/// What was found, and what else there is to say.
#[derive(Default)]
pub(super) struct Examined {
    pub findings: Vec<Finding>,
    pub notes: Vec<String>,
    pub removed: Vec<String>,
}

impl Desk<'_> {
    /// Judges the accesses to the counter that a free run has shown.
    pub(super) fn under_schedule(&self, command: &[String], trial: &Trial, free: &Run) -> Examined {
        let Some(counter) = Counter::find(free) else {
            return Examined { findings: rules::nothing_counted(), ..Examined::default() };
        };
        let run = match self.run(command, trial.script, counter.watch(free)) {
            Ok(run) => run,
            Err(finding) => return Examined { findings: vec![finding], ..Examined::default() },
        };
        let removed = super::judge::clean_up(&run.trace);
        // A run that is over once a loss is proved could not remove anything any more.
        let removed = if run.trace.cut.is_some() { Vec::new() } else { removed };
        match run.trace.race.clone() {
            Some(Race { unwatched: Some(errno), .. }) => self.by_sums(command, trial, &counter, errno),
            Some(race) => {
                Examined { findings: judged(&race, &run, &counter), removed, ..Examined::default() }
            }
            None => Examined { findings: rules::sum(&counter), removed, ..Examined::default() },
        }
    }

    /// Several free runs, where nothing can be watched.
    fn by_sums(&self, command: &[String], trial: &Trial, counter: &Counter, errno: Errno) -> Examined {
        let mut examined = Examined::default();
        for _ in 0..FREE_RUNS {
            match self.run(command, Script { compares_lives: true, ..trial.script }, None) {
                Ok(run) => {
                    examined.removed.extend(super::judge::clean_up(&run.trace));
                    examined.findings = rules::judge(trial, &run);
                    let again = counter.in_run(&run);
                    examined.findings.extend(rules::sums(&run, &again));
                }
                Err(finding) => examined.findings.push(finding),
            }
            if !examined.findings.is_empty() {
                break;
            }
        }
        examined.notes.push(format!(
            "This verdict is statistical: it rests on the sums of free runs, at most {FREE_RUNS}. A word cannot be \
             watched here (ptrace, debug registers: {errno}), so a program that seldom loses an update may pass."
        ));
        examined
    }
}

fn judged(race: &Race, run: &Run, counter: &Counter) -> Vec<Finding> {
    if race.proof.is_none()
        && let Some((code, words)) = &run.halted
    {
        return vec![Finding::new(*code, format!("Under a schedule, one process held at a time: {words}"))];
    }
    let found = rules::accesses(race);
    if !found.is_empty() {
        return found;
    }
    let sums = rules::sum(counter);
    if sums.is_empty() { rules::sum(&counter.in_run(run)) } else { sums }
}
