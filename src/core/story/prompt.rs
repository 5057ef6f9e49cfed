//! The learner's side of the conversation: a line at a time, so that any terminal and any screen reader will do.

use super::SoFar;
use crate::error::{Error, Result};

/// Where the learner's lines come from.
pub trait Prompt {
    /// The learner's next line.
    ///
    /// # Errors
    ///
    /// `Quit`, if there will be no line any more.
    fn line(&mut self) -> Result<String>;

    /// Forgets what was typed before there was anything to answer: an Enter that came while a lesson waited for
    /// something else would answer a prompt that nobody has seen. Lines from a file or a pipe are all meant.
    fn forget_what_was_typed(&self) {}

    /// Whether there is a prompt for the learner's own calls.
    fn can_play(&self) -> bool {
        false
    }

    /// Lets the learner make calls of their own, in a world of its own in which so much has been done. Returns when the
    /// learner has had enough; or else why it did not come to that, in a sentence.
    fn play(&mut self, _: &SoFar) -> std::result::Result<(), String> {
        Err("There is no prompt for calls of your own here.".to_owned())
    }
}

/// The next line as a story understands it: without blanks around it, in lower case.
///
/// # Errors
///
/// `Quit`, for `q` and where no line is left.
pub(super) fn understood(prompt: &mut dyn Prompt) -> Result<String> {
    let line = prompt.line()?.trim().to_lowercase();
    if line == "q" || line == "quit" { Err(Error::Quit) } else { Ok(line) }
}
