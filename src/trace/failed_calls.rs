//! The calls of one kind that failed in one memory: what they returned, -1, may be used at any later time.
//!
//! **Invariant:** a failure is not forgotten because another call succeeds: the -1 of the first is where it was put.

use super::value::CompletedCall;
use crate::call::Performed;

/// The calls of one kind that failed.
#[derive(Clone, Debug, Default)]
pub(super) struct Failures {
    last: Option<Performed>,
    stands: bool,
    excused: bool,
}

impl Failures {
    /// A call of this kind has returned. It is excused, if it failed because of a sandbox, or for what came of that.
    pub fn note(&mut self, made: &CompletedCall, excused: bool) {
        self.stands = made.performed.outcome.is_err();
        if self.stands {
            self.last = Some(made.performed.clone());
            self.excused = excused;
        }
    }

    /// The last one that failed, however many have succeeded since.
    pub fn last(&self) -> Option<&Performed> {
        self.last.as_ref()
    }

    /// The same, where the program is to blame for not looking.
    pub fn to_blame(&self) -> Option<&Performed> {
        self.last().filter(|_| !self.excused)
    }

    /// Whether the last one that failed is excused.
    pub fn is_excused(&self) -> bool {
        self.excused
    }

    /// Whether one has failed, and none has succeeded since.
    pub fn stands(&self) -> bool {
        self.stands
    }
}
