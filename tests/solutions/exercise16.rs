//! Exercise 16, solved: a counter without lost updates.

use playground::calls::*;

/// How many processes count, and how far each.
const CHILDREN: u32 = 4;
const ROUNDS: u32 = 5000;

/// Adds 1 to the counter at the start of the segment, 5000 times.
fn count(memory: Memory) -> Result {
    for _ in 0..ROUNDS {
        memory.add_to_counter(0, 1)?;
    }
    Ok(())
}

fn main() -> Result {
    let id = shmget(IPC_PRIVATE, 4096, IPC_CREAT | IPC_EXCL | 0o600)?;
    let memory = shmat(id, NULL, 0)?;

    let children: Vec<Child> = (0..CHILDREN).map(|_| fork(|| count(memory))).collect::<Result<_>>()?;
    for child in &children {
        child.wait()?;
    }
    println!("{} of {}", memory.counter(0)?, CHILDREN * ROUNDS);
    shmdt(memory)?;
    shmctl(id, IPC_RMID)
}
