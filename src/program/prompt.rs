//! The learner's lines from standard input.

use std::io::{BufRead, IsTerminal, Stdin};

use playground_core::error::{Error, Result};
use playground_core::story::Prompt;

/// Lines that are typed, or come from a file or a pipe.
pub struct Typed {
    input: Box<dyn BufRead>,
    terminal: Option<Stdin>,
}

impl Typed {
    /// Reads lines from standard input.
    pub fn new(input: Stdin) -> Typed {
        Typed { input: Box::new(input.lock()), terminal: input.is_terminal().then_some(input) }
    }
}

impl Prompt for Typed {
    fn forget_what_was_typed(&self) {
        self.terminal.iter().for_each(forget);
    }

    fn line(&mut self) -> Result<String> {
        let mut line = Vec::new();
        // Bytes that are no text are an answer like any other: one that means nothing.
        match self.input.read_until(b'\n', &mut line).unwrap_or(0) {
            0 => Err(Error::Quit),
            _ => Ok(String::from_utf8_lossy(&line).into_owned()),
        }
    }
}

#[cfg(target_os = "linux")]
fn forget(terminal: &Stdin) {
    use nix::sys::termios::{FlushArg, tcflush};

    // A terminal that is gone will say so when it is read.
    let _ = tcflush(terminal, FlushArg::TCIFLUSH);
}

/// Other systems have other ways, none of which is worth a library: the next question may get an early answer.
#[cfg(not(target_os = "linux"))]
fn forget(_: &Stdin) {}
