//! Who performs a [`Call`].
//!
//! A [`Process`] is what a lesson directs: it makes calls, reads and writes its memory, and lets itself be
//! looked at. [`Linux`] is this very process; [`Child`] is another one, forked from it, that does the same on
//! request. Lessons see neither; they speak to the [`Story`](crate::story::Story), so that a model of the
//! kernel's rules could stand here, too.
//!
//! **Invariant:** nothing here prints. `linux/` alone makes System V calls, and `linux/shm.rs` the four that this is
//! about.

mod adjust;
mod child;
mod count;
mod deed;
mod ending;
mod isolated;
mod linux;
mod net;
mod refused;
mod stranger;

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use playground_core::Signal;
use serde::{Deserialize, Serialize};

use crate::call::{Address, Call, Outcome};
use crate::error::{Error, Result};

pub use adjust::Adjustment;
pub use child::Child;
pub(crate) use count::semop_one;
pub use deed::{Deed, Done, How, Step, Tally};
pub(crate) use ending::{dies_with, ending_of, ending_within};
pub use isolated::isolate;
pub use linux::{Linux, ftok, key_of};
pub(crate) use linux::{Queueid, make_queue, receive, remove_queue, send, try_send};
pub(crate) use linux::{bare, exit_now, fork, heed, portable, record_of};
pub use net::{hold_signals, install as install_safety_net, sweep as remove_what_is_left};
pub(crate) use refused::{Refused, refused};
pub use stranger::serve_if_asked;

/// How many pages were given to the process during an access: its minor page faults.
pub type Faults = u64;

/// A process that makes calls and touches memory when it is told to.
pub trait Process {
    /// Its process id.
    fn pid(&self) -> i32;

    /// The size of a page of memory, in bytes.
    fn page_size(&self) -> usize;

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
    /// `NotAttached` in this process; in a [`Child`] the access is made whatever comes of it, and it is
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
    /// `Ground` for the process that tells the story, and for one that is at work already; `Ended`.
    fn start(&mut self, deed: &Deed) -> Result<()>;

    /// What came of the deed that was started; nothing, if it is not done `within` that time. Then it goes on, and
    /// one may ask again.
    ///
    /// # Errors
    ///
    /// `Ended`, if the process died over it; `Ground`, if nothing was started.
    fn finish(&mut self, within: Duration) -> Result<Option<Done>>;

    /// Whether these are bytes of an attachment of this very process, which it may read and write.
    ///
    /// # Errors
    ///
    /// `NotAttached`, if they are not; `Ground` for another process than this one.
    fn writable(&mut self, address: Address, length: usize) -> Result<()>;

    /// What the kernel shows in a file of `/proc`.
    ///
    /// # Errors
    ///
    /// Whatever opening and reading the file gives: `/proc` may be hidden, or not there.
    fn shows(&mut self, file: ProcFile) -> io::Result<String>;

    /// The file of the program that the process runs, as its maps name it too.
    fn program(&self) -> Option<PathBuf> {
        std::fs::read_link(format!("/proc/{}/exe", self.pid())).ok()
    }

    /// The name of a user, if it has one here.
    fn user_name(&self, uid: u32) -> Option<String>;

    /// The process ids that `/proc` lists.
    fn processes(&self) -> Vec<i32>;

    /// A new process with a copy of this one's memory and attachments.
    ///
    /// # Errors
    ///
    /// `Ground`: the kernel allows no more processes, or this one cannot be forked.
    fn fork(&mut self) -> Result<Box<dyn Process>>;

    /// A new process that inherits nothing: this program, started anew.
    ///
    /// # Errors
    ///
    /// `Ground`: the kernel allows no more processes, or the program cannot be started again from here.
    fn spawn(&mut self) -> Result<Box<dyn Process>> {
        Err(Error::ground("start a process", "it is not for this one to do", "Start it from the lesson."))
    }

    /// Changes what the process is, or may.
    ///
    /// # Errors
    ///
    /// `Ground` for the process that tells the story, and where the system forbids it; `Ended`.
    fn adjust(&mut self, adjustment: &Adjustment) -> Result<()>;

    /// Replaces the program that the process runs. It answers no more; it can still be killed.
    ///
    /// # Errors
    ///
    /// `Ground` for the process that tells the story, and if the program cannot be run; `Ended`.
    fn exec(&mut self, program: &str, arguments: &[&str]) -> Result<()>;

    /// Lets the process exit (`None`), or kills it, and returns how it ended.
    ///
    /// # Errors
    ///
    /// `Ground` for the process that tells the story.
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

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It called `exit` with this status.
    Exited(i32),
    /// A signal killed it.
    Killed(Signal),
    /// It gave no answer in time, and was killed for it.
    Hung,
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ending::Exited(status) => write!(f, "exited with status {status}"),
            Ending::Killed(signal) => write!(f, "was killed by {signal}"),
            Ending::Hung => write!(f, "gave no answer in time and was killed"),
        }
    }
}
