//! Signals: numbers with which the kernel interrupts a process, or ends it.
//!
//! **Invariant:** every number is kept; those of real-time signals are told as the C library counts them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The enum, and what its names and numbers are.
macro_rules! signals {
    ($($name:ident = $number:literal, $words:literal;)*) => {
        /// A signal, by its number on x86, Arm and RISC-V. Shown by its name: `SIGSEGV`, or `SIGRTMIN+3`.
        ///
        /// Source: [signal(7)](https://man7.org/linux/man-pages/man7/signal.7.html).
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(from = "i32", into = "i32")]
        pub enum Signal {
            $(#[doc = $words] $name,)*
            /// A real-time signal.
            RealTime(i32),
        }

        impl Signal {
            /// The signal with this number.
            pub const fn from_raw(number: i32) -> Signal {
                match number {
                    $($number => Signal::$name,)*
                    other => Signal::RealTime(other),
                }
            }

            /// Its number.
            pub const fn raw(self) -> i32 {
                match self {
                    $(Signal::$name => $number,)*
                    Signal::RealTime(number) => number,
                }
            }
        }

        impl fmt::Display for Signal {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Signal::$name => f.pad(stringify!($name)),)*
                    Signal::RealTime(number) => write!(f, "SIGRTMIN{:+}", number - RTMIN),
                }
            }
        }
    };
}

signals! {
    SIGHUP = 1, "The terminal is gone.";
    SIGINT = 2, "Ctrl-C.";
    SIGQUIT = 3, "Ctrl-\\.";
    SIGILL = 4, "An instruction that the processor does not know.";
    SIGTRAP = 5, "A breakpoint.";
    SIGABRT = 6, "The program gave up: `abort`.";
    SIGBUS = 7, "Memory that is mapped, with nothing behind it.";
    SIGFPE = 8, "A division by zero.";
    SIGKILL = 9, "Ends a process; nobody can catch it.";
    SIGUSR1 = 10, "For programs to agree on.";
    SIGSEGV = 11, "Memory that is not mapped, or not for this.";
    SIGUSR2 = 12, "For programs to agree on.";
    SIGPIPE = 13, "Nobody reads the pipe any more.";
    SIGALRM = 14, "A timer ran down: `alarm`.";
    SIGTERM = 15, "Please end.";
    SIGSTKFLT = 16, "Unused.";
    SIGCHLD = 17, "A child ended.";
    SIGCONT = 18, "Go on.";
    SIGSTOP = 19, "Stops a process; nobody can catch it.";
    SIGTSTP = 20, "Ctrl-Z.";
    SIGTTIN = 21, "A background process reads from its terminal.";
    SIGTTOU = 22, "A background process writes to its terminal.";
    SIGURG = 23, "Urgent data on a socket.";
    SIGXCPU = 24, "The processor time is used up.";
    SIGXFSZ = 25, "The file has become too large.";
    SIGVTALRM = 26, "A timer of used time ran down.";
    SIGPROF = 27, "A timer for profiles ran down.";
    SIGWINCH = 28, "The window has another size.";
    SIGIO = 29, "A descriptor is ready.";
    SIGPWR = 30, "The power fails.";
    SIGSYS = 31, "A system call that is forbidden here.";
}

/// `SIGRTMIN` of the C library: the kernel's first real-time signal is 32, and the library keeps two for itself.
const RTMIN: i32 = 34;

impl From<i32> for Signal {
    fn from(number: i32) -> Signal {
        Signal::from_raw(number)
    }
}

impl From<Signal> for i32 {
    fn from(signal: Signal) -> i32 {
        signal.raw()
    }
}

impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_is_told_by_its_name() {
        assert_eq!(Signal::SIGSEGV.to_string(), "SIGSEGV");
        assert_eq!(Signal::from_raw(37).to_string(), "SIGRTMIN+3");
        assert_eq!(Signal::from_raw(32).to_string(), "SIGRTMIN-2");
    }
}
