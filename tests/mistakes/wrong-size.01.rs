//! Exercise 1, with a mistake: hexadecimal for decimal.

use playground::calls::*;

fn main() -> Result {
    let id = shmget(IPC_PRIVATE, 0x25600, IPC_CREAT | IPC_EXCL | 0o600)?;
    shmctl(id, IPC_RMID)
}
