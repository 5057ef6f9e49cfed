//! Counting system calls. There is nothing to stop at, so each call counts itself.
//!
//! **Invariant:** what the model has no means to watch is said to be unsupported.

use std::cell::Cell;
use std::io;

use playground_core::Errno;
use playground_core::process::{Ending, Meter};

thread_local! {
    /// The calls of this thread, which is the only one that a story is told in.
    static CALLS: Cell<u64> = const { Cell::new(0) };
}

/// A call is made, or what would be one on Linux.
pub(crate) fn count_call() {
    CALLS.set(CALLS.get() + 1);
}

/// The only thing to be counted here are calls, and no second process is needed for it.
pub(crate) struct Counting;

impl Meter for Counting {
    fn system_calls(&self, operation: &mut dyn FnMut()) -> Result<u64, Errno> {
        let before = CALLS.get();
        operation();
        Ok(CALLS.get() - before)
    }

    fn copied_bytes(&self, _: &mut dyn FnMut() -> io::Result<()>) -> io::Result<u64> {
        Err(unsupported("the model has no files, and copies nothing"))
    }

    fn sealed(&self, _: &mut dyn FnMut()) -> io::Result<(i32, Ending)> {
        Err(unsupported("the model has no filters"))
    }
}

fn unsupported(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, why)
}
