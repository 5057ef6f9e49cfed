//! The story for programs: JSON Lines, one event a line.

use std::io::{self, Write};

use super::{Event, Tell};

/// Writes each event as a line of JSON.
pub struct Json<W> {
    out: W,
}

impl<W: Write> Json<W> {
    /// Writes to `out`.
    pub fn new(out: W) -> Json<W> {
        Json { out }
    }
}

impl<W: Write> Tell for Json<W> {
    fn tell(&mut self, event: &Event) -> io::Result<()> {
        serde_json::to_writer(&mut self.out, event)?;
        self.out.write_all(b"\n")?;
        self.out.flush()
    }
}
