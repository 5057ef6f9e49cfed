//! The loops of a process that counts on its own.
//!
//! **Invariant:** between two increments nothing is asked of the kernel but what the way of counting needs.

use std::hint::black_box;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use nix::errno::Errno;

use super::linux::portable;
use super::linux::sem::operate_one;
use super::{Done, How, Linux, Step, Tally};
use crate::call::{Address, SemOp, Semid};
use crate::error::Result;
use crate::shm::mutex::{self, Taken};

impl Linux {
    /// Makes one step of an increment, and returns what is in the register.
    pub(super) fn step_of(&mut self, counter: Address, step: Step) -> Result<u32> {
        match step {
            Step::Load => self.register = self.atomic(counter, false)?.load(Ordering::Relaxed),
            Step::Add => self.register = self.register.wrapping_add(1),
            Step::Store => self.atomic(counter, true)?.store(self.register, Ordering::Relaxed),
        }
        Ok(self.register)
    }

    /// Counts, until it is done or the set of semaphores is gone.
    pub(super) fn count(&self, [counter, gate]: [Address; 2], times: u64, how: How) -> Result<Done> {
        let (counter, gate) = (self.atomic(counter, true)?, self.atomic(gate, false)?);
        // Relaxed: nothing that was written before the gate was opened is read after it. On a single processor the one
        // that opens it has to have its turn.
        while gate.load(Ordering::Relaxed) == 0 {
            std::thread::yield_now();
        }
        let begun = Instant::now();
        let tally = match how {
            How::Plain => Ok(repeat(times, || increment(counter))),
            How::Atomic => Ok(repeat(times, || atomic_increment(counter))),
            How::Semaphore(set) => between_semops(set, times, || increment(counter)),
            How::Lock(word) => Ok(while_locked(self.atomic(word, true)?, times, || increment(counter))),
        };
        let nanoseconds = begun.elapsed().as_nanos() as u64;
        Ok(match tally {
            Ok(tally) => Done::Counted(Tally { times, nanoseconds, ..tally }),
            Err(errno) => Done::Answered(Err(portable(errno))),
        })
    }

    /// Takes the lock, however long that takes.
    pub(super) fn lock(&self, word: Address) -> Result<Done> {
        let word = self.atomic(word, true)?;
        let (taken, _) = mutex::noted(word, || mutex::lock(word, this_process()));
        Ok(Done::Locked { orphaned: taken == Taken::Orphaned })
    }

    /// Gives the lock free.
    pub(super) fn unlock(&self, word: Address) -> Result<Done> {
        let word = self.atomic(word, true)?;
        mutex::noted(word, || mutex::unlock(word));
        Ok(Done::Unlocked)
    }
}

/// Load, add, store, each an instruction of its own.
///
/// The load and the store are relaxed atomics, which are the plain instructions; written as plain accesses they would
/// be undefined behaviour, since another process stores there. Without the black box a compiler may make one
/// instruction of the three, which loses updates all the same, but not on a single processor.
fn increment(counter: &AtomicU32) {
    let register = counter.load(Ordering::Relaxed);
    let register = black_box(register.wrapping_add(1));
    counter.store(register, Ordering::Relaxed);
}

/// Relaxed is enough: the counter guards nothing but itself.
fn atomic_increment(counter: &AtomicU32) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// Takes no system call.
fn repeat(times: u64, operation: impl Fn()) -> Tally {
    (0..times).for_each(|_| operation());
    Tally::default()
}

fn between_semops(set: Semid, times: u64, operation: impl Fn()) -> nix::Result<Tally> {
    let mut tally = Tally::default();
    for _ in 0..times {
        tally.calls += semop_one(set, How::TAKE)?;
        operation();
        tally.calls += semop_one(set, How::GIVE)?;
    }
    Ok(tally)
}

/// `semop` with one operation, until it is done. Returns how many calls that took: a signal that is caught, or a stop,
/// makes one return early (signal(7)).
pub fn semop_one(set: Semid, op: SemOp) -> nix::Result<u64> {
    let mut calls = 1;
    loop {
        match operate_one(set, op) {
            Err(Errno::EINTR) => calls += 1,
            answer => return answer.map(|()| calls),
        }
    }
}

fn while_locked(word: &AtomicU32, times: u64, operation: impl Fn()) -> Tally {
    let (me, mut tally) = (this_process(), Tally::default());
    let mut once = || {
        let (taken, sleeps) = mutex::lock(word, me);
        operation();
        tally.orphaned += u64::from(taken == Taken::Orphaned);
        tally.calls += sleeps + u64::from(mutex::unlock(word));
    };
    mutex::noted(word, || (0..times).for_each(|_| once()));
    tally
}

fn this_process() -> u32 {
    nix::unistd::getpid().as_raw() as u32
}
