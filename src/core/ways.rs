//! The mechanisms that messages go through, by name.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What messages go through, and how a side waits for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mechanism {
    /// A ring in a segment; both sides look for their turn without a pause.
    Spin,
    /// The same, with messages that are made and read where they lie.
    InPlace,
    /// The same, with a `sched_yield` between two looks.
    Yield,
    /// The same, with a futex to sleep on.
    Futex,
    /// The same, with System V semaphores that count the messages.
    Semop,
    /// A segment for each message.
    Fresh,
    /// A ring in a mapped file; both sides look without a pause.
    File,
    /// A pipe for each direction.
    Pipe,
    /// A pair of Unix sockets.
    Unix,
    /// TCP on the loopback.
    Tcp,
    /// POSIX message queues.
    Posix,
    /// System V message queues.
    SystemV,
    /// One word on one line of the cache for each direction.
    Line,
}

impl fmt::Display for Mechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Mechanism::Spin => "segment, spin",
            Mechanism::InPlace => "in place, spin",
            Mechanism::Yield => "segment, yield",
            Mechanism::Futex => "segment, futex",
            Mechanism::Semop => "segment, semop",
            Mechanism::Fresh => "one each time",
            Mechanism::File => "file, spin",
            Mechanism::Pipe => "pipe",
            Mechanism::Unix => "Unix socket",
            Mechanism::Tcp => "TCP, loopback",
            Mechanism::Posix => "POSIX queue",
            Mechanism::SystemV => "System V queue",
            Mechanism::Line => "one cache line",
        })
    }
}

/// What is timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Traffic {
    /// A message there and back, one at a time.
    RoundTrip,
    /// Message after message, one way.
    Stream,
}
