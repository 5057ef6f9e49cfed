//! Ctrl-C, for a program that is not to end by it.
//!
//! **Invariant:** whoever is forked from this process may still be ended by it: workers lift what is held back here.

use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

/// SIGINT, held back from this process and asked for instead.
#[derive(Debug)]
pub struct Interrupts(SignalFd);

impl Interrupts {
    /// `sigprocmask(SIG_BLOCK, {SIGINT})` and `signalfd`: from here on Ctrl-C does not end this process. To be called
    /// before it has threads.
    ///
    /// # Errors
    ///
    /// `EMFILE`: no descriptor is left.
    pub fn hold() -> nix::Result<Interrupts> {
        let interrupt = SigSet::from(Signal::SIGINT);
        let signals = SignalFd::with_flags(&interrupt, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)?;
        interrupt.thread_block()?;
        Ok(Interrupts(signals))
    }

    /// Whether Ctrl-C was pressed since this was last asked.
    pub fn came(&self) -> bool {
        matches!(self.0.read_signal(), Ok(Some(_)))
    }
}
