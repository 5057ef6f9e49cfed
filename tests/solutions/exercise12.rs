//! Exercise 12, solved: reattach when the address is taken.

use playground::calls::*;

const SIZE: usize = 25600;

const WANTED: usize = 0x5000000;

fn main() -> Result {
    let id = shmget(IPC_PRIVATE, SIZE, IPC_CREAT | IPC_EXCL | 0o600)?;
    let memory = shmat(id, WANTED, 0)?;
    println!("Attached at address {memory}");

    let second = match shmat(id, WANTED, 0) {
        Err(failure) if failure == Errno::EINVAL => shmat(id, NULL, 0)?,
        other => other?,
    };
    println!("Attached at address {second}, too");
    second.write(0, b"THIS IS A TEST\0")?;
    shmdt(second)?;
    shmdt(memory)?;
    shmctl(id, IPC_RMID)
}
