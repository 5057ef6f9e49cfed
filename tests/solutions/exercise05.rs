//! Exercise 5, solved: detach the segment (`shmdt`).

use playground::calls::*;

const SIZE: usize = 25600;

fn main() -> Result {
    let id = shmget(IPC_PRIVATE, SIZE, IPC_CREAT | IPC_EXCL | 0o600)?;
    let memory = shmat(id, NULL, 0)?;
    memory.write(0, b"THIS IS A TEST\0")?;
    shmdt(memory)?;
    shmctl(id, IPC_RMID)
}
