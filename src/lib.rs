//! The shared-memory playground: System V shared memory on Linux, one system call at a time.
//!
//! Start with a lesson (`lessons/lesson01.rs`), then follow what it calls. Each folder of `src` is a crate, so that the
//! compiler guards the walls between them: a crate imports only what stands below it (`tests/tidy.rs` has the list).
//!
//! ```text
//!  lessons 19, 20 ── speed          check ── trace      each with its program
//!        │             │              └──┬────┘
//!  lessons, the walk   │                 │
//!        └─────────────┼──── program ────┘              the command line, the screen, every end
//!                      │     │      │
//!                      └─── linux   │                   performs calls on the real kernel, directs children
//!                            │    model                 performs calls by the kernel's rules, on any system
//!                            └──┬───┘
//!                              core                     calls as values, evidence, the story: knows no Linux
//! ```
//!
//! | crate | what lives there |
//! |---|---|
//! | [`playground_core`] | a call is a value; what the kernel shows, parsed; the narrator; `Segment` and `Attachment` |
//! | `model` | the same calls, performed by the rules of [`playground_core::machine`] |
//! | `linux` | who performs a call; a pipe, a mapped file; keys; two programs that meet; the calls by their C names |
//! | [`program`] | what every lesson's `main` does |
//! | `trace` | what any process really asks of the kernel, seen from outside by ptrace |
//! | `check` | judges a run of an exercise by what the kernel saw |
//! | `play` | the prompt: one's own calls in C notation, answered by the kernel's rules, with undo |
//! | `web` | the prompt's session as a module for web pages: JSON in, JSON out |
//! | `speed` | messages by every mechanism that the system has, timed |
//!
//! How a lesson runs:
//!
//! ```text
//! lesson ──call──▶ story ──Call──▶ Process ─┬─ linux ──▶ the system call
//!                    │                       └─ model ──▶ Machine::decide
//!                    │◀──Outcome───┘
//!                    └──Event──▶ text → terminal, snapshot, book
//!                            └─▶ JSON → players and graders
//!
//! any program ──ptrace──▶ trace ──Call, Outcome──▶ the same story, and findings ──▶ check
//! ```
//!
//! # Out of scope
//!
//! POSIX shared memory, `memfd_create` and `mmap` beyond lessons 0 and 21; the kernels of other systems;
//! a wrapper for production use: this one narrates everything and copies every byte.

#[cfg(target_os = "linux")]
pub use linux::{calls, family, kernel, keys, partner, posix, shm};
#[cfg(not(target_os = "linux"))]
pub use playground_core::shm;
pub use playground_core::{Error, Result, call, clock, course, error, evidence, source, story};
pub use program;
#[cfg(not(target_os = "linux"))]
pub use program::elsewhere::{keys, needs_linux, partner};

/// What a lesson needs: `use playground::prelude::*;`.
pub mod prelude {
    pub use std::process::ExitCode;

    pub use playground_core::{Errno, Mode, Signal};

    pub use crate::call::{
        Address, Answer, Call, Cmd, Key, SemFlags, Semid, ShmatFlags, ShmgetFlags, Shmid, ShmidDs,
    };
    pub use crate::course::{OWNER_RW, SIZE, TEXT, THERE};
    pub use crate::error::{Error, Result};
    pub use crate::keys;
    pub use crate::partner::{Rendezvous, Session};
    pub use crate::program;
    pub use crate::program::Side;
    #[cfg(target_os = "linux")]
    pub use crate::shm::Bare;
    pub use crate::shm::{Attachment, Interleaved, Moved, Race, Segment, Semaphores, Sum};
    pub use crate::source;
    pub use crate::story::{
        Candidate, Guess, Judge, Observed, Schedule, Story, Turn, Verdict, Work, always, depends, never,
    };
    pub use playground_core::process::{Adjustment, Ending, How, Step, Tally};
    pub use playground_core::quartiles::{Finding, Ratio, Scale};
}
