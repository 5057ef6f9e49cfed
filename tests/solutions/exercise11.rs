//! Exercise 11, solved: read-only partner.

use playground::calls::*;

const KEY: Key = Key(0x0b0b0b0b);

fn main() -> Result {
    let id = shmget(KEY, 0, 0)?;
    let memory = shmat(id, NULL, SHM_RDONLY)?;
    println!("{}", memory.read_text(0)?);
    shmdt(memory)
}
