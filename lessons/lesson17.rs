//! Lesson 17: the race: two processes, one counter.
//!
//! Run: `cargo run --bin lesson17`.

use playground::prelude::*;

fn main() -> ExitCode {
    program::lesson(17, source!(), tell)
}

fn tell(_: &Story) -> Result<()> {
    Ok(())
}
