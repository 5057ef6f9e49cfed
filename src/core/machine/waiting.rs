//! Waiting and waking: who goes on when values change, and in which order. Source: semop(2), and the rules in words.
//!
//! When something has changed a set, first those go on who wait for a zero, if a semaphore that was touched is 0 now:
//! who looks at one semaphore before who looks at several, so that `GETPID` names the latter.
//! Then those who want to change something, the first come first; each that succeeds may let others go on, so the
//! kernel begins again at the head of the queue. One that cannot go on does not hold up those behind it.
//!
//! **Invariant:** who is woken has its answer: nobody wakes up to try again.

use std::time::Duration;

use super::Machine;
use super::action::Woken;
use super::process::State;
use super::semop::{Attempt, numbers};
use super::set::{HIGHEST, Set, Waiter};
use crate::Errno;
use crate::call::Answer;

impl Set {
    /// Lets everybody go on who can, after these semaphores were touched.
    pub(super) fn settle(&mut self, touched: &[usize], now: i64) -> Vec<Woken> {
        let mut woken = self.wake_for_zero(touched);
        while let Some(waiter) = self.take_first(|waiter| !waiter.only_looks()) {
            let touched = numbers(&waiter.0.ops);
            let succeeded = waiter.1.is_ok();
            woken.push(self.answer(waiter));
            if succeeded {
                woken.extend(self.wake_for_zero(&touched));
            }
        }
        if woken.iter().any(|woken| woken.outcome.is_ok()) {
            self.otime = now;
        }
        woken
    }

    fn wake_for_zero(&mut self, touched: &[usize]) -> Vec<Woken> {
        let mut woken = Vec::new();
        if touched
            .iter()
            .any(|number| self.semaphores.get(*number).is_some_and(|semaphore| semaphore.value == 0))
        {
            for many in [false, true] {
                while let Some(waiter) = self.take_first(|w| w.only_looks() && (w.ops.len() > 1) == many) {
                    woken.push(self.answer(waiter));
                }
            }
        }
        woken
    }

    /// The first waiter of a kind that need not wait any longer, and whether it succeeds. Those before it are asked
    /// anew what they wait for.
    fn take_first(&mut self, kind: impl Fn(&Waiter) -> bool) -> Option<(Waiter, Result<(), Errno>)> {
        for at in 0..self.waiters.len() {
            if !kind(&self.waiters[at]) {
                continue;
            }
            match self.attempt(self.waiters[at].pid, &self.waiters[at].ops) {
                Attempt::Blocks(blocked_at) => self.waiters[at].blocked_at = blocked_at,
                Attempt::Succeeds => return Some((self.waiters.remove(at), Ok(()))),
                Attempt::Fails(errno) => return Some((self.waiters.remove(at), Err(errno))),
            }
        }
        None
    }

    fn answer(&mut self, (waiter, result): (Waiter, Result<(), Errno>)) -> Woken {
        if result.is_ok() {
            self.perform(waiter.pid, &waiter.ops);
        }
        Woken { pid: waiter.pid, outcome: result.map(|()| Answer::Done) }
    }

    /// Lets everybody go on who can, after any semaphore may have been touched.
    pub(super) fn settle_all(&mut self, now: i64) -> Vec<Woken> {
        let all: Vec<usize> = (0..self.semaphores.len()).collect();
        self.settle(&all, now)
    }

    /// Adds what a process promised to undo. A value that would leave its range stays at the end of it.
    fn undo(&mut self, pid: i32, now: i64) -> Vec<Woken> {
        let Some(undo) = self.undo.remove(&pid) else { return Vec::new() };
        for (semaphore, adjustment) in
            self.semaphores.iter_mut().zip(undo).filter(|(_, adjustment)| *adjustment != 0)
        {
            semaphore.value = (semaphore.value + adjustment).clamp(0, HIGHEST);
            semaphore.pid = pid;
        }
        self.otime = now;
        self.settle_all(now)
    }
}

impl Machine {
    /// At the end of a process its promises are kept (`SEM_UNDO`).
    pub(super) fn undo(&mut self, pid: i32, namespace: u64) -> Vec<Woken> {
        let now = self.seconds();
        let Some(theirs) = self.namespaces.get(&namespace) else { return Vec::new() };
        let sets = theirs.sets.iter().filter(|set| set.undo.contains_key(&pid));
        let sets: Vec<i32> = sets.map(|set| set.permissions.id).collect();
        let mut woken = Vec::new();
        for semid in sets {
            if let Some(set) = self.namespace_mut(namespace).and_then(|theirs| theirs.sets.find_mut(semid)) {
                woken.extend(set.undo(pid, now));
            }
        }
        self.resume(woken)
    }

    /// A process that was woken runs.
    pub(super) fn resume(&mut self, woken: Vec<Woken>) -> Vec<Woken> {
        for woken in &woken {
            if let Some(process) = self.process_mut(woken.pid) {
                process.state = State::Running;
            }
        }
        woken
    }

    /// A process leaves the queue it waits in: it was killed, or somebody knows its answer. Nobody goes on by that.
    pub(super) fn stop_waiting(&mut self, pid: i32) {
        let Some(State::Waiting(semid)) = self.processes.get(&pid).map(|process| process.state) else {
            return;
        };
        if let Some(set) = self.set_mut(pid, semid) {
            set.waiters.retain(|waiter| waiter.pid != pid);
        }
        if let Some(process) = self.process_mut(pid) {
            process.state = State::Running;
        }
    }

    /// Time passes. Whose `semtimedop` has waited long enough gets `EAGAIN`, in the order of the deadlines.
    pub fn pass(&mut self, time: Duration) -> Vec<Woken> {
        self.clock = self.clock.saturating_add(time);
        let mut late = self.late();
        late.sort();
        let late: Vec<i32> = late.into_iter().map(|(_, pid)| pid).collect();
        late.iter().for_each(|pid| self.stop_waiting(*pid));
        late.into_iter().map(|pid| Woken { pid, outcome: Err(Errno::EAGAIN) }).collect()
    }

    fn late(&self) -> Vec<(Duration, i32)> {
        let sets = self.namespaces.values().flat_map(|namespace| namespace.sets.iter());
        let waiters = sets.flat_map(|set| &set.waiters);
        waiters
            .filter_map(|w| Some((w.deadline.filter(|deadline| *deadline <= self.clock)?, w.pid)))
            .collect()
    }
}
