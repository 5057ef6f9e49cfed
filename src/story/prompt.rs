//! The learner's side of the conversation: a line at a time, so that any terminal and any screen reader will do.

use std::io::BufRead;

use crate::error::{Error, Result};

/// Where the learner's lines come from.
pub struct Prompt {
    input: Box<dyn BufRead>,
}

impl Prompt {
    /// Reads lines from `input`.
    pub fn new(input: impl BufRead + 'static) -> Prompt {
        Prompt { input: Box::new(input) }
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
