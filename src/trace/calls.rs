//! The System V calls of traced threads, from the moment when one is asked until it has returned or never will.
//!
//! **Invariant:** a call is judged by what was known before it, and only when no removal that may explain it is still
//! on its way: two processes' returns are seen in any order, and the verdict is the same in each.

use std::time::{Duration, Instant};

use nix::libc;
use nix::unistd::{Pid, getsid};
use playground_core::Errno;

use super::abi::{self, RawSyscall};
use super::attach_failure;
use super::creation;
use super::decode;
use super::entered::Entered;
use super::findings;
use super::procfs;
use super::reason::Known;
use super::run::Tracer;
use super::space::Space;
use super::state::Namespace;
use super::stop::{self, AtCall, Registers, Resume};
use super::subject::{removes, subject};
use super::task::Pending;
use super::value::{CompletedCall, Refused, Step, What};
use super::waits::Around;
use crate::call::{Call, Performed};
use crate::error::Reason;

/// A call that takes longer than this is told as waiting.
pub(super) const LONG: Duration = Duration::from_secs(1);

/// Of so many refused calls it is found out why they were refused.
const MOST_EXPLAINED: usize = 256;

/// A failed call that cannot be judged yet. Its process may have ended when it can.
pub(super) struct Undecided {
    made: CompletedCall,
    namespace: Namespace,
    space: Space,
}

impl Tracer<'_> {
    /// A thread stands at a call: before it, or behind it.
    pub(super) fn at_call(&mut self, tid: Pid) -> Resume {
        match stop::at_call(tid) {
            Ok(AtCall::Begins(registers)) => self.begins_call(tid, registers, false),
            Ok(AtCall::Passes(registers)) => self.begins_call(tid, registers, true),
            Ok(AtCall::Returns { value, is_error }) => self.returns(tid, value, is_error),
            Err(_) => Resume::Free(0),
        }
    }

    fn begins_call(&mut self, tid: Pid, registers: Registers, passed: bool) -> Resume {
        if let Some(pending) =
            self.tasks.get_mut(tid).and_then(|task| task.pending.as_mut()).filter(|_| passed)
        {
            pending.passed = true;
            return Resume::UntilReturn;
        }
        self.asks(tid, registers, passed).map_or(Resume::Free(0), |()| Resume::UntilReturn)
    }

    /// A thread is about to make a call. Nothing, if the call is none of ours.
    fn asks(&mut self, tid: Pid, registers: Registers, passed: bool) -> Option<()> {
        let (architecture, number, arguments) = registers;
        let pid = self.tasks.get(tid)?.pid;
        if self.observer.follows() == Some(pid) {
            self.see(&Step::Enters { pid, call: &Entered::of(architecture, number, arguments) });
        }
        if abi::moves(architecture, number) {
            self.tasks.get_mut(tid)?.namespace = None;
        }
        if let Some(filter) = abi::filters(architecture, number, arguments) {
            // Once our own filter is asked behind it, nothing new is to be told.
            if passed || !self.tasks.stops_at_every_call(pid) {
                self.tasks.stop_at_every_call(pid);
                self.see(&Step::Filters { pid, tid: tid.as_raw(), has_listener: filter.has_listener });
            }
        }
        let asked = abi::asked(architecture, number, arguments)?;
        let call = decode::call(tid, &asked);
        self.see(&Step::Asks { pid, tid: tid.as_raw(), call: &call });
        let existed = creation::is_in_doubt(&call)
            && self.namespace(tid) == self.here
            && creation::exists_already(&call);
        let may_wait = matches!(call, Call::Semop { .. } | Call::Semtimedop { .. });
        if may_wait && self.observer.wants_reasons() {
            self.alarm.set(LONG);
        }
        let since = Instant::now();
        self.tasks.get_mut(tid)?.pending = Some(Pending { asked, call, existed, passed, since, told: false });
        Some(())
    }

    fn returns(&mut self, tid: Pid, value: i64, is_error: bool) -> Resume {
        let Some((pid, pending)) = self.take_pending(tid) else { return Resume::Free(0) };
        if !pending.passed && !is_error && procfs::is_about_to_get(tid.as_raw(), libc::SIGSYS) {
            self.refuse(pid, tid, &pending);
            return Resume::Free(0);
        }
        let Pending { asked, call, existed, passed, .. } = pending;
        let outcome = decode::outcome(tid, &asked, &call, value, is_error);
        let call = decode::refused(tid, &asked, call, &outcome);
        let created = !existed && creation::creates(&call) && outcome.is_ok();
        let namespace = self.namespace(tid).or(self.here).unwrap_or(0);
        let made = CompletedCall {
            performed: Performed { pid, call, outcome },
            tid: tid.as_raw(),
            created,
            elsewhere: Some(namespace) != self.here,
            filtered: !passed,
            reason: None,
        };
        self.made(made, namespace);
        Resume::Free(0)
    }

    fn take_pending(&mut self, tid: Pid) -> Option<(i32, Pending)> {
        let task = self.tasks.get_mut(tid)?;
        Some((task.pid, task.pending.take()?))
    }

    /// A sandbox has refused a call, which counts where it is not the program's own.
    fn excuse(&mut self, pid: i32, name: &'static str, call: Option<&Call>) {
        if self.observer.excuses_refusals() {
            self.found.refused_cleanup.note(pid, name, call);
        }
    }

    /// A filter has answered a call with SIGSYS: it never returns.
    fn refuse(&mut self, pid: i32, tid: Pid, pending: &Pending) {
        let (name, call) = (pending.call.name(), Some(&pending.call));
        self.excuse(pid, name, call);
        self.see(&Step::Refused(&Refused { pid, tid: tid.as_raw(), name, call }));
        self.refused_calls += 1;
    }

    /// A thread gets a SIGSYS. Where it was stopped at the call itself, that was told already.
    pub(super) fn trapped(&mut self, tid: Pid) {
        let Some(pid) = self.tasks.get(tid).map(|task| task.pid) else { return };
        if self.tasks.stops_at_every_call(pid) {
            return;
        }
        let Some((architecture, number)) = stop::trapped(tid) else { return };
        // The signal tells the number only; of the next call everything will be known.
        if let Some(RawSyscall { name, .. }) = abi::asked(architecture, number, [0; 6]) {
            self.tasks.stop_at_every_call(pid);
            let refused = Refused { pid, tid: tid.as_raw(), name: name.in_c(), call: None };
            self.excuse(pid, refused.name, None);
            self.see(&Step::Refused(&refused));
            self.refused_calls += 1;
        }
    }

    /// A thread has ended within a call.
    pub(super) fn never_returns(&mut self, pid: i32, tid: Pid, pending: &Pending, by_sigsys: bool) {
        if by_sigsys && !pending.passed {
            return self.refuse(pid, tid, pending);
        }
        self.tell_wait(pid, tid, &pending.call, pending.since.elapsed());
        self.decide(|_| true);
    }

    fn made(&mut self, mut made: CompletedCall, namespace: Namespace) {
        self.look_at_maps(&made.performed);
        made.reason = self.why(&made, namespace);
        self.judge(&made, namespace);
        self.learn_size(&made, namespace);
        let inherited = self.inherited(&made.performed);
        self.schedule_call(&made);
        self.state.apply(&made, namespace, self.page_size);
        self.note_handing_over(inherited, made.performed.pid);
        if attach_failure::its_address(&made, namespace, &self.state) {
            self.state.refuse(&made.performed);
        }
        self.see(&Step::CompletedCall(&made));
        if let Some(removed) = removes(&made.performed.call) {
            self.decide(|subject| subject == removed);
        }
        if self.calls.len() < self.limits.calls {
            self.calls.push(made);
        } else {
            self.calls_not_kept += 1;
        }
    }

    /// Why the kernel refused a call, judged by what was known before it.
    ///
    /// A look costs as much as the kernel's table is long, so that of very many refused calls only the first are
    /// explained.
    fn why(&mut self, made: &CompletedCall, namespace: Namespace) -> Option<Reason> {
        let errno = made.performed.outcome.as_ref().err().filter(|_| self.observer.wants_reasons())?;
        self.explained += 1;
        if self.explained > MOST_EXPLAINED {
            return None;
        }
        let known = Known { state: &self.state, namespace, page_size: self.page_size };
        Some(known.why(made, *errno))
    }

    /// A failed `shmdt` may be one of memory that is gone without any System V call.
    fn look_at_maps(&mut self, Performed { pid, call, outcome }: &Performed) {
        if matches!((call, outcome), (Call::Shmdt { .. }, Err(_))) {
            self.confirm(*pid);
        }
    }

    /// What a process has just detached that another one has attached.
    fn inherited(&self, Performed { pid, call, outcome }: &Performed) -> Option<(usize, i32)> {
        match (call, outcome) {
            (Call::Shmdt { address }, Ok(_)) => self.state.inherited(*pid, *address),
            _ => None,
        }
    }

    /// A process has detached what another one has attached: was it left to it?
    fn note_handing_over(&mut self, inherited: Option<(usize, i32)>, pid: i32) {
        if let Some((number, maker)) = inherited {
            let session = |pid| getsid(Some(Pid::from_raw(pid))).ok();
            self.state.inheritor_detached(pid, number, session(pid) != session(maker));
        }
    }

    /// Finds out what a process has really attached.
    pub(super) fn confirm(&mut self, pid: i32) {
        let attached = self.state.attached(pid).next().is_some();
        if let Some(maps) = attached.then(|| procfs::maps(pid)).flatten() {
            self.state.confirm(pid, &maps);
        }
    }

    /// Whether another thread is just removing what a failed call was about.
    fn removal_is_on_its_way(&self, made: &CompletedCall) -> bool {
        let errno = made.performed.outcome.as_ref().err();
        let subject = errno
            .filter(|errno| matches!(errno, Errno::EINVAL | Errno::EIDRM))
            .and_then(|_| subject(&made.performed.call));
        let mut removals = self.tasks.pending().filter_map(|(_, _, pending)| removes(&pending.call));
        subject.is_some_and(|subject| removals.any(|removed| removed == subject))
    }

    fn judge(&mut self, made: &CompletedCall, namespace: Namespace) {
        if made.is_refused_by_a_sandbox() {
            let Performed { pid, call, .. } = &made.performed;
            self.excuse(*pid, call.name(), Some(call));
        }
        let Some(space) = self.state.space(made.performed.pid) else { return };
        if self.removal_is_on_its_way(made) {
            self.undecided.push(Undecided { made: made.clone(), namespace, space: space.clone() });
        } else {
            self.found.add(findings::of_call(made, namespace, space, &self.state));
        }
    }

    /// Judges the calls that waited for the end of a removal.
    pub(super) fn decide(&mut self, about: impl Fn(What) -> bool) {
        let is_due = |undecided: &mut Undecided| subject(&undecided.made.performed.call).is_none_or(&about);
        let due: Vec<_> = self.undecided.extract_if(.., is_due).collect();
        for Undecided { made, namespace, space } in due {
            self.found.add(findings::of_call(&made, namespace, &space, &self.state));
        }
    }

    /// A segment that was found, not made, may be larger than its finder knows.
    fn learn_size(&mut self, made: &CompletedCall, namespace: Namespace) {
        let Call::Shmat { shmid, .. } = made.performed.call else { return };
        let known = self.state.segment(namespace, shmid).is_some_and(|segment| segment.size.is_some());
        if known || made.elsewhere || made.performed.outcome.is_err() {
            return;
        }
        if let Some(row) = procfs::segment(shmid) {
            self.state.learn_size(namespace, shmid, row.size);
        }
    }

    /// Tells which calls have waited for long.
    pub(super) fn tell_long_waits(&mut self) {
        let long: Vec<_> = self
            .tasks
            .pending()
            .filter(|(_, _, pending)| !pending.told && pending.since.elapsed() >= LONG)
            .map(|(tid, task, pending)| (task.pid, tid, pending.call.clone(), pending.since.elapsed()))
            .collect();
        for (pid, tid, call, time) in long {
            self.tell_wait(pid, tid, &call, time);
        }
        self.tasks
            .pending_mut()
            .filter(|pending| pending.since.elapsed() >= LONG)
            .for_each(|pending| pending.told = true);
        if self.killed_at.is_none() && self.tasks.pending().all(|(_, _, pending)| pending.told) {
            self.alarm.stop();
        }
    }

    fn tell_wait(&mut self, pid: i32, tid: Pid, call: &Call, time: Duration) {
        let namespace = self.namespace(tid).or(self.here);
        let waiting: Vec<_> = self.tasks.pending().map(|(_, task, _)| task.pid).collect();
        let all_wait = self.tasks.iter().all(|(_, task)| task.pending.is_some() || task.exiting);
        let here = namespace.filter(|namespace| Some(*namespace) == self.here);
        let around =
            here.map(|namespace| Around { state: &self.state, namespace, waiting: &waiting, all_wait });
        let reason = around.and_then(|around| around.explain(call));
        self.see(&Step::Waits { pid, tid: tid.as_raw(), call, time, reason: reason.as_ref() });
    }
}
