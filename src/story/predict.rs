//! Predictions: a question before the kernel is asked, and its answer after.
//!
//! **Invariant:** which option is right is decided by what the kernel answered, never by the lesson's text.

use std::fmt;

use playground_core::Errno;

use super::event::{Choice, Event, Wants};
use super::{Schedule, Story, Turn};
use crate::error::{Error, Result};
use crate::kernel::{Ending, Step};

/// A question that was asked and not yet answered by the kernel.
#[must_use = "a question wants its answer: call `reveal`"]
pub struct Guess<T> {
    values: Vec<T>,
    posed: Posed,
}

/// A question as the learner saw it: its options turned, and in words.
struct Posed {
    options: Vec<Choice>,
    turned: usize,
    chosen: Option<usize>,
}

impl Story {
    /// Asks what the kernel will answer. Each option comes with why it is right or wrong.
    ///
    /// # Errors
    ///
    /// `Quit`, if the learner leaves; `Output`.
    pub fn predict<T: fmt::Display, const N: usize>(
        &self,
        question: &str,
        options: [(T, &str); N],
    ) -> Result<Guess<T>> {
        let (mut values, mut texts) = (Vec::with_capacity(N), Vec::with_capacity(N));
        for (value, why) in options {
            texts.push(Choice { text: value.to_string(), why: why.to_owned() });
            values.push(value);
        }
        Ok(Guess { values, posed: self.pose(question, texts)? })
    }

    /// What is compiled once, for options of whatever type.
    fn pose(&self, question: &str, mut options: Vec<Choice>) -> Result<Posed> {
        let turned = self.turn() % options.len();
        options.rotate_right(turned);
        let texts = options.iter().map(|option| option.text.clone()).collect();
        self.tell(Event::Predict { question: question.to_owned(), options: texts });
        let chosen = if self.waits() { self.choose(options.len())? } else { None };
        self.unharmed()?;
        Ok(Posed { options, turned, chosen })
    }

    /// By how many places to turn the options of the next question. A lesson names the right one first, where it
    /// reads best, and whoever always types a shall learn nothing by it; yet each run asks alike.
    fn turn(&self) -> usize {
        let narrator = &mut *self.narrator.borrow_mut();
        narrator.asked += 1;
        narrator.source.file.bytes().map(usize::from).sum::<usize>() + narrator.asked
    }

    /// Has every move of a schedule made: of the one that was `asked` for, or else as the learner decides, one by one.
    /// Where nobody decides, `otherwise` is followed.
    ///
    /// Returns the moves, and what came of each.
    ///
    /// # Errors
    ///
    /// `Quit`, if the learner leaves; `Output`; those of `make`.
    pub fn direct<T: fmt::Display>(
        &self,
        asked: Option<&Schedule>,
        otherwise: &Schedule,
        make: impl Fn(Turn, Step) -> Result<T>,
    ) -> Result<(Schedule, Vec<T>)> {
        let (mut turns, mut made) = (Vec::new(), Vec::new());
        let decides = asked.is_none() && self.waits();
        while let Some(rest) = asked.unwrap_or(otherwise).rest_after(&turns) {
            let turn = if decides { self.next_turn(&rest)? } else { rest[0] };
            let moved = make(turn, Schedule::step_of(turn, &turns))?;
            if decides {
                self.tell(Event::Moved { text: moved.to_string() });
            }
            turns.push(turn);
            made.push(moved);
        }
        Ok((Schedule::of(turns), made))
    }

    /// Whose turn the learner says it is, among those who have moves left.
    fn next_turn(&self, rest: &[Turn]) -> Result<Turn> {
        // When one of them is through, the other has no choice.
        while rest.contains(&Turn::A) && rest.contains(&Turn::B) {
            let turn = match self.ask(Wants::Move)?.as_str() {
                "" => return Ok(rest[0]),
                "a" => Turn::A,
                "b" => Turn::B,
                _ => {
                    self.reply("Type a or b, for the process that moves next. Enter alone leaves it to us.");
                    continue;
                }
            };
            return Ok(turn);
        }
        Ok(rest[0])
    }

    /// The learner's choice among the first letters of the alphabet; Enter alone is none.
    fn choose(&self, options: usize) -> Result<Option<usize>> {
        let last = letter(options - 1);
        loop {
            let line = self.ask(Wants::Answer { last })?;
            let position = (0..options).find(|&option| line == letter(option).to_string());
            match (line.as_str(), position) {
                ("", _) => return Ok(None),
                (_, Some(position)) => return Ok(Some(position)),
                ("?", _) => {
                    self.reply("Guess before you look: the kernel will answer next, and tell you why.")
                }
                _ => self.reply(&format!(
                    "Type a letter from a to {last}, or press Enter to go on without a guess."
                )),
            }
        }
    }
}

impl<T: fmt::Display + PartialEq> Guess<T> {
    /// Tells what the kernel answered; nothing, where the ground does not let us see it.
    pub fn reveal(self, story: &Story, actual: impl Into<Option<T>>) {
        let Some(actual) = actual.into() else {
            story.missing("What came of it cannot be seen here.");
            return;
        };
        let right = self.values.iter().position(|value| *value == actual);
        self.posed.answer(story, actual.to_string(), right);
    }
}

impl Posed {
    /// `right` counts the options as the lesson wrote them.
    fn answer(self, story: &Story, value: String, right: Option<usize>) {
        let Posed { options, turned, chosen } = self;
        let right = right.map(|right| (right + turned) % options.len());
        story.tell(Event::Answer { value, right, chosen, options });
    }
}

/// The letter of an option: a, b, c …
pub(super) fn letter(option: usize) -> char {
    char::from(b'a' + option as u8)
}

/// What came of a call that may well be refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The kernel did it.
    Success,
    /// The kernel refused, with this errno.
    Refused(Errno),
    /// The process did not survive it.
    Ended(Ending),
}

impl Verdict {
    /// What came of a call whose result is still needed; nothing, if it says nothing of the call.
    pub fn of<T>(result: &Result<T>) -> Option<Verdict> {
        match result {
            Ok(_) => Some(Verdict::Success),
            Err(Error::Refused(refusal)) => Some(Verdict::Refused(refusal.errno)),
            Err(Error::Ended { ending, .. }) => Some(Verdict::Ended(*ending)),
            Err(_) => None,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::Success => f.write_str("success"),
            Verdict::Refused(errno) => f.write_str(&errno.to_string()),
            Verdict::Ended(ending) => write!(f, "the process {ending}"),
        }
    }
}

/// Takes a refusal, or a death, for an answer instead of an error.
pub trait Judge {
    /// What the call returned.
    type Value;

    /// What came of it.
    ///
    /// # Errors
    ///
    /// Those that say nothing of the call: `Quit`, `Output` and the like.
    fn verdict(self) -> Result<Verdict>;

    /// What came of it, short enough for a table: the value, an errno's name, or how the process ended.
    ///
    /// # Errors
    ///
    /// As for [`Judge::verdict`].
    fn in_words(self) -> Result<String>
    where
        Self::Value: fmt::Display;
}

impl<T> Judge for Result<T> {
    type Value = T;

    fn verdict(self) -> Result<Verdict> {
        match (Verdict::of(&self), self) {
            (Some(verdict), _) => Ok(verdict),
            (None, Err(error)) => Err(error),
            (None, Ok(_)) => Ok(Verdict::Success),
        }
    }

    fn in_words(self) -> Result<String>
    where
        T: fmt::Display,
    {
        match self {
            Ok(value) => Ok(value.to_string()),
            Err(Error::Refused(refusal)) => Ok(format!("{:?}", refusal.errno)),
            Err(Error::Ended { ending, .. }) => Ok(ending.to_string()),
            Err(error) => Err(error),
        }
    }
}
