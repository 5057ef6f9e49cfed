//! One run of a program as evidence: what it asked of the kernel, what it printed, what lay in its segments.

use super::code::Code;
use crate::call::{Address, Answer, Call, Cmd, Key, Shmid};
use trace::{Made, Trace};

/// Everything that is known of a run.
#[derive(Debug)]
pub struct Run {
    /// What the tracer saw.
    pub trace: Trace,
    /// What it printed.
    pub output: String,
    /// What it printed as errors.
    pub errors: String,
    /// What the witness found in segments, in the order in which it looked.
    pub looks: Vec<Look>,
    /// What lay in each segment when the first child began, where the script says to find that out.
    pub starts: Vec<Look>,
    /// What the witness wrote, that no program could guess.
    pub planted: Option<String>,
    /// The segment that the examiner had made before.
    pub given: Option<Given>,
    /// Whether two children were there at once, where the script says to find that out.
    pub at_once: bool,
    /// Whether the examiner killed one of its processes at its work, as the script says.
    pub killed: bool,
    /// Why the examiner ended it.
    pub halted: Option<(Code, String)>,
    /// Memory that it shared by other means than System V calls.
    pub shared_otherwise: Option<String>,
}

/// What the witness saw in a segment.
#[derive(Debug)]
pub struct Look {
    /// The segment.
    pub shmid: Shmid,
    /// The process that was about to detach it, to remove it, or to end.
    pub pid: i32,
    /// The first bytes.
    pub bytes: Vec<u8>,
    /// Whether the examiner had written something of its own there by then.
    pub planted: bool,
    /// Whether the process was about to detach it, or to end.
    pub done: bool,
    /// Whether the process had touched its first page, through any address at which it was still attached.
    pub touched: bool,
}

/// The examiner's own segment.
#[derive(Debug)]
pub struct Given {
    /// Its id.
    pub shmid: Shmid,
    /// What was in it before.
    pub text: String,
    /// What was in it when the run was over; nothing if the segment was gone.
    pub after: Option<Vec<u8>>,
}

impl Run {
    /// The calls of this namespace that succeeded.
    pub fn succeeded(&self) -> impl Iterator<Item = &Made> {
        self.trace.calls.iter().filter(|made| made.performed.outcome.is_ok() && !made.elsewhere)
    }

    /// The calls that failed.
    pub fn refused(&self) -> impl Iterator<Item = &Made> {
        self.trace.calls.iter().filter(|made| made.performed.outcome.is_err())
    }

    /// The `shmget` calls that made a segment, with its id.
    pub fn made(&self) -> impl Iterator<Item = (&Made, Shmid)> {
        self.succeeded().filter(|made| made.created).filter_map(|made| match made.performed.outcome {
            Ok(Answer::Id(id)) => Some((made, id)),
            _ => None,
        })
    }

    /// The `shmdt` calls that detached a segment.
    pub fn detached(&self, id: Shmid) -> impl Iterator<Item = &Made> {
        let places: Vec<Address> = self.attached(id).map(|(_, address)| address).collect();
        self.succeeded().filter(
            move |made| matches!(made.performed.call, Call::Shmdt { address } if places.contains(&address)),
        )
    }

    /// The segment that the exercise is about: the examiner's, or else the first one that the program made.
    pub fn subject(&self) -> Option<Shmid> {
        self.given.as_ref().map(|given| given.shmid).or_else(|| self.made().next().map(|(_, id)| id))
    }

    /// The `shmat` calls that attached a segment, with the address.
    pub fn attached(&self, id: Shmid) -> impl Iterator<Item = (&Made, Address)> {
        self.succeeded().filter_map(move |made| match (&made.performed.call, &made.performed.outcome) {
            (Call::Shmat { shmid, .. }, Ok(Answer::Mapped(address))) if *shmid == id => {
                Some((made, *address))
            }
            _ => None,
        })
    }

    /// The calls of `shmctl` with a command that succeeded on a segment.
    pub fn controlled(&self, id: Shmid, wanted: Cmd) -> impl Iterator<Item = &Made> {
        self.succeeded().filter(move |made| match made.performed.call {
            Call::Shmctl { shmid, cmd } => shmid == id && cmd == wanted,
            _ => false,
        })
    }

    /// The `shmget` calls with a key.
    pub fn asked_for(&self, wanted: Key) -> impl Iterator<Item = &Made> {
        self.trace
            .calls
            .iter()
            .filter(move |made| matches!(made.performed.call, Call::Shmget { key, .. } if key == wanted))
    }

    /// What the witness saw in a segment before anything of the examiner's own was there.
    pub fn looks(&self, id: Shmid) -> impl Iterator<Item = &Look> {
        self.looks.iter().filter(move |look| look.shmid == id && !look.planted)
    }

    /// Whether the output holds a number, and not only its digits in a longer one.
    pub fn printed_number(&self, number: usize) -> bool {
        self.output.split(|letter: char| !letter.is_ascii_digit()).any(|word| word == number.to_string())
    }

    /// Whether the output holds a text.
    pub fn printed(&self, text: &str) -> bool {
        self.output.contains(text)
    }

    /// What it said last of what went wrong, to be put behind a sentence.
    pub fn complaint(&self) -> String {
        let said = self.errors.lines().rfind(|line| !line.trim().is_empty());
        said.map(|line| format!(" It said: {}", line.trim().chars().take(200).collect::<String>()))
            .unwrap_or_default()
    }

    /// Whether something else is in the examiner's segment now, or was when it was last looked at.
    pub fn is_overwritten(&self) -> bool {
        self.given.as_ref().is_some_and(|given| {
            let looked = self.looks.iter().rfind(|look| look.shmid == given.shmid).map(|look| &look.bytes);
            let bytes = given.after.as_ref().or(looked);
            bytes.is_some_and(|bytes| !bytes.starts_with(given.text.as_bytes()))
        })
    }
}
