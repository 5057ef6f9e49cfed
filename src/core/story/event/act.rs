//! What a process did: a call, or an access.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::call::{Address, Performed};
use crate::error::Reason;

/// A system call, who made it, what it means.
#[derive(Clone, Debug)]
pub struct CallEvent {
    /// The call and its outcome.
    pub performed: Performed,
    /// What the process is called, if it is not the one that tells.
    pub who: Option<String>,
    /// Why the kernel refused it.
    pub reason: Option<Reason>,
    /// The statement of the lesson that made it.
    pub rust: Option<Rust>,
    /// Whether one line is enough.
    pub brief: bool,
}

/// A statement of a lesson.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rust {
    /// The statement, on one line.
    #[serde(rename = "rust")]
    pub code: String,
    /// `file:line`.
    pub at: String,
}

/// Bytes read or written.
#[derive(Clone, Debug, Serialize)]
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
    /// Pages that the process was given meanwhile: its minor page faults. None, if it did not survive.
    pub faults: Option<u64>,
    /// The access in C notation.
    pub c: String,
    /// The statement of the lesson that made it.
    #[serde(flatten)]
    pub rust: Option<Rust>,
    /// Whether one line is enough.
    pub brief: bool,
}

/// Which way bytes went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From the segment.
    Read,
    /// To the segment.
    Write,
}

pub(super) fn serialize_call<S: Serializer>(call: &CallEvent, serializer: S) -> Result<S::Ok, S::Error> {
    let Performed { pid, call: asked, outcome } = &call.performed;
    let mut map = serializer.serialize_map(None)?;
    map.serialize_entry("pid", pid)?;
    map.serialize_entry("who", &call.who)?;
    map.serialize_entry("name", asked.name())?;
    map.serialize_entry("args", &asked.arguments())?;
    map.serialize_entry("result", &outcome.as_ref().ok().map(|answer| answer.value()))?;
    map.serialize_entry("errno", &outcome.as_ref().err().map(|errno| format!("{errno:?}")))?;
    map.serialize_entry("c", &call.performed.to_string())?;
    map.serialize_entry("why", &call.reason.as_ref().map(|reason| &reason.why))?;
    map.serialize_entry("try", &call.reason.as_ref().map(|reason| &reason.advice))?;
    map.serialize_entry("rust", &call.rust.as_ref().map(|rust| &rust.code))?;
    map.serialize_entry("at", &call.rust.as_ref().map(|rust| &rust.at))?;
    map.serialize_entry("brief", &call.brief)?;
    map.end()
}
