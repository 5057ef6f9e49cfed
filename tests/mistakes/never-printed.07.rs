//! Exercise 7, with a mistake: nothing is printed.

use playground::calls::*;

const SIZE: usize = 25600;

fn main() -> Result {
    let id = shmget(IPC_PRIVATE, SIZE, IPC_CREAT | IPC_EXCL | 0o600)?;
    let memory = shmat(id, NULL, 0)?;
    memory.write(0, b"THIS IS A TEST\0")?;
    shmdt(memory)?;

    let memory = shmat(id, 0x5000000, 0)?;
    println!("Reattached at address {memory}");

    // Yours: print the string that is at the start of the segment now.

    shmdt(memory)?;
    shmctl(id, IPC_RMID)
}
