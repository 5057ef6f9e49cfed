//! Exercise 12: reattach when the address is taken.
//!
//! The goal: `cargo run --bin check -- 12`. A hint: `cargo run --bin check -- 12 --hint`.

use playground::calls::*;

const SIZE: usize = 25600;

const WANTED: usize = 0x5000000;

fn main() -> Result {
    let id = shmget(IPC_PRIVATE, SIZE, IPC_CREAT | IPC_EXCL | 0o600)?;
    let memory = shmat(id, WANTED, 0)?;
    println!("Attached at address {memory}");

    // Yours: attach it a second time. Try the same address, which is taken now; then go on where there is room.
    let second = shmat(id, WANTED, 0)?;

    println!("Attached at address {second}, too");
    second.write(0, b"THIS IS A TEST\0")?;
    shmdt(second)?;
    shmdt(memory)?;
    shmctl(id, IPC_RMID)
}
