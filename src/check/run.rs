//! One run of a program as evidence: what it asked of the kernel, what it printed, what lay in its segments.

use std::collections::BTreeSet;

use super::code::Code;
use crate::call::{Address, Answer, Call, Cmd, Key, Shmid, ShmidDs};
use crate::course::SIZE;
use trace::{CompletedCall, Trace};

/// Everything that is known of a run.
#[derive(Debug)]
pub struct Run {
    /// What the tracer saw.
    pub trace: Trace,
    /// What it printed.
    pub output: String,
    /// What it printed as errors.
    pub errors: String,
    /// What the inspector found in segments, in the order in which it looked.
    pub snapshots: Vec<Snapshot>,
    /// What lay in each segment when the first child began, where the script says to find that out.
    pub starts: Vec<Snapshot>,
    /// What lay in each segment when a process began, where the script says to find that out.
    pub births: Vec<Snapshot>,
    /// What the examiner wrote, in the order in which it did.
    pub injected: Vec<Injected>,
    /// The segment that the examiner had made before.
    pub fixture: Option<Fixture>,
    /// Whether two children were there at once, where the script says to find that out.
    pub at_once: bool,
    /// What children had written when they ended, where the script says to find that out.
    pub answers: Vec<ChildAnswer>,
    /// The processes that the examiner killed at their `IPC_STAT`, as the script says.
    pub killed: Vec<Killed>,
    /// The segments whose text the examiner has taken away, since it stood there before they were attached again.
    pub wiped: BTreeSet<Shmid>,
    /// Who has written a word that was watched, once there was a second process.
    pub writers: BTreeSet<i32>,
    /// Why the examiner ended it.
    pub halted: Option<(Code, String)>,
    /// Memory that it shared by other means than System V calls.
    pub shared_otherwise: Option<String>,
}

/// What the inspector saw in a segment.
#[derive(Debug)]
pub struct Snapshot {
    /// The segment.
    pub shmid: Shmid,
    /// The process that was about to detach it, to remove it, or to end.
    pub pid: i32,
    /// The first bytes.
    pub bytes: Vec<u8>,
    /// Whether the examiner had written something of its own there by then.
    pub injected: bool,
    /// Whether the process was about to detach it, or to end.
    pub done: bool,
    /// Whether the process had touched its first page, through any address at which it was still attached.
    pub touched: bool,
}

impl Snapshot {
    /// What a segment holds before a process can have used it.
    pub fn before(shmid: Shmid, pid: i32, bytes: Vec<u8>) -> Snapshot {
        Snapshot { shmid, pid, bytes, injected: false, done: false, touched: false }
    }
}

/// Words of the examiner's in a segment, that no program could guess.
#[derive(Clone, Debug)]
pub struct Injected {
    /// The segment.
    pub shmid: Shmid,
    /// The text.
    pub text: String,
    /// How far it is from the start.
    pub offset: usize,
    /// Whether nothing leads there: who prints it has searched.
    pub decoy: bool,
}

/// What a child had written into a segment when it ended.
#[derive(Clone, Debug)]
pub struct ChildAnswer {
    /// The segment.
    pub shmid: Shmid,
    /// The string at its start, for people to read.
    pub text: String,
    /// Whether the first process had no part in the segment any more by then: it had detached it, or ended.
    pub too_late: bool,
    /// The child.
    pub child: i32,
    /// Whether its parent did not even know of the end when it had done with the segment.
    pub never_awaited: bool,
}

/// A process that was killed at its `IPC_STAT`.
#[derive(Clone, Copy, Debug)]
pub struct Killed {
    /// The segment that it asked for.
    pub shmid: Shmid,
    /// The process.
    pub pid: i32,
    /// Whether the exercise's text was in the segment by then.
    pub at_work: bool,
}

/// The examiner's own segment.
#[derive(Debug)]
pub struct Fixture {
    /// Its id.
    pub shmid: Shmid,
    /// What was in it before.
    pub text: String,
    /// What was in it when the run was over; nothing if the segment was gone.
    pub after: Option<Vec<u8>>,
}

impl Fixture {
    /// What the program is to find in it.
    pub fn injected(&self) -> Injected {
        Injected { shmid: self.shmid, text: self.text.clone(), offset: 0, decoy: false }
    }
}

impl Run {
    /// Whether the run has proved that an update can be lost, and was over then.
    pub fn has_proof(&self) -> bool {
        self.trace.race.as_ref().is_some_and(|race| race.proof.is_some())
    }

    /// The calls of this namespace that succeeded.
    pub fn succeeded(&self) -> impl Iterator<Item = &CompletedCall> {
        self.trace.calls.iter().filter(|made| made.performed.outcome.is_ok() && !made.elsewhere)
    }

    /// The calls that failed.
    pub fn refused(&self) -> impl Iterator<Item = &CompletedCall> {
        self.trace.calls.iter().filter(|made| made.performed.outcome.is_err())
    }

    /// The `shmget` calls that made a segment, with its id.
    pub fn made(&self) -> impl Iterator<Item = (&CompletedCall, Shmid)> {
        self.succeeded().filter(|made| made.created).filter_map(|made| match made.performed.outcome {
            Ok(Answer::Id(id)) => Some((made, id)),
            _ => None,
        })
    }

    /// The `shmdt` calls that detached a segment.
    pub fn detached(&self, id: Shmid) -> impl Iterator<Item = &CompletedCall> {
        let places: Vec<Address> = self.attached(id).map(|(_, address)| address).collect();
        self.succeeded().filter(
            move |made| matches!(made.performed.call, Call::Shmdt { address } if places.contains(&address)),
        )
    }

    /// The segment that the exercise is about: the examiner's, or else the one of the program's own that is most like
    /// what was asked for. Of several alike it is the first.
    pub fn subject(&self) -> Option<Shmid> {
        let own = || Some(self.made_subject()?.1);
        self.fixture.as_ref().map(|fixture| fixture.shmid).or_else(own)
    }

    /// The `shmget` that made the segment that the exercise is about, with its id.
    pub fn made_subject(&self) -> Option<(&CompletedCall, Shmid)> {
        let likeness = |(made, id): &(&CompletedCall, Shmid)| {
            let size = matches!(made.performed.call, Call::Shmget { size, .. } if size == SIZE as u64);
            (self.attached(*id).next().is_some(), size)
        };
        // Of several greatest ones `max_by_key` returns the last.
        let made: Vec<_> = self.made().collect();
        made.into_iter().rev().max_by_key(likeness)
    }

    /// What the kernel recorded of a segment, as often as it was asked.
    pub fn records(&self, id: Shmid) -> impl Iterator<Item = (&CompletedCall, &ShmidDs)> {
        self.controlled(id, Cmd::IpcStat).filter_map(|made| match &made.performed.outcome {
            Ok(Answer::Record(record)) => Some((made, record)),
            _ => None,
        })
    }

    /// The `shmat` calls that attached a segment, with the address.
    pub fn attached(&self, id: Shmid) -> impl Iterator<Item = (&CompletedCall, Address)> {
        self.succeeded().filter_map(move |made| match (&made.performed.call, &made.performed.outcome) {
            (Call::Shmat { shmid, .. }, Ok(Answer::Mapped(address))) if *shmid == id => {
                Some((made, *address))
            }
            _ => None,
        })
    }

    /// Which of the segments that were attached this one is: their number in the order of their first `shmat`, from 0.
    pub fn order_of(&self, wanted: Shmid) -> Option<usize> {
        let mut attached: Vec<Shmid> = Vec::new();
        for made in self.succeeded() {
            match made.performed.call {
                Call::Shmat { shmid, .. } if !attached.contains(&shmid) => attached.push(shmid),
                _ => {}
            }
        }
        attached.iter().position(|shmid| *shmid == wanted)
    }

    /// The calls of `shmctl` with a command that succeeded on a segment.
    pub fn controlled(&self, id: Shmid, wanted: Cmd) -> impl Iterator<Item = &CompletedCall> {
        self.succeeded().filter(move |made| match made.performed.call {
            Call::Shmctl { shmid, cmd } => shmid == id && cmd == wanted,
            _ => false,
        })
    }

    /// The `shmget` calls with a key.
    pub fn asked_for(&self, wanted: Key) -> impl Iterator<Item = &CompletedCall> {
        self.trace
            .calls
            .iter()
            .filter(move |made| matches!(made.performed.call, Call::Shmget { key, .. } if key == wanted))
    }

    /// What the inspector saw in a segment before anything of the examiner's own was there.
    pub fn snapshots(&self, id: Shmid) -> impl Iterator<Item = &Snapshot> {
        self.snapshots.iter().filter(move |snapshot| snapshot.shmid == id && !snapshot.injected)
    }

    /// Whether the output holds a number, and not only its digits in a longer one. Its thousands may be set apart.
    pub fn printed_number(&self, number: usize) -> bool {
        let number = number.to_string();
        let joined = self.output.replace([',', '\'', '_'], "");
        [self.output.as_str(), &joined]
            .into_iter()
            .any(|output| output.split(|letter: char| !letter.is_ascii_digit()).any(|word| word == number))
    }

    /// Whether the output holds an address, in whatever notation of C or Rust.
    pub fn printed_address(&self, address: Address) -> bool {
        let is_it = |word: &str| {
            let digits = word.strip_prefix("0x").unwrap_or(word);
            u64::from_str_radix(digits, 16) == Ok(address.0) || word == address.0.to_string()
        };
        let output = self.output.to_ascii_lowercase();
        output.split(|letter: char| !letter.is_ascii_alphanumeric()).any(is_it)
    }

    /// The examiner's texts in a segment to which the program was to be led.
    pub fn injected_in(&self, id: Shmid) -> impl Iterator<Item = &Injected> {
        self.injected.iter().filter(move |injected| injected.shmid == id && !injected.decoy)
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

    /// Whether something else is in the examiner's segment now, or was when it was last looked at: its text, and zeros.
    pub fn is_overwritten(&self) -> bool {
        self.fixture.as_ref().is_some_and(|fixture| {
            let looked = self
                .snapshots
                .iter()
                .rfind(|snapshot| snapshot.shmid == fixture.shmid)
                .map(|snapshot| &snapshot.bytes);
            let bytes = fixture.after.as_ref().or(looked);
            let is_as_given = |bytes: &Vec<u8>| {
                let rest = bytes.strip_prefix(fixture.text.as_bytes());
                rest.is_some_and(|rest| rest.iter().all(|byte| *byte == 0))
            };
            bytes.is_some_and(|bytes| !is_as_given(bytes))
        })
    }
}
