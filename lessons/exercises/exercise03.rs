//! Exercise 3: ask the kernel for its record (`shmctl` with `IPC_STAT`).
//!
//! The goal: `cargo run --bin check -- 3`. A hint: `cargo run --bin check -- 3 --hint`.

use playground::calls::*;

const SIZE: usize = 25600;

fn main() -> Result {
    let id = shmget(IPC_PRIVATE, SIZE, IPC_CREAT | IPC_EXCL | 0o600)?;
    let _memory = shmat(id, NULL, 0)?;

    // Yours: ask the kernel how large the segment is, and print what it says.

    shmctl(id, IPC_RMID)
}
