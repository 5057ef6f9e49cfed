//! A machine whose kernel is not Linux: there is the model alone.

use std::process::ExitCode;

use playground_core::error::{Error, Result};
use playground_core::process::Process;

/// No library of this house reads the zone of another system: times are UTC there, and say so.
pub(crate) use playground_core::clock::utc as zone;

pub(crate) use crate::elsewhere::partner::{Rendezvous, key_of_this_program};

pub(crate) fn serve_if_asked() -> Option<ExitCode> {
    None
}

pub(crate) fn isolate() -> Result<()> {
    prepare()
}

pub(crate) fn prepare() -> Result<()> {
    Err(Error::environment(
        "run the lesson on the kernel of this machine",
        "it is not Linux",
        "Leave out --kernel: a model of Linux's rules performs the calls. Or run it on Linux: on Windows in WSL2, \
         elsewhere in a virtual machine, a container, or this repository's dev container.",
    ))
}

/// Whom to tell why nothing is performed: [`prepare`] has refused everything else.
pub(crate) fn process() -> Box<dyn Process> {
    super::model(false)
}

/// A plain user, as most are.
pub(crate) fn user() -> u32 {
    1000
}

pub(crate) fn remove_what_is_left() {}
