//! The story for programs: JSON Lines, one event a line.

use std::io::{self, Write};

use super::{Event, Render};

/// Writes each event as a line of JSON.
pub struct Json {
    out: Box<dyn Write>,
}

impl Json {
    /// Writes to `out`.
    pub fn new(out: impl Write + 'static) -> Json {
        Json { out: Box::new(out) }
    }
}

impl Render for Json {
    fn tell(&mut self, event: &Event) -> io::Result<()> {
        let mut line = serde_json::to_vec(event)?;
        line.push(b'\n');
        self.out.write_all(&line)?;
        self.out.flush()
    }
}
