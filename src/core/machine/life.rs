//! How processes begin and end. Source: fork(2), vfork(2), execve(2), exit(2), kill(2), unshare(2), shmop(2).
//!
//! **Invariant:** at its end a process lets go of everything in this order: its memory, what it promised to undo, the
//! segments that it made.

use std::sync::Arc;

use super::Machine;
use super::action::Woken;
use super::caller::Caller;
use super::credentials::Capabilities;
use super::namespace::Namespace;
use super::process::{Process, State};
use super::space::{Mapping, Space};
use super::unknown::Unknown;
use crate::Errno;
use crate::call::Answer;

use super::action::Reply;

impl Caller<'_> {
    /// A signal goes to one's own user's processes, and with `CAP_KILL` to all. There are 64 of them, and 0 only asks.
    /// A zombie takes any, and nothing comes of it.
    pub fn kill(&self, target: i32, signal: i32) -> Reply {
        let lives = self.machine.processes.get(&target).map(|process| process.credentials.uid);
        let zombie = self.machine.zombies.get(&target).copied();
        let Some(user) = lives.or(zombie) else { return Errno::ESRCH.into() };
        let own = user == self.credentials().uid;
        match signal {
            _ if !(0..=64).contains(&signal) => Errno::EINVAL.into(),
            _ if !own && !self.credentials().may(Capabilities::KILL) => Errno::EPERM.into(),
            _ if lives.is_none() => Ok(Answer::Done).into(),
            0 | 9 => Ok(Answer::Done).into(),
            _ => Reply::Unknown(Unknown::Handler),
        }
    }

    /// A namespace of one's own takes `CAP_SYS_ADMIN`.
    pub fn unshare(&self) -> Result<(), Errno> {
        if self.credentials().may(Capabilities::SYS_ADMIN) { Ok(()) } else { Err(Errno::EPERM) }
    }
}

impl Machine {
    /// The child inherits all attachments: each is counted once more, in the parent's name. It inherits no entry of
    /// the page table that leads to a segment, so that it pays a page fault for each page of its own, and no promise
    /// to undo anything. What the parent has made the child has not.
    pub(super) fn fork(&mut self, pid: i32, child: i32) {
        let Some(caller) = Caller::new(self, pid) else { return };
        let space = Space { present: Arc::default(), written: Arc::default(), ..caller.space.clone() };
        let process = Process { faults: 0, ..caller.process.clone() };
        let mappings: Vec<Mapping> = space.views().map(|(mapping, _)| *mapping).collect();
        mappings.iter().for_each(|mapping| self.opened(pid, mapping));
        let space = self.add_space(space);
        self.processes.insert(child, Arc::new(Process { space, ..process }));
    }

    /// The child has the parent's memory itself, and no attachment is counted. The parent waits.
    pub(super) fn vfork(&mut self, pid: i32, child: i32) {
        let Some(parent) = self.process_mut(pid) else { return };
        let process = Process { faults: 0, ..parent.clone() };
        parent.state = State::Suspended(child);
        self.processes.insert(child, Arc::new(process));
    }

    /// The program starts with nothing attached. What the process promised to undo stays promised, and what it made
    /// stays its own.
    pub(super) fn exec(&mut self, pid: i32, space: Space) {
        let Some(old) = self.processes.get(&pid).map(|process| process.space) else { return };
        let new = self.add_space(space);
        if let Some(process) = self.process_mut(pid) {
            process.space = new;
            process.credentials.exec();
        }
        self.leave_space(pid, old);
        self.resume_parent_of(pid);
    }

    /// However a process ends, this is what the kernel does after it.
    pub(super) fn exit(&mut self, pid: i32) -> Vec<Woken> {
        self.stop_waiting(pid);
        let Some(process) = self.processes.get(&pid).cloned() else { return Vec::new() };
        // Its attachments are closed in its own name: it is still there.
        self.leave_space(pid, process.space);
        let woken = self.leave_namespace(pid, process.namespace);
        self.processes.remove(&pid);
        self.resume_parent_of(pid);
        self.remove_unreachable(process.namespace);
        woken
    }

    /// A new namespace takes nothing along: promises are undone, what was made has no creator any more. Attachments
    /// stay, and lead into the old namespace.
    pub(super) fn unshare(&mut self, pid: i32) -> Vec<Woken> {
        let Some(old) = self.processes.get(&pid).map(|process| process.namespace) else { return Vec::new() };
        let woken = self.leave_namespace(pid, old);
        let new = self.namespaces.keys().next_back().map_or(0, |last| last + 1);
        self.namespaces.insert(new, Arc::new(Namespace::default()));
        if let Some(process) = self.process_mut(pid) {
            process.namespace = new;
        }
        self.remove_unreachable(old);
        woken
    }

    fn leave_namespace(&mut self, pid: i32, namespace: u64) -> Vec<Woken> {
        let woken = self.undo(pid, namespace);
        self.orphan(pid, namespace);
        woken
    }

    /// The segments that a process made have no creator any more. With `kernel.shm_rmid_forced` they go, unless
    /// somebody has them attached.
    fn orphan(&mut self, pid: i32, namespace: u64) {
        let Some(theirs) = self.namespaces.get(&namespace) else { return };
        let made = theirs.segments.iter().filter(|segment| segment.has_creator && segment.cpid == pid);
        let made: Vec<i32> = made.map(|segment| segment.permissions.id).collect();
        for shmid in made {
            if let Some(segment) =
                self.namespace_mut(namespace).and_then(|theirs| theirs.segments.find_mut(shmid))
            {
                segment.has_creator = false;
            }
            self.remove_if_due(namespace, shmid);
        }
    }

    fn add_space(&mut self, space: Space) -> u64 {
        let number = self.spaces.keys().next_back().map_or(0, |last| last + 1);
        self.spaces.insert(number, Arc::new(space));
        number
    }

    /// Memory goes with the last process that has it.
    fn leave_space(&mut self, pid: i32, number: u64) {
        if self.processes.iter().any(|(other, process)| *other != pid && process.space == number) {
            return;
        }
        if let Some(space) = self.spaces.remove(&number) {
            space.views().for_each(|(mapping, _)| self.closed(pid, mapping));
        }
    }

    fn resume_parent_of(&mut self, child: i32) {
        let waits = |process: &Process| process.state == State::Suspended(child);
        let parent = self.processes.iter().find(|(_, process)| waits(process)).map(|(pid, _)| *pid);
        if let Some(parent) = parent.and_then(|pid| self.process_mut(pid)) {
            parent.state = State::Running;
        }
    }

    /// A namespace goes when no process is in it, and no mapping leads into it.
    pub(super) fn remove_unreachable(&mut self, number: u64) {
        let inhabited = self.processes.values().any(|process| process.namespace == number);
        let is_seen = |space: &Arc<Space>| space.views().any(|(_, view)| view.namespace == number);
        if !inhabited && !self.spaces.values().any(is_seen) {
            let segments =
                self.namespaces.get(&number).into_iter().flat_map(|namespace| namespace.segments.iter());
            let ids: Vec<i32> = segments.map(|segment| segment.permissions.id).collect();
            ids.into_iter().for_each(|shmid| self.remove_segment(number, shmid));
            self.namespaces.remove(&number);
        }
    }
}
