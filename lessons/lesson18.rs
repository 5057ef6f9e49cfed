//! Lesson 18: the lock: one at a time.
//!
//! Run: `cargo run --bin lesson18`.

use playground::prelude::*;

fn main() -> ExitCode {
    program::lesson(18, source!(), tell)
}

fn tell(_: &Story) -> Result<()> {
    Ok(())
}
