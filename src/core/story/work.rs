//! Second processes at work: what they were started on goes on while the story does, until its end is collected.
//!
//! **Invariant:** no story waits for a process without end: what takes longer than [`LONGEST`] is killed.

use std::panic::Location;
use std::time::Duration;

use super::event::Event;
use super::{Story, notation};
use crate::call::{Call, SemOp, Semid};
use crate::error::{Error, Result};
use crate::process::{Done, Ending, Operation, ProcFile, Step, Tally};

/// How long anything may take that a lesson starts. What a lesson starts takes milliseconds.
const LONGEST: Duration = Duration::from_secs(60);

/// How long to sleep between two looks.
const NAP: Duration = Duration::from_millis(1);

/// How long to wait for something that another process is about to do.
const SOON: Duration = Duration::from_secs(10);

/// A operation that a process has been started on; its end is a `T`.
///
/// Dropping it leaves the process at work.
#[must_use = "its end has to be collected, or its process killed: call `end`"]
pub struct Work<T> {
    story: Story,
    operation: Operation,
    place: &'static Location<'static>,
    collect: fn(&Work<T>, Done) -> Result<T>,
}

impl<T> Work<T> {
    /// What came of it, if it is done within this time. Otherwise it goes on, and one may ask again.
    ///
    /// # Errors
    ///
    /// `Ended`, if the process died over it; `Refused`, if the kernel refused a call of it.
    pub fn within(&self, time: Duration) -> Result<Option<T>> {
        let done = self.story.process.borrow_mut().finish(time);
        self.story.told_if_ended(done)?.map(|done| (self.collect)(self, done)).transpose()
    }

    /// What came of it. If it takes too long, its process is killed.
    ///
    /// # Errors
    ///
    /// As for [`Work::within`].
    pub fn end(self) -> Result<T> {
        if let Some(done) = self.within(LONGEST)? {
            return Ok(done);
        }
        self.story.process.borrow_mut().end(Some(crate::Signal::SIGKILL))?;
        let late = Err(Error::Ended { pid: self.story.pid(), ending: Ending::Hung });
        self.story.told_if_ended(late)
    }

    fn otherwise(&self, done: &Done) -> Error {
        Error::environment(
            format!("process {} was to do {:?}", self.story.pid(), self.operation),
            format!("it has done {done:?}"),
            "Run the lesson again.",
        )
    }
}

impl Story {
    /// Starts `semop`, which may wait, and does not wait for it.
    #[track_caller]
    pub fn start_semop(&self, id: Semid, ops: &[SemOp]) -> Result<Work<()>> {
        self.start(Operation::Semop(id, ops.to_vec()), true, |work, done| match (&work.operation, done) {
            (Operation::Semop(semid, ops), Done::Answered(outcome)) => {
                let call = Call::Semop { semid: *semid, ops: ops.clone() };
                work.story.answered(call, outcome, work.place).map(drop)
            }
            (_, other) => Err(work.otherwise(&other)),
        })
    }

    /// Starts counting, and tells of it, or not.
    #[track_caller]
    pub fn start_count(&self, operation: Operation, told: bool) -> Result<Work<Tally>> {
        self.start(operation, told, |work, done| match done {
            Done::Counted(tally) => Ok(tally),
            other => Err(work.otherwise(&other)),
        })
    }

    /// Starts taking a lock, or giving it free; the end says whether it was taken from a dead holder.
    #[track_caller]
    pub fn start_lock(&self, operation: Operation) -> Result<Work<bool>> {
        self.start(operation, true, |work, done| match done {
            Done::Locked { orphaned } => Ok(orphaned),
            Done::Unlocked => Ok(false),
            other => Err(work.otherwise(&other)),
        })
    }

    #[track_caller]
    fn start<T>(
        &self,
        operation: Operation,
        told: bool,
        collect: fn(&Work<T>, Done) -> Result<T>,
    ) -> Result<Work<T>> {
        let place = Location::caller();
        self.unharmed()?;
        let started = self.process.borrow_mut().start(&operation);
        self.told_if_ended(started)?;
        self.transcribe(|transcript, pid| match &operation {
            Operation::Semop(semid, ops) => {
                transcript.call(pid, &Call::Semop { semid: *semid, ops: ops.clone() }, None);
            }
            other => transcript.left_out(&notation::operation(other)),
        });
        if told {
            let (rust, brief) = self.statement(place);
            let (pid, who, c) = (self.pid(), self.who.clone(), notation::operation(&operation));
            self.tell(Event::Started { pid, who, c, rust, brief });
        }
        Ok(Work { story: self.clone(), operation, place, collect })
    }

    /// Makes one step of an increment, and tells nothing of it.
    pub fn one_step(&self, counter: crate::call::Address, step: Step) -> Result<u32> {
        let register = self.process.borrow_mut().step(counter, step);
        self.told_if_ended(register)
    }

    /// Looks again and again until something is so that another process is about to bring about, and says whether it
    /// came to be so in time.
    ///
    /// # Errors
    ///
    /// Those of looking.
    pub fn wait_until(&self, is_so: impl Fn() -> Result<bool>) -> Result<bool> {
        for _ in 0..SOON.as_millis() / NAP.as_millis() {
            if is_so()? {
                return Ok(true);
            }
            self.process.borrow().rest(NAP);
        }
        Ok(false)
    }

    /// Shows what the kernel shows of a process that waits: its state, and the function of the kernel in which it
    /// sleeps, if that is for us to know.
    pub fn show_sleep(&self) {
        let mut process = self.process.borrow_mut();
        let status = process.shows(ProcFile::Status).unwrap_or_default();
        let state = status.lines().find_map(|line| line.strip_prefix("State:")).unwrap_or("cannot be seen");
        let function = process.shows(ProcFile::SleepsIn).unwrap_or_default();
        let function = if matches!(function.as_str(), "" | "0") { "not shown to us" } else { &function };
        let (pid, state) = (process.pid(), state.trim().replace('\t', " "));
        self.tell(Event::Sleep { pid, who: self.who.clone(), state, function: function.to_owned() });
    }
}
