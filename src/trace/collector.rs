//! The mistakes of a run, each told once, and only when nobody can put it right any more.
//!
//! **Invariant:** who ends with a segment attached is not accused while a process lives that has inherited the
//! attachment and may detach it, as after daemon(3), nor after such a one did.

use super::exit_status::Ending;
use super::findings::{self, Finding};
use super::refused_cleanup::RefusedCleanup;
use super::space::Attachment;
use super::state::State;
use super::value::{Left, ProcessRecord};
use crate::call::Performed;

/// No more findings than this are kept: a program in an endless loop makes the same ones again and again.
const MOST: usize = 100;

/// The mistakes that were found.
#[derive(Default)]
pub(super) struct Found {
    findings: Vec<Finding>,
    /// What those who ended with a segment attached are accused of, unless a child that inherits it detaches it.
    held: Vec<Finding>,
    /// What nobody is accused of.
    pub refused_cleanup: RefusedCleanup,
}

impl Found {
    /// Mistakes that are proved.
    pub fn add(&mut self, found: impl IntoIterator<Item = Finding>) {
        for finding in found {
            if self.findings.iter().any(|earlier| earlier.implies(&finding)) {
                continue;
            }
            let same = |other: &Finding| {
                (other.code, other.pid, &other.message) == (finding.code, finding.pid, &finding.message)
            };
            match self.findings.iter().position(same) {
                Some(place) => self.findings[place].times += 1,
                None if self.findings.len() < MOST => self.findings.push(finding),
                None => {}
            }
        }
    }

    /// A process is about to be gone, or the program that it ran, with all that it has attached.
    pub fn at_end(&mut self, pid: i32, ending: Option<Ending>, state: &State) {
        let left = findings::not_detached(pid, ending, state).into_iter();
        let left: Vec<_> = left.filter(|left| !self.refused_cleanup.detaching(pid, left.address)).collect();
        for attachment in left {
            let own = (attachment.made.pid == pid).then(|| findings::never_detached(ending, attachment));
            let Some(accusation) = own.or_else(|| self.take_held(attachment)) else { continue };
            if state.was_handed_over(pid, attachment) {
                continue;
            }
            match state.has_heir(pid, attachment) {
                true => self.held.push(accusation),
                false => self.add([accusation]),
            }
        }
        self.add(findings::without_fallback(pid, state));
    }

    /// What is left in the kernel, once all is over.
    pub fn left(&mut self, left: &[(Left, Performed)], records: &[ProcessRecord]) {
        let ending = |pid| records.iter().find(|record| record.start.pid == pid)?.ending;
        let is_excused = |(left, maker): &&(Left, Performed)| {
            self.refused_cleanup.removal(left.what, maker.pid, ending(maker.pid))
        };
        let accused: Vec<_> = left.iter().filter(|left| !is_excused(left)).cloned().collect();
        self.add(findings::of_left(&accused, records));
    }

    fn take_held(&mut self, attachment: &Attachment) -> Option<Finding> {
        let place = self.held.iter().position(|held| held.call == attachment.made)?;
        Some(self.held.swap_remove(place))
    }

    /// All of them, in the order in which they showed.
    pub fn all(self) -> Vec<Finding> {
        self.findings
    }
}
