//! The real kernel: who performs a call on Linux, and all that lessons use of the machine beside it.
//!
//! | module | what lives there |
//! |---|---|
//! | [`kernel`] | this process, or a child that it directs; the clean-up of what a crash would leave |
//! | [`shm`] | shared bytes in place: rings, locks, mappings |
//! | [`calls`] | the four calls by their C names: what the exercises are written with |
//! | [`family`] | a pipe, a mapped file, a socket pair, a semaphore: what lesson 0 compares with a segment |
//! | [`posix`] | the same memory by the names and descriptors of POSIX: lesson 21 |
//! | [`keys`] | keys that are made from files |
//! | [`clock`] | the time zone of whoever reads |
//! | [`partner`] | two programs that were started apart, and meet at a key |
//!
//! On other systems there is nothing in here: lessons run on the crate `model` there.
//!
//! **Invariant:** nothing here prints.

#![cfg(target_os = "linux")]

pub mod calls;
pub mod clock;
pub mod family;
pub mod kernel;
pub mod keys;
pub mod partner;
pub mod posix;
pub mod shm;
#[cfg(test)]
mod tests;

// What unwinds a panic, from the archive that comes with every gcc instead of `libgcc_s.so`.
//
// A short program spends most of its time in the dynamic linker: with one library less to find, map and relocate,
// `walkthrough --quiet` takes 1.5 times as long as the C program instead of 1.7 times (`tests/bench/walk.rs`).
#[cfg(target_env = "gnu")]
#[link(name = "gcc_eh", kind = "static", modifiers = "-bundle")]
unsafe extern "C" {}

use playground_core::{call, course, error, evidence, story};

/// A story that is told to nobody, for tests.
#[cfg(test)]
fn silent() -> story::Story {
    let source = story::Source { file: "nowhere.rs", text: "" };
    let teller = Box::new(story::Plain::new(std::io::sink()));
    story::Story::new(Box::new(kernel::Linux::new()), teller, None, source, false)
}
