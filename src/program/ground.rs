//! On what a lesson runs: the kernel of this machine, or the model.
//!
//! **Invariant:** a run on the model touches nothing of the machine: no namespace, no safety net, no segment.

use std::path::Path;
use std::process::ExitCode;
use std::time::UNIX_EPOCH;

use linux::kernel::{self, Linux, Refused};
use model::{Ground, Model};
use playground_core::error::{Error, Result};
use playground_core::process::Process;

use super::options::{Kernel, Options};

/// Whether this program was started only to serve as a stranger, and has done so.
pub(super) fn serve_if_asked() -> Option<ExitCode> {
    kernel::serve_if_asked()
}

/// Moves into a private IPC namespace, if asked to. The model has nobody else in it anyway.
///
/// # Errors
///
/// `Ground`: the system forbids it.
pub(super) fn isolate_if_asked(options: &Options) -> Result<()> {
    if options.isolated && options.kernel == Kernel::Linux { kernel::isolate() } else { Ok(()) }
}

/// Makes everything ready for the first call.
///
/// # Errors
///
/// `Ground`: a filter would kill this process for it.
pub(super) fn prepare(performs: Kernel) -> Result<()> {
    if performs == Kernel::Model {
        return Ok(());
    }
    if let Some(Refused { call, kills: true }) = kernel::refused() {
        return Err(killed_by_a_filter(call));
    }
    kernel::install_safety_net();
    Ok(())
}

/// What a lesson could not say itself: the signal that answers its first call would end it.
fn killed_by_a_filter(call: &str) -> Error {
    Error::ground(
        call,
        "SIGSYS (Bad system call): a seccomp filter kills whoever makes the call",
        "A sandbox has set the filter, as Android and some containers do. Run it outside the sandbox, or with a \
         profile that allows System V IPC.",
    )
}

/// The process that tells the story.
pub(super) fn process(options: &Options) -> Box<dyn Process> {
    match options.kernel {
        Kernel::Linux => Box::new(Linux::new()),
        Kernel::Model => Box::new(Model::new(Ground {
            time: UNIX_EPOCH.elapsed().unwrap_or_default(),
            user: Linux::new().user(),
            isolated: options.isolated,
            file: numbers_of,
        })),
    }
}

/// The device and the number of a file.
fn numbers_of(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;

    let file = std::fs::metadata(path).ok()?;
    Some((file.dev(), file.ino()))
}

/// Removes what a crash would leave.
pub(super) fn remove_what_is_left(performs: Kernel) {
    if performs == Kernel::Linux {
        kernel::remove_what_is_left();
    }
}
