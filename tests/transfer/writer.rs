//! Sends its standard input to the reader, which may be started before or after it, in the same folder.
//!
//! Run: `cargo run --features tools --example writer < README.md`.

mod transfer;

use std::io::{Read, stdin};
use std::process::ExitCode;

use transfer::{BLOCK, FULL, Party, READER, TAKEN, WRITER};

fn main() -> ExitCode {
    match send_all() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn send_all() -> std::io::Result<()> {
    let party = Party::meet(WRITER, READER, FULL)?;
    let mut block = [0; BLOCK];
    loop {
        let length = stdin().read(&mut block)?;
        hand_over(&party, &block[..length])?;
        if length == 0 {
            return Ok(());
        }
    }
}

/// Hands a block over, and waits until the reader has taken it. An empty one says that there are no more.
fn hand_over(party: &Party, block: &[u8]) -> std::io::Result<()> {
    // SAFETY: a block fits, and the reader does not touch it until FULL is raised.
    unsafe { party.bytes().copy_from(block.as_ptr(), block.len()) };
    // SAFETY: the segment is attached.
    unsafe { party.length().write_volatile(block.len() as u32) };
    party.change(FULL, 1)?;
    party.change(TAKEN, -1)?;
    // SAFETY: the segment is attached.
    let ended = unsafe { party.ended().read_volatile() };
    if ended == 0 { party.ensure_partner("The reader has gone") } else { Ok(()) }
}
