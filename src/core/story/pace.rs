//! Sections, steps, and the learner's Enter between them.
//!
//! **Invariant:** a story waits before a step begins, and never in the midst of one but for an answer, or where the
//! window is full.

use super::event::{Event, Wants};
use super::prompt::understood;
use super::{Narrator, SoFar, Story};
use crate::error::{Error, Result};

/// What tidying up is called: no prompt follows it.
pub(super) const AT_THE_END: &str = "At the end";

impl Story {
    /// From here on each call is told in one line: what earlier lessons taught.
    pub fn so_far(&self) {
        self.section("So far");
    }

    /// The learner has seen it all: what follows only tidies up.
    pub fn tidy_up(&self) -> Result<()> {
        self.pause()?;
        self.section(AT_THE_END);
        Ok(())
    }

    /// From here to the next step each call is told in one line: a table that is filled from them says the rest.
    pub fn in_brief(&self, title: &str) {
        self.section(title);
    }

    fn section(&self, title: &str) {
        self.narrator.borrow_mut().brief = true;
        self.tell(Event::Section { title: title.to_owned() });
    }

    /// A step begins, after the learner has had time for the one before.
    ///
    /// # Errors
    ///
    /// `Quit`, if the learner leaves; `Output`.
    pub fn step(&self, title: &str) -> Result<()> {
        self.begin(title, false)
    }

    /// A step that is there to go wrong.
    ///
    /// # Errors
    ///
    /// As for [`Story::step`].
    pub fn experiment(&self, title: &str) -> Result<()> {
        self.begin(title, true)
    }

    fn begin(&self, title: &str, experiment: bool) -> Result<()> {
        self.pause()?;
        let number = {
            let mut narrator = self.narrator.borrow_mut();
            narrator.brief = false;
            narrator.transcript_before = narrator.transcript.length();
            narrator.steps += 1;
            narrator.steps
        };
        self.look();
        self.tell(Event::Step { number, experiment, title: title.to_owned() });
        self.unharmed()
    }

    /// Waits for the learner, if there is one, and a step to look at.
    fn pause(&self) -> Result<()> {
        self.unharmed()?;
        if self.narrator.borrow().steps == 0 || !self.waits() {
            return Ok(());
        }
        let why = self.narrator.borrow_mut().why.take();
        loop {
            let play = self.narrator.borrow().prompt.as_ref().is_some_and(|prompt| prompt.can_play());
            match self.ask(Wants::Next { more: why.is_some(), play })?.as_str() {
                "" => return Ok(()),
                "?" => match &why {
                    Some(text) => self.tell(Event::Why { text: text.clone(), asked: true }),
                    None => self.reply("There is nothing more to say about this step."),
                },
                "m" => self.unfold()?,
                "p" => self.play(Some(self.done_so_far())),
                "i" => self.play(self.what_if()),
                _ => self.reply(
                    "Press Enter to go on, ? and Enter for more, p for a prompt of your own, i for what if, q and Enter \
                     to leave.",
                ),
            }
        }
    }

    pub(super) fn done_so_far(&self) -> SoFar {
        self.narrator.borrow().transcript.so_far()
    }

    /// What was done before this step's last call, with that call to be edited.
    fn what_if(&self) -> Option<SoFar> {
        let narrator = self.narrator.borrow();
        narrator.transcript.what_if(narrator.transcript_before)
    }

    /// The learner makes calls of their own, which this story's kernel and its segments never see.
    pub(super) fn play(&self, so_far: Option<SoFar>) {
        let Some(so_far) = so_far else {
            return self.reply("This step made no call that could be another one.");
        };
        let mut narrator = self.narrator.borrow_mut();
        let played = narrator.prompt.as_mut().map(|prompt| prompt.play(&so_far));
        drop(narrator);
        match played {
            Some(Err(why)) => self.reply(&why),
            _ => self.reply("Back in the lesson, which is where it was."),
        }
    }

    /// Shows whole what was folded to fit the window.
    fn unfold(&self) -> Result<()> {
        if !self.narrator.borrow_mut().tell_whole()? {
            self.reply("Nothing is folded in this step.");
        }
        Ok(())
    }

    pub(super) fn waits(&self) -> bool {
        self.narrator.borrow().prompt.is_some()
    }

    pub(super) fn reply(&self, text: &str) {
        self.tell(Event::Reply { text: text.to_owned() });
    }

    /// Shows a prompt, and returns the learner's line.
    pub(super) fn ask(&self, wants: Wants) -> Result<String> {
        if let Some(prompt) = &self.narrator.borrow().prompt {
            prompt.forget_what_was_typed();
        }
        self.tell(Event::Wait(wants));
        self.unharmed()?;
        let mut narrator = self.narrator.borrow_mut();
        narrator.prompt.as_mut().map_or(Ok(String::new()), |prompt| understood(&mut **prompt))
    }
}

impl Narrator {
    /// Tells an event, a page at a time.
    pub(super) fn tell(&mut self, event: &Event) -> Result<()> {
        self.teller.tell(event).map_err(Error::Output)?;
        self.turn_the_pages()
    }

    fn tell_whole(&mut self) -> Result<bool> {
        let whole = self.teller.tell_whole().map_err(Error::Output)?;
        self.turn_the_pages()?;
        Ok(whole)
    }

    /// Lets the learner read what the window holds, before the rest pushes it out.
    fn turn_the_pages(&mut self) -> Result<()> {
        while self.teller.page_is_full() {
            let Some(prompt) = &mut self.prompt else { return Ok(()) };
            prompt.forget_what_was_typed();
            self.teller.end_page().map_err(Error::Output)?;
            match understood(&mut **prompt) {
                Ok(line) if line.is_empty() => self.teller.turn_page().map_err(Error::Output)?,
                Ok(_) => self.teller.explain_page().map_err(Error::Output)?,
                // Whoever has left is asked nothing more: what is tidied up is told without a stop.
                Err(error) => {
                    self.prompt = None;
                    return Err(error);
                }
            }
        }
        Ok(())
    }
}
