//! A traced run as values: what happened, in order, and what is left.
//!
//! **Invariant:** nothing here is a guess: where the kernel did not tell, the value says so.

use std::ops::ControlFlow;
use std::time::Duration;

use super::entered::Entered;
use super::exit_status::{Ending, signal_name};
use super::findings::Finding;
use super::race::{Race, WordAccess};
use super::state::State;
pub use playground_core::found::{Left, What};

use crate::call::{Address, Call, Performed};
use crate::error::Reason;

/// How much a traced program may do.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How many threads and processes may be alive at once; one more, and all of them are killed.
    pub tasks: usize,
    /// How long it may take altogether; then all of it is killed.
    pub time: Option<Duration>,
    /// How many times as long it may take at most, if others on the machine keep it from running.
    pub stretch: u32,
    /// How many calls a [`Trace`] keeps. Later ones are shown to the observer, and judged, but not kept.
    pub calls: usize,
}

impl Default for Limits {
    /// 1024 tasks, any time, a million calls.
    fn default() -> Limits {
        Limits { tasks: 1024, time: None, stretch: 1, calls: 1_000_000 }
    }
}

/// Who looks on. A traced thread stands still while it is looked at.
///
/// An observer must not leave children of its own behind in this thread: the tracer would take them for its own.
pub trait Observer {
    /// Something happened. `Break` kills all that is traced.
    fn see(&mut self, step: &Step<'_>, state: &State) -> ControlFlow<()>;

    /// Whether a process that is about to end is kept from it for now. It is asked again and again, and the end is told
    /// ([`Step::Ending`]) when it is let go; all others go on meanwhile.
    fn keeps_from_ending(&mut self, _pid: i32, _state: &State) -> bool {
        false
    }

    /// The process that is to be stopped at every call of its own, each of which is told then ([`Step::Enters`]). It is
    /// asked whenever a process is kept from its end.
    fn follows(&self) -> Option<i32> {
        None
    }

    /// Looks at what runs, where no stop tells of it: again and again, as long as it says so.
    fn looks(&mut self) -> bool {
        false
    }

    /// Whether to find out what a process runs whenever it runs something new, which it waits for: to show
    /// [`Step::Ran`], and to keep [`ProcessRecord::programs`].
    fn wants_programs(&self) -> bool {
        true
    }

    /// Whether to find out why the kernel refused a call, whenever it did, for [`CompletedCall::reason`].
    fn wants_reasons(&self) -> bool {
        true
    }

    /// Whether a seccomp filter that keeps a program from tidying up excuses it: where the sandbox around it forbids no
    /// such call, the filter is the program's own.
    fn excuses_refusals(&self) -> bool {
        true
    }
}

/// Who asks only for the [`Trace`] looks at nothing.
impl Observer for () {
    fn see(&mut self, _: &Step<'_>, _: &State) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn wants_programs(&self) -> bool {
        false
    }

    fn wants_reasons(&self) -> bool {
        false
    }
}

/// Something that happened.
#[derive(Clone, Copy, Debug)]
pub enum Step<'a> {
    /// A process or a thread begins.
    Began(&'a ProcessStart),
    /// A process runs another program now. The memory that it had is gone, with all its attachments.
    Ran {
        /// The process.
        pid: i32,
        /// The program and its arguments.
        command: &'a str,
        /// What about the program makes tracing change or miss something.
        notes: &'a [String],
    },
    /// A process that is followed is about to make a call of any kind.
    Enters {
        /// The process.
        pid: i32,
        /// The call.
        call: &'a Entered,
    },
    /// A thread is about to make a call: the memory is as the program has left it.
    Asks {
        /// The process.
        pid: i32,
        /// The thread.
        tid: i32,
        /// What it asks.
        call: &'a Call,
    },
    /// A call has returned.
    CompletedCall(&'a CompletedCall),
    /// A filter answered a call with a signal: it never returns.
    Refused(&'a Refused<'a>),
    /// A thread puts a seccomp filter in front of itself: a call may be refused before the kernel sees it.
    Filters {
        /// The process.
        pid: i32,
        /// The thread.
        tid: i32,
        /// Whether another process is to answer calls in the kernel's place.
        has_listener: bool,
    },
    /// A call has waited for long, or its thread was killed while it waited.
    Waits {
        /// The process.
        pid: i32,
        /// The thread.
        tid: i32,
        /// What it asked.
        call: &'a Call,
        /// For how long it has waited.
        time: Duration,
        /// What it waits for, as far as that can be seen.
        reason: Option<&'a Reason>,
    },
    /// A process touched memory that it may not, and gets a signal for it.
    Fault(&'a Fault),
    /// A thread has read or written the word that is watched.
    Access(&'a WordAccess),
    /// The last thread of a process is about to end; its memory is still there to be read.
    Ending {
        /// The process.
        pid: i32,
    },
    /// A process is gone.
    Ended {
        /// The process.
        pid: i32,
        /// How it ended.
        ending: Ending,
    },
    /// The process that was started is gone, and others that came of it are not: the run waits for them.
    Lingers,
    /// A thread that is not the last of its process is gone.
    ThreadEnded {
        /// The process.
        pid: i32,
        /// The thread.
        tid: i32,
    },
}

/// How a thread or process came to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessStart {
    /// The process that it is, or belongs to.
    pub pid: i32,
    /// Its own id; for the first thread of a process the same.
    pub tid: i32,
    /// The process that made it; none for the first one.
    pub parent: Option<i32>,
    /// What was made.
    pub how: How,
}

/// What it was that began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// The traced program itself.
    First,
    /// A process with a copy of its parent's memory, and attachments of its own: `fork`.
    Copy,
    /// A process in its parent's own memory until it runs a program: `vfork`, `posix_spawn`.
    Shared,
    /// A thread.
    Thread,
}

/// A call that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompletedCall {
    /// The call, its outcome, and the process.
    pub performed: Performed,
    /// The thread that made it.
    pub tid: i32,
    /// Whether it made the segment or the set, rather than found it.
    pub created: bool,
    /// Whether the process is in another IPC namespace than this one, so that our `ipcs` does not show its segments.
    pub elsewhere: bool,
    /// Whether a seccomp filter answered it, and the kernel never saw it.
    pub filtered: bool,
    /// Why the kernel refused it, found out before the process went on, if the observer wants to know.
    pub reason: Option<Reason>,
}

impl CompletedCall {
    /// Whether it was a sandbox that refused it: a filter, or a kernel without such calls.
    pub fn is_refused_by_a_sandbox(&self) -> bool {
        match self.performed.outcome {
            Ok(_) => false,
            Err(errno) => self.filtered || errno == playground_core::Errno::ENOSYS,
        }
    }
}

/// A call that a seccomp filter answered with SIGSYS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused<'a> {
    /// The process.
    pub pid: i32,
    /// The thread.
    pub tid: i32,
    /// The name of the call.
    pub name: &'static str,
    /// What was asked, where more is known than the name.
    pub call: Option<&'a Call>,
}

/// A process's touch of memory that it may not touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The process.
    pub pid: i32,
    /// The thread.
    pub tid: i32,
    /// The signal that it gets, by number.
    pub signal: i32,
    /// Where.
    pub address: Address,
    /// Whether something is mapped there, and only this use of it forbidden.
    pub mapped: bool,
    /// Whether it jumped there, to run what is there.
    pub jumped: bool,
}

impl Fault {
    /// The signal's name.
    pub fn signal_name(&self) -> String {
        signal_name(self.signal)
    }
}

/// The life of a traced process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessRecord {
    /// How it began.
    pub start: ProcessStart,
    /// The programs that it ran, each with its arguments, if the observer wants to know.
    pub programs: Vec<String>,
    /// How it ended.
    pub ending: Option<Ending>,
}

/// Why a run was cut short, and all that was traced was killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// More threads and processes than [`Limits::tasks`].
    Tasks,
    /// Longer than [`Limits::time`].
    Time,
    /// Others on the machine kept it from running for longer than the time can be stretched.
    Starved,
    /// The observer said so.
    Observer,
}

/// All of a traced run.
#[derive(Clone, Debug)]
pub struct Trace {
    /// The process that was started.
    pub pid: i32,
    /// How that process ended.
    pub ending: Ending,
    /// Every call, in the order in which they returned.
    pub calls: Vec<CompletedCall>,
    /// Calls beyond [`Limits::calls`], which are not kept.
    pub calls_not_kept: usize,
    /// Calls that a filter answered with SIGSYS, so that they never returned.
    pub refused_calls: usize,
    /// Every process, in the order in which they began.
    pub processes: Vec<ProcessRecord>,
    /// Every forbidden touch of memory that brought a signal.
    pub faults: Vec<Fault>,
    /// What the run made and did not remove.
    pub left: Vec<Left>,
    /// The classic mistakes that it made, in the order in which they showed.
    pub findings: Vec<Finding>,
    /// How often a traced thread was stopped.
    pub stops: u64,
    /// Why it was cut short.
    pub cut: Option<StopReason>,
    /// What became of the word that was watched, if one was.
    pub race: Option<Race>,
}

impl Trace {
    /// Why a call was refused, if it is kept, and the observer wanted to know.
    pub fn reason(&self, call: &Performed) -> Option<&Reason> {
        self.calls.iter().find(|made| made.performed == *call)?.reason.as_ref()
    }

    /// The mistakes, those of one kind in the order of the calls that show them, as far as these are kept: at an end
    /// mistakes show all at once.
    pub fn findings_by_call(&self) -> Vec<Finding> {
        let place = |finding: &Finding| self.calls.iter().position(|made| made.performed == finding.call);
        let mut findings = self.findings.clone();
        findings.chunk_by_mut(|one, next| one.code == next.code).for_each(|same| same.sort_by_key(place));
        findings
    }
}
