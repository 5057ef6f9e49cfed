//! Lesson 12: addresses: where a segment may be mapped.
//!
//! Run: `cargo run --bin lesson12`.

use playground::prelude::*;

fn main() -> ExitCode {
    program::lesson(12, source!(), tell)
}

fn tell(_: &Story) -> Result<()> {
    Ok(())
}
