//! Lesson 19: no system call: what the kernel sees of it.
//!
//! Run: `cargo run --bin lesson19`.

use playground::prelude::*;

fn main() -> ExitCode {
    program::lesson(19, source!(), tell)
}

fn tell(_: &Story) -> Result<()> {
    Ok(())
}
