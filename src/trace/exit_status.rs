//! How a traced process ended.

use std::fmt;

use nix::libc;
use nix::sys::signal::Signal;

/// How a process ended. The kernel's own number of the signal, since real-time signals have no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It called `exit` with this status.
    Exited(i32),
    /// This signal killed it.
    Killed(i32),
}

impl Ending {
    /// Whether the process says of itself that all went well.
    pub fn is_success(self) -> bool {
        self == Ending::Exited(0)
    }

    /// What a shell shows in `$?`.
    pub fn status(self) -> i32 {
        match self {
            Ending::Exited(status) => status,
            Ending::Killed(signal) => 128 + signal,
        }
    }

    /// The name of the signal that killed it.
    pub fn signal(self) -> Option<String> {
        match self {
            Ending::Exited(_) => None,
            Ending::Killed(signal) => Some(signal_name(signal)),
        }
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ending::Exited(status) => write!(f, "exited with status {status}"),
            Ending::Killed(signal) => write!(f, "was killed by {}", signal_name(*signal)),
        }
    }
}

/// `SIGSEGV` and the like; `SIGRTMIN+3` for real-time signals.
pub(super) fn signal_name(number: i32) -> String {
    match Signal::try_from(number) {
        Ok(signal) => signal.to_string(),
        Err(_) => format!("SIGRTMIN{:+}", number - libc::SIGRTMIN()),
    }
}
