//! The shared-memory playground: System V shared memory on Linux, one system call at a time.
//!
//! Start with a lesson (`lessons/lesson01.rs`), then follow what it calls into this library:
//!
//! | module | what lives there |
//! |---|---|
//! | [`call`] | a system call is a value: its arguments, its answer, its C notation |
//! | [`kernel`] | who performs a call: this process, or a child that it directs; and the safety net |
//! | [`shm`] | what lessons use: `Segment` and `Attachment` |
//! | [`family`] | a pipe, a mapped file, a socket pair, a semaphore: what lesson 0 compares with a segment |
//! | [`evidence`] | what the kernel shows of itself in `/proc`: parsers |
//! | [`speed`] | messages by every mechanism that the system has, timed |
//! | [`story`] | the narrator: steps, predictions, evidence → events → text or JSON |
//! | [`trace`] | what any process really asks of the kernel, seen from outside by ptrace |
//! | [`calls`] | the four calls by their C names: what the exercises are written with |
//! | [`check`] | judges a run of an exercise by what the kernel saw: findings, in words |
//! | [`keys`] | keys that are made from files |
//! | [`partner`] | two programs that were started apart, and meet at a key |
//! | [`course`] | the lessons, in their order |
//! | [`program`] | what every lesson's `main` does: command line, screen, ends |
//!
//! How a lesson runs:
//!
//! ```text
//! lesson ──call──▶ story ──Call──▶ kernel ──▶ the system call
//!                    │◀──Outcome───┘
//!                    └──Event──▶ text → terminal, snapshot, book
//!                            └─▶ JSON → players and graders
//!
//! any program ──ptrace──▶ trace ──Call, Outcome──▶ the same story, and findings
//! ```
//!
//! # Out of scope
//!
//! POSIX shared memory, `memfd_create` and `mmap` beyond what a lesson compares; other systems than Linux;
//! a wrapper for production use: this one narrates everything and copies every byte.

#[cfg(not(target_os = "linux"))]
compile_error!(
    "The playground speaks to a Linux kernel. On Windows use WSL2; on macOS a Linux virtual machine, \
     a container, or the dev container of this repository."
);

pub mod calls;
pub mod check;
pub mod course;
pub mod error;
pub mod evidence;
pub mod family;
pub mod kernel;
pub mod keys;
pub mod partner;
pub mod program;
pub mod shm;
pub mod speed;
pub mod story;
pub mod trace;

pub use error::{Error, Result};
pub use playground_core::call;

// What unwinds a panic, from the archive that comes with every gcc instead of `libgcc_s.so`.
//
// A short program spends most of its time in the dynamic linker: with one library less to find, map and relocate,
// `walkthrough --quiet` takes 1.5 times as long as the C program instead of 1.7 times (`tests/bench/walk.rs`).
#[cfg(target_env = "gnu")]
#[link(name = "gcc_eh", kind = "static", modifiers = "-bundle")]
unsafe extern "C" {}

/// What a lesson needs: `use playground::prelude::*;`.
pub mod prelude {
    pub use std::process::ExitCode;

    pub use playground_core::{Errno, Mode, Signal};

    pub use crate::call::{
        Address, Answer, Call, Cmd, Key, SemFlags, Semid, ShmatFlags, ShmgetFlags, Shmid, ShmidDs,
    };
    pub use crate::course::{OWNER_RW, SIZE, TEXT, THERE};
    pub use crate::error::{Error, Result};
    pub use crate::kernel::{Adjustment, Ending, How, Step, Tally};
    pub use crate::keys;
    pub use crate::partner::{Meeting, Room};
    pub use crate::program;
    pub use crate::program::Side;
    pub use crate::shm::{
        Attachment, Interleaved, KeyCalls, OwnerCalls, Race, Segment, Semaphores, SemidCalls, ShmidCalls, Sum,
    };
    pub use crate::source;
    pub use crate::speed::{
        Bench, Figures, Finding, Ground, ON_ONE_CPU, SMALLEST, Scale, Thing, Traffic, Way,
    };
    pub use crate::story::{Judge, Schedule, Story, Turn, Verdict, Work, always, depends, never};
}
