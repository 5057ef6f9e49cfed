//! What a process did: a call, or an access.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::call::{Address, Answer, Performed};
use crate::error::Reason;

/// A system call, who made it, what it means.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallEvent {
    /// The process that made it.
    pub pid: i32,
    /// What the process is called, if it is not the one that tells.
    pub who: Option<String>,
    /// The name of the system call.
    pub name: Cow<'static, str>,
    /// Its arguments by name, as [`Call::arguments`](crate::call::Call::arguments) gives them.
    pub args: Value,
    /// The value that it returned, unless it was refused.
    pub result: Option<i64>,
    /// The name of the errno, if the kernel refused it.
    pub errno: Option<String>,
    /// The call and its outcome in C notation.
    pub c: String,
    /// Why the kernel refused it.
    pub why: Option<String>,
    /// What to do about that.
    #[serde(rename = "try")]
    pub advice: Option<String>,
    /// The statement of the lesson that made it.
    pub rust: Option<String>,
    /// Where that statement is: `file:line`.
    pub at: Option<String>,
    /// Whether one line is enough.
    pub brief: bool,
}

impl CallEvent {
    /// A call that was made, and why the kernel refused it.
    pub fn of(performed: &Performed, reason: Option<&Reason>) -> CallEvent {
        let Performed { pid, call, outcome } = performed;
        let (why, advice) = reason.cloned().map(|Reason { why, advice }| (why, advice)).unzip();
        CallEvent {
            pid: *pid,
            who: None,
            name: call.name().into(),
            args: call.arguments(),
            result: outcome.as_ref().ok().map(Answer::value),
            errno: outcome.as_ref().err().map(|errno| format!("{errno:?}")),
            c: performed.to_string(),
            why,
            advice,
            rust: None,
            at: None,
            brief: false,
        }
    }

    /// The same, with the statement that made it.
    #[must_use]
    pub fn by(mut self, rust: Option<Rust>) -> CallEvent {
        (self.rust, self.at) = rust.map(|Rust { code, at }| (code, at)).unzip();
        self
    }
}

/// A statement of a lesson.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rust {
    /// The statement, on one line.
    #[serde(rename = "rust")]
    pub code: String,
    /// `file:line`.
    pub at: String,
}

impl Rust {
    /// The statement, and where it is.
    pub fn parts(&self) -> (&str, &str) {
        (&self.code, &self.at)
    }
}

/// Bytes read or written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Access {
    /// The process.
    pub pid: i32,
    /// What it is called, if it is not the one that tells.
    pub who: Option<String>,
    /// Read or written.
    #[serde(rename = "access")]
    pub direction: Direction,
    /// Where.
    pub address: Address,
    /// Which bytes; none, if they were to be read and the process did not survive it.
    pub bytes: Option<Vec<u8>>,
    /// Pages that the process was given meanwhile: its page faults. None, if it did not survive.
    pub faults: Option<u64>,
    /// The access in C notation.
    pub c: String,
    /// The statement of the lesson that made it.
    #[serde(flatten)]
    pub rust: Option<Rust>,
    /// Whether one line is enough.
    pub brief: bool,
}

impl Access {
    /// How many page faults it took, in words. Nothing, if the process did not survive it.
    pub fn page_faults(&self) -> Option<String> {
        let doing = match self.direction {
            Direction::Write => "writing",
            Direction::Read => "reading",
        };
        Some(match self.faults? {
            0 => format!("no page fault while {doing}"),
            1 => format!("1 page fault while {doing}"),
            faults => format!("{faults} page faults while {doing}"),
        })
    }
}

/// Which way bytes went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From the segment.
    Read,
    /// To the segment.
    Write,
}
