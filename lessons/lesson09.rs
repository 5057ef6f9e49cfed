//! Lesson 9: a key both know: two processes find one segment.
//!
//! Run: `cargo run --bin lesson09`.

use playground::prelude::*;

fn main() -> ExitCode {
    program::lesson(9, source!(), tell)
}

fn tell(_: &Story) -> Result<()> {
    Ok(())
}
