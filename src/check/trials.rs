//! The runs of one exercise, one after the other, as long as they tell something new.
//!
//! **Invariant:** a run that only asks for more is made when nothing was found in those before: what it shows would
//! otherwise have the same cause.

use super::code::Code;
use super::exercises::{Exercise, Trial};
use super::rules;
use super::run::Run;
use super::scheduled;
use super::script::{Injection, Script, Sizes};
use super::verdict::{Finding, Output};
use super::writers;
use trace::Watch;

/// What came of all runs.
#[derive(Debug, Default)]
pub(super) struct Examined {
    pub findings: Vec<Finding>,
    pub notes: Vec<String>,
    /// What the program printed in the run that was judged last.
    pub output: Output,
}

/// Makes the runs. `private` says whether the kernel's tables are the program's own, so that they can be changed.
pub(super) fn examine(
    exercise: &Exercise,
    private: bool,
    mut run: impl FnMut(Script, Option<Watch>) -> Result<Run, Finding>,
) -> Examined {
    let mut examined = Examined::default();
    for trial in exercise.trials {
        if trial.script.sizes == Sizes::Impossible && !private {
            examined.notes.push("What it does when shmget fails was not examined.".into());
        } else if !trial.only_after_a_pass || examined.findings.is_empty() {
            examined.repeat(trial, &mut run);
        }
        if examined.findings.iter().any(|finding| finding.code <= Code::NotAllocated) {
            return examined;
        }
    }
    if let (true, [first, ..]) = (private && examined.findings.is_empty(), exercise.trials) {
        examined.findings = id_zero(first, &mut run);
    }
    examined
}

impl Examined {
    /// As often as the trial says, or until something is found.
    fn repeat(&mut self, trial: &Trial, run: &mut impl FnMut(Script, Option<Watch>) -> Result<Run, Finding>) {
        let repeats = if self.findings.is_empty() { trial.times } else { 1 };
        for _ in 0..repeats {
            let found = self.once(trial, run);
            if trial.advises {
                self.notes.extend(found.iter().map(advice));
            } else {
                self.findings.extend(found);
            }
            if !self.findings.is_empty() {
                return;
            }
        }
    }

    fn once(
        &mut self,
        trial: &Trial,
        run: &mut impl FnMut(Script, Option<Watch>) -> Result<Run, Finding>,
    ) -> Vec<Finding> {
        match run(trial.script, None) {
            Ok(made) => {
                let mut found = rules::judge(trial, &made);
                if found.is_empty() && trial.script.watches_counter {
                    let (more, notes) = scheduled::examine(trial, &made, run);
                    found = more;
                    self.notes.extend(notes);
                }
                if found.is_empty() && trial.script.inject == Injection::AfterChild {
                    found = writers::examine(&made, run);
                }
                if !trial.advises && (!trial.only_after_a_pass || !found.is_empty()) {
                    self.output = Output::of(&made);
                }
                found
            }
            Err(finding) => vec![finding],
        }
    }
}

/// The first segment of an IPC namespace has the id 0. A program that did well with another id, and does not with this
/// one, takes it for a failure.
fn id_zero(
    trial: &Trial,
    run: &mut impl FnMut(Script, Option<Watch>) -> Result<Run, Finding>,
) -> Vec<Finding> {
    if !trial.tries_id_zero {
        return Vec::new();
    }
    match run(Script { id_zero: true, ..trial.script }, None) {
        Ok(run) if rules::judge(trial, &run).is_empty() => Vec::new(),
        Ok(run) => rules::zero_is_no_failure(&run),
        Err(finding) => vec![finding],
    }
}

/// What does not count, and is worth knowing all the same.
fn advice(finding: &Finding) -> String {
    let lesson = match finding.lesson.as_str() {
        "" => String::new(),
        lesson => format!(" See {lesson}."),
    };
    format!("{} ({}, which does not count here.){lesson}", finding.message, finding.code)
}
