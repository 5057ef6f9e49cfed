//! The loop: wait until a traced thread stops, look, let it go on.
//!
//! **Invariant:** every thread that stops is resumed exactly once, whatever happens to the others; and when the loop
//! ends, nothing that was traced is alive.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;
use std::thread;
use std::time::Duration;

use nix::errno::Errno;
use nix::libc;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::abi::{self, Asked};
use super::created;
use super::deadline::Deadline;
use super::decode;
use super::ended::Ending;
use super::findings;
use super::found::Found;
use super::image;
use super::left::left_in;
use super::outside::{self, Outside};
use super::race::Watch;
use super::refused;
use super::schedule::Scheduler;
use super::signals;
use super::start::{Command, start};
use super::state::{Namespace, State};
use super::stop::{self, Onward, Stop};
use super::value::{Beginning, Cut, Error, Fault, How, Life, Limits, Made, Observer, Step, Trace};
use crate::call::{Address, Call, Performed};
use crate::error::Reason;
use crate::kernel::{Linux, Process};
use crate::story::explain;

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
/// lost is lost. What came of it is [`Trace::race`].
///
/// # Errors
///
/// As for [`run`]. That the word cannot be watched on this machine is no error: [`Race::unwatched`](super::Race::unwatched) says so.
pub fn run_watching(
    command: &Command,
    limits: &Limits,
    watch: Option<Watch>,
    observer: &mut dyn Observer,
) -> Result<Trace, Error> {
    let deadline = Deadline::after(limits.time).map_err(|errno| Error::Lost { errno })?;
    let started = start(command)?;
    signals::program(started.pid.as_raw());
    let mut tracer = Tracer::new(started.pid, limits, observer);
    tracer.scheduler = watch.map(Scheduler::new);
    let result = tracer.until_all_ended(&deadline);
    signals::program(0);
    result?;
    match (tracer.lives.first(), started.failure()) {
        (None, Some(failure)) => Err(failure.explain(command)),
        _ => Ok(tracer.finished()),
    }
}

/// How often the others are looked at while one is held.
const BETWEEN_LOOKS: Duration = Duration::from_micros(20);

/// A thread that is traced.
struct Task {
    /// The process that it belongs to.
    pid: i32,
    /// Its IPC namespace, once it was looked up, until it makes a call that may change it. A thread has one of its own.
    namespace: Option<Namespace>,
    /// The call that it is in.
    pending: Option<Pending>,
    /// It is past the point where it could make another call.
    exiting: bool,
}

impl Task {
    fn of(pid: i32) -> Task {
        Task { pid, namespace: None, pending: None, exiting: false }
    }
}

/// A call that has not returned yet.
struct Pending {
    asked: Asked,
    call: Call,
    /// Whether something with its key existed before.
    existed: bool,
}

struct Tracer<'a> {
    first: Pid,
    limits: &'a Limits,
    observer: &'a mut dyn Observer,
    /// Our own IPC namespace.
    here: Option<Namespace>,
    page_size: usize,
    tasks: HashMap<Pid, Task>,
    /// Tasks whose first stop came before their maker's report, so that the report is no news.
    early: HashSet<Pid>,
    state: State,
    lives: Vec<Life>,
    calls: Vec<Made>,
    calls_not_kept: usize,
    faults: Vec<Fault>,
    found: Found,
    stops: u64,
    cut: Option<Cut>,
    /// Decides who goes on, where a word is watched.
    scheduler: Option<Scheduler>,
}

impl<'a> Tracer<'a> {
    fn new(first: Pid, limits: &'a Limits, observer: &'a mut dyn Observer) -> Tracer<'a> {
        Tracer {
            first,
            limits,
            observer,
            here: outside::own_namespace(),
            page_size: Linux::new().page_size(),
            tasks: HashMap::new(),
            early: HashSet::new(),
            state: State::default(),
            lives: Vec::new(),
            calls: Vec::new(),
            calls_not_kept: 0,
            faults: Vec::new(),
            found: Found::default(),
            stops: 0,
            cut: None,
            scheduler: None,
        }
    }

    fn until_all_ended(&mut self, deadline: &Deadline) -> Result<(), Error> {
        loop {
            match self.next(deadline) {
                Ok((tid, Stop::Ended(ending))) => self.ended(tid, ending),
                Ok((tid, stopped)) => {
                    self.stops += 1;
                    let onward = self.stopped(tid, stopped);
                    let onward = self.pace(tid, onward);
                    if self.cut.is_some() {
                        let _ = kill(tid, Signal::SIGKILL);
                    }
                    stop::resume(tid, onward);
                    self.resume_released();
                }
                Err(Errno::ECHILD) => return Ok(()),
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(Error::Lost { errno }),
            }
            if self.cut.is_none() && deadline.has_passed() {
                self.cut_short(Cut::Time);
            }
            if self.cut.is_none() && signals::had_enough() {
                self.cut_short(Cut::Observer);
            }
        }
    }

    /// Waits for a stop; and lets the one who is held go on when the others have come no further.
    fn next(&mut self, deadline: &Deadline) -> nix::Result<(Pid, Stop)> {
        while self.scheduler.as_ref().is_some_and(Scheduler::holds_one) {
            if let Some(stopped) = stop::poll()? {
                return Ok(stopped);
            }
            if deadline.has_passed() || signals::had_enough() {
                return Err(Errno::EINTR);
            }
            if let Some(stopped) = self.hold_on()? {
                return Ok(stopped);
            }
        }
        stop::next()
    }

    /// Nobody has stopped: is there any use in waiting? Who stops while the others are looked at does not wait.
    fn hold_on(&mut self) -> nix::Result<Option<(Pid, Stop)>> {
        let Some(scheduler) = &mut self.scheduler else { return Ok(None) };
        if !scheduler.is_enough() {
            thread::sleep(BETWEEN_LOOKS);
            return Ok(None);
        }
        let stopped = stop::poll()?;
        if stopped.is_none()
            && let Some((tid, onward)) = scheduler.go_on()
        {
            stop::resume(tid, onward);
        }
        Ok(stopped)
    }

    /// How a stopped thread goes on under the schedule, if there is one.
    fn pace(&mut self, tid: Pid, onward: Onward) -> Onward {
        let (Some(scheduler), Some(task)) = (&mut self.scheduler, self.tasks.get(&tid)) else {
            return onward;
        };
        scheduler.arm(tid, task.pid, &self.state);
        if self.cut.is_some() { onward } else { scheduler.pace(tid, onward) }
    }

    fn resume_released(&mut self) {
        if let Some((tid, onward)) = self.scheduler.as_mut().and_then(Scheduler::released) {
            stop::resume(tid, onward);
        }
    }

    /// A thread has used the word that is watched, or has made a step on its way. Nothing, if neither stopped it.
    fn used_word(&mut self, tid: Pid, stopped: Stop) -> Option<Onward> {
        let pid = self.tasks.get(&tid)?.pid;
        let scheduler = self.scheduler.as_mut().filter(|_| stopped == Stop::Signal(libc::SIGTRAP))?;
        let access = scheduler.trapped(tid, pid)?;
        let enough = scheduler.watch.until_proof && scheduler.has_proof();
        if let Some(access) = &access {
            self.see(&Step::Access(access));
        }
        if enough && self.cut.is_none() {
            self.cut_short(Cut::Observer);
        }
        Some(Onward::Free(0))
    }

    fn see(&mut self, step: &Step<'_>) {
        let flow = self.observer.see(step, &self.state);
        if flow == ControlFlow::Break(()) && self.cut.is_none() {
            self.cut_short(Cut::Observer);
        }
    }

    /// Kills all that is traced. What a killed process had just made is killed when it first stops.
    fn cut_short(&mut self, why: Cut) {
        self.cut = Some(why);
        let _ = kill(self.first, Signal::SIGKILL);
        for task in self.tasks.values() {
            let _ = kill(Pid::from_raw(task.pid), Signal::SIGKILL);
        }
    }

    fn stopped(&mut self, tid: Pid, stopped: Stop) -> Onward {
        match stopped {
            Stop::Exec(former) => self.ran(tid, former),
            // Until the first exec it is our own child that runs, and nobody's program.
            _ if self.lives.is_empty() => return first_steps(stopped),
            _ if !self.tasks.contains_key(&tid) => {
                self.early.insert(tid);
                self.begin(tid, None);
            }
            _ => {}
        }
        if let Some(onward) = self.used_word(tid, stopped) {
            return onward;
        }
        match stopped {
            Stop::Call if self.asks(tid).is_some() => Onward::UntilReturn,
            Stop::Returned => self.returned(tid),
            Stop::Begot(child) => {
                if !self.early.remove(&child) {
                    self.begin(child, Some(tid));
                }
                Onward::Free(0)
            }
            Stop::Signal(signal) => {
                self.signalled(tid, signal);
                Onward::Free(signal)
            }
            Stop::Exiting => self.exiting(tid),
            Stop::Group => Onward::Listening,
            _ => Onward::Free(0),
        }
    }

    /// A thread or process that was not there before; by its maker's report, or by its own first stop.
    fn begin(&mut self, tid: Pid, maker: Option<Pid>) {
        let makers = maker.and_then(|maker| self.tasks.get(&maker)).map(|task| task.pid);
        let (pid, parent) = outside::family(tid.as_raw()).unwrap_or((tid.as_raw(), 0));
        let parent = makers.unwrap_or(parent);
        let is_thread = pid != tid.as_raw();
        self.tasks.insert(tid, Task::of(pid));
        let how = match stop::share_memory(tid, Pid::from_raw(parent)) {
            _ if is_thread => How::Thread,
            Some(true) => How::Shared,
            _ => How::Copy,
        };
        let parent = Some(if is_thread { pid } else { parent });
        self.tell_beginning(Beginning { pid, tid: tid.as_raw(), parent, how });
        if self.tasks.len() > self.limits.tasks && self.cut.is_none() {
            self.cut_short(Cut::Tasks);
        }
    }

    fn tell_beginning(&mut self, beginning: Beginning) {
        if let Some(scheduler) = &mut self.scheduler {
            scheduler.began(Pid::from_raw(beginning.tid));
        }
        self.state.begin(&beginning);
        self.see(&Step::Began(&beginning));
        if beginning.how != How::Thread {
            self.lives.push(Life { beginning, programs: Vec::new(), ending: None });
        }
    }

    /// A process runs another program; `former` is the thread that asked for it, and the only one that is left.
    fn ran(&mut self, tid: Pid, former: Pid) {
        let pid = tid.as_raw();
        let mut task = Task::of(pid);
        if self.lives.is_empty() {
            // Our own child, so far, which has not moved anywhere.
            task.namespace = self.here;
            self.tell_beginning(Beginning { pid, tid: pid, parent: None, how: How::First });
        } else {
            if former != tid {
                self.tasks.remove(&former);
            }
            if self.state.is_alone(pid) {
                self.found.at_end(pid, None, &self.state);
            }
            self.state.exec(pid);
        }
        self.tasks.retain(|other, task| task.pid != pid || *other == tid);
        if let Some(scheduler) = &mut self.scheduler {
            scheduler.ran(tid, pid);
        }
        self.tasks.insert(tid, task);
        if self.observer.wants_programs() {
            let command = outside::command_line(pid);
            let notes = image::notes(pid);
            self.see(&Step::Ran { pid, command: &command, notes: &notes });
            self.life(pid, |life| life.programs.push(command));
        }
    }

    fn life(&mut self, pid: i32, change: impl FnOnce(&mut Life)) {
        // Of two processes with the same number the later one is meant: the other is gone.
        if let Some(life) = self.lives.iter_mut().rev().find(|life| life.beginning.pid == pid) {
            change(life);
        }
    }

    /// A thread is about to make a call. Nothing, if the call is none of ours.
    fn asks(&mut self, tid: Pid) -> Option<()> {
        let (architecture, number, arguments) = stop::asks(tid).ok()?;
        if abi::moves(architecture, number) {
            self.tasks.get_mut(&tid)?.namespace = None;
        }
        let asked = abi::asked(architecture, number, arguments)?;
        let call = decode::call(tid, &asked);
        let pid = self.tasks.get(&tid)?.pid;
        self.see(&Step::Asks { pid, tid: tid.as_raw(), call: &call });
        let existed =
            created::is_in_doubt(&call) && self.namespace(tid) == self.here && created::exists_already(&call);
        self.tasks.get_mut(&tid)?.pending = Some(Pending { asked, call, existed });
        Some(())
    }

    fn namespace(&mut self, tid: Pid) -> Option<Namespace> {
        let task = self.tasks.get_mut(&tid)?;
        task.namespace = task.namespace.or_else(|| outside::namespace(tid.as_raw()));
        task.namespace
    }

    fn returned(&mut self, tid: Pid) -> Onward {
        let pending = self.tasks.get_mut(&tid).and_then(|task| Some((task.pid, task.pending.take()?)));
        let answer = stop::answer(tid);
        if let (Some((pid, Pending { asked, call, existed })), Ok((value, is_error))) = (pending, answer) {
            let outcome = decode::outcome(tid, &asked, &call, value, is_error);
            let created = !existed && created::creates(&call) && outcome.is_ok();
            self.made(tid, Performed { pid, call, outcome }, created);
        }
        Onward::Free(0)
    }

    fn made(&mut self, tid: Pid, performed: Performed, created: bool) {
        let namespace = self.namespace(tid).or(self.here).unwrap_or(0);
        let elsewhere = Some(namespace) != self.here;
        let mut made = Made { performed, tid: tid.as_raw(), created, elsewhere, reason: None };
        made.reason = self.why(&made);
        self.found.add(findings::of_call(&made, namespace, &self.state));
        self.learn_size(&made, namespace);
        self.state.apply(&made, namespace, self.page_size);
        if let (Some(scheduler), Call::Shmat { shmid, .. }, Ok(_)) =
            (&mut self.scheduler, &made.performed.call, &made.performed.outcome)
        {
            scheduler.attached(*shmid);
        }
        if refused::its_address(&made, namespace, &self.state) {
            self.state.refuse(&made.performed);
        }
        self.see(&Step::Made(&made));
        if self.calls.len() < self.limits.calls {
            self.calls.push(made);
        } else {
            self.calls_not_kept += 1;
        }
    }

    /// Why the kernel refused a call, judged by what was known before it.
    fn why(&self, made: &Made) -> Option<Reason> {
        let errno = made.performed.outcome.as_ref().err().filter(|_| self.observer.wants_reasons())?;
        let Performed { pid, call, .. } = &made.performed;
        let process = &mut Outside { pid: *pid, elsewhere: made.elsewhere, page_size: self.page_size };
        Some(explain(call, *errno, process))
    }

    /// A segment that was found, not made, may be larger than its finder knows.
    fn learn_size(&mut self, made: &Made, namespace: Namespace) {
        let Call::Shmat { shmid, .. } = made.performed.call else { return };
        let known = self.state.segment(namespace, shmid).is_some_and(|segment| segment.size.is_some());
        if known || made.elsewhere || made.performed.outcome.is_err() {
            return;
        }
        if let Some(row) = outside::segment(shmid) {
            self.state.learn_size(namespace, shmid, row.size);
        }
    }

    fn signalled(&mut self, tid: Pid, signal: i32) {
        if signal != libc::SIGSEGV && signal != libc::SIGBUS {
            return;
        }
        let (Some(touch), Some(task)) = (stop::fault(tid), self.tasks.get(&tid)) else { return };
        let stop::Touch { address, mapped, jumped } = touch;
        let fault =
            Fault { pid: task.pid, tid: tid.as_raw(), signal, address: Address(address), mapped, jumped };
        self.found.add(findings::of_fault(&fault, &self.state));
        self.see(&Step::Fault(&fault));
        if self.faults.len() < self.limits.calls {
            self.faults.push(fault);
        }
    }

    fn exiting(&mut self, tid: Pid) -> Onward {
        let Some(task) = self.tasks.get_mut(&tid) else { return Onward::Free(0) };
        task.exiting = true;
        let pid = task.pid;
        if self.tasks.values().all(|task| task.pid != pid || task.exiting) {
            let attached = self.state.attached(pid).next().is_some() && self.state.is_alone(pid);
            if let Some(maps) = attached.then(|| outside::maps(pid)).flatten() {
                self.state.confirm(pid, &maps);
            }
            self.see(&Step::Ending { pid });
        }
        Onward::Free(0)
    }

    fn ended(&mut self, tid: Pid, ending: Ending) {
        let Some(task) = self.tasks.remove(&tid) else { return };
        let pid = task.pid;
        if let Some(scheduler) = &mut self.scheduler {
            scheduler.ended(tid, pid);
        }
        if tid.as_raw() != pid {
            return self.see(&Step::ThreadEnded { pid, tid: tid.as_raw() });
        }
        self.found.at_end(pid, Some(ending), &self.state);
        self.state.end(pid);
        self.life(pid, |life| life.ending = Some(ending));
        self.see(&Step::Ended { pid, ending });
        if tid == self.first && !self.tasks.is_empty() && self.cut.is_none() {
            signals::program_is_gone();
            self.see(&Step::Lingers);
        }
    }

    /// All is over: what is left of it?
    fn finished(mut self) -> Trace {
        let left = self.here.map_or_else(Vec::new, |here| left_in(here, &self.state));
        self.found.add(left.iter().filter_map(|(left, maker)| findings::of_left(left, maker, &self.lives)));
        let ending = self.lives.first().and_then(|life| life.ending).unwrap_or(Ending::Exited(1));
        Trace {
            pid: self.first.as_raw(),
            ending,
            calls: self.calls,
            calls_not_kept: self.calls_not_kept,
            processes: self.lives,
            faults: self.faults,
            left: left.into_iter().map(|(left, _)| left).collect(),
            findings: self.found.all(),
            stops: self.stops,
            cut: self.cut,
            race: self.scheduler.map(Scheduler::finished),
        }
    }
}

/// Before its first exec the child only prepares itself.
fn first_steps(stopped: Stop) -> Onward {
    match stopped {
        Stop::Signal(signal) => Onward::Free(signal),
        Stop::Group => Onward::Listening,
        _ => Onward::Free(0),
    }
}
