//! Lesson 16: marked for destruction: the last days of a segment.
//!
//! Run: `cargo run --bin lesson16`.

use playground::prelude::*;

fn main() -> ExitCode {
    program::lesson(16, source!(), tell)
}

fn tell(_: &Story) -> Result<()> {
    Ok(())
}
