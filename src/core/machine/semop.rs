//! `semop` and `semtimedop`: several operations on a set, all at once or not at all. Source: semop(2).
//!
//! **Invariant:** operations are tried on the values as they are, in the order of the list, each after those before
//! it; and only if all succeed does any of them change anything.

use std::time::Duration;

use super::Machine;
use super::action::Reply;
use super::caller::Caller;
use super::permission::{READ, WRITE};
use super::process::State;
use super::set::{HIGHEST, Set, Waiter};
use crate::Errno;
use crate::call::{Answer, SemFlags, SemOp, Semid};

/// What comes of trying a list of operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Attempt {
    /// All can be done.
    Succeeds,
    /// This one cannot be done now.
    Blocks(usize),
    /// One can never be done, or may not wait.
    Fails(Errno),
}

impl Set {
    /// Tries a list of operations in the name of a process.
    ///
    /// - `change` > 0 adds, and never waits.
    /// - `change` < 0 waits until the value is at least that much.
    /// - `change` = 0 waits until the value is 0.
    pub(super) fn attempt(&self, pid: i32, ops: &[SemOp]) -> Attempt {
        (0..ops.len())
            .map(|at| self.attempt_one(pid, ops, at))
            .find(|a| *a != Attempt::Succeeds)
            .unwrap_or(Attempt::Succeeds)
    }

    fn attempt_one(&self, pid: i32, ops: &[SemOp], at: usize) -> Attempt {
        let op = &ops[at];
        let value = self.value_before(ops, at);
        let after = value + i32::from(op.change);
        if op.change == 0 && value != 0 || after < 0 {
            return if op.flags.contains(SemFlags::IPC_NOWAIT) {
                Attempt::Fails(Errno::EAGAIN)
            } else {
                Attempt::Blocks(at)
            };
        }
        let undone = self.undo_after(pid, ops, at);
        if after > HIGHEST || !(-HIGHEST - 1..=HIGHEST).contains(&undone) {
            return Attempt::Fails(Errno::ERANGE);
        }
        Attempt::Succeeds
    }

    /// The value of a semaphore when the operations before this one have been done.
    fn value_before(&self, ops: &[SemOp], at: usize) -> i32 {
        let number = ops[at].number;
        let earlier = ops[..at].iter().filter(|op| op.number == number).map(|op| i32::from(op.change));
        self.semaphores.get(usize::from(number)).map_or(0, |semaphore| semaphore.value) + earlier.sum::<i32>()
    }

    /// What is promised to be undone when this operation has been done, too.
    fn undo_after(&self, pid: i32, ops: &[SemOp], at: usize) -> i32 {
        let number = ops[at].number;
        let same =
            ops[..=at].iter().filter(|op| op.number == number && op.flags.contains(SemFlags::SEM_UNDO));
        let promised =
            self.undo.get(&pid).and_then(|undo| undo.get(usize::from(number))).copied().unwrap_or(0);
        promised - same.map(|op| i32::from(op.change)).sum::<i32>()
    }

    /// Does the operations, and notes what is to be undone at the end of the process.
    pub(super) fn perform(&mut self, pid: i32, ops: &[SemOp]) {
        for op in ops {
            let number = usize::from(op.number);
            let Some(semaphore) = self.semaphores.get_mut(number) else { continue };
            semaphore.value += i32::from(op.change);
            semaphore.pid = pid;
            if op.flags.contains(SemFlags::SEM_UNDO) {
                self.promises(pid)[number] -= i32::from(op.change);
            }
        }
    }

    /// What a process has promised to undo. To ask for `SEM_UNDO` makes the list, even if the call then fails.
    pub(super) fn promises(&mut self, pid: i32) -> &mut Vec<i32> {
        let nsems = self.semaphores.len();
        self.undo.entry(pid).or_insert_with(|| vec![0; nsems])
    }
}

impl Caller<'_> {
    /// The checks come in this order: the number of operations, the id, the semaphores' numbers, permission.
    pub fn semop(&self, semid: Semid, ops: &[SemOp], timeout: Option<Duration>) -> Reply {
        let attempt = self.allow_semop(semid, ops).map(|set| set.attempt(self.pid, ops));
        match attempt {
            Ok(Attempt::Succeeds) => Ok(Answer::Done).into(),
            Ok(Attempt::Blocks(_)) if timeout == Some(Duration::ZERO) => Errno::EAGAIN.into(),
            Ok(Attempt::Blocks(_)) => Reply::Waits,
            Ok(Attempt::Fails(errno)) | Err(errno) => errno.into(),
        }
    }

    fn allow_semop(&self, semid: Semid, ops: &[SemOp]) -> Result<&Set, Errno> {
        let set = self.set_of(semid, ops)?;
        if ops.iter().any(|op| usize::from(op.number) >= set.semaphores.len()) {
            return Err(Errno::EFBIG);
        }
        // To wait for a zero takes permission to read, to change anything permission to write.
        let alters = ops.iter().any(|op| op.change != 0);
        set.permissions.grant(self.credentials(), if alters { WRITE } else { READ })?;
        Ok(set)
    }

    fn set_of(&self, semid: Semid, ops: &[SemOp]) -> Result<&Set, Errno> {
        match ops.len() {
            0 => Err(Errno::EINVAL),
            _ if semid.0 < 0 && self.host().negative_set_goes_before_count => Err(Errno::EINVAL),
            many if many > self.namespace.limits.semopm as usize => Err(Errno::E2BIG),
            _ => self.namespace.sets.find(semid.0),
        }
    }
}

impl Machine {
    /// The operations are done, and others may go on.
    pub(super) fn semop(&mut self, pid: i32, semid: Semid, ops: &[SemOp]) -> Vec<super::Woken> {
        let now = self.seconds();
        let Some(set) = self.set_mut(pid, semid.0) else { return Vec::new() };
        set.perform(pid, ops);
        set.otime = now;
        let alters = ops.iter().any(|op| op.change != 0);
        let woken = if alters { set.settle(&numbers(ops), now) } else { Vec::new() };
        self.resume(woken)
    }

    /// The process waits behind those who wait already.
    pub(super) fn wait(&mut self, pid: i32, semid: Semid, ops: &[SemOp], timeout: Option<Duration>) {
        let deadline = timeout.map(|timeout| self.clock.saturating_add(timeout));
        let Some(set) = self.set_mut(pid, semid.0) else { return };
        let blocked_at = if let Attempt::Blocks(at) = set.attempt(pid, ops) { at } else { 0 };
        set.waiters.push(Waiter { pid, ops: ops.to_vec(), blocked_at, deadline });
        if let Some(process) = self.process_mut(pid) {
            process.state = State::Waiting(semid.0);
        }
    }

    /// Before anything else the kernel makes a list for what is to be undone.
    pub(super) fn note_undo(&mut self, pid: i32, semid: Semid, ops: &[SemOp]) {
        let asks = ops.iter().any(|op| op.flags.contains(SemFlags::SEM_UNDO));
        let reached = Caller::new(self, pid).is_some_and(|caller| caller.set_of(semid, ops).is_ok());
        if asks
            && reached
            && let Some(set) = self.set_mut(pid, semid.0)
        {
            set.promises(pid);
        }
    }
}

/// The semaphores that a list of operations is about.
pub(super) fn numbers(ops: &[SemOp]) -> Vec<usize> {
    ops.iter().map(|op| usize::from(op.number)).collect()
}
