//! Exercise 1, solved: allocate a segment (`shmget`).

use playground::calls::*;

fn main() -> Result {
    let id = shmget(IPC_PRIVATE, 25600, IPC_CREAT | IPC_EXCL | 0o600)?;
    shmctl(id, IPC_RMID)
}
