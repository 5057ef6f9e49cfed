//! Exercise 16: a counter without lost updates.
//!
//! The goal: `cargo run --bin check -- 16`. A hint: `cargo run --bin check -- 16 --hint`.

use playground::calls::*;

/// How many processes count, and how far each.
const CHILDREN: u32 = 4;
const ROUNDS: u32 = 5000;

/// Adds 1 to the counter at the start of the segment, 5000 times.
fn count(memory: Memory) -> Result {
    for _ in 0..ROUNDS {
        // Yours: between these two lines another process may come, and one of the two additions is lost.
        let seen = memory.counter(0)?;
        std::thread::yield_now();
        memory.set_counter(0, seen + 1)?;
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
