//! What the runner and the processes under test share: a page of steps, what came of each, and whose turn it is.
//!
//! **Invariant:** every word is an atomic, so that no process reads half of what another one writes. A step is
//! written before its performer's turn comes, and its log before the next one's.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use nix::libc;

/// The descriptor of the board's file.
const BOARD: i32 = 99;
/// How many processes there may be at a time; the first is the observer.
pub const SLOTS: usize = 24;
/// How many steps a script may have, with the observer's.
pub const STEPS: usize = 96;
/// How many segments are looked at after a step.
pub const PLACES: usize = 16;
/// How many sets are looked at after a step, and how many semaphores of each.
pub const SETS: usize = 6;
pub const SEMAPHORES: usize = 4;
/// How many words a segment's record has, and a set's.
pub const RECORD: usize = 13;
pub const SET_RECORD: usize = 8 + 4 * SEMAPHORES;

/// The words of a step.
pub mod step {
    pub const SLOT: usize = 0;
    pub const OP: usize = 1;
    pub const ARGS: usize = 2;
    pub const LEAVES: usize = 10;
    pub const WAKES: usize = 11;
    pub const WOKEN: usize = 12;
    pub const PLACES: usize = 18;
    pub const PLACE: usize = 19;
    pub const SETS: usize = 40;
    pub const SET: usize = 41;
    pub const WORDS: usize = 48;
}

/// The words of a log.
pub mod log {
    use super::*;
    pub const VALUE: usize = 0;
    pub const ERRNO: usize = 1;
    /// Page faults of a load or a store, nanoseconds of `semop`.
    pub const COST: usize = 2;
    pub const FROM: usize = 3;
    pub const TO: usize = 4;
    pub const ANSWER: usize = 5;
    pub const HIGHEST: usize = 11;
    pub const USED: usize = 12;
    pub const PAGES: usize = 13;
    pub const RESIDENT: usize = 14;
    pub const RECORDS: usize = 15;
    pub const WOKEN: usize = RECORDS + PLACES * RECORD;
    pub const SETS: usize = WOKEN + 12;
    pub const DONE: usize = SETS + super::SETS * SET_RECORD;
    pub const WORDS: usize = DONE + 1;
}

/// A row of words.
#[repr(C)]
pub struct Words<const N: usize>([AtomicU64; N]);

impl<const N: usize> Words<N> {
    pub fn get(&self, at: usize) -> u64 {
        self.0[at].load(Ordering::Acquire)
    }

    pub fn set(&self, at: usize, value: u64) {
        self.0[at].store(value, Ordering::Release);
    }
}

/// A word that a process sleeps on until it is 1.
#[repr(C)]
pub struct Turn(AtomicU32);

impl Turn {
    /// Waits until it is this one's turn, at most for a while, and takes it.
    pub fn wait(&self, within: Option<Duration>) -> bool {
        let until = within.map(|within| Instant::now() + within);
        while self.0.compare_exchange(1, 0, Ordering::AcqRel, Ordering::Acquire).is_err() {
            if until.is_some_and(|until| Instant::now() > until) {
                return false;
            }
            self.sleep(within);
        }
        true
    }

    fn sleep(&self, within: Option<Duration>) {
        let time = within.map(|within| libc::timespec { tv_sec: within.as_secs() as i64, tv_nsec: 0 });
        let time = time.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
        // SAFETY: the word lives as long as the board, and the time as long as the call.
        unsafe { libc::syscall(libc::SYS_futex, self.0.as_ptr(), libc::FUTEX_WAIT, 0, time) };
    }

    /// Makes it this one's turn.
    pub fn give(&self) {
        self.0.store(1, Ordering::Release);
        // SAFETY: as above.
        unsafe { libc::syscall(libc::SYS_futex, self.0.as_ptr(), libc::FUTEX_WAKE, 1) };
    }

    /// Nobody's turn.
    pub fn clear(&self) {
        self.0.store(0, Ordering::Release);
    }
}

/// A process's place.
#[repr(C)]
pub struct Slot {
    pub turn: Turn,
    /// Its pid.
    pub pid: AtomicU32,
    /// Whether the call that it slept in has returned, and with what.
    pub returned: AtomicU32,
    pub value: AtomicU64,
    pub errno: AtomicU32,
}

/// The whole of it.
#[repr(C)]
pub struct Board {
    pub runner: Turn,
    pub next: AtomicU32,
    pub count: AtomicU32,
    /// How long a process may take to do what it has been told to, in seconds.
    timeout: AtomicU32,
    pub slots: [Slot; SLOTS],
    pub steps: [Words<{ step::WORDS }>; STEPS],
    pub logs: [Words<{ log::WORDS }>; STEPS],
}

impl Board {
    /// A board that forked processes share, and those that start this program anew: it is an anonymous file. It lives
    /// as long as the process.
    pub fn new() -> &'static Board {
        // SAFETY: the name is a C string.
        let file = unsafe { libc::memfd_create(c"board".as_ptr(), 0) };
        // SAFETY: the file is this process's own.
        let long = unsafe { libc::ftruncate(file, size_of::<Board>() as i64) };
        // SAFETY: as above. What has this number is replaced.
        let numbered = unsafe { libc::dup2(file, BOARD) };
        assert_eq!((long, numbered), (0, BOARD), "an anonymous file for the board");
        // SAFETY: nothing else has this descriptor.
        unsafe { libc::close(file) };
        Board::of_the_file()
    }

    /// The board whose file this process was given.
    pub fn of_the_file() -> &'static Board {
        let (prot, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED | libc::MAP_POPULATE);
        // SAFETY: new memory is asked for, at no particular address.
        let memory = unsafe { libc::mmap(std::ptr::null_mut(), size_of::<Board>(), prot, flags, BOARD, 0) };
        assert_ne!(memory, libc::MAP_FAILED, "memory for the board");
        // SAFETY: the memory is long enough, page-aligned, never unmapped, and zeros are a board of atomics.
        unsafe { &*memory.cast() }
    }

    /// How long a process may take to do what it has been told to. A busy machine may keep one waiting for long; where a
    /// rule is wrong, one often waits in vain.
    pub fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout.load(Ordering::Relaxed).into())
    }

    pub fn set_timeout(&self, seconds: u32) {
        self.timeout.store(seconds, Ordering::Relaxed);
    }

    /// Goes on to the next step: its performer's turn, or the runner's after the last. Whether it is `mine`, whose
    /// turn need not be given, is returned.
    pub fn hand_over(&self, mine: Option<usize>) -> bool {
        let next = self.next.load(Ordering::Acquire) + 1;
        let performer = self.performer(next);
        self.next.store(next, Ordering::Release);
        match performer {
            Some(slot) if Some(slot) == mine => return true,
            Some(slot) => self.slots[slot].turn.give(),
            None => self.runner.give(),
        }
        false
    }

    /// Who performs a step.
    fn performer(&self, number: u32) -> Option<usize> {
        let exists = number < self.count.load(Ordering::Acquire);
        exists.then(|| self.steps[number as usize].get(step::SLOT) as usize)
    }
}
