//! Lesson 10: create or open: what IPC_CREAT and IPC_EXCL do.
//!
//! Run: `cargo run --bin lesson10`.

use playground::prelude::*;

fn main() -> ExitCode {
    program::lesson(10, source!(), tell)
}

fn tell(_: &Story) -> Result<()> {
    Ok(())
}
