//! The kernel of this machine, which is Linux.

use std::process::ExitCode;

use linux::kernel::{self, Linux, Refused};
use playground_core::error::{Error, Result};
use playground_core::process::Process;

pub(crate) use linux::clock::zone;
pub(crate) use linux::kernel::{isolate, remove_what_is_left};
pub(crate) use linux::partner::{Rendezvous, key_of_this_program};

pub(crate) fn serve_if_asked() -> Option<ExitCode> {
    kernel::serve_if_asked()
}

pub(crate) fn prepare() -> Result<()> {
    if let Some(Refused { call, kills: true }) = kernel::refused() {
        return Err(killed_by_a_filter(call));
    }
    kernel::install_safety_net();
    Ok(())
}

/// What a lesson could not say itself: the signal that answers its first call would end it.
fn killed_by_a_filter(call: &str) -> Error {
    Error::environment(
        call,
        "SIGSYS (Bad system call): a seccomp filter kills whoever makes the call",
        "A sandbox has set the filter, as Android and some containers do. Run it outside the sandbox, or with a \
         profile that allows System V IPC.",
    )
}

pub(crate) fn process() -> Box<dyn Process> {
    Box::new(Linux::new())
}

pub(crate) fn user() -> u32 {
    Linux::new().user()
}
