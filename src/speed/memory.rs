//! Messages through a ring in shared memory, and four ways of waiting for one.
//!
//! The bytes need no system call. What a side does while there is nothing to do makes all the difference.

use std::io;
use std::sync::atomic::{AtomicU32, Ordering};

use nix::sched::sched_yield;

use super::channel::{Channel, checked};
use super::message::Stamp;
use crate::call::{SemFlags, SemOp, Semid};
use crate::kernel::semop_one;
use crate::shm::ring::{Ring, Side};
use crate::shm::{Bytes, sleep_on, wake_sleeper};

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

/// Sleep in the kernel until the word changes: a futex, as [`sleep_on`] and [`wake_sleeper`] use it.
#[derive(Clone, Copy, Debug)]
pub struct Futex;

impl Wait for Futex {
    fn wait(&mut self, word: &AtomicU32, value: u32, asleep: &AtomicU32) -> io::Result<()> {
        sleep_on(&word, value, &asleep)
    }

    fn wake(&mut self, word: &AtomicU32, asleep: &AtomicU32) -> io::Result<()> {
        wake_sleeper(&word, &asleep)
    }
}

/// One side of a ring, with the words that it waits on and wakes by: looked up once, not for each message.
struct Lane<'a> {
    ring: Ring<'a>,
    side: Side<&'a AtomicU32>,
    /// The other side's number, and where this side says that it sleeps on it.
    awaited: (&'a AtomicU32, &'a AtomicU32),
    /// This side's number, and where the other one says so.
    changed: (&'a AtomicU32, &'a AtomicU32),
}

impl<'a> Lane<'a> {
    fn out(ring: Ring<'a>) -> Lane<'a> {
        let awaited = (ring.taken(), ring.sender_sleeps());
        Lane { ring, side: ring.sender(), awaited, changed: (ring.sent(), ring.receiver_sleeps()) }
    }

    fn back(ring: Ring<'a>) -> Lane<'a> {
        let awaited = (ring.sent(), ring.receiver_sleeps());
        Lane { ring, side: ring.receiver(), awaited, changed: (ring.taken(), ring.sender_sleeps()) }
    }

    /// Waits for this side's turn at a place, does something there, and lets the other side have its turn.
    #[inline]
    fn take_turn<T>(
        &mut self,
        wait: &mut impl Wait,
        operation: impl FnOnce(Bytes<'a>) -> T,
    ) -> io::Result<T> {
        let turn = loop {
            match self.side.turn() {
                Some(turn) => break turn,
                None => wait.wait(self.awaited.0, self.side.stuck_at(), self.awaited.1)?,
            }
        };
        let done = operation(self.ring.place(turn));
        self.side.done();
        wait.wake(self.changed.0, self.changed.1)?;
        Ok(done)
    }
}

/// One end of two rings, one for each direction.
pub struct Rings<'a, W> {
    out: Lane<'a>,
    back: Lane<'a>,
    wait: W,
    in_place: bool,
}

impl<'a, W: Wait> Rings<'a, W> {
    /// The end that sends through `out` and receives through `back`.
    pub fn new(out: Ring<'a>, back: Ring<'a>, wait: W) -> Rings<'a, W> {
        Rings { out: Lane::out(out), back: Lane::back(back), wait, in_place: false }
    }

    /// The same, with messages that are made and checked where they lie.
    pub fn in_place(self) -> Rings<'a, W> {
        Rings { in_place: true, ..self }
    }
}

impl<W: Wait> Channel for Rings<'_, W> {
    #[inline]
    fn send(&mut self, message: &[u64]) -> io::Result<()> {
        self.out.take_turn(&mut self.wait, |place| place.copy_in(bytemuck::cast_slice(message)))
    }

    #[inline]
    fn receive(&mut self, message: &mut [u64]) -> io::Result<()> {
        self.back.take_turn(&mut self.wait, |place| place.copy_out(bytemuck::cast_slice_mut(message)))
    }

    #[inline]
    fn put(&mut self, stamp: Stamp, message: &mut [u64]) -> io::Result<()> {
        if self.in_place {
            return self.out.take_turn(&mut self.wait, |place| stamp.make_in(place));
        }
        stamp.make(message);
        self.send(message)
    }

    #[inline]
    fn take(&mut self, number: u64, message: &mut [u64]) -> io::Result<Stamp> {
        if self.in_place {
            return self.back.take_turn(&mut self.wait, |place| {
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
/// In a round trip there is a free place whenever a message is due, so that the textbook leaves out the second one.
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
    received: u64,
}

/// A word has room for so much of a message's number.
const NUMBER: u32 = u32::MAX >> 1;

impl<'a> Line<'a> {
    /// The end that writes `mine` and waits for `theirs`, both 0 at the beginning.
    pub fn new(mine: &'a AtomicU32, theirs: &'a AtomicU32) -> Line<'a> {
        Line { mine, theirs, seen: 0, received: 0 }
    }
}

impl Channel for Line<'_> {
    /// A message of one number, counted from 1, since the word is 0 at the beginning. Its lowest 31 bits differ from
    /// those of the message before, which is all that matters.
    #[inline]
    fn send(&mut self, message: &[u64]) -> io::Result<()> {
        let stamp = Stamp::of(message);
        let number = (stamp.number() as u32).wrapping_add(1);
        self.mine.store((number << 1) | u32::from(stamp.is_last()), Ordering::Release);
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
        let lowest = (word >> 1).wrapping_sub(1) & NUMBER;
        let number = (self.received & !u64::from(NUMBER)) | u64::from(lowest);
        self.received += 1;
        Stamp::new(number, word & 1 == 1).make(message);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_counts_on_where_its_word_wraps() {
        let words = [AtomicU32::new(0), AtomicU32::new(0)];
        let (mut one, mut other) = (Line::new(&words[0], &words[1]), Line::new(&words[1], &words[0]));
        for start in [u64::from(NUMBER) - 1, u64::from(u32::MAX) - 1] {
            other.received = start;
            for number in start..start + 4 {
                one.put(Stamp::new(number, false), &mut [0]).expect("it is sent");
                other.take(number, &mut [0]).expect("it is the one");
            }
        }
    }
}
