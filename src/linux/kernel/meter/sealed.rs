//! A process that may make no system call at all, and lives as long as it makes none.
//!
//! Strict mode (`SECCOMP_MODE_STRICT`) would allow `read` and `write`, kills with SIGKILL, which many others send, too,
//! and is refused to a process that has a filter already, as in a container. A filter of our own allows nothing but the
//! exit, kills with SIGSYS, which says why, and goes on top of any other.

use std::collections::BTreeMap;
use std::env::consts::ARCH;
use std::io;
use std::panic::{self, AssertUnwindSafe};

use nix::libc;
use nix::sys::resource::{Resource, setrlimit};
use nix::unistd::{ForkResult, Pid};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, TargetArch, apply_filter};

use crate::kernel::{Ending, ending_of, exit_now, fork};

/// The exit status of a child that could not be sealed.
const NOT_SEALED: i32 = 77;

/// Does `operation` in a forked child to which every system call but the exit is forbidden, and returns how it ended.
///
/// The child inherits all attachments of this process, so `operation` may use them.
///
/// # Errors
///
/// `Unsupported`: there are no such filters here. Others: no process can be made.
pub fn sealed(operation: impl FnOnce()) -> io::Result<(Pid, Ending)> {
    let filter = nothing_but_exit()?;
    match fork()? {
        ForkResult::Parent { child } => match ending_of(child)? {
            Ending::Exited(NOT_SEALED) => Err(io::ErrorKind::Unsupported.into()),
            ending => Ok((child, ending)),
        },
        ForkResult::Child => {
            // A limit of 1 keeps a core dump from files and from handlers such as apport alike (core(5)).
            let _ = setrlimit(Resource::RLIMIT_CORE, 1, 1);
            if apply_filter(&filter).is_err() {
                exit_now(NOT_SEALED);
            }
            // A panic must not run the parent's destructors here; it would be killed for its message anyway.
            let done = panic::catch_unwind(AssertUnwindSafe(operation)).is_ok();
            exit_now(i32::from(!done))
        }
    }
}

/// `seccomp(SECCOMP_SET_MODE_FILTER, …)` needs no privilege: the filter's library gives up new ones first.
fn nothing_but_exit() -> io::Result<BpfProgram> {
    let unsupported = |_| io::Error::from(io::ErrorKind::Unsupported);
    let arch = TargetArch::try_from(ARCH).map_err(unsupported)?;
    let allowed = BTreeMap::from([(libc::SYS_exit_group, Vec::new())]);
    let filter = SeccompFilter::new(allowed, SeccompAction::KillProcess, SeccompAction::Allow, arch);
    filter.and_then(BpfProgram::try_from).map_err(unsupported)
}
