//! Lesson 15: left by error: segments that outlive their process.
//!
//! Run: `cargo run --bin lesson15`.

use playground::prelude::*;

fn main() -> ExitCode {
    program::lesson(15, source!(), tell)
}

fn tell(_: &Story) -> Result<()> {
    Ok(())
}
