//! On what a lesson runs: the kernel of this machine, or the model.
//!
//! **Invariant:** a run on the model touches nothing of the machine: no namespace, no safety net, no segment.

#[cfg(target_os = "linux")]
#[path = "platform/linux.rs"]
mod here;
#[cfg(not(target_os = "linux"))]
#[path = "platform/other.rs"]
mod here;

use std::env;
use std::path::Path;
use std::time::UNIX_EPOCH;

use model::{Model, Setup};
use playground_core::error::Result;
use playground_core::process::Process;

use super::options::{Kernel, Options};

/// Whether this program was started only to serve as an unrelated process, and has done so.
pub(super) use here::serve_if_asked;
/// The time zone of whoever reads.
pub(super) use here::zone;
/// Where the two sides of a lesson meet.
pub(super) use here::{Rendezvous, key_of_this_program};

/// Moves into a private IPC namespace, if asked to. The model has nobody else in it anyway.
///
/// # Errors
///
/// `Environment`: the system forbids it.
pub(super) fn isolate_if_asked(options: &Options) -> Result<()> {
    if options.isolated && options.kernel == Kernel::Linux { here::isolate() } else { Ok(()) }
}

/// Makes everything ready for the first call.
///
/// # Errors
///
/// `Environment`: a filter would kill this process for it, or the kernel is not Linux.
pub(super) fn prepare(kernel: Kernel) -> Result<()> {
    if kernel == Kernel::Linux { here::prepare() } else { Ok(()) }
}

/// The process that tells the story.
pub(super) fn process(options: &Options) -> Box<dyn Process> {
    match options.kernel {
        Kernel::Linux => here::process(),
        Kernel::Model => model(options.isolated),
    }
}

fn model(isolated: bool) -> Box<dyn Process> {
    Box::new(Model::new(Setup {
        program: env::current_exe().unwrap_or_default(),
        time: UNIX_EPOCH.elapsed().unwrap_or_default(),
        user: here::user(),
        isolated,
        file: numbers_of,
    }))
}

/// The device and the number of a file, as stat(2) gives them.
#[cfg(unix)]
pub(super) fn numbers_of(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;

    let file = path.metadata().ok()?;
    Some((file.dev(), file.ino()))
}

/// A device, and a number that is made from the name: this system gives none that everybody may ask for.
#[cfg(not(unix))]
pub(super) fn numbers_of(path: &Path) -> Option<(u64, u64)> {
    use std::hash::{DefaultHasher, Hash, Hasher};

    let mut hasher = DefaultHasher::new();
    path.canonicalize().ok()?.hash(&mut hasher);
    Some((1, hasher.finish()))
}

/// Removes what a crash would leave.
pub(super) fn remove_what_is_left(kernel: Kernel) {
    if kernel == Kernel::Linux {
        here::remove_what_is_left();
    }
}
