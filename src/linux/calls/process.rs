//! A second process for an exercise: fork, and wait for it.

use std::panic::{self, AssertUnwindSafe};

use nix::errno::Errno;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid};

use super::failure::{Failure, Result};
use crate::kernel;

/// A process that was forked from this one.
#[derive(Debug)]
#[must_use = "a child that nobody waits for may still run when its parent has ended"]
pub struct Child(Pid);

/// `pid_t fork(void)`: a second process, with a copy of this one's memory, and all its attachments.
///
/// The child does what `operation` says, and exits: with status 0, or with 1 if the operation failed.
///
/// # Errors
///
/// `EAGAIN`: no more processes are allowed.
pub fn fork(operation: impl FnOnce() -> Result) -> Result<Child> {
    match kernel::fork().map_err(|errno| failure("fork", errno))? {
        ForkResult::Parent { child } => Ok(Child(child)),
        ForkResult::Child => {
            let done = panic::catch_unwind(AssertUnwindSafe(operation));
            if let Ok(Err(failure)) = &done {
                eprintln!("Error in the child: {failure}");
            }
            kernel::exit_now(i32::from(!matches!(done, Ok(Ok(())))))
        }
    }
}

impl Child {
    /// `waitpid`: waits until the child has ended, and returns its exit status, or -1 if a signal killed it.
    ///
    /// # Errors
    ///
    /// `ECHILD`: it was waited for already.
    pub fn wait(&self) -> Result<i32> {
        match waitpid(self.0, None).map_err(|errno| failure("waitpid", errno))? {
            WaitStatus::Exited(_, status) => Ok(status),
            _ => Ok(-1),
        }
    }
}

fn failure(call: &str, errno: Errno) -> Failure {
    let errno = kernel::portable(errno);
    Failure::new(errno, format!("{call}() = -1 {errno}"))
}
