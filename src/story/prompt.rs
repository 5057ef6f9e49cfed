//! The learner's side of the conversation: a line at a time, so that any terminal and any screen reader will do.

use std::io::{BufRead, IsTerminal, Stdin};

use nix::sys::termios::{FlushArg, tcflush};

use crate::error::{Error, Result};

/// Where the learner's lines come from.
pub struct Prompt {
    input: Box<dyn BufRead>,
    terminal: Option<Stdin>,
}

impl Prompt {
    /// Reads lines from standard input.
    pub fn new(input: Stdin) -> Prompt {
        Prompt { input: Box::new(input.lock()), terminal: input.is_terminal().then_some(input) }
    }

    /// Forgets what was typed before there was anything to answer: an Enter that came while a lesson waited for
    /// something else would answer a prompt that nobody has seen. Lines from a file or a pipe are all meant.
    pub(super) fn forget_what_was_typed(&self) {
        if let Some(terminal) = &self.terminal {
            // A terminal that is gone will say so when it is read.
            let _ = tcflush(terminal, FlushArg::TCIFLUSH);
        }
    }

    /// The learner's next line, without blanks around it.
    ///
    /// # Errors
    ///
    /// `Quit`, for `q` and for the end of the input.
    pub(super) fn line(&mut self) -> Result<String> {
        let mut line = Vec::new();
        // Bytes that are no text are an answer like any other: one that means nothing.
        let read = self.input.read_until(b'\n', &mut line).unwrap_or(0);
        let line = String::from_utf8_lossy(&line).trim().to_lowercase();
        if read == 0 || line == "q" || line == "quit" { Err(Error::Quit) } else { Ok(line) }
    }
}
