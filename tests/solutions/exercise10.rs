//! Exercise 10, solved: open or create.

use playground::calls::*;

const SIZE: usize = 25600;

/// The key that all copies of this program know.
const KEY: Key = Key(0x0a0a0a0a);

/// We made it, so we write, and we remove it.
fn first(id: Shmid) -> Result {
    let memory = shmat(id, NULL, 0)?;
    memory.write(0, b"I CAME FIRST\0")?;
    println!("{}", memory.read_text(0)?);
    shmdt(memory)?;
    shmctl(id, IPC_RMID)
}

/// Another has made it: we read.
fn later(id: Shmid) -> Result {
    let memory = shmat(id, NULL, SHM_RDONLY)?;
    println!("{}", memory.read_text(0)?);
    shmdt(memory)
}

fn main() -> Result {
    match shmget(KEY, SIZE, IPC_CREAT | IPC_EXCL | 0o600) {
        Ok(id) => first(id),
        Err(failure) if failure == Errno::EEXIST => later(shmget(KEY, 0, 0)?),
        Err(failure) => Err(failure),
    }
}
