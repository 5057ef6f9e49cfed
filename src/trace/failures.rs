//! The calls of one kind that failed in one memory: what they returned, -1, may be used at any later time.
//!
//! **Invariant:** a failure is not forgotten because another call succeeds: the -1 of the first is where it was put.

use super::value::Made;
use crate::call::Performed;

/// The calls of one kind that failed.
#[derive(Clone, Debug, Default)]
pub(super) struct Failures {
    last: Option<Performed>,
    stands: bool,
}

impl Failures {
    /// A call of this kind has returned. What a filter answered is no failure of the program's.
    pub fn note(&mut self, made: &Made) {
        self.stands = made.performed.outcome.is_err();
        if self.stands && !made.is_refused_by_a_sandbox() {
            self.last = Some(made.performed.clone());
        }
    }

    /// The last one that failed, however many have succeeded since.
    pub fn last(&self) -> Option<&Performed> {
        self.last.as_ref()
    }

    /// Whether one has failed, and none has succeeded since.
    pub fn stands(&self) -> bool {
        self.stands
    }
}
