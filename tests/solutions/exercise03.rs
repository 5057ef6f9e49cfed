//! Exercise 3, solved: ask the kernel for its record (`shmctl` with `IPC_STAT`).

use playground::calls::*;

const SIZE: usize = 25600;

fn main() -> Result {
    let id = shmget(IPC_PRIVATE, SIZE, IPC_CREAT | IPC_EXCL | 0o600)?;
    let _memory = shmat(id, NULL, 0)?;
    println!("Segment size: {}", shmctl(id, IPC_STAT)?.size);
    shmctl(id, IPC_RMID)
}
