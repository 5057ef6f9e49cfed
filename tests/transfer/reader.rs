//! Copies what the writer sends to its standard output. It may be started before or after it, in the same folder.
//!
//! Run: `cargo run --features tools --example reader > copy`.

mod transfer;

use std::io::{Error, ErrorKind, Write, stdout};
use std::process::ExitCode;

use transfer::{BLOCK, FULL, Party, READER, TAKEN, WRITER};

fn main() -> ExitCode {
    match receive_all() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn receive_all() -> std::io::Result<()> {
    let mut party = Party::meet(READER, WRITER, TAKEN)?;
    loop {
        let block = copy_out(&party)?;
        stdout().write_all(&block)?;
        stdout().flush()?;
        say_taken(&mut party, block.is_empty())?;
        if block.is_empty() {
            return Ok(());
        }
    }
}

/// Waits for a block, and copies it out: what is in the segment may change at any time, if the writer goes wrong.
fn copy_out(party: &Party) -> std::io::Result<Vec<u8>> {
    party.change(FULL, -1)?;
    party.ensure_partner("The writer has gone before the end")?;
    // SAFETY: the segment is attached.
    let length = unsafe { party.length().read_volatile() } as usize;
    if length > BLOCK {
        return Err(Error::new(ErrorKind::InvalidData, "The block says that it is longer than it can be"));
    }
    let mut block = vec![0; length];
    // SAFETY: so many bytes are in the segment.
    unsafe { party.bytes().copy_to(block.as_mut_ptr(), length) };
    Ok(block)
}

/// Says that the block was taken. After the last one the writer removes: it waits for this.
fn say_taken(party: &mut Party, was_last: bool) -> std::io::Result<()> {
    // SAFETY: the segment is attached, and the writer waits.
    unsafe { party.ended().write_volatile(was_last.into()) };
    party.is_done = was_last;
    party.change(TAKEN, 1)
}
