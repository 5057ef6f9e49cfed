//! Processes that count at the same time: instruction by instruction, in an order that nobody would choose.
//!
//! The processor runs one of them for a while, and then another; where it stops one lies anywhere, also between a load
//! and the store that belongs to it. So updates are lost here as they are on a real machine, if nothing guards them.
//!
//! **Invariant:** while processes count, the words that they use are in [`Cells`], and nobody else sees memory.

use playground_core::Errno;
use playground_core::call::{Address, Call, Outcome, SemOp, Semid};
use playground_core::error::Result;
use playground_core::machine::{Action, Reply};
use playground_core::process::{Change, Done, How, Tally};

use crate::work::{HOLDER, OWNER_DIED, WAITERS, Work, failed};
use crate::world::World;

/// For how many steps a process runs at most, before another one does.
const LONGEST_TURN: u64 = 256;

/// A process that counts.
pub(crate) struct Counting {
    counter: Address,
    gate: Address,
    how: How,
    left: u64,
    next: Next,
    register: u32,
    sleeps: bool,
    ended: Option<Errno>,
    tally: Tally,
}

/// The instruction that comes next.
#[derive(Clone, Copy)]
enum Next {
    Take,
    Load,
    Add,
    Store,
    Give,
}

/// Where the words of a process that counts are in [`Cells`].
#[derive(Clone, Copy)]
struct Places {
    counter: usize,
    lock: usize,
}

/// The words that processes count in, out of their memory for as long as they do. The same word of a segment is one
/// cell, whatever its address is in this or that process.
#[derive(Default)]
struct Cells {
    values: Vec<u32>,
    places: Vec<(u64, i32, u64)>,
    owners: Vec<(i32, Address)>,
}

impl Counting {
    pub fn new(counter: Address, gate: Address, times: u64, how: How) -> Counting {
        let tally = Tally { times, ..Tally::default() };
        let next = first(how);
        Counting { counter, gate, how, left: times, next, register: 0, sleeps: false, ended: None, tally }
    }

    /// The kernel has answered the `semop` that the process slept in.
    pub fn woken(&mut self, outcome: &Outcome) {
        self.sleeps = false;
        match outcome {
            Ok(_) => self.answered(),
            Err(errno) => self.ended = Some(*errno),
        }
    }

    /// What came of it, if it is over.
    fn done(&self) -> Option<Done> {
        match self.ended {
            Some(errno) => Some(failed(errno)),
            None => (self.left == 0).then_some(Done::Counted(self.tally)),
        }
    }

    fn semaphore(&self) -> Option<(Semid, SemOp)> {
        match (self.how, self.next) {
            (How::Semaphore(semid), Next::Take) => Some((semid, How::TAKE)),
            (How::Semaphore(semid), Next::Give) => Some((semid, How::GIVE)),
            _ => None,
        }
    }

    /// A `semop` of the loop has succeeded.
    fn answered(&mut self) {
        match self.next {
            Next::Take => self.next = Next::Load,
            _ => self.one_less(),
        }
    }

    fn one_less(&mut self) {
        self.left -= 1;
        self.next = first(self.how);
    }

    /// Makes the next step in memory.
    fn step(&mut self, pid: u32, cells: &mut [u32], places: Places) {
        match self.next {
            Next::Take => self.take(pid, &mut cells[places.lock]),
            Next::Load if matches!(self.how, How::Atomic) => {
                cells[places.counter] = cells[places.counter].wrapping_add(1);
                self.one_less();
            }
            Next::Load => {
                self.register = cells[places.counter];
                self.next = Next::Add;
            }
            Next::Add => {
                self.register = self.register.wrapping_add(1);
                self.next = Next::Store;
            }
            Next::Store => {
                cells[places.counter] = self.register;
                match self.how {
                    How::Plain | How::Atomic => self.one_less(),
                    How::Semaphore(_) | How::Lock(_) => self.next = Next::Give,
                }
            }
            Next::Give => self.give(&mut cells[places.lock]),
        }
    }

    /// Takes the lock, or asks the kernel to sleep until it is given free.
    fn take(&mut self, pid: u32, word: &mut u32) {
        if *word & HOLDER != 0 {
            *word |= WAITERS;
            self.tally.calls += u64::from(!self.sleeps);
            self.sleeps = true;
            return;
        }
        self.tally.orphaned += u64::from(*word & OWNER_DIED != 0);
        // Who has slept cannot know whether others sleep still.
        *word = pid | if self.sleeps { WAITERS } else { *word & WAITERS };
        self.sleeps = false;
        self.next = Next::Load;
    }

    /// Gives it free, and asks the kernel to wake somebody, if anybody may sleep.
    fn give(&mut self, word: &mut u32) {
        self.tally.calls += u64::from(*word & WAITERS != 0);
        *word = 0;
        self.one_less();
    }
}

fn first(how: How) -> Next {
    match how {
        How::Plain | How::Atomic => Next::Load,
        How::Semaphore(_) | How::Lock(_) => Next::Take,
    }
}

/// One of those that count, taken out of the world for as long as they do.
struct Runner {
    pid: i32,
    counting: Counting,
    places: Places,
}

impl World {
    /// Whoever counts goes on, in turns, for so many steps.
    pub(crate) fn count(&mut self, steps: u64) -> Result<()> {
        let mut cells = Cells::default();
        let mut runners = self.runners(&mut cells)?;
        let mut left = steps;
        while left > 0 && !runners.is_empty() {
            let at = self.dice(runners.len() as u64) as usize;
            let turn = (1 + self.dice(LONGEST_TURN)).min(left);
            self.turn(&mut runners, at, turn, &mut cells.values);
            left -= turn;
            self.collect(&mut runners);
        }
        self.put_back(&cells)?;
        for Runner { pid, counting, .. } in runners {
            self.works.insert(pid, Work::Counting(counting));
        }
        Ok(())
    }

    /// Takes out everybody who counts, and whose gate is open.
    fn runners(&mut self, cells: &mut Cells) -> Result<Vec<Runner>> {
        let pids: Vec<i32> = self.works.keys().copied().collect();
        let mut runners = Vec::new();
        for pid in pids {
            let Some(Work::Counting(counting)) = self.works.get(&pid) else { continue };
            let (counter, gate, how) = (counting.counter, counting.gate, counting.how);
            if self.word(pid, gate, Change::Load)? == 0 {
                continue;
            }
            let counter = self.cell(cells, pid, counter)?;
            let lock = match how {
                How::Lock(word) => {
                    self.robust.entry(pid).or_default().push(word.0);
                    self.cell(cells, pid, word)?
                }
                _ => counter,
            };
            if let Some(Work::Counting(counting)) = self.works.remove(&pid) {
                runners.push(Runner { pid, counting, places: Places { counter, lock } });
            }
        }
        Ok(runners)
    }

    fn cell(&mut self, cells: &mut Cells, pid: i32, address: Address) -> Result<usize> {
        let value = self.word(pid, address, Change::Add(0))?;
        let place = self.place(pid, address);
        if let Some(at) = cells.places.iter().position(|known| Some(*known) == place) {
            return Ok(at);
        }
        cells.values.push(value);
        cells.places.extend(place);
        cells.owners.push((pid, address));
        Ok(cells.values.len() - 1)
    }

    /// Which byte of which segment an address of a process leads to.
    fn place(&self, pid: i32, Address(address): Address) -> Option<(u64, i32, u64)> {
        let space = self.machine.spaces.get(&self.machine.processes.get(&pid)?.space)?;
        let mapping = space.at(address)?;
        let view = mapping.view()?;
        let byte = view.offset * self.machine.host.page_size + (address - mapping.start);
        Some((view.namespace, view.shmid, byte))
    }

    fn turn(&mut self, runners: &mut [Runner], at: usize, steps: u64, cells: &mut [u32]) {
        for _ in 0..steps {
            let Runner { pid, counting, places } = &mut runners[at];
            if counting.done().is_some() {
                return;
            }
            match counting.semaphore() {
                Some(_) if counting.sleeps => return,
                Some((semid, op)) => {
                    counting.tally.calls += 1;
                    let pid = *pid;
                    self.semop(runners, at, pid, &Call::Semop { semid, ops: vec![op] });
                }
                None => {
                    counting.step(*pid as u32, cells, *places);
                    if counting.sleeps {
                        return;
                    }
                }
            }
        }
    }

    /// A `semop` of one of the loops. Whoever is woken by it is one of the others.
    fn semop(&mut self, runners: &mut [Runner], at: usize, pid: i32, call: &Call) {
        let action = Action::Call(call.clone());
        let reply = self.machine.decide(pid, &action);
        let woken = self.machine.effect(pid, &action, &reply);
        match reply {
            Reply::Returns(Ok(_)) => runners[at].counting.answered(),
            Reply::Returns(Err(errno)) => runners[at].counting.ended = Some(errno),
            Reply::Waits => runners[at].counting.sleeps = true,
            Reply::Dies(_) | Reply::Unknown(_) => runners[at].counting.ended = Some(Errno::EINVAL),
        }
        for woken in woken {
            match runners.iter_mut().find(|runner| runner.pid == woken.pid) {
                Some(runner) => runner.counting.woken(&woken.outcome),
                None => self.wake(vec![woken]),
            }
        }
    }

    /// Those that are done do not run any more.
    fn collect(&mut self, runners: &mut Vec<Runner>) {
        let over = |runner: &mut Runner| runner.counting.done().is_some();
        for Runner { pid, counting, .. } in runners.extract_if(.., over) {
            self.works.extend(counting.done().map(|done| (pid, Work::Done(done))));
        }
    }

    fn put_back(&mut self, cells: &Cells) -> Result<()> {
        for ((pid, address), value) in cells.owners.iter().zip(&cells.values) {
            self.word(*pid, *address, Change::Store(*value))?;
        }
        Ok(())
    }
}
