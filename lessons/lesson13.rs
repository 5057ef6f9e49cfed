//! Lesson 13: pages: memory that comes when it is touched.
//!
//! Run: `cargo run --bin lesson13`.

use playground::prelude::*;

fn main() -> ExitCode {
    program::lesson(13, source!(), tell)
}

fn tell(_: &Story) -> Result<()> {
    Ok(())
}
