//! What the kernel showed, and what was measured.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::call::{Address, Shmid};
use crate::clock::{self, Zone};
use crate::evidence::segments::Row;
use crate::quartiles::{Quartiles, Ratio};
use crate::ways::Mechanism;

/// A field of the kernel's record at each of the moments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// Its name in C.
    pub name: Cow<'static, str>,
    /// Its value at each moment; a time in seconds since 1970, 0 for never.
    pub values: Vec<String>,
    /// What it means, with its unit.
    pub meaning: String,
    /// Whether it changed from one moment to another.
    pub moved: bool,
}

impl Field {
    /// Its value at each moment, as people read it: times by the clock of a zone.
    pub fn told(&self, now: i64, zone: Zone) -> Vec<String> {
        let told = |value: &String| match value.parse() {
            Ok(time) if self.is_a_time() => clock::told(time, now, zone),
            _ => value.clone(),
        };
        self.values.iter().map(told).collect()
    }

    fn is_a_time(&self) -> bool {
        ["shm_atime", "shm_dtime", "shm_ctime"].contains(&&*self.name)
    }
}

/// What processes moved in a segment's record, from one moment to the next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeline {
    /// The segment.
    pub shmid: Shmid,
    /// When it was made: `shm_ctime`, in seconds since 1970.
    pub ctime: i64,
    /// The moments, in their order.
    pub moments: Vec<Moment>,
}

/// The fields of a record that processes move, at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// What it is called.
    pub moment: String,
    /// How many attachments there are.
    pub nattch: u64,
    /// Who made the segment, as the story calls that process.
    pub creator: String,
    /// Who attached or detached last.
    pub last: String,
    /// When somebody attached last, in seconds since 1970; 0 for never.
    pub atime: i64,
    /// When somebody detached last, likewise.
    pub dtime: i64,
}

impl Timeline {
    /// The names of its columns.
    pub const HEADING: [&str; 6] = ["moment", "nattch", "cpid", "lpid", "atime", "dtime"];

    /// A row for each moment: times by the clock of a zone, and how long after `shm_ctime` they were.
    pub fn rows(&self, zone: Zone) -> Vec<Vec<String>> {
        let row = |moment: &Moment| {
            let Moment { moment, nattch, creator, last, atime, dtime } = moment;
            let [atime, dtime] = [atime, dtime].map(|time| clock::after(*time, self.ctime, zone));
            vec![moment.clone(), nattch.to_string(), creator.clone(), last.clone(), atime, dtime]
        };
        self.moments.iter().map(row).collect()
    }

    /// What the table does not say of itself.
    pub fn note(&self, zone: Zone) -> String {
        format!("shm_ctime is {}; + counts the seconds from there", clock::time_of_day(self.ctime, zone))
    }
}

/// A row of the kernel's table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SegmentRow {
    /// The row.
    #[serde(flatten)]
    pub row: Row,
    /// The owner's name, or number.
    pub owner: String,
    /// What changed since the row was last shown, or since the step began.
    pub changed: Vec<Change>,
}

/// A cell of a row that changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The column of `ipcs -m`.
    pub column: Cow<'static, str>,
    /// What it said before.
    pub was: String,
    /// What it says now.
    pub now: String,
}

/// A process's address space in rough parts, the highest address first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Space {
    /// The parts.
    pub parts: Vec<Part>,
}

/// A part of an address space.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// `stack`, `libraries`, `segment`, `heap`, `program`.
    pub what: Cow<'static, str>,
    /// The first byte.
    pub start: Address,
    /// The byte after the last.
    pub end: Address,
    /// The segment that is shown there.
    pub shmid: Option<Shmid>,
}

/// How fast one mechanism is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SpeedRow {
    /// Which.
    pub way: Mechanism,
    /// What it is called on the screen.
    pub name: String,
    /// A cell for each size.
    pub cells: Vec<Speed>,
}

/// How fast one mechanism is with messages of one size.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Speed {
    /// In bytes.
    pub size: usize,
    /// Nanoseconds for one message; none, if there is no figure.
    pub time: Option<Quartiles>,
    /// How many times as fast as a pipe.
    pub ratio: Option<Ratio>,
    /// Whether the rounds agree well enough for the ratio to be told.
    pub ratio_is_told: bool,
    /// Why there is no figure; none too, where it was not measured.
    pub refused: Option<String>,
}

impl Speed {
    /// What stands in a table in place of a time.
    pub fn without_time(&self) -> &'static str {
        if self.refused.is_some() { "refused" } else { "not measured" }
    }
}
