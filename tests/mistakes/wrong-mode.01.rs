//! Exercise 1, with a mistake: in Rust 600 is decimal.

use playground::calls::*;

fn main() -> Result {
    let id = shmget(IPC_PRIVATE, 25600, IPC_CREAT | IPC_EXCL | 600)?;
    shmctl(id, IPC_RMID)
}
