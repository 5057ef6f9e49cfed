//! What is said to a command line that is not for the program itself: help, the version, or what is wrong with it.
//!
//! clap finds the words. They are written here, since it wraps no error, colours whatever it writes to a terminal, even
//! with `--color never`, and takes no notice of a full disk.

use std::io::{self, Write};
use std::process::ExitCode;

use super::{say, written};

/// Says it, and returns the exit status: 0 for what was asked for, 2 for a misuse, and 1 where it cannot be written.
pub fn answer(error: &clap::Error) -> ExitCode {
    let words = error.render().to_string();
    if error.use_stderr() {
        say(words.trim_end());
        return ExitCode::from(error.exit_code() as u8);
    }
    let mut out = io::stdout();
    written(out.write_all(words.as_bytes()).and_then(|()| out.flush()))
}
