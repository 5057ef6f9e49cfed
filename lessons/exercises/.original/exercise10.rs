//! Exercise 10: open or create.
//!
//! The goal: `cargo run --bin check -- 10`. A hint: `cargo run --bin check -- 10 --hint`.

use playground::calls::*;

const SIZE: usize = 25600;

/// The key that all copies of this program know.
const KEY: Key = Key(0x0a0a0a0a);

fn main() -> Result {
    // Yours: if nobody has made the segment yet, make it and write. If somebody has, only read what is there: it is
    // not ours to write, nor to remove. As it stands, this takes whatever has the key for its own.
    let id = shmget(KEY, SIZE, IPC_CREAT | 0o600)?;
    let memory = shmat(id, NULL, 0)?;
    memory.write(0, b"I CAME FIRST\0")?;
    println!("{}", memory.read_text(0)?);
    shmdt(memory)?;
    shmctl(id, IPC_RMID)
}
