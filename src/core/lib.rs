//! What is true of System V shared memory on any machine: calls and their answers as values.
//!
//! | module | what lives there |
//! |---|---|
//! | [`call`] | a system call is a value: its arguments, its answer, its C notation |
//! | [`machine`] | the kernel's rules, as a value: what Linux would answer, and what an answer changes |
//! | [`errno`] | why the kernel refused a call: numbers, names, words |
//! | [`mode`] | permission bits |
//! | [`signal`] | signals |
//!
//! **Invariant:** nothing here knows the machine that it runs on: no nix, no libc, no file system, no clock. It
//! compiles for wasm32, which `.ci/run` proves.

pub mod call;
pub mod errno;
pub mod machine;
pub mod mode;
pub mod signal;

pub use errno::Errno;
pub use mode::Mode;
pub use signal::Signal;
