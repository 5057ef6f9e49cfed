//! A process that is about to end, and may be kept from it as long as the observer wants to see what others do.
//!
//! **Invariant:** whoever is kept is let go when the observer has seen enough, and always when the run is cut short.

use std::mem;

use nix::unistd::Pid;

use super::procfs;
use super::run::Tracer;
use super::stop::{self, Resume};
use super::value::Step;

impl Tracer<'_> {
    pub(super) fn exiting(&mut self, tid: Pid) -> Resume {
        let Some(task) = self.tasks.get_mut(tid) else { return Resume::Free(0) };
        task.exiting = true;
        self.account.close(tid);
        let pid = task.pid;
        if !self.tasks.of_process(pid).all(|task| task.exiting) {
            return Resume::Free(0);
        }
        if self.cut.is_none() && self.observer.keeps_from_ending(pid, &self.state) {
            self.kept.push(tid);
            self.follow();
            return Resume::Held;
        }
        self.ending(pid);
        Resume::Free(0)
    }

    /// Has a process stopped at every call, if the observer wants to know what it does.
    fn follow(&mut self) {
        let Some(pid) = self.observer.follows().filter(|pid| !self.tasks.stops_at_every_call(*pid)) else {
            return;
        };
        self.tasks.stop_at_every_call(pid);
        for (tid, _) in self.tasks.iter().filter(|(_, task)| task.pid == pid && task.pending.is_none()) {
            stop::interrupt(tid);
        }
    }

    fn ending(&mut self, pid: i32) {
        if self.state.is_alone(pid) {
            self.confirm(pid);
            self.state.hand_over_to_those_not_waited_for(pid, procfs::is_zombie);
        }
        self.see(&Step::Ending { pid });
    }

    /// Lets those end whom the observer no longer wants to keep.
    pub(super) fn let_end(&mut self) {
        for tid in mem::take(&mut self.kept) {
            let Some(pid) = self.tasks.get(tid).map(|task| task.pid) else { continue };
            if self.cut.is_none() && self.observer.keeps_from_ending(pid, &self.state) {
                self.kept.push(tid);
                self.follow();
            } else {
                self.ending(pid);
                self.resume(tid, Resume::Free(0));
            }
        }
    }

    /// The run is over for all.
    pub(super) fn let_all_end(&mut self) {
        for tid in mem::take(&mut self.kept) {
            stop::resume(tid, Resume::Free(0));
        }
    }
}
