//! Exercise 15: leave nothing behind after a crash.
//!
//! The goal: `cargo run --bin check -- 15`. A hint: `cargo run --bin check -- 15 --hint`.

use playground::calls::*;

const SIZE: usize = 25600;

fn main() -> Result {
    let id = shmget(IPC_PRIVATE, SIZE, IPC_CREAT | IPC_EXCL | 0o600)?;
    let memory = shmat(id, NULL, 0)?;

    // Given: this program's work. The examiner kills it right here, at the call of IPC_STAT, with SIGKILL.
    memory.write(0, b"THIS IS A TEST\0")?;
    println!("{} attachments", shmctl(id, IPC_STAT)?.nattch);

    // Yours: SIGKILL cannot be caught, so this line is never reached. Where has it to stand, that nothing is left?
    shmctl(id, IPC_RMID)?;
    shmdt(memory)
}
