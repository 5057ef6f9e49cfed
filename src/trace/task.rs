//! A traced thread, and the call that it is in.
//!
//! **Invariant:** a thread is stopped at every call as soon as a filter of somebody else's may answer in front of ours, or
//! the observer follows it, and never again otherwise: filters stay, and go to children and to other programs.

use std::collections::HashMap;
use std::time::Instant;

use nix::unistd::Pid;

use super::abi::RawSyscall;
use super::state::Namespace;
use super::stop::Resume;
use crate::call::Call;

/// A thread that is traced.
pub(super) struct Task {
    /// The process that it belongs to.
    pub pid: i32,
    /// Its IPC namespace, once it was looked up, until it makes a call that may change it. A thread has one of its own.
    pub namespace: Option<Namespace>,
    /// The call that it is in.
    pub pending: Option<Pending>,
    /// It is past the point where it could make another call.
    pub exiting: bool,
    /// It stops at every call: a filter may answer in front of ours, or it is followed.
    pub every_call: bool,
}

impl Task {
    /// A thread of this process.
    pub fn of(pid: i32) -> Task {
        Task { pid, namespace: None, pending: None, exiting: false, every_call: false }
    }

    /// How it goes on where it would be stopped by our filter next.
    pub fn resume(&self, resume: Resume) -> Resume {
        match resume {
            Resume::Free(signal) if self.every_call => Resume::EveryCall(signal),
            other => other,
        }
    }
}

/// A call that has not returned yet.
pub(super) struct Pending {
    pub asked: RawSyscall,
    pub call: Call,
    /// Whether something with its key existed before.
    pub existed: bool,
    /// Whether our filter was asked. If not, one in front of it has answered.
    pub passed: bool,
    pub since: Instant,
    /// Whether it was told that it waits.
    pub told: bool,
}

/// All traced threads, by their ids.
#[derive(Default)]
pub(super) struct Tasks(HashMap<Pid, Task>);

impl Tasks {
    pub fn get(&self, tid: Pid) -> Option<&Task> {
        self.0.get(&tid)
    }

    pub fn get_mut(&mut self, tid: Pid) -> Option<&mut Task> {
        self.0.get_mut(&tid)
    }

    pub fn insert(&mut self, tid: Pid, task: Task) {
        self.0.insert(tid, task);
    }

    pub fn remove(&mut self, tid: Pid) -> Option<Task> {
        self.0.remove(&tid)
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = (Pid, &Task)> {
        self.0.iter().map(|(tid, task)| (*tid, task))
    }

    /// The threads of a process.
    pub fn of_process(&self, pid: i32) -> impl Iterator<Item = &Task> {
        self.0.values().filter(move |task| task.pid == pid)
    }

    /// Keeps one thread of a process.
    pub fn keep_only(&mut self, pid: i32, tid: Pid) {
        self.0.retain(|other, task| task.pid != pid || *other == tid);
    }

    /// From here on every thread of a process stops at every call.
    pub fn stop_at_every_call(&mut self, pid: i32) {
        self.0.values_mut().filter(|task| task.pid == pid).for_each(|task| task.every_call = true);
    }

    /// Whether any thread of a process does.
    pub fn stops_at_every_call(&self, pid: i32) -> bool {
        self.of_process(pid).any(|task| task.every_call)
    }

    /// The calls that have not returned, with the threads that are in them.
    pub fn pending(&self) -> impl Iterator<Item = (Pid, &Task, &Pending)> {
        self.iter().filter_map(|(tid, task)| Some((tid, task, task.pending.as_ref()?)))
    }

    /// The same, to be told of.
    pub fn pending_mut(&mut self) -> impl Iterator<Item = &mut Pending> {
        self.0.values_mut().filter_map(|task| task.pending.as_mut())
    }
}
