//! The narrator: what a lesson speaks to.
//!
//! A lesson says, asks, and makes calls through a [`Story`]. The story lets its [`Process`] act, gathers what the
//! kernel shows, and tells each [`Event`] to a teller: text for people, JSON for programs, or the bare lines that
//! the article's program prints.
//!
//! **Invariant:** a story makes no system call on a segment of its own accord; the lesson does, through it.
//! Evidence comes from `/proc`, which changes nothing.

mod acts;
mod counted;
mod direct;
pub mod event;
mod explain;
mod json;
mod notation;
mod others;
mod pace;
mod plain;
mod predict;
mod prompt;
mod raced;
mod schedule;
mod show;
mod source;
mod text;
mod timeline;
mod traced;
mod transcript;
mod visible;
mod whose;
mod words;
mod work;

use std::cell::RefCell;
use std::io;
use std::rc::Rc;

use crate::error::{Error, Result};
use crate::process::Process;

pub use event::{CallEvent, Change as CellChange, Speed, SpeedRow};
pub use event::{Event, LessonEnd};
pub use explain::explain;
pub use json::Json;
pub use plain::Plain;
pub use predict::{Candidate, Guess, Judge, Observed, Verdict, always, depends, never};
pub use prompt::Prompt;
pub use raced::{LineUses, ProcessUses, RaceEvent};
pub use schedule::{NoSchedule, Schedule, Turn};
pub use show::{changes, fields};
pub use source::Source;
pub use text::{Screen, Text, ascii};
pub use traced::{Lingering, Traced};
pub use transcript::{SoFar, Transcript};
pub use visible::visible;
pub use work::Work;

use show::Seen;

/// Who turns events into something to read.
pub trait Render {
    /// Tells one event.
    ///
    /// # Errors
    ///
    /// An error of the write, such as `BrokenPipe`.
    fn tell(&mut self, event: &Event) -> io::Result<()>;

    /// Whether a bar may show how far a long measurement is, if there is a terminal for it.
    fn shows_progress(&self) -> bool {
        false
    }

    /// Tells whole what was folded since the step began; false if nothing was.
    ///
    /// # Errors
    ///
    /// As for [`Render::tell`].
    fn tell_whole(&mut self) -> io::Result<bool> {
        Ok(false)
    }

    /// Whether something waits to be shown, until the page is turned.
    fn page_is_full(&self) -> bool {
        false
    }

    /// Shows that the page is full, and what to press.
    ///
    /// # Errors
    ///
    /// As for [`Render::tell`].
    fn end_page(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// Says why the learner's line does nothing while the page is full.
    ///
    /// # Errors
    ///
    /// As for [`Render::tell`].
    fn explain_page(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// Shows what waits, or as much of it as a page holds.
    ///
    /// # Errors
    ///
    /// As for [`Render::tell`].
    fn turn_page(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// Whether evidence should be gathered at all.
    fn wants_evidence(&self) -> bool {
        true
    }
}

/// One process's part in the telling. Clones speak for the same process.
#[derive(Clone)]
pub struct Story {
    process: Rc<RefCell<Box<dyn Process>>>,
    narrator: Rc<RefCell<Narrator>>,
    /// What the process is called; the one that tells has no name.
    who: Option<String>,
}

/// What all the processes of a story share.
struct Narrator {
    teller: Box<dyn Render>,
    prompt: Option<Box<dyn Prompt>>,
    source: Source,
    isolated: bool,
    /// How far each process may count in a race.
    longest_race: u64,
    steps: usize,
    brief: bool,
    why: Option<String>,
    /// How many questions were asked.
    asked: usize,
    /// The commands that were offered to try.
    offered: Vec<String>,
    seen: Seen,
    /// What was done, for whoever goes on at the prompt of `play`.
    transcript: Transcript,
    /// How much of it was done before this step.
    transcript_before: usize,
    /// The processes of this story, by what it calls them.
    names: Vec<(i32, String)>,
    /// The first failure to write, or that the learner has left: told at the next chance to return an error.
    failure: Option<Error>,
}

impl Story {
    /// A story that `process` acts in.
    pub fn new(
        process: Box<dyn Process>,
        teller: Box<dyn Render>,
        prompt: Option<Box<dyn Prompt>>,
        source: Source,
        isolated: bool,
    ) -> Story {
        let names = vec![(process.pid(), "us".to_owned())];
        let narrator = Narrator {
            teller,
            prompt,
            source,
            isolated,
            longest_race: u64::MAX,
            steps: 0,
            brief: false,
            why: None,
            asked: 0,
            offered: Vec::new(),
            seen: Seen::default(),
            transcript: Transcript::of(process.pid()),
            transcript_before: 0,
            names,
            failure: None,
        };
        Story {
            process: Rc::new(RefCell::new(process)),
            narrator: Rc::new(RefCell::new(narrator)),
            who: None,
        }
    }

    /// The process id of who acts in this part of the story.
    pub fn pid(&self) -> i32 {
        self.process.borrow().pid()
    }

    /// Lets each process count so far in a race, and no further.
    pub fn limit_races(&self, increments: u64) {
        self.narrator.borrow_mut().longest_race = increments;
    }

    /// How far each process may count in a race.
    pub fn longest_race(&self) -> u64 {
        self.narrator.borrow().longest_race
    }

    /// The size of a page, in bytes.
    pub fn page_size(&self) -> usize {
        self.process.borrow().page_size()
    }

    /// Tells an event. A failure to write is kept, and returned by the next call that can fail.
    pub fn tell(&self, event: Event) {
        let mut narrator = self.narrator.borrow_mut();
        if narrator.failure.is_none() {
            narrator.failure = narrator.tell(&event).err();
        }
    }

    /// Whether a bar may show how far a long measurement is.
    pub fn shows_progress(&self) -> bool {
        self.narrator.borrow().teller.shows_progress()
    }

    fn wants_evidence(&self) -> bool {
        self.narrator.borrow().teller.wants_evidence()
    }

    /// The error that writing has met since this was last asked; or `Quit`, if the learner has left since then.
    pub fn unharmed(&self) -> Result<()> {
        self.narrator.borrow_mut().failure.take().map_or(Ok(()), Err)
    }
}
