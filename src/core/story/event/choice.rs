//! Parts of events that are one of a few things: an answer, what may be typed, what is wrong, how it ends.
//!
//! **Invariant:** each is a value with a name of its own in JSON, and none holds words of the screen.

use serde::{Deserialize, Serialize};

use crate::story::Turn;

/// How a lesson ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LessonEnd {
    /// All of it was told.
    Complete,
    /// The learner left.
    Quit,
    /// It could not go on.
    Failed,
}

/// One possible answer to a question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// The answer.
    pub text: String,
    /// Why it is right, or wrong; nothing, where the answer is one that the lesson did not expect.
    pub why: Option<String>,
}

/// What the learner may type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "wants", rename_all = "snake_case")]
pub enum Wants {
    /// Enter, to go on.
    Next {
        /// Whether `?` would bring more.
        more: bool,
        /// Whether `p` would bring a prompt for the learner's own calls.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        play: bool,
    },
    /// The letter of an option, or Enter for none.
    Answer {
        /// The last option's letter.
        last: char,
    },
    /// Who moves next, `a` or `b`, or Enter to leave it to the lesson.
    Move {
        /// The only one that has moves left.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        only: Option<Turn>,
    },
    /// `y` to decide another order move by move, or the order itself; Enter, to go on.
    Order,
}

/// What is wrong with a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The article says what is not so.
    Wrong,
    /// The article leaves out what one has to know.
    Missing,
    /// A manual page says what is not so.
    Manual,
}
