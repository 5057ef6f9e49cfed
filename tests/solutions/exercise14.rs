//! Exercise 14, solved: survive a fork.

use playground::calls::*;

const SIZE: usize = 25600;

fn main() -> Result {
    let id = shmget(IPC_PRIVATE, SIZE, IPC_CREAT | IPC_EXCL | 0o600)?;
    let memory = shmat(id, NULL, 0)?;
    let child = fork(|| {
        memory.write(0, b"THE CHILD WAS HERE\0")?;
        shmdt(memory)
    })?;
    child.wait()?;
    println!("{}", memory.read_text(0)?);
    shmdt(memory)?;
    shmctl(id, IPC_RMID)
}
