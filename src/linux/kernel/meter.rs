//! What watches an operation that a forked child does: it counts its calls or its bytes, or forbids it all calls.

mod copied;
mod count;
mod sealed;

use std::io;

use playground_core::Errno;
use playground_core::process::{Ending, Meter};

use super::portable;

/// ptrace, `/proc/PID/io` and seccomp.
pub(super) struct Watching;

impl Meter for Watching {
    fn system_calls(&self, operation: &mut dyn FnMut()) -> Result<u64, Errno> {
        count::count_system_calls(operation).map_err(portable)
    }

    fn copied_bytes(&self, operation: &mut dyn FnMut() -> io::Result<()>) -> io::Result<u64> {
        copied::count_copied_bytes(operation)
    }

    fn sealed(&self, operation: &mut dyn FnMut()) -> io::Result<(i32, Ending)> {
        sealed::sealed(operation).map(|(child, ending)| (child.as_raw(), ending))
    }
}
