//! Exercise 1: allocate a segment (`shmget`).
//!
//! The goal: `cargo run --bin check -- 1`. A hint: `cargo run --bin check -- 1 --hint`.

use playground::calls::*;

fn main() -> Result {
    // Yours: a new segment with the key IPC_PRIVATE, of 25600 bytes, for its owner to read and to write.
    // let id = shmget(...)?;

    // Given: a segment outlives its program, so it is removed. Take the slashes away when there is an id.
    // shmctl(id, IPC_RMID)?;

    Ok(())
}
