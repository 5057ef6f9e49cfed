//! Lesson 11: permissions: who may read, write, change and remove.
//!
//! Run: `cargo run --bin lesson11`.

use playground::prelude::*;

fn main() -> ExitCode {
    program::lesson(11, source!(), tell)
}

fn tell(_: &Story) -> Result<()> {
    Ok(())
}
