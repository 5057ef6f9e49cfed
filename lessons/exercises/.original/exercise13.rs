//! Exercise 13: offsets instead of pointers.
//!
//! The goal: `cargo run --bin check -- 13`. A hint: `cargo run --bin check -- 13 --hint`.

use playground::calls::*;

const SIZE: usize = 25600;

fn main() -> Result {
    let id = shmget(IPC_PRIVATE, SIZE, IPC_CREAT | IPC_EXCL | 0o600)?;
    let memory = shmat(id, NULL, 0)?;
    memory.write(64, b"THIS IS A TEST\0")?;

    // Yours: the segment begins with a number that says where the text is. An address says so only as long as the
    // segment stays where it is, and in this program only. Write what stays true, and follow it below.
    memory.set(0, memory.address().0 + 64)?;
    shmdt(memory)?;

    let memory = shmat(id, 0x5000000, 0)?;
    println!("Reattached at address {memory}");
    let link = memory.get(0)?;
    println!("{}", Memory::at(link).read_text(0)?);
    shmdt(memory)?;
    shmctl(id, IPC_RMID)
}
