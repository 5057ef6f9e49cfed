//! Exercise 8: the article's whole program.
//!
//! The goal: `cargo run --bin check -- 8`. A hint: `cargo run --bin check -- 8 --hint`.

use playground::calls::*;

fn main() -> Result {
    // allocate shared segment
    let segment_id = shmget(IPC_PRIVATE, 0x6400, IPC_CREAT | IPC_EXCL | 0o600)?;

    // attach
    let shared_memory = shmat(segment_id, NULL, 0)?;
    println!("Attached at address {shared_memory}");

    // determine size
    let record = shmctl(segment_id, IPC_STAT)?;
    println!("Segment size: {}", record.size);

    // add data to shared memory
    shared_memory.write(0, b"THIS IS A TEST\0")?;

    // detach

    // reattach to a different address
    let shared_memory = shmat(segment_id, 0x5000000, 0)?;
    println!("Reattached at address {shared_memory}");

    // print data from shared memory segment

    // detach

    // deallocate shared memory segment
    shmctl(segment_id, IPC_RMID)
}
