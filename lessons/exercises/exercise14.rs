//! Exercise 14: survive a fork.
//!
//! The goal: `cargo run --bin check -- 14`. A hint: `cargo run --bin check -- 14 --hint`.

use playground::calls::*;

const SIZE: usize = 25600;

fn main() -> Result {
    let id = shmget(IPC_PRIVATE, SIZE, IPC_CREAT | IPC_EXCL | 0o600)?;
    let memory = shmat(id, NULL, 0)?;

    // Yours: the child has a copy of the attachment, and answers in the segment. Which of its calls are not its
    // business? The parent still needs the segment when the child has ended.
    let child = fork(|| {
        memory.write(0, b"THE CHILD WAS HERE\0")?;
        shmdt(memory)?;
        shmctl(id, IPC_RMID)
    })?;

    child.wait()?;
    println!("{}", memory.read_text(0)?);
    shmdt(memory)?;
    shmctl(id, IPC_RMID)
}
