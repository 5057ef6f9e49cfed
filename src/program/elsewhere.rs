//! What lessons use of the machine beside the kernel, where that machine is not Linux.
//!
//! **Invariant:** what is missing here says so, and what it takes. The lesson goes on without it where it can.

pub mod keys;
pub mod partner;

use playground_core::error::{Error, Result};
use playground_core::story::Story;

/// In place of a lesson that needs a real kernel.
///
/// # Errors
///
/// `Environment`, always.
pub fn needs_linux(_: &Story) -> Result<()> {
    Err(missing("run this lesson"))
}

fn missing(asked: &str) -> Error {
    Error::environment(asked, "it takes a real kernel", "Run the lesson on Linux, to see this part.")
}
