//! Only what the article's own program prints: `walkthrough --quiet`.

use std::io::{self, Write};

use super::{Event, Render};

/// Only what the article's own program prints: `walkthrough --quiet`.
pub struct Plain {
    out: Box<dyn Write>,
}

impl Plain {
    /// Writes to `out`.
    pub fn new(out: impl Write + 'static) -> Plain {
        Plain { out: Box::new(out) }
    }
}

impl Render for Plain {
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
