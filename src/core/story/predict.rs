//! Predictions: a question before the kernel is asked, and its answer after.
//!
//! **Invariant:** which option is right is decided by what the kernel answered, never by the lesson's text.

use std::cmp::Ordering;
use std::fmt;

use crate::Errno;

use super::Story;
use super::event::{Choice, Event, Wants};
use crate::call::Address;
use crate::error::{Error, Result};
use crate::process::Ending;
use crate::quartiles::{Finding, Scale};

/// A question that was asked and not yet answered by the kernel.
#[must_use = "a question wants its answer: call `reveal`"]
pub struct Guess<T> {
    values: Vec<T>,
    posed: Posed,
}

/// A question as the learner saw it: its options turned, and in words.
struct Posed {
    options: Vec<Told>,
    turned: usize,
    chosen: Option<usize>,
}

/// An answer to choose from, with its reasons.
pub struct Candidate<T> {
    value: T,
    told: Told,
}

/// An option in words. The reasons hold for the answers that the lesson expects, and for no others.
struct Told {
    label: String,
    /// Why it is the answer; none, if it cannot be.
    right: Option<String>,
    /// Why it is not the answer; none, if it always is.
    wrong: Option<String>,
}

/// What every kernel answers, and why.
pub fn always<T: Observed>(value: T, why: &str) -> Candidate<T> {
    Candidate::new(value, Some(why), None)
}

/// What no kernel answers, and why not.
pub fn never<T: Observed>(value: T, why_not: &str) -> Candidate<T> {
    Candidate::new(value, None, Some(why_not))
}

/// What some kernels answer some users: why, where it is the answer, and why not, where it is not.
pub fn depends<T: Observed>(value: T, why: &str, why_not: &str) -> Candidate<T> {
    Candidate::new(value, Some(why), Some(why_not))
}

impl<T: Observed> Candidate<T> {
    fn new(value: T, right: Option<&str>, wrong: Option<&str>) -> Candidate<T> {
        let [right, wrong] = [right, wrong].map(|why| why.map(str::to_owned));
        Candidate { told: Told { label: value.words(), right, wrong }, value }
    }

    /// Shows it under this name. The value alone still decides whether it is the answer.
    #[must_use]
    pub fn named(mut self, label: &str) -> Candidate<T> {
        label.clone_into(&mut self.told.label);
        self
    }
}

/// What a run can show: a value, and its words for the case that no option has that value.
///
/// A text of the lesson's own is none: whoever picked it by hand could pick the wrong one.
pub trait Observed: PartialEq {
    /// The value in words.
    fn words(&self) -> String;
}

/// Values that print themselves.
macro_rules! observed {
    ($($type:ty),*) => { $(impl Observed for $type {
        fn words(&self) -> String {
            self.to_string()
        }
    })* };
}

observed!(u16, i32, u32, u64, usize, bool, String, Address, Verdict, Ending, Scale, Finding);

impl Observed for Vec<u8> {
    fn words(&self) -> String {
        match self.iter().all(|byte| *byte == 0) {
            true => format!("{} zeros", self.len()),
            false => format!("{:?}", String::from_utf8_lossy(self).trim_end_matches('\0')),
        }
    }
}

impl Observed for u8 {
    fn words(&self) -> String {
        format!("{:?}", char::from(*self))
    }
}

impl Observed for Ordering {
    fn words(&self) -> String {
        format!("{self:?}").to_lowercase()
    }
}

impl Story {
    /// Asks what the kernel will answer. Each option comes with the reasons for which it is the answer or is not.
    ///
    /// # Errors
    ///
    /// `Quit`, if the learner leaves; `Output`.
    pub fn predict<T: Observed, const N: usize>(
        &self,
        question: &str,
        options: [Candidate<T>; N],
    ) -> Result<Guess<T>> {
        let (values, told) = options.into_iter().map(|option| (option.value, option.told)).unzip();
        Ok(Guess { values, posed: self.pose(question, told)? })
    }

    /// What is compiled once, for options of whatever type.
    fn pose(&self, question: &str, mut options: Vec<Told>) -> Result<Posed> {
        debug_assert!(agree(&options), "a reason is missing or too many: {question}");
        let turned = self.turn() % options.len();
        options.rotate_right(turned);
        let texts = options.iter().map(|option| option.label.clone()).collect();
        let asked = Event::Predict { question: question.to_owned(), options: texts };
        self.tell(asked.clone());
        let chosen = if self.waits() { self.choose(&asked, options.len())? } else { None };
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

    /// The learner's choice among the first letters of the alphabet; Enter alone is none. A prompt of the learner's own does
    /// not know the answer: the call that is asked about has not been made. After it the question stands above its prompt
    /// again.
    fn choose(&self, asked: &Event, options: usize) -> Result<Option<usize>> {
        let last = letter(options - 1);
        loop {
            let line = self.ask(Wants::Answer { last })?;
            let position = (0..options).find(|&option| line == letter(option).to_string());
            match (line.as_str(), position) {
                ("", _) => return Ok(None),
                (_, Some(position)) => return Ok(Some(position)),
                ("?", _) => self.reply(
                    "Guess before you look: the kernel will answer next, and tell you why. To try it first, type p: \
                     a prompt of your own opens.",
                ),
                ("p", _) => {
                    self.play(Some(self.done_so_far()));
                    self.tell(asked.clone());
                }
                _ => self.reply(&format!(
                    "Type a letter from a to {last}, or press Enter to go on without a guess; p is for a prompt of \
                     your own."
                )),
            }
        }
    }
}

impl<T: Observed> Guess<T> {
    /// Tells what the kernel answered; nothing, where the environment does not let us see it.
    pub fn reveal(self, story: &Story, actual: impl Into<Option<T>>) {
        let Some(actual) = actual.into() else {
            story.missing("This machine does not show us the answer.");
            return;
        };
        let right = self.values.iter().position(|value| *value == actual);
        self.posed.answer(story, actual.words(), right);
    }
}

impl Posed {
    /// `right` counts the options as the lesson wrote them.
    fn answer(self, story: &Story, value: String, right: Option<usize>) {
        let Posed { options, turned, chosen } = self;
        let right = right.map(|right| (right + turned) % options.len());
        let options = with_reasons(options, right);
        let value = right.map_or(value, |right| options[right].text.clone());
        story.tell(Event::Answer { value, right, chosen, options });
    }
}

/// The options with the reasons that fit the answer. The lesson has none for an answer that it did not expect.
fn with_reasons(options: Vec<Told>, right: Option<usize>) -> Vec<Choice> {
    let expected = right.is_some_and(|right| options[right].right.is_some());
    let choice = |(position, Told { label, right: why, wrong })| {
        let why = if Some(position) == right { why } else { wrong };
        Choice { text: label, why: why.filter(|_| expected) }
    };
    options.into_iter().enumerate().map(choice).collect()
}

/// Whether each answer that is expected has a reason, and each other option then has one against it.
fn agree(options: &[Told]) -> bool {
    let count = |is: fn(&Told) -> bool| options.iter().filter(|option| is(option)).count();
    let always = count(|option| option.wrong.is_none());
    let depend = count(|option| option.right.is_some() && option.wrong.is_some());
    matches!((always, depend), (1, 0) | (0, 2..))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn told(options: Vec<Candidate<u32>>) -> Vec<Told> {
        options.into_iter().map(|option| option.told).collect()
    }

    fn shown(options: Vec<Candidate<u32>>, right: Option<usize>) -> Vec<Option<String>> {
        with_reasons(told(options), right).into_iter().map(|choice| choice.why).collect()
    }

    fn by_ground() -> Vec<Candidate<u32>> {
        vec![depends(1, "so 1", "not 1"), depends(2, "so 2", "not 2"), never(3, "not 3")]
    }

    #[test]
    fn each_answer_brings_the_reasons_that_fit_it() {
        let why = |texts: [&str; 3]| texts.map(|text| Some(text.to_owned())).to_vec();
        assert_eq!(shown(by_ground(), Some(0)), why(["so 1", "not 2", "not 3"]));
        assert_eq!(shown(by_ground(), Some(1)), why(["not 1", "so 2", "not 3"]));
    }

    #[test]
    fn an_answer_that_was_not_expected_has_no_reasons() {
        assert_eq!(shown(by_ground(), Some(2)), [None, None, None]);
        assert_eq!(shown(by_ground(), None), [None, None, None]);
    }

    #[test]
    fn a_question_without_a_reason_for_an_answer_is_found() {
        assert!(agree(&told(by_ground())));
        assert!(agree(&told(vec![always(1, "so"), never(2, "not")])));
        assert!(!agree(&told(vec![always(1, "so"), always(2, "so")])));
        assert!(!agree(&told(vec![always(1, "so"), depends(2, "so", "not")])));
        assert!(!agree(&told(vec![depends(1, "so", "not"), never(2, "not")])));
        assert!(!agree(&told(vec![never(1, "not"), never(2, "not")])));
    }

    #[test]
    fn what_no_option_names_has_words_of_its_own() {
        assert_eq!(vec![0_u8; 3].words(), "3 zeros");
        assert_eq!(b"THAT\0".to_vec().words(), r#""THAT""#);
        assert_eq!(Vec::from(*b"\x1b[2J").words(), r#""\u{1b}[2J""#);
    }
}
