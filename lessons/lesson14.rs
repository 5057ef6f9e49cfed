//! Lesson 14: fork, exec, exit, kill: what becomes of an attachment.
//!
//! Run: `cargo run --bin lesson14`.

use playground::prelude::*;

fn main() -> ExitCode {
    program::lesson(14, source!(), tell)
}

fn tell(_: &Story) -> Result<()> {
    Ok(())
}
