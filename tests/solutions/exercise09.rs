//! Exercise 9, solved: find a segment by its key.

use playground::calls::*;

const KEY: Key = Key(0x09090909);

fn main() -> Result {
    let id = shmget(KEY, 0, 0)?;
    let memory = shmat(id, NULL, 0)?;
    println!("{}", memory.read_text(0)?);
    shmdt(memory)
}
