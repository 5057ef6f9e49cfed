//! A ring for one sender and one receiver: two numbers, one written by each side, and places for messages between.
//!
//! `sent` counts the messages that were put in, `taken` those that were taken out. The receiver may look at a place
//! once `sent` says that it is filled, the sender once `taken` says that it is free; so no place is ever looked at by
//! both, and no lock is needed. The numbers go on for ever, and wrap around together.
//!
//! The orderings, and why no weaker ones would do:
//!
//! - A side changes its own number with *release*: all that it did to the place (bytes written, or read) comes before.
//! - It looks at the other side's number with *acquire*: all that it does to the place comes after. So the receiver
//!   sees the bytes of a message whose number it sees, and the sender writes over none that is still being read.
//! - Its own number it need not load at all: nobody else writes it, so that a copy beside it is as good.
//!
//! Each number has a line of the cache of its own, and the lines are 128 bytes apart, since processors fetch lines of
//! 64 bytes in pairs. A side keeps the last value that it saw of the other's number, and looks again only when the
//! ring seems full or empty: a line that is not looked at need not travel from core to core.
//!
//! What counts is a [`Count`], so that the same code runs on shared memory and under loom, which tries every order in
//! which two threads may see each other's writes (`tests/loom.rs`).

use std::sync::atomic::{AtomicU32, Ordering};

use super::Bytes;

/// How far apart the control words are, in bytes.
pub const LINES: usize = 128;

/// A number that one side of a ring writes and the other one reads: an atomic, of shared memory or of loom.
pub trait Count {
    /// Its value.
    fn load(&self, order: Ordering) -> u32;

    /// Changes it.
    fn store(&self, value: u32, order: Ordering);
}

impl Count for &AtomicU32 {
    #[inline]
    fn load(&self, order: Ordering) -> u32 {
        AtomicU32::load(self, order)
    }

    #[inline]
    fn store(&self, value: u32, order: Ordering) {
        AtomicU32::store(self, value, order);
    }
}

/// One side's view of a ring: its own number, which it alone changes, and the other side's.
#[derive(Debug)]
pub struct Side<C> {
    own: C,
    other: C,
    /// The value of `own`.
    done: u32,
    /// The value of `other`, when it was last looked at, and at least as far on by now.
    seen: u32,
    /// How far `done` may be ahead of `other`: all places for the sender; for the receiver, which follows, none.
    lead: u32,
    places: u32,
}

impl<C: Count> Side<C> {
    /// The side that puts messages in.
    ///
    /// # Panics
    ///
    /// Unless `places` is a power of two, so that the numbers can wrap around.
    pub fn sender(sent: C, taken: C, places: u32) -> Side<C> {
        Side::new(sent, taken, places, places)
    }

    /// The side that takes messages out.
    ///
    /// # Panics
    ///
    /// As for [`Side::sender`].
    pub fn receiver(sent: C, taken: C, places: u32) -> Side<C> {
        Side::new(taken, sent, places, 0)
    }

    fn new(own: C, other: C, places: u32, lead: u32) -> Side<C> {
        assert!(places.is_power_of_two(), "{places} places");
        // Acquire, the second one: for the receiver there may be messages already, whose bytes it has to see. Relaxed, the
        // first one: nobody else writes it, and who wrote it before handed the ring over to this side.
        let (done, seen) = (own.load(Ordering::Relaxed), other.load(Ordering::Acquire));
        Side { own, other, done, seen, lead, places }
    }

    /// The place that is this side's turn: for the sender a free one, for the receiver one with a message.
    #[inline]
    pub fn turn(&mut self) -> Option<usize> {
        if self.done == self.limit() {
            // Acquire: pairs with the Release of the other side's `done`. What it did to a place comes before what this
            // side does there.
            self.seen = self.other.load(Ordering::Acquire);
            if self.done == self.limit() {
                return None;
            }
        }
        Some((self.done & (self.places - 1)) as usize)
    }

    fn limit(&self) -> u32 {
        self.seen.wrapping_add(self.lead)
    }

    /// The place is done with: it is the other side's turn there.
    #[inline]
    pub fn done(&mut self) {
        self.done = self.done.wrapping_add(1);
        // Release: whoever sees the new number sees all that was done to the place.
        self.own.store(self.done, Ordering::Release);
    }

    /// The value of the other side's number at which there was nothing to do: what to wait for a change of.
    #[inline]
    pub fn stuck_at(&self) -> u32 {
        self.seen
    }
}

/// Where the parts of a ring lie in shared memory.
#[derive(Clone, Copy, Debug)]
pub struct Ring<'a> {
    bytes: Bytes<'a>,
    places: u32,
    size: usize,
}

/// Two numbers, and who sleeps on them, each on a line of its own; then the places.
const HEAD: usize = 4 * LINES;

impl<'a> Ring<'a> {
    /// How many bytes a ring needs, for so many messages of at most `size` bytes.
    pub fn needs(places: u32, size: usize) -> usize {
        HEAD + places as usize * size.next_multiple_of(LINES)
    }

    /// A ring in this memory. Before either side is made, one process has to [`Ring::clear`] it.
    ///
    /// # Panics
    ///
    /// If the memory is too small.
    pub fn new(bytes: Bytes<'a>, places: u32, size: usize) -> Ring<'a> {
        Ring { bytes: bytes.part(0, Ring::needs(places, size)), places, size }
    }

    /// Begins anew, with no message in it and nobody asleep.
    pub fn clear(self) {
        for word in 0..4 {
            self.bytes.word(word * LINES).store(0, Ordering::Release);
        }
    }

    /// How many messages were put in.
    pub fn sent(self) -> &'a AtomicU32 {
        self.bytes.word(0)
    }

    /// How many messages were taken out.
    pub fn taken(self) -> &'a AtomicU32 {
        self.bytes.word(LINES)
    }

    /// 1 if the receiver sleeps, or is about to, until there is a message.
    pub fn receiver_sleeps(self) -> &'a AtomicU32 {
        self.bytes.word(2 * LINES)
    }

    /// 1 if the sender sleeps, or is about to, until there is a free place.
    pub fn sender_sleeps(self) -> &'a AtomicU32 {
        self.bytes.word(3 * LINES)
    }

    /// The sender's side.
    pub fn sender(self) -> Side<&'a AtomicU32> {
        Side::sender(self.sent(), self.taken(), self.places)
    }

    /// The receiver's side.
    pub fn receiver(self) -> Side<&'a AtomicU32> {
        Side::receiver(self.sent(), self.taken(), self.places)
    }

    /// The bytes of a place. They may be touched only by the side whose turn it is there.
    #[inline]
    pub fn place(self, turn: usize) -> Bytes<'a> {
        self.bytes.part(HEAD + turn * self.size.next_multiple_of(LINES), self.size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sides<'a>(sent: &'a AtomicU32, taken: &'a AtomicU32) -> (Side<&'a AtomicU32>, Side<&'a AtomicU32>) {
        (Side::sender(sent, taken, 4), Side::receiver(sent, taken, 4))
    }

    #[test]
    fn an_empty_ring_has_nothing_to_take_and_a_full_one_no_room() {
        let (sent, taken) = (AtomicU32::new(0), AtomicU32::new(0));
        let (mut sender, mut receiver) = sides(&sent, &taken);
        assert_eq!(receiver.turn(), None);
        for place in 0..4 {
            assert_eq!(sender.turn(), Some(place));
            sender.done();
        }
        assert_eq!(sender.turn(), None);
        assert_eq!(receiver.turn(), Some(0));
        receiver.done();
        assert_eq!(sender.turn(), Some(0));
    }

    #[test]
    fn the_numbers_wrap_around_together() {
        let (sent, taken) = (AtomicU32::new(u32::MAX - 1), AtomicU32::new(u32::MAX - 1));
        let (mut sender, mut receiver) = sides(&sent, &taken);
        for _ in 0..6 {
            assert_eq!(receiver.turn(), None);
            let place = sender.turn();
            sender.done();
            assert_eq!(receiver.turn(), place);
            receiver.done();
        }
        assert_eq!(sent.load(Ordering::Relaxed), 4);
        for _ in 0..4 {
            assert!(sender.turn().is_some());
            sender.done();
        }
        assert_eq!(sender.turn(), None);
    }
}
