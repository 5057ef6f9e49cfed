//! Only what the article's own program prints: `walkthrough --quiet`.

use std::io::{self, Write};

use super::{Event, Tell};

/// Only what the article's own program prints: `walkthrough --quiet`.
pub struct Plain<W> {
    out: W,
}

impl<W: Write> Plain<W> {
    /// Writes to `out`.
    pub fn new(out: W) -> Plain<W> {
        Plain { out }
    }
}

impl<W: Write> Tell for Plain<W> {
    fn tell(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::Print { text } => writeln!(self.out, "{text}"),
            _ => Ok(()),
        }
    }

    fn wants_evidence(&self) -> bool {
        false
    }
}
