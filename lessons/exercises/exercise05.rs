//! Exercise 5: detach the segment (`shmdt`).
//!
//! The goal: `cargo run --bin check -- 5`. A hint: `cargo run --bin check -- 5 --hint`.

use playground::calls::*;

const SIZE: usize = 25600;

fn main() -> Result {
    let id = shmget(IPC_PRIVATE, SIZE, IPC_CREAT | IPC_EXCL | 0o600)?;
    let memory = shmat(id, NULL, 0)?;
    memory.write(0, b"THIS IS A TEST\0")?;

    // Yours: take the mapping away, before the segment is removed.

    shmctl(id, IPC_RMID)
}
