//! Lesson 20: how fast: shared memory beside everything else.
//!
//! Run: `cargo run --bin lesson20`.

use playground::prelude::*;

fn main() -> ExitCode {
    program::lesson(20, source!(), tell)
}

fn tell(_: &Story) -> Result<()> {
    Ok(())
}
