//! The loop's part for a word that is watched: it tells the scheduler what happens, and does what it decides.
//!
//! **Invariant:** without a scheduler, and where nobody is kept from ending, nothing here does anything.

use std::thread;
use std::time::Duration;

use nix::errno::Errno;
use nix::libc;
use nix::unistd::Pid;

use super::deadline::Deadline;
use super::run::Tracer;
use super::schedule::Scheduler;
use super::signals;
use super::stop::{self, Resume, Stop};
use super::value::{CompletedCall, ProcessStart, Step, StopReason};
use crate::call::{Answer, Call, Performed};

/// How often the others are looked at while one is held.
const BETWEEN_LOOKS: Duration = Duration::from_micros(20);

impl Tracer<'_> {
    /// Waits for a stop; and lets the one who is held go on when the others have come no further, and those end who are
    /// kept from it when the observer has seen what they do.
    pub(super) fn next(&mut self, deadline: &Deadline) -> nix::Result<(Pid, Stop)> {
        while self.cut.is_none() && self.is_watched() {
            if let Some(stopped) = stop::poll()? {
                return Ok(stopped);
            }
            if deadline.has_passed() || signals::had_enough().is_some() {
                return Err(Errno::EINTR);
            }
            self.let_end();
            if let Some(stopped) = self.hold_on()? {
                return Ok(stopped);
            }
        }
        stop::next()
    }

    /// Whether somebody stands still who is to go on by and by, or is looked at.
    fn is_watched(&mut self) -> bool {
        self.observer.looks()
            || !self.kept.is_empty()
            || self.scheduler.as_ref().is_some_and(Scheduler::holds_one)
    }

    /// Nobody has stopped: is there any use in waiting? Who stops while the others are looked at does not wait.
    fn hold_on(&mut self) -> nix::Result<Option<(Pid, Stop)>> {
        if !self.scheduler.as_mut().is_some_and(Scheduler::is_enough) {
            thread::sleep(BETWEEN_LOOKS);
            return Ok(None);
        }
        let stopped = stop::poll()?;
        if stopped.is_none() {
            let released = self.scheduler.as_mut().and_then(Scheduler::go_on);
            self.resume_other(released);
        }
        Ok(stopped)
    }

    /// Lets a thread that has stopped go on as the schedule has it, if there is one.
    pub(super) fn resume(&mut self, tid: Pid, resume: Resume) {
        let resume = self.tasks.get(tid).map_or(resume, |task| task.resume(resume));
        let (Some(scheduler), Some(task)) = (&mut self.scheduler, self.tasks.get(tid)) else {
            return stop::resume(tid, resume);
        };
        scheduler.arm(tid, task.pid, &self.state);
        let resume = if self.cut.is_some() { resume } else { scheduler.pace(tid, resume) };
        stop::resume(tid, resume);
        let released = self.scheduler.as_mut().and_then(Scheduler::released);
        self.resume_other(released);
    }

    fn resume_other(&self, released: Option<(Pid, Resume)>) {
        if let Some((tid, resume)) = released {
            stop::resume(tid, self.tasks.get(tid).map_or(resume, |task| task.resume(resume)));
        }
    }

    /// A thread has used the word, or has made a step on its way. Nothing, if neither has stopped it.
    pub(super) fn used_word(&mut self, tid: Pid, stopped: Stop) -> Option<Resume> {
        let pid = self.tasks.get(tid)?.pid;
        let scheduler = self.scheduler.as_mut().filter(|_| stopped == Stop::Signal(libc::SIGTRAP))?;
        let access = scheduler.trapped(tid, pid)?;
        let enough = scheduler.watch.until_proof && scheduler.has_proof();
        if let Some(access) = &access {
            self.see(&Step::Access(access));
        }
        if enough && self.cut.is_none() {
            self.cut_short(StopReason::Observer);
        }
        Some(Resume::Free(0))
    }

    pub(super) fn schedule_beginning(&mut self, beginning: &ProcessStart) {
        if let Some(scheduler) = &mut self.scheduler {
            scheduler.began(Pid::from_raw(beginning.tid), beginning.pid);
        }
    }

    pub(super) fn schedule_program(&mut self, tid: Pid, pid: i32) {
        if let Some(scheduler) = &mut self.scheduler {
            scheduler.ran(tid, pid);
        }
    }

    pub(super) fn schedule_end(&mut self, tid: Pid, pid: i32) {
        if let Some(scheduler) = &mut self.scheduler {
            scheduler.ended(tid, pid);
        }
    }

    pub(super) fn schedule_call(&mut self, made: &CompletedCall) {
        let Performed { call, outcome, .. } = &made.performed;
        let Some(scheduler) = &mut self.scheduler else { return };
        match (call, outcome) {
            (Call::Shmat { shmid, .. }, Ok(_)) => scheduler.attached(*shmid),
            (Call::Shmget { .. }, Ok(Answer::Id(shmid))) if made.created && !made.elsewhere => {
                scheduler.made(*shmid);
            }
            _ => {}
        }
    }
}
