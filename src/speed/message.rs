//! What is sent: messages in which every byte depends on the message's number, so that each can be checked.

use crate::shm::Bytes;

/// The smallest message: a line of the cache.
pub const SMALLEST: usize = 64;

/// Marks the last message of a stream, in its first number.
const LAST: u64 = 1 << 63;

/// The first number of a message: which it is, and whether another follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp(u64);

impl Stamp {
    /// The stamp of a message, counted from 0.
    pub fn new(number: u64, last: bool) -> Stamp {
        Stamp(number | if last { LAST } else { 0 })
    }

    /// Which message it is.
    pub fn number(self) -> u64 {
        self.0 & !LAST
    }

    /// Whether no other follows.
    pub fn is_last(self) -> bool {
        self.0 & LAST != 0
    }

    /// What stands in the message, 8 bytes at a time.
    #[inline]
    fn at(self, index: usize) -> u64 {
        // Odd numbers without a pattern (those of splitmix64), so that no byte stays the same for long.
        let rest = self
            .0
            .wrapping_mul(0xbf58_476d_1ce4_e5b9)
            .wrapping_add((index as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        if index == 0 { self.0 } else { rest }
    }

    /// Writes the message into private memory.
    #[inline]
    pub fn make(self, message: &mut [u64]) {
        for (index, number) in message.iter_mut().enumerate() {
            *number = self.at(index);
        }
    }

    /// Whether all bytes are those of the message.
    #[inline]
    pub fn is_whole(self, message: &[u64]) -> bool {
        message.iter().enumerate().fold(0, |found, (index, number)| found | (number ^ self.at(index))) == 0
    }

    /// Writes the message into shared memory, right there.
    #[inline]
    pub fn make_in(self, place: Bytes<'_>) {
        place.make(|index| self.at(index));
    }

    /// The same as [`Stamp::is_whole`], of a message in shared memory.
    #[inline]
    pub fn is_whole_in(self, place: Bytes<'_>) -> bool {
        place.check(|index, number| number ^ self.at(index)) == 0
    }

    /// The stamp of a message that has arrived.
    #[inline]
    pub fn of(message: &[u64]) -> Stamp {
        Stamp(message[0])
    }

    /// The same, of a message in shared memory.
    #[inline]
    pub fn of_place(place: Bytes<'_>) -> Stamp {
        let mut first = [0; size_of::<u64>()];
        place.copy_out(&mut first);
        Stamp(u64::from_ne_bytes(first))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_whole_until_any_byte_of_it_differs() {
        let mut message = [0u64; SMALLEST / 8];
        let stamp = Stamp::new(7, true);
        stamp.make(&mut message);
        assert!(stamp.is_whole(&message));
        assert_eq!((Stamp::of(&message).number(), Stamp::of(&message).is_last()), (7, true));
        for byte in 0..SMALLEST {
            bytemuck::bytes_of_mut(&mut message)[byte] ^= 1;
            assert!(!stamp.is_whole(&message), "byte {byte}");
            bytemuck::bytes_of_mut(&mut message)[byte] ^= 1;
        }
    }

    #[test]
    fn the_message_before_is_another_one_in_every_number() {
        let (mut one, mut other) = ([0u64; 64], [0u64; 64]);
        Stamp::new(8, false).make(&mut one);
        Stamp::new(9, false).make(&mut other);
        assert!(one.iter().zip(&other).all(|(one, other)| one != other));
    }
}
