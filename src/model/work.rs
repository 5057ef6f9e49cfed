//! What a process does on its own while others go on: it waits in `semop`, it counts, it takes a lock.
//!
//! **Invariant:** work goes on only while somebody waits for it or lets time pass, so that the same lesson gives the
//! same run each time.

use std::time::Duration;

use playground_core::Errno;
use playground_core::call::{Address, Answer, Call, Outcome, SemOp, Semid};
use playground_core::error::{Error, Result};
use playground_core::machine::{Action, Reply, Unknown};
use playground_core::process::{Change, Done, Operation};

use crate::count::Counting;
use crate::world::{World, does_not_know};

/// Set by who waits for a lock: its holder has to wake somebody (`linux/futex.h`).
pub(crate) const WAITERS: u32 = 0x8000_0000;
/// Set by the kernel when the holder of a lock has died.
pub(crate) const OWNER_DIED: u32 = 0x4000_0000;
/// The holder's pid.
pub(crate) const HOLDER: u32 = 0x3fff_ffff;

/// What a process is at.
pub(crate) enum Work {
    /// It sleeps in `semop`.
    Waiting,
    /// It counts.
    Counting(Counting),
    /// It wants the lock in the word at this address.
    Locking(u64),
    /// It is done, and nobody has asked yet what came of it.
    Done(Done),
}

impl Work {
    /// The kernel wakes the process, with an answer to its `semop`.
    pub fn woken(&mut self, outcome: Outcome) {
        match self {
            Work::Counting(counting) => counting.woken(&outcome),
            work => *work = Work::Done(Done::Answered(outcome)),
        }
    }
}

/// How many steps processes make in a time: a step is an instruction, or a call.
fn steps_within(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

impl World {
    /// A process begins with something.
    pub fn start(&mut self, pid: i32, operation: &Operation) -> Result<()> {
        let work = match operation {
            Operation::Semop(semid, ops) => self.start_semop(pid, *semid, ops)?,
            &Operation::Count { counter, gate, times, how } => {
                Work::Counting(Counting::new(counter, gate, times, how))
            }
            Operation::Lock(word) => {
                self.robust.entry(pid).or_default().push(word.0);
                Work::Locking(word.0)
            }
            Operation::Unlock(word) => {
                self.word(pid, *word, Change::Store(0))?;
                self.robust.entry(pid).or_default().retain(|noted| *noted != word.0);
                Work::Done(Done::Unlocked)
            }
        };
        self.works.insert(pid, work);
        self.try_locks()
    }

    fn start_semop(&mut self, pid: i32, semid: Semid, ops: &[SemOp]) -> Result<Work> {
        let call = Call::Semop { semid, ops: ops.to_vec() };
        match self.call(pid, &call) {
            Reply::Returns(outcome) => Ok(Work::Done(Done::Answered(outcome))),
            Reply::Waits => Ok(Work::Waiting),
            Reply::Unknown(unknown) => Err(does_not_know(&call.to_string(), unknown)),
            Reply::Dies(_) => Err(does_not_know(&call.to_string(), Unknown::Arguments)),
        }
    }

    /// What came of a process's work, if it is done within a time.
    pub fn finish(&mut self, pid: i32, within: Duration) -> Result<Option<Done>> {
        if self.is_at_work(pid) {
            self.work(within)?;
        }
        // Time passes for who has to be waited for, and not for who is done at once.
        if self.is_at_work(pid) {
            self.pass(within);
        }
        match self.works.remove(&pid) {
            Some(Work::Done(done)) => Ok(Some(done)),
            Some(work) => {
                self.works.insert(pid, work);
                Ok(None)
            }
            None => Err(Error::environment(
                format!("process {pid} was to have done something"),
                "it was told to do nothing",
                "Start it first.",
            )),
        }
    }

    fn is_at_work(&self, pid: i32) -> bool {
        !matches!(self.works.get(&pid), None | Some(Work::Done(_)))
    }

    /// Everybody goes on for a time.
    pub fn go_on(&mut self, time: Duration) -> Result<()> {
        self.work(time)?;
        self.pass(time);
        Ok(())
    }

    fn work(&mut self, time: Duration) -> Result<()> {
        self.try_locks()?;
        self.count(steps_within(time))?;
        self.try_locks()
    }

    /// Reads or changes a word, as one instruction. Returns what was there before.
    pub fn word(&mut self, pid: i32, address: Address, change: Change) -> Result<u32> {
        let before = match self.act(pid, &Action::Load { address, length: 4 }) {
            Reply::Returns(Ok(Answer::Bytes(bytes))) => {
                u32::from_le_bytes(bytes.try_into().unwrap_or_default())
            }
            reply => return Err(no_word(address, &reply)),
        };
        let after = match change {
            Change::Load => return Ok(before),
            Change::Store(value) => value,
            Change::Add(value) => before.wrapping_add(value),
            Change::Exchange { expected, new } if expected == before => new,
            Change::Exchange { .. } => return Ok(before),
        };
        match self.act(pid, &Action::Store { address, bytes: after.to_le_bytes().to_vec() }) {
            Reply::Returns(Ok(_)) => Ok(before),
            reply => Err(no_word(address, &reply)),
        }
    }

    /// Who waits for a lock takes it, if it is free. Who has to go on waiting says so in the word.
    fn try_locks(&mut self) -> Result<()> {
        let wanted: Vec<_> =
            self.works.iter().filter_map(|(pid, work)| Some((*pid, locking(work)?))).collect();
        for (pid, word) in wanted {
            let seen = self.word(pid, Address(word), Change::Load)?;
            if seen & HOLDER == 0 {
                self.word(pid, Address(word), Change::Store(pid as u32 | seen & WAITERS))?;
                let orphaned = seen & OWNER_DIED != 0;
                self.works.insert(pid, Work::Done(Done::Locked { orphaned }));
            } else {
                self.word(pid, Address(word), Change::Store(seen | WAITERS))?;
            }
        }
        Ok(())
    }

    /// A process is about to end: the kernel looks at the words that it was told of, and marks those that the process
    /// holds. Source: get_robust_list(2).
    pub fn give_up_locks(&mut self, pid: i32) {
        for word in self.robust.remove(&pid).unwrap_or_default() {
            let Ok(seen) = self.word(pid, Address(word), Change::Load) else { continue };
            if seen & HOLDER == pid as u32 {
                // It could be read, and so it can be written: a lock is nothing that one only looks at.
                let _ = self.word(pid, Address(word), Change::Store(seen & WAITERS | OWNER_DIED));
            }
        }
    }
}

fn locking(work: &Work) -> Option<u64> {
    if let Work::Locking(word) = work { Some(*word) } else { None }
}

fn no_word(address: Address, reply: &Reply) -> Error {
    match reply {
        Reply::Unknown(unknown) => does_not_know(&format!("the word at {address}"), *unknown),
        _ => Error::NotAttached { address, length: 4, purpose: "writing" },
    }
}

/// The errno of a loop that the kernel has ended.
pub(crate) fn failed(errno: Errno) -> Done {
    Done::Answered(Err(errno))
}
