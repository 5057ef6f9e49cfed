//! What is true of System V shared memory on any machine: calls and their answers as values, and how they are told.
//!
//! | module | what lives there |
//! |---|---|
//! | [`call`] | a system call is a value: its arguments, its answer, its C notation |
//! | [`machine`] | the kernel's rules, as a value: what Linux would answer, and what an answer changes |
//! | [`errno`] | why the kernel refused a call: numbers, names, words |
//! | [`mode`], [`signal`] | permission bits, signals |
//! | [`error`] | what ends a lesson early, with what the learner needs to go on |
//! | [`evidence`] | what the kernel shows of itself in `/proc`: parsers |
//! | [`process`] | the seam: who performs a call |
//! | [`shm`] | what lessons use: `Segment`, `Attachment`, `Semaphores` |
//! | [`story`] | the narrator: steps, predictions, evidence → events → text or JSON |
//! | [`keys`] | keys that nobody uses yet |
//! | [`clock`] | the times of records, as people read them |
//! | [`course`] | the lessons, in their order |
//! | [`found`] | what is found of a traced program: mistakes, and what is left |
//! | [`sorted`] | maps and sets as sorted lists |
//! | [`quartiles`], [`ways`] | figures, and what was measured |
//!
//! **Invariant:** nothing here knows the machine that it runs on: no nix, no libc, no file system, no clock. It
//! compiles for wasm32, which `.ci/run` proves.

pub mod call;
pub mod clock;
pub mod course;
pub mod errno;
pub mod error;
pub mod evidence;
pub mod found;
pub mod keys;
pub mod machine;
pub mod mode;
pub mod process;
pub mod quartiles;
pub mod shm;
pub mod signal;
pub mod sorted;
pub mod story;
pub mod ways;

pub use errno::Errno;
pub use error::{Error, Result};
pub use mode::Mode;
pub use signal::Signal;
