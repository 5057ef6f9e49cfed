//! Exercise 13, solved: offsets instead of pointers.

use playground::calls::*;

const SIZE: usize = 25600;

fn main() -> Result {
    let id = shmget(IPC_PRIVATE, SIZE, IPC_CREAT | IPC_EXCL | 0o600)?;
    let memory = shmat(id, NULL, 0)?;
    memory.write(64, b"THIS IS A TEST\0")?;
    memory.set(0, 64)?;
    shmdt(memory)?;

    let memory = shmat(id, 0x5000000, 0)?;
    println!("Reattached at address {memory}");
    let link = memory.get(0)?;
    println!("{}", memory.read_text(link as usize)?);
    shmdt(memory)?;
    shmctl(id, IPC_RMID)
}
