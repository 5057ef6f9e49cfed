//! What there is to tell: one value an event, from which the screen and the JSON are both made.
//!
//! **Invariant:** an event holds what really happened, never how it looks; renderers add no facts.

mod act;
mod choice;
mod shown;

use serde::{Deserialize, Serialize};

use super::traced::Traced;
use crate::call::{Semid, Shmid};
use crate::evidence::maps::Mapping;
use crate::process::{Ending, Kernel};
use crate::ways::Traffic;

pub use act::{Access, CallEvent, Direction, Rust};
pub use choice::{Choice, Fault, LessonEnd, Wants};
pub use shown::{Change, Field, Moment, Part, SegmentRow, Space, Speed, SpeedRow, Timeline};

/// One thing that happened, or was said. In JSON, the field `event` holds the variant's name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The lesson begins.
    Lesson {
        /// Its number; the walkthrough has none.
        number: Option<usize>,
        /// How many lessons there are.
        of: usize,
        /// What it is about.
        title: String,
        /// The process that tells it.
        pid: i32,
        /// In bytes.
        page_size: usize,
        /// Whether it runs in a private IPC namespace.
        isolated: bool,
        /// Which kernel performs its calls.
        #[serde(default)]
        kernel: Kernel,
    },
    /// A stretch in which each call is told in one line.
    Section {
        /// `So far`, or `At the end`.
        title: String,
    },
    /// A step begins.
    Step {
        /// Counted from 1.
        number: usize,
        /// Whether the step is there to go wrong.
        experiment: bool,
        /// What it does.
        title: String,
    },
    /// A paragraph.
    Say {
        /// Its words.
        text: String,
    },
    /// A paragraph for those who ask `?`.
    Why {
        /// Its words.
        text: String,
        /// Whether it answers a `?`, rather than announcing what a `?` would bring.
        asked: bool,
    },
    /// An answer to what the learner typed.
    Reply {
        /// Its words.
        text: String,
    },
    /// What came of a move that the learner chose, in [`Story::direct`](super::Story::direct).
    Moved {
        /// Who made which step, and where that has led.
        text: String,
    },
    /// A mistake of the article, put right.
    Erratum {
        /// Its number in the book's list.
        code: String,
        /// What kind of mistake it is, and whose.
        fault: Fault,
        /// What is right.
        text: String,
    },
    /// A question, before the kernel has answered it.
    Predict {
        /// Its words.
        question: String,
        /// The answers to choose from.
        options: Vec<String>,
    },
    /// The answer, as the kernel gave it.
    Answer {
        /// What came of it.
        value: String,
        /// Which option that is; none, if the kernel surprised us all.
        right: Option<usize>,
        /// Which option the learner chose.
        chosen: Option<usize>,
        /// The options again, each with why it is right or wrong.
        options: Vec<Choice>,
    },
    /// A system call and its answer.
    Call(Box<CallEvent>),
    /// A second process has been started on something, whose end is told apart.
    Started {
        /// The process.
        pid: i32,
        /// What it is called.
        who: Option<String>,
        /// What it does, in C notation.
        c: String,
        /// The statement of the lesson that started it.
        #[serde(flatten)]
        rust: Option<Rust>,
        /// Whether one line is enough.
        brief: bool,
    },
    /// What the kernel shows of a process that waits.
    Sleep {
        /// The process.
        pid: i32,
        /// What it is called.
        who: Option<String>,
        /// `State` in its `/proc/PID/status`.
        state: String,
        /// Its `/proc/PID/wchan`: the function of the kernel in which it sleeps.
        function: String,
    },
    /// Bytes read from a segment, or written to it.
    Memory(Access),
    /// A stretch of a segment, byte by byte.
    Bytes {
        /// Where in the segment it starts.
        offset: usize,
        /// What is there.
        bytes: Vec<u8>,
    },
    /// The kernel's record of a segment, at one or more moments.
    Record {
        /// The segment.
        shmid: Shmid,
        /// What each moment is called.
        moments: Vec<String>,
        /// Every field of the record.
        fields: Vec<Field>,
        /// When it is shown, in seconds since 1970, by the clock from which the kernel writes its records.
        now: i64,
    },
    /// What processes moved in that record, at many moments.
    Timeline(Timeline),
    /// The kernel's table of segments.
    Segments {
        /// The rows of segments that this story is about.
        rows: Vec<SegmentRow>,
        /// How many rows are about others.
        others: usize,
    },
    /// What changed in a process's maps, and the lines of its attachments.
    Maps {
        /// The process.
        pid: i32,
        /// What it is called, if it is not the one that tells.
        who: Option<String>,
        /// Lines that were not there when the maps were last shown.
        added: Vec<Mapping>,
        /// Lines that are not there any more.
        removed: Vec<Mapping>,
        /// Lines of attachments that were there before.
        kept: Vec<Mapping>,
    },
    /// A process's address space, and the segment.
    Space {
        /// When it was last shown.
        before: Option<Space>,
        /// As it is.
        now: Space,
        /// The segment.
        shmid: Shmid,
        /// Its size in pages.
        pages: usize,
        /// How many of them are in memory.
        resident: usize,
        /// The size of a page, in bytes.
        page_size: usize,
    },
    /// A table that the lesson filled from what the kernel answered.
    Table {
        /// What it is about.
        title: String,
        /// The names of its columns.
        heading: Vec<String>,
        /// Its rows.
        rows: Vec<Vec<String>>,
    },
    /// What a type of Rust, or a habit, does about the mistake that was just made.
    Habit {
        /// Its words.
        text: String,
    },
    /// What was counted.
    Count {
        /// What.
        what: String,
        /// How often.
        times: u64,
    },
    /// A second process begins.
    Fork {
        /// Its process id.
        pid: i32,
        /// What it is called.
        who: String,
    },
    /// A process runs another program now.
    Exec {
        /// Its process id, which stays.
        pid: i32,
        /// What it is called.
        who: Option<String>,
        /// The program and its arguments.
        command: String,
    },
    /// A process ended.
    Signal {
        /// Which.
        pid: i32,
        /// What it is called.
        who: Option<String>,
        /// The signal's name, unless it exited.
        signal: Option<String>,
        /// How, in words.
        text: String,
    },
    /// A command of another program that the lesson ran, and what it printed.
    Tool {
        /// The command.
        command: String,
        /// Its exit status, if it exited.
        status: Option<i32>,
        /// What it printed.
        output: String,
    },
    /// A command for the learner's second terminal.
    Try {
        /// The command.
        command: String,
        /// What it will show.
        shows: String,
    },
    /// What the article's program itself prints.
    Print {
        /// One line.
        text: String,
    },
    /// How fast messages went, by every mechanism and in every size.
    Speeds {
        /// There and back, or one way.
        traffic: Traffic,
        /// The sizes of the messages, in bytes.
        sizes: Vec<usize>,
        /// A row for each mechanism.
        rows: Vec<SpeedRow>,
    },
    /// Something that spoils what follows.
    Warning {
        /// What, and what to do.
        text: String,
    },
    /// Something that cannot be shown here, and why.
    Missing {
        /// What, and why.
        text: String,
    },
    /// The lesson waits for the learner.
    Wait(Wants),
    /// The lesson is over.
    End {
        /// How it ended.
        outcome: LessonEnd,
        /// What went wrong.
        error: Option<String>,
        /// Segments of this story that are still in the kernel's table: empty, if all is well; none, if the table
        /// cannot be seen.
        left: Option<Vec<Shmid>>,
        /// Segments of this story that go by themselves when another process detaches them.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        marked: Vec<Shmid>,
        /// Sets of semaphores of this story that are still in the kernel's table, likewise.
        left_sets: Option<Vec<Semid>>,
        /// The command for what comes next.
        next: Option<String>,
        /// The commands that mark the exercises that belong to the lesson.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        exercises: Vec<String>,
        /// The chapter of the book about it: its file.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        chapter: Option<String>,
    },
    /// What only a traced program does.
    #[serde(untagged, skip_deserializing)]
    Traced(Traced),
}

impl From<Traced> for Event {
    fn from(event: Traced) -> Event {
        Event::Traced(event)
    }
}

impl Event {
    /// A process ended so.
    pub(super) fn ended(pid: i32, who: Option<String>, ending: Ending) -> Event {
        let signal = match ending {
            Ending::Killed(signal) => Some(signal.to_string()),
            _ => None,
        };
        Event::Signal { pid, who, signal, text: ending.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use crate::Errno;

    use super::*;
    use crate::call::{Address, Call, Performed};
    use crate::error::Reason;
    use crate::evidence::segments::{self, Row};
    use crate::story::Turn;

    /// Recorded runs are such lines, and whoever reads one takes each of them for the event that it was.
    #[test]
    fn an_event_is_read_back_from_its_json() {
        let rust = Some(Rust { code: "look()".to_owned(), at: "lessons/lesson03.rs:1".to_owned() });
        let row = Row { perms: 0o1600, ..segments::parse(TABLE).expect("a table").remove(0) };
        let changed = vec![Change { column: "nattch".into(), was: "0".to_owned(), now: "1".to_owned() }];
        let call = CallEvent::of(
            &Performed { pid: 7, call: Call::Shmdt { address: Address(4096) }, outcome: Err(Errno::EINVAL) },
            Some(&Reason { why: "why".to_owned(), advice: "try".to_owned() }),
        );
        let events = [
            Event::Call(Box::new(call.by(rust.clone()))),
            Event::Started { pid: 7, who: None, c: "semop()".to_owned(), rust, brief: false },
            Event::Started { pid: 7, who: None, c: "semop()".to_owned(), rust: None, brief: true },
            Event::Segments { rows: vec![SegmentRow { row, owner: "me".to_owned(), changed }], others: 1 },
            Event::Wait(Wants::Answer { last: 'c' }),
            Event::Wait(Wants::Move { only: None }),
            Event::Wait(Wants::Move { only: Some(Turn::B) }),
            Event::Wait(Wants::Order),
            Event::End {
                outcome: LessonEnd::Failed,
                error: None,
                left: Some(vec![Shmid(3)]),
                marked: Vec::new(),
                left_sets: None,
                next: None,
                exercises: Vec::new(),
                chapter: None,
            },
        ];
        for event in events {
            let line = serde_json::to_string(&event).expect("JSON");
            assert_eq!(serde_json::from_str::<Event>(&line).expect(&line), event);
        }
    }

    /// A row of a segment, as the kernel prints it.
    const TABLE: &str = "key shmid perms size cpid lpid nattch uid gid cuid cgid atime dtime ctime rss swap
0 3 600 25600 7 7 0 0 0 0 0 0 0 0 0 0
";
}
