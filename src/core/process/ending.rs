//! How a process ends.

use std::fmt;

use crate::Signal;

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It called `exit` with this status.
    Exited(i32),
    /// A signal killed it.
    Killed(Signal),
    /// It gave no answer in time, and was killed for it.
    Hung,
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ending::Exited(status) => write!(f, "exited with status {status}"),
            Ending::Killed(signal) => write!(f, "was killed by {signal}"),
            Ending::Hung => write!(f, "gave no answer in time and was killed"),
        }
    }
}
