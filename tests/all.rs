//! All tests that can share a process, in one program: it is linked once, and the tests of every file run beside each
//! other. The tests of `tests/NAME.rs` are the module `NAME`: `cargo test --test all ends::` runs those of one file.
//!
//! What forks, changes its user or counts its own threads needs a process for itself, and stands in `tests/kernel.rs`.

mod examined;
mod support;
mod traced;

mod apart;
mod check;
mod check_bounds;
mod check_hostile;
mod check_mistakes;
mod check_open;
mod check_race;
mod check_verdicts;
mod check_walls;
mod crowded;
mod ends;
mod environment;
mod input;
mod loom;
mod one_cpu;
mod parsers;
mod play_programs;
mod play_terminal;
mod root;
mod said;
mod schedule;
mod screens;
mod sentences;
mod terminal;
mod tidy;
mod trace;
mod trace_truth;
mod two_kernels;
mod two_terminals;
mod window;

// These call strace, tmux, util-linux or python3.
#[cfg(feature = "tools")]
mod check_languages;
#[cfg(feature = "tools")]
mod evidence;
#[cfg(feature = "tools")]
mod parity;
#[cfg(feature = "tools")]
mod strace;
#[cfg(feature = "tools")]
mod two_programs;
