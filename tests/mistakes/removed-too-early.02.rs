//! Exercise 2, with a mistake: removed before it is attached.

use playground::calls::*;

const SIZE: usize = 25600;

fn main() -> Result {
    let id = shmget(IPC_PRIVATE, SIZE, IPC_CREAT | IPC_EXCL | 0o600)?;
    shmctl(id, IPC_RMID)?;
    let memory = shmat(id, NULL, 0)?;
    println!("Attached at address {memory}");
    shmctl(id, IPC_RMID)
}
