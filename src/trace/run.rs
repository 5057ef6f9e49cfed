//! The loop: wait until a traced thread stops, look, let it go on.
//!
//! **Invariant:** every thread that stops is resumed exactly once, whatever happens to the others; and when the loop
//! ends, nothing that was traced is alive.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::libc;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::calls::Undecided;
use super::collector::Found;
use super::deadline::{Alarm, Deadline};
use super::executable;
use super::exit_status::Ending;
use super::failure::Error;
use super::findings;
use super::leaked::left_in;
use super::processor::OneProcessor;
use super::procfs;
use super::race::Watch;
use super::schedule::Scheduler;
use super::signals;
use super::start::{Command, start};
use super::starved::Account;
use super::state::{Namespace, State};
use super::stop::{self, Resume, Stop};
use super::task::{Task, Tasks};
use super::value::{
    CompletedCall, Fault, How, Limits, Observer, ProcessRecord, ProcessStart, Step, StopReason, Trace,
};
use crate::kernel::{Linux, Look, refused};

/// How long what the program has left running is given to end by itself, once somebody has asked it to.
const GRACE: Duration = Duration::from_secs(1);

/// Runs a program to its end, with all processes and threads that come of it, and tells the observer what happens.
///
/// It waits for the children of this thread: a thread may run one program at a time, and several threads several.
///
/// # Errors
///
/// `NotRun`, `Forbidden`, `Filter`, `Prepare`: no program was run. `Lost`: waiting for it failed.
pub fn run(command: &Command, limits: &Limits, observer: &mut dyn Observer) -> Result<Trace, Error> {
    run_watching(command, limits, None, observer)
}

/// The same, with a word in a segment that is watched: under a schedule of ours, in which every update that can be
/// lost is lost. What became of the word is [`Trace::race`].
///
/// # Errors
///
/// As for [`run`]. That this machine cannot watch a word is none: [`Race::unwatched`](super::Race::unwatched) says so.
pub fn run_watching(
    command: &Command,
    limits: &Limits,
    watch: Option<Watch>,
    observer: &mut dyn Observer,
) -> Result<Trace, Error> {
    let mut deadline = Deadline::after(limits.time).map_err(|errno| Error::Lost { errno })?;
    let every_call = refused().is_some();
    let _together = watch.map(|_| OneProcessor::take());
    let started = start(command)?;
    signals::program(started.pid.as_raw());
    let mut tracer = Tracer::new(started.pid, limits, observer);
    tracer.every_call = every_call;
    tracer.scheduler = watch.map(Scheduler::new);
    let result = tracer.until_all_ended(&mut deadline);
    signals::program(0);
    result?;
    match (tracer.records.first(), started.failure()) {
        (None, Some(failure)) => Err(failure.explain(command)),
        _ => Ok(tracer.finished()),
    }
}

/// All that is known while a program is traced.
pub(super) struct Tracer<'a> {
    first: Pid,
    pub limits: &'a Limits,
    pub observer: &'a mut dyn Observer,
    /// Our own IPC namespace.
    pub here: Option<Namespace>,
    pub page_size: usize,
    pub tasks: Tasks,
    /// Whether a filter that all inherit refuses System V calls.
    every_call: bool,
    /// Tasks whose first stop came before their maker's report, so that the report is no news.
    early: HashSet<Pid>,
    pub state: State,
    records: Vec<ProcessRecord>,
    pub calls: Vec<CompletedCall>,
    pub calls_not_kept: usize,
    /// Calls that a filter has answered with SIGSYS.
    pub refused_calls: usize,
    /// Refused calls of which it was asked why.
    pub explained: usize,
    /// Failed calls that are judged when a removal has returned.
    pub undecided: Vec<Undecided>,
    faults: Vec<Fault>,
    pub found: Found,
    stops: u64,
    /// Interrupts the wait, so that a call that waits for long can be told.
    pub alarm: Alarm,
    /// When what was left running is killed, since it was asked to end.
    pub killed_at: Option<Instant>,
    pub account: Account,
    pub cut: Option<StopReason>,
    /// The last threads of processes that are kept from their end.
    pub kept: Vec<Pid>,
    /// Decides who goes on, where a word is watched.
    pub scheduler: Option<Scheduler>,
}

impl<'a> Tracer<'a> {
    fn new(first: Pid, limits: &'a Limits, observer: &'a mut dyn Observer) -> Tracer<'a> {
        Tracer {
            first,
            limits,
            observer,
            here: procfs::own_namespace(),
            page_size: Linux::new().page_size(),
            tasks: Tasks::default(),
            every_call: false,
            early: HashSet::new(),
            state: State::default(),
            records: Vec::new(),
            calls: Vec::new(),
            calls_not_kept: 0,
            refused_calls: 0,
            explained: 0,
            undecided: Vec::new(),
            faults: Vec::new(),
            found: Found::default(),
            stops: 0,
            alarm: Alarm::default(),
            killed_at: None,
            account: Account::open(),
            cut: None,
            kept: Vec::new(),
            scheduler: None,
        }
    }

    fn until_all_ended(&mut self, deadline: &mut Deadline) -> Result<(), Error> {
        loop {
            match self.next(deadline) {
                Ok((tid, Stop::Ended(ending))) => self.ended(tid, ending),
                Ok((tid, stopped)) => {
                    self.stops += 1;
                    let resume = self.stopped(tid, stopped);
                    if self.cut.is_some() {
                        let _ = kill(tid, Signal::SIGKILL);
                    }
                    self.resume(tid, resume);
                }
                Err(Errno::ECHILD) => return Ok(()),
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(Error::Lost { errno }),
            }
            if self.cut.is_none() && deadline.has_passed() {
                self.out_of_time(deadline);
            }
            if self.alarm.rings() {
                self.tell_long_waits();
            }
            if self.cut.is_none() {
                self.end_what_is_left_running();
            }
        }
    }

    /// Whoever sends the tracer a signal while it waits for what the program has left running wants that to end, too:
    /// it is sent on, and what does not end then is killed.
    fn end_what_is_left_running(&mut self) {
        let is_due = self.killed_at.is_some_and(|at| Instant::now() >= at);
        match signals::had_enough() {
            Some(enough) if self.killed_at.is_none() => {
                let mut pids: Vec<_> = self.tasks.iter().map(|(_, task)| task.pid).collect();
                pids.dedup();
                enough.send_on(&pids);
                self.killed_at = Some(Instant::now() + GRACE);
                self.alarm.set(GRACE);
            }
            None if !is_due => {}
            _ => self.cut_short(StopReason::Observer),
        }
    }

    pub(super) fn see(&mut self, step: &Step<'_>) {
        let flow = self.observer.see(step, &self.state);
        if flow == ControlFlow::Break(()) && self.cut.is_none() {
            self.cut_short(StopReason::Observer);
        }
    }

    /// Kills all that is traced. What a killed process had just made is killed when it first stops.
    pub(super) fn cut_short(&mut self, why: StopReason) {
        self.cut = Some(why);
        let _ = kill(self.first, Signal::SIGKILL);
        for (_, task) in self.tasks.iter() {
            let _ = kill(Pid::from_raw(task.pid), Signal::SIGKILL);
        }
        self.let_all_end();
    }

    fn stopped(&mut self, tid: Pid, stopped: Stop) -> Resume {
        match stopped {
            Stop::Exec(former) => self.ran(tid, former),
            // Until the first exec it is our own child that runs, and nobody's program.
            _ if self.records.is_empty() => return first_steps(stopped),
            _ if self.tasks.get(tid).is_none() => {
                self.early.insert(tid);
                self.begin(tid, None);
            }
            _ => {}
        }
        if let Some(resume) = self.used_word(tid, stopped) {
            return resume;
        }
        match stopped {
            Stop::Call | Stop::AtCall => self.at_call(tid),
            Stop::Forked(child) => {
                if !self.early.remove(&child) {
                    self.begin(child, Some(tid));
                }
                Resume::Free(0)
            }
            Stop::Signal(signal) => {
                self.signalled(tid, signal);
                Resume::Free(signal)
            }
            Stop::Exiting => self.exiting(tid),
            Stop::Group => Resume::Listening,
            _ => Resume::Free(0),
        }
    }

    /// A thread or process that was not there before; by its maker's report, or by its own first stop.
    fn begin(&mut self, tid: Pid, maker: Option<Pid>) {
        let makers = maker.and_then(|maker| self.tasks.get(maker)).map(|task| task.pid);
        let (pid, parent) = procfs::family(tid.as_raw()).unwrap_or((tid.as_raw(), 0));
        let parent = makers.unwrap_or(parent);
        let is_thread = pid != tid.as_raw();
        let every_call = self.tasks.stops_at_every_call(if is_thread { pid } else { parent });
        self.tasks.insert(tid, Task { every_call, ..Task::of(pid) });
        let how = match stop::share_memory(tid, Pid::from_raw(parent)) {
            _ if is_thread => How::Thread,
            Some(true) => How::Shared,
            _ => How::Copy,
        };
        let parent = Some(if is_thread { pid } else { parent });
        self.tell_beginning(ProcessStart { pid, tid: tid.as_raw(), parent, how });
        if self.tasks.len() > self.limits.tasks && self.cut.is_none() {
            self.cut_short(StopReason::Tasks);
        }
    }

    fn tell_beginning(&mut self, start: ProcessStart) {
        self.schedule_beginning(&start);
        self.state.begin(&start);
        self.see(&Step::Began(&start));
        if start.how != How::Thread {
            self.records.push(ProcessRecord { start, programs: Vec::new(), ending: None });
        }
    }

    /// A process runs another program; `former` is the thread that asked for it, and the only one that is left.
    fn ran(&mut self, tid: Pid, former: Pid) {
        let pid = tid.as_raw();
        let mut task = Task::of(pid);
        task.every_call = self.every_call || self.tasks.stops_at_every_call(pid);
        if self.records.is_empty() {
            // Our own child, so far, which has not moved anywhere.
            task.namespace = self.here;
            self.tell_beginning(ProcessStart { pid, tid: pid, parent: None, how: How::First });
        } else {
            if former != tid {
                self.tasks.remove(former);
            }
            if self.state.is_alone(pid) {
                self.found.at_end(pid, None, &self.state);
            }
            self.state.exec(pid);
        }
        self.tasks.keep_only(pid, tid);
        self.tasks.insert(tid, task);
        self.schedule_program(tid, pid);
        if self.observer.wants_programs() {
            let command = procfs::command_line(pid);
            let notes = executable::notes(pid);
            self.see(&Step::Ran { pid, command: &command, notes: &notes });
            self.record(pid, |record| record.programs.push(command));
        }
    }

    fn record(&mut self, pid: i32, change: impl FnOnce(&mut ProcessRecord)) {
        // Of two processes with the same number the later one is meant: the other is gone.
        if let Some(record) = self.records.iter_mut().rev().find(|record| record.start.pid == pid) {
            change(record);
        }
    }

    pub(super) fn namespace(&mut self, tid: Pid) -> Option<Namespace> {
        let task = self.tasks.get_mut(tid)?;
        task.namespace = task.namespace.or_else(|| procfs::namespace(tid.as_raw()));
        task.namespace
    }

    fn signalled(&mut self, tid: Pid, signal: i32) {
        match signal {
            libc::SIGSYS => self.trapped(tid),
            libc::SIGSEGV | libc::SIGBUS => self.faulted(tid, signal),
            _ => {}
        }
    }

    fn faulted(&mut self, tid: Pid, signal: i32) {
        let (Some(touch), Some(task)) = (stop::fault(tid), self.tasks.get(tid)) else { return };
        let pid = task.pid;
        self.confirm(pid);
        let stop::Access { address, mapped, jumped } = touch;
        let fault = Fault { pid, tid: tid.as_raw(), signal, address: address.into(), mapped, jumped };
        self.found.add(findings::of_fault(&fault, &self.state));
        self.see(&Step::Fault(&fault));
        if self.faults.len() < self.limits.calls {
            self.faults.push(fault);
        }
    }

    fn ended(&mut self, tid: Pid, ending: Ending) {
        let Some(mut task) = self.tasks.remove(tid) else { return };
        let pid = task.pid;
        self.schedule_end(tid, pid);
        if let Some(pending) = task.pending.take() {
            self.never_returns(pid, tid, &pending, ending == Ending::Killed(libc::SIGSYS));
        }
        if tid.as_raw() != pid {
            return self.see(&Step::ThreadEnded { pid, tid: tid.as_raw() });
        }
        self.found.at_end(pid, Some(ending), &self.state);
        self.state.end(pid);
        self.record(pid, |record| record.ending = Some(ending));
        self.see(&Step::Ended { pid, ending });
        if tid == self.first && !self.tasks.is_empty() && self.cut.is_none() {
            signals::program_is_gone();
            self.see(&Step::Lingers);
        }
    }

    /// All is over: what is left of it?
    fn finished(mut self) -> Trace {
        let left = self.here.map_or_else(Vec::new, |here| left_in(here, &self.state));
        self.decide(|_| true);
        let cut = self.cut.or(self.killed_at.map(|_| StopReason::Observer));
        // Who was killed by us, or ended by a signal for us, might have removed it.
        if cut.is_none() {
            self.found.left(&left, &self.records);
        }
        let ending = self.records.first().and_then(|record| record.ending).unwrap_or(Ending::Exited(1));
        Trace {
            pid: self.first.as_raw(),
            ending,
            calls: self.calls,
            calls_not_kept: self.calls_not_kept,
            processes: self.records,
            faults: self.faults,
            left: left.into_iter().map(|(left, _)| left).collect(),
            findings: self.found.all(),
            stops: self.stops,
            refused_calls: self.refused_calls,
            cut,
            race: self.scheduler.map(Scheduler::finished),
        }
    }
}

/// Before its first exec the child only prepares itself.
fn first_steps(stopped: Stop) -> Resume {
    match stopped {
        Stop::Signal(signal) => Resume::Free(signal),
        Stop::Group => Resume::Listening,
        _ => Resume::Free(0),
    }
}
