//! A call with its outcome, and how it is told.

use std::fmt;

use super::{Answer, Call, Outcome, file};

/// A call that was made, by whom, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Performed {
    /// The process that made the call.
    pub pid: i32,
    /// What it asked.
    pub call: Call,
    /// What the kernel answered.
    pub outcome: Outcome,
}

impl fmt::Display for Performed {
    /// The call in C notation and its result, as strace prints them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.outcome {
            Ok(Answer::Mapped(address)) => write!(f, "{} = {address}", self.call),
            Ok(Answer::Ends([one, other])) => write!(f, "{} = 0 // {one}, {other}", self.call),
            Ok(Answer::Passed(fd)) => write!(f, "{} = 1 // SCM_RIGHTS, [{fd}]", self.call),
            Ok(Answer::Bytes(bytes)) => {
                write!(f, "{} = {} // {}", self.call, bytes.len(), file::quoted(bytes))
            }
            Ok(Answer::Key(key)) => write!(f, "{} = {key}", self.call),
            Ok(answer) => write!(f, "{} = {}", self.call, answer.value()),
            Err(errno) if self.call.returns_its_error() => write!(f, "{} = {}", self.call, errno),
            Err(errno) => write!(f, "{} = -1 {}", self.call, errno),
        }
    }
}
