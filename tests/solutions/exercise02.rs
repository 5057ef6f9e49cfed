//! Exercise 2, solved: attach the segment (`shmat`).

use playground::calls::*;

const SIZE: usize = 25600;

fn main() -> Result {
    let id = shmget(IPC_PRIVATE, SIZE, IPC_CREAT | IPC_EXCL | 0o600)?;
    let memory = shmat(id, NULL, 0)?;
    println!("Attached at address {memory}");
    shmctl(id, IPC_RMID)
}
