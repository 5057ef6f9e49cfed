//! Exercise 4: write to the segment.
//!
//! The goal: `cargo run --bin check -- 4`. A hint: `cargo run --bin check -- 4 --hint`.

use playground::calls::*;

const SIZE: usize = 25600;

fn main() -> Result {
    let id = shmget(IPC_PRIVATE, SIZE, IPC_CREAT | IPC_EXCL | 0o600)?;
    let memory = shmat(id, NULL, 0)?;
    println!("Attached at address {memory}");

    // Yours: write THIS IS A TEST to the start of the segment, with the NUL that ends a string in C.

    shmctl(id, IPC_RMID)
}
