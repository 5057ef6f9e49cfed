//! Exercise 1, with a mistake: nobody removes it.

use playground::calls::*;

fn main() -> Result {
    let id = shmget(IPC_PRIVATE, 25600, IPC_CREAT | IPC_EXCL | 0o600)?;
    println!("{id}");
    Ok(())
}
