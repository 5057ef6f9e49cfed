//! In which sequences a second is awaited, to see which times move.
//!
//! **Invariant:** waiting costs a few hundredths of the time, however fast the sequences are.

use std::time::{SystemTime, UNIX_EPOCH};

use super::PAUSE;

/// A second is near its end when it lasts no longer than this, in milliseconds.
const NEAR: u32 = 30;

/// Chooses the sequences: the first, and then one a second, just before the second ends.
#[derive(Default)]
pub struct Pauses {
    /// The second in which the last one was.
    last: u64,
}

impl Pauses {
    /// The step before which the next sequence pauses, if it does.
    pub fn next(&mut self) -> Option<usize> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock that is set");
        let is_due = self.last == 0 || now.as_secs() > self.last && now.subsec_millis() > 1000 - NEAR;
        is_due.then(|| {
            self.last = now.as_secs();
            PAUSE
        })
    }
}
