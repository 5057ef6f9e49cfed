//! Exercise 7: read what is in the segment.
//!
//! The goal: `cargo run --bin check -- 7`. A hint: `cargo run --bin check -- 7 --hint`.

use playground::calls::*;

const SIZE: usize = 25600;

fn main() -> Result {
    let id = shmget(IPC_PRIVATE, SIZE, IPC_CREAT | IPC_EXCL | 0o600)?;
    let memory = shmat(id, NULL, 0)?;
    memory.write(0, b"THIS IS A TEST\0")?;
    shmdt(memory)?;

    let memory = shmat(id, 0x5000000, 0)?;
    println!("Reattached at address {memory}");

    // Yours: print the string that is at the start of the segment now.

    shmdt(memory)?;
    shmctl(id, IPC_RMID)
}
