//! A story that is told to nobody: only what the calls return counts.

use std::io;

use playground::kernel::Linux;
use playground::source;
use playground::story::{Event, Render, Story};

struct Silent;

impl Render for Silent {
    fn tell(&mut self, _: &Event) -> io::Result<()> {
        Ok(())
    }

    fn wants_evidence(&self) -> bool {
        false
    }
}

pub fn silent_story() -> Story {
    Story::new(Box::new(Linux::new()), Box::new(Silent), None, source!(), false)
}
