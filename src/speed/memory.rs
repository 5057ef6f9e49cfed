//! Messages through a ring in shared memory, and four ways of waiting for one.
//!
//! The bytes need no system call. What a side does while there is nothing to do makes all the difference.

use std::io;
use std::sync::atomic::{AtomicU32, Ordering, fence};

use nix::sched::sched_yield;

use super::channel::{Channel, checked};
use super::message::Stamp;
use crate::call::{SemFlags, SemOp, Semid};
use crate::kernel::semop_one;
use crate::shm::ring::{Ring, Side};
use crate::shm::{Bytes, sleep_while, wake_one};

/// How a side waits for the other one, and wakes it.
pub trait Wait {
    /// Called again and again while `word`, which the other side writes, has the value `value`.
    ///
    /// # Errors
    ///
    /// Those of the system calls that it takes.
    fn wait(&mut self, word: &AtomicU32, value: u32, asleep: &AtomicU32) -> io::Result<()>;

    /// Called when this side's number has changed, on which the other one may be asleep.
    ///
    /// # Errors
    ///
    /// As for [`Wait::wait`].
    fn wake(&mut self, _word: &AtomicU32, _asleep: &AtomicU32) -> io::Result<()> {
        Ok(())
    }
}

/// Look again, and again: the fastest way, as long as the other side has a processor of its own.
#[derive(Clone, Copy, Debug)]
pub struct Spin;

impl Wait for Spin {
    #[inline]
    fn wait(&mut self, _: &AtomicU32, _: u32, _: &AtomicU32) -> io::Result<()> {
        std::hint::spin_loop();
        Ok(())
    }
}

/// Look, and if there is nothing, let another process run: `sched_yield()`.
#[derive(Clone, Copy, Debug)]
pub struct Yield;

impl Wait for Yield {
    fn wait(&mut self, _: &AtomicU32, _: u32, _: &AtomicU32) -> io::Result<()> {
        Ok(sched_yield()?)
    }
}

/// Sleep in the kernel until the word changes: a futex.
///
/// Nobody is left asleep. The sleeper says that it sleeps, then looks at the word a last time, in the kernel; the waker
/// changes the word, then looks whether somebody sleeps. Between the two steps of either stands a fence, so that at
/// least one of them sees what the other did: the sleeper the change, or the waker the sleeper.
///
/// Only the sleeper takes its word back, when it is awake. A waker that did it would sometimes be late, and take back
/// that the sleeper sleeps already the next time, where nobody would wake it then.
#[derive(Clone, Copy, Debug)]
pub struct Futex;

impl Wait for Futex {
    fn wait(&mut self, word: &AtomicU32, value: u32, asleep: &AtomicU32) -> io::Result<()> {
        asleep.store(1, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        sleep_while(word, value)?;
        asleep.store(0, Ordering::Relaxed);
        Ok(())
    }

    fn wake(&mut self, word: &AtomicU32, asleep: &AtomicU32) -> io::Result<()> {
        fence(Ordering::SeqCst);
        if asleep.load(Ordering::Relaxed) == 0 { Ok(()) } else { wake_one(word) }
    }
}

/// One end of two rings, one for each direction.
pub struct Rings<'a, W> {
    out: (Ring<'a>, Side<&'a AtomicU32>),
    back: (Ring<'a>, Side<&'a AtomicU32>),
    wait: W,
    in_place: bool,
}

impl<'a, W: Wait> Rings<'a, W> {
    /// The end that sends through `out` and receives through `back`.
    pub fn new(out: Ring<'a>, back: Ring<'a>, wait: W) -> Rings<'a, W> {
        Rings { out: (out, out.sender()), back: (back, back.receiver()), wait, in_place: false }
    }

    /// The same, with messages that are made and checked where they lie.
    pub fn in_place(self) -> Rings<'a, W> {
        Rings { in_place: true, ..self }
    }

    #[inline]
    fn with_room<T>(&mut self, deed: impl FnOnce(Bytes<'a>) -> T) -> io::Result<T> {
        let (ring, side) = &mut self.out;
        let turn = loop {
            match side.turn() {
                Some(turn) => break turn,
                None => self.wait.wait(ring.taken(), side.stuck_at(), ring.sender_sleeps())?,
            }
        };
        let done = deed(ring.place(turn));
        side.done();
        self.wait.wake(ring.sent(), ring.receiver_sleeps())?;
        Ok(done)
    }

    #[inline]
    fn with_message<T>(&mut self, deed: impl FnOnce(Bytes<'a>) -> T) -> io::Result<T> {
        let (ring, side) = &mut self.back;
        let turn = loop {
            match side.turn() {
                Some(turn) => break turn,
                None => self.wait.wait(ring.sent(), side.stuck_at(), ring.receiver_sleeps())?,
            }
        };
        let done = deed(ring.place(turn));
        side.done();
        self.wait.wake(ring.taken(), ring.sender_sleeps())?;
        Ok(done)
    }
}

impl<W: Wait> Channel for Rings<'_, W> {
    #[inline]
    fn send(&mut self, message: &[u64]) -> io::Result<()> {
        self.with_room(|place| place.copy_in(bytemuck::cast_slice(message)))
    }

    #[inline]
    fn receive(&mut self, message: &mut [u64]) -> io::Result<()> {
        self.with_message(|place| place.copy_out(bytemuck::cast_slice_mut(message)))
    }

    #[inline]
    fn put(&mut self, stamp: Stamp, message: &mut [u64]) -> io::Result<()> {
        if self.in_place {
            return self.with_room(|place| stamp.make_in(place));
        }
        stamp.make(message);
        self.send(message)
    }

    #[inline]
    fn take(&mut self, number: u64, message: &mut [u64]) -> io::Result<Stamp> {
        if self.in_place {
            return self.with_message(|place| {
                checked(number, Stamp::of_place(place), |stamp| stamp.is_whole_in(place))
            })?;
        }
        self.receive(message)?;
        checked(number, Stamp::of(message), |stamp| stamp.is_whole(message))
    }
}

/// One end of two rings that are guarded as the textbook does it: a System V semaphore counts the messages, another one
/// the free places, and every message takes and gives one of each.
///
/// In a round trip there is a free place whenever a message is due, so that the textbook leaves the second one away.
pub struct Counted<'a> {
    rings: Rings<'a, Spin>,
    set: Semid,
    /// The numbers of the semaphores: messages and free places that way, messages and free places back.
    numbers: [u16; 4],
    counts_places: bool,
}

impl<'a> Counted<'a> {
    /// The end that sends through `out`; the semaphores that count it are `numbers[0]` and `numbers[1]`.
    pub fn new(
        out: Ring<'a>,
        back: Ring<'a>,
        set: Semid,
        numbers: [u16; 4],
        counts_places: bool,
    ) -> Counted<'a> {
        Counted { rings: Rings::new(out, back, Spin), set, numbers, counts_places }
    }

    fn change(&self, which: usize, change: i16) -> io::Result<()> {
        let op = SemOp { number: self.numbers[which], change, flags: SemFlags::empty() };
        semop_one(self.set, op)?;
        Ok(())
    }
}

impl Channel for Counted<'_> {
    fn send(&mut self, message: &[u64]) -> io::Result<()> {
        if self.counts_places {
            self.change(1, -1)?;
        }
        self.rings.send(message)?;
        self.change(0, 1)
    }

    fn receive(&mut self, message: &mut [u64]) -> io::Result<()> {
        self.change(2, -1)?;
        self.rings.receive(message)?;
        if self.counts_places {
            self.change(3, 1)?;
        }
        Ok(())
    }
}

/// The least that two cores can do: a word on one line of the cache there, another one back.
pub struct Line<'a> {
    mine: &'a AtomicU32,
    theirs: &'a AtomicU32,
    seen: u32,
}

impl<'a> Line<'a> {
    /// The end that writes `mine` and waits for `theirs`, both 0 at the beginning.
    pub fn new(mine: &'a AtomicU32, theirs: &'a AtomicU32) -> Line<'a> {
        Line { mine, theirs, seen: 0 }
    }
}

impl Channel for Line<'_> {
    /// A message of one number, of which the word has room for as much as matters.
    #[inline]
    fn send(&mut self, message: &[u64]) -> io::Result<()> {
        let stamp = Stamp::of(message);
        self.mine.store(((stamp.number() as u32 + 1) << 1) | u32::from(stamp.is_last()), Ordering::Release);
        Ok(())
    }

    #[inline]
    fn receive(&mut self, message: &mut [u64]) -> io::Result<()> {
        let word = loop {
            match self.theirs.load(Ordering::Acquire) {
                word if word == self.seen => std::hint::spin_loop(),
                word => break word,
            }
        };
        self.seen = word;
        Stamp::new(u64::from(word >> 1) - 1, word & 1 == 1).make(message);
        Ok(())
    }
}
