//! Exercise 11: read-only partner.
//!
//! The goal: `cargo run --bin check -- 11`. A hint: `cargo run --bin check -- 11 --hint`.

use playground::calls::*;

/// The key of the examiner's segment. Its mode is 0400: not even its owner may write.
const KEY: Key = Key(0x0b0b0b0b);

fn main() -> Result {
    let id = shmget(KEY, 0, 0)?;

    // Yours: the segment may be read, and not written. Attach it as one who only reads.
    let memory = shmat(id, NULL, 0)?;
    println!("{}", memory.read_text(0)?);
    shmdt(memory)
}
