//! Who performs a [`Call`].
//!
//! A [`Process`] is what a lesson directs: it makes calls, reads and writes its memory, and lets itself be looked at.
//! Lessons do not see it; they speak to the [`Story`](crate::story::Story). So a real process can stand here, or a
//! model of the kernel's rules.
//!
//! **Invariant:** whatever a story needs of the machine it asks for here: the clock, other programs, `/proc`.

mod adjustment;
mod ending;
mod operation;

use std::any::Any;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Errno;
use crate::Signal;
use crate::call::{Address, Call, Outcome};
use crate::error::{Error, Result};

pub use adjustment::Adjustment;
pub use ending::Ending;
pub use operation::{Done, How, Operation, Step, Tally};

/// Which kernel performs the calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kernel {
    /// The one that this machine runs.
    #[default]
    Linux,
    /// The rules of [`machine`](crate::machine).
    Model,
}

/// How many pages were given to the process during an access: its minor page faults.
pub type Faults = u64;

/// Where evidence comes from: a process, seen from inside or from outside.
pub trait Look {
    /// The size of a page of memory, in bytes.
    fn page_size(&self) -> usize;

    /// What the kernel shows in a file of `/proc`.
    ///
    /// # Errors
    ///
    /// Whatever opening and reading the file gives: `/proc` may be hidden, or not there.
    fn shows(&mut self, file: ProcFile) -> io::Result<String>;
}

/// A process that makes calls and touches memory when it is told to.
pub trait Process: Look + Any {
    /// Its process id.
    fn pid(&self) -> i32;

    /// Whether it is in an IPC namespace that the process which tells the story is not in: there the same id is
    /// another segment.
    fn is_apart(&self) -> bool {
        false
    }

    /// Makes a system call, and returns what the kernel answered.
    ///
    /// # Errors
    ///
    /// Only when no answer is to be had: the process is gone, or the call would harm it. An errno is an answer.
    fn perform(&mut self, call: &Call) -> Result<Outcome>;

    /// Reads memory, byte by byte, into `buffer`.
    ///
    /// # Errors
    ///
    /// `NotAttached` in this process; in a second process the access is made whatever comes of it, and it is
    /// `Ended` when it dies.
    fn load(&mut self, address: Address, buffer: &mut [u8]) -> Result<Faults>;

    /// Writes memory, byte by byte.
    ///
    /// # Errors
    ///
    /// As for [`Process::load`].
    fn store(&mut self, address: Address, bytes: &[u8]) -> Result<Faults>;

    /// Writes the same bytes so many times, with no system call in between, not even to count page faults.
    ///
    /// # Errors
    ///
    /// As for [`Process::load`].
    fn store_times(&mut self, address: Address, bytes: &[u8], times: usize) -> Result<()>;

    /// Reads or changes a control word, by one atomic instruction, and returns what was there before.
    ///
    /// What a process wrote before it changed the word is seen by whoever reads the change.
    ///
    /// # Errors
    ///
    /// `Misaligned`, unless the address is a multiple of 4; and as for [`Process::load`].
    fn word(&mut self, address: Address, change: Change) -> Result<u32>;

    /// Makes one step of an increment, in a register of the process's own, and returns what is there after it.
    ///
    /// # Errors
    ///
    /// As for [`Process::word`].
    fn step(&mut self, counter: Address, step: Step) -> Result<u32>;

    /// Begins what may take long, or for ever, and does not wait for it. Until its end is collected by
    /// [`Process::finish`], the process can be looked at and killed, and asked nothing else.
    ///
    /// # Errors
    ///
    /// `Environment` for the process that tells the story, and for one that is at work already; `Ended`.
    fn start(&mut self, operation: &Operation) -> Result<()>;

    /// What came of the operation that was started; nothing, if it is not done `within` that time. Then it goes on, and
    /// one may ask again.
    ///
    /// # Errors
    ///
    /// `Ended`, if the process died over it; `Environment`, if nothing was started.
    fn finish(&mut self, within: Duration) -> Result<Option<Done>>;

    /// The file of the program that the process runs, as its maps name it too.
    fn program(&self) -> Option<PathBuf>;

    /// The user that the process acts for: its effective user id.
    fn user(&self) -> u32;

    /// The name of a user, if it has one here.
    fn user_name(&self, uid: u32) -> Option<String>;

    /// The process ids that `/proc` lists.
    fn processes(&self) -> Vec<i32>;

    /// A new process with a copy of this one's memory and attachments.
    ///
    /// # Errors
    ///
    /// `Environment`: the kernel allows no more processes, or this one cannot be forked.
    fn fork(&mut self) -> Result<Box<dyn Process>>;

    /// A new process that inherits nothing: this program, started anew.
    ///
    /// # Errors
    ///
    /// `Environment`: the kernel allows no more processes, or the program cannot be started again from here.
    fn spawn(&mut self) -> Result<Box<dyn Process>> {
        Err(Error::environment(
            "start a process",
            "it is not for this one to do",
            "Start it from the lesson.",
        ))
    }

    /// Changes what the process is, or may.
    ///
    /// # Errors
    ///
    /// `Environment` for the process that tells the story, and where the system forbids it; `Ended`.
    fn adjust(&mut self, adjustment: &Adjustment) -> Result<()>;

    /// Replaces the program that the process runs. It answers no more; it can still be killed.
    ///
    /// # Errors
    ///
    /// `Environment` for the process that tells the story, and if the program cannot be run; `Ended`.
    fn exec(&mut self, program: &str, arguments: &[&str]) -> Result<()>;

    /// The time, since 1970, by the clock from which the kernel writes its records.
    fn now(&self) -> Duration;

    /// Lets this time pass.
    fn rest(&self, time: Duration);

    /// Runs a program of the system to its end, with nothing to read.
    ///
    /// # Errors
    ///
    /// Whatever starting it gives: `NotFound`, if it is not installed.
    fn run_tool(&mut self, words: &[String]) -> io::Result<ToolRun>;

    /// What can watch a operation more closely than the operation itself could.
    fn meter(&self) -> &'static dyn Meter;

    /// Lets the process exit (`None`), or kills it, and returns how it ended.
    ///
    /// # Errors
    ///
    /// `Environment` for the process that tells the story.
    fn end(&mut self, signal: Option<Signal>) -> Result<Ending>;
}

/// What to do with a control word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Change {
    /// Only read it.
    Load,
    /// Put this there.
    Store(u32),
    /// Add this, and wrap around.
    Add(u32),
    /// Put `new` there if it is `expected`, and nothing otherwise.
    Exchange {
        /// What has to be there.
        expected: u32,
        /// What to put there.
        new: u32,
    },
}

impl Change {
    /// What is in the word after it, where it was `before`; nothing, where it changes nothing.
    pub fn after(self, before: u32) -> Option<u32> {
        match self {
            Change::Load => None,
            Change::Store(value) => Some(value),
            Change::Add(value) => Some(before.wrapping_add(value)),
            Change::Exchange { expected, new } => (before == expected).then_some(new),
        }
    }
}

/// The files of `/proc` that lessons look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum ProcFile {
    /// `/proc/sysvipc/shm`: every segment of this IPC namespace.
    Segments,
    /// `/proc/sysvipc/sem`: every set of semaphores of this IPC namespace.
    Sets,
    /// `/proc/PID/maps`: what is mapped where in the process.
    Maps,
    /// `/proc/PID/status`: among much else, whether the process runs or sleeps.
    Status,
    /// `/proc/PID/wchan`: the function of the kernel in which the process sleeps; 0 if it does not, or if that is
    /// not for us to know.
    SleepsIn,
    /// `/proc/sys/kernel/…`: a limit or setting.
    Setting(&'static str),
    /// `/proc/sys/vm/mmap_min_addr`: below it nothing is mapped for users.
    LowestAddress,
    /// `/proc/PID/maps` of the process with this id.
    MapsOf(i32),
    /// `/proc/PID/comm` of the process with this id: what its program is called.
    Name(i32),
}

impl ProcFile {
    /// Where the file is, for a process.
    pub fn path(self, pid: i32) -> PathBuf {
        match self {
            ProcFile::Segments => "/proc/sysvipc/shm".into(),
            ProcFile::Sets => "/proc/sysvipc/sem".into(),
            ProcFile::Maps => format!("/proc/{pid}/maps").into(),
            ProcFile::MapsOf(pid) => format!("/proc/{pid}/maps").into(),
            ProcFile::Name(pid) => format!("/proc/{pid}/comm").into(),
            ProcFile::Status => format!("/proc/{pid}/status").into(),
            ProcFile::SleepsIn => format!("/proc/{pid}/wchan").into(),
            ProcFile::LowestAddress => "/proc/sys/vm/mmap_min_addr".into(),
            ProcFile::Setting(name) => format!("/proc/sys/kernel/{name}").into(),
        }
    }
}

/// What a program of the system did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolRun {
    /// Its exit status; nothing, if a signal ended it.
    pub status: Option<i32>,
    /// What it printed, to standard output and then to standard error.
    pub output: String,
}

/// What can watch a operation more closely than the operation itself could. Each time a second process does the operation, which has
/// a copy of this one's memory and attachments.
pub trait Meter {
    /// How many system calls the operation makes.
    ///
    /// # Errors
    ///
    /// `EPERM`: tracing is forbidden. `EAGAIN`, `ENOMEM`: no process can be made.
    fn system_calls(&self, operation: &mut dyn FnMut()) -> std::result::Result<u64, Errno>;

    /// How many bytes the kernel copies for the operation, by `read` and `write` and their like.
    ///
    /// # Errors
    ///
    /// `NotFound`: the kernel counts no such bytes, or hides it. Others: no process can be made, or the operation has failed.
    fn copied_bytes(&self, operation: &mut dyn FnMut() -> io::Result<()>) -> io::Result<u64>;

    /// Which process did the operation with every system call forbidden to it, and how it ended.
    ///
    /// # Errors
    ///
    /// `Unsupported`: calls cannot be forbidden here. Others: no process can be made.
    fn sealed(&self, operation: &mut dyn FnMut()) -> io::Result<(i32, Ending)>;
}
