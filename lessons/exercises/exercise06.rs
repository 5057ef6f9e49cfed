//! Exercise 6: reattach at an address of your choice.
//!
//! The goal: `cargo run --bin check -- 6`. A hint: `cargo run --bin check -- 6 --hint`.

use playground::calls::*;

const SIZE: usize = 25600;

fn main() -> Result {
    let id = shmget(IPC_PRIVATE, SIZE, IPC_CREAT | IPC_EXCL | 0o600)?;
    let memory = shmat(id, NULL, 0)?;
    memory.write(0, b"THIS IS A TEST\0")?;
    shmdt(memory)?;

    // Yours: attach the segment again, at 0x5000000 this time, print the address, and detach it.

    shmctl(id, IPC_RMID)
}
