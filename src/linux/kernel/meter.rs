//! What watches a deed that a forked child does: it counts its calls or its bytes, or forbids it all calls.

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
    fn system_calls(&self, deed: &mut dyn FnMut()) -> Result<u64, Errno> {
        count::count_system_calls(deed).map_err(portable)
    }

    fn copied_bytes(&self, deed: &mut dyn FnMut() -> io::Result<()>) -> io::Result<u64> {
        copied::count_copied_bytes(deed)
    }

    fn sealed(&self, deed: &mut dyn FnMut()) -> io::Result<(i32, Ending)> {
        sealed::sealed(deed).map(|(child, ending)| (child.as_raw(), ending))
    }
}
