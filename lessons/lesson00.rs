//! Lesson 0: the family: other ways to reach another process.
//!
//! Run: `cargo run --bin lesson00`.

use playground::prelude::*;

fn main() -> ExitCode {
    program::lesson(0, source!(), tell)
}

fn tell(_: &Story) -> Result<()> {
    Ok(())
}
