//! Exercise 6, with a mistake: it takes what address it gets.

use playground::calls::*;

const SIZE: usize = 25600;

fn main() -> Result {
    let id = shmget(IPC_PRIVATE, SIZE, IPC_CREAT | IPC_EXCL | 0o600)?;
    let memory = shmat(id, NULL, 0)?;
    memory.write(0, b"THIS IS A TEST\0")?;
    shmdt(memory)?;

    let memory = shmat(id, NULL, 0)?;
    println!("Reattached at address {memory}");
    shmdt(memory)?;
    shmctl(id, IPC_RMID)
}
