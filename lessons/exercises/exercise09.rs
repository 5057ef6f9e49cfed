//! Exercise 9: find a segment by its key.
//!
//! The goal: `cargo run --bin check -- 9`. A hint: `cargo run --bin check -- 9 --hint`.

use playground::calls::*;

/// The key that both programs know. The other program is the examiner: it has made the segment before you come.
const KEY: Key = Key(0x09090909);

fn main() -> Result {
    println!("Looking for the segment with the key {KEY}");

    // Yours: find the segment that has this key, attach it, print the text in it, and detach it.
    // It is another program's segment: it must not be removed here.

    Ok(())
}
