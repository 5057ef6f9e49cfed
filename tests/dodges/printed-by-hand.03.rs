//! Exercise 3, with a mistake: the number is typed by hand.

use playground::calls::*;

const SIZE: usize = 25600;

fn main() -> Result {
    let id = shmget(IPC_PRIVATE, SIZE, IPC_CREAT | IPC_EXCL | 0o600)?;
    let _memory = shmat(id, NULL, 0)?;

    println!("Segment size: 25600");

    shmctl(id, IPC_RMID)
}
