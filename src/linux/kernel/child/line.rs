//! What a parent and its child say to each other: a line of JSON each.

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::call::{Address, Answer, Call};
use crate::kernel::{Adjustment, Change, Faults, Operation, Step, Tally};

/// What a parent asks of its child.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Request {
    Perform(Call),
    Load { address: Address, length: usize },
    Store { address: Address, bytes: Vec<u8> },
    Word { address: Address, change: Change },
    Step { counter: Address, step: Step },
    Do(Operation),
    Show { path: PathBuf },
    Adjust(Adjustment),
    Exec { program: String, arguments: Vec<String> },
    Exit,
}

/// What a child answers.
#[derive(Serialize, Deserialize)]
pub(super) enum Reply {
    Answered(Answer),
    Errno(i32),
    Loaded(Vec<u8>, Faults),
    Stored(Faults),
    Word(u32),
    Counted(Tally),
    Locked {
        orphaned: bool,
    },
    Shown(String),
    /// What failed: what was asked, what the system answered, what to try.
    Failed([String; 3]),
    Done,
}

pub(in crate::kernel) fn send(line: &mut UnixStream, message: &impl Serialize) -> io::Result<()> {
    let mut text = serde_json::to_vec(message)?;
    text.push(b'\n');
    line.write_all(&text)
}

/// Reads a line. What has come of it when the time is over is kept in `received`.
pub(in crate::kernel) fn receive<T: for<'a> Deserialize<'a>>(
    line: &mut BufReader<UnixStream>,
    received: &mut Vec<u8>,
) -> io::Result<T> {
    if line.read_until(b'\n', received)? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(serde_json::from_slice(&std::mem::take(received))?)
}

pub(in crate::kernel) fn is_late(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}
