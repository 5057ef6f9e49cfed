//! Bytes of shared memory, bare: copied in and out as fast as the machine can, and told to nobody.
//!
//! Lessons narrate every access; a million of them are not narrated but counted or timed. What holds for an
//! [`Attachment`](super::Attachment) holds here, too: bounds are checked, and no reference points into the bytes.
//!
//! The accesses are plain ones, so that the compiler may use the widest instructions there are. Two processes must
//! therefore take turns, by words that they change atomically ([`Bytes::word`]): what one wrote before its change is
//! seen by the other after it has seen the change. A process that does not keep to that spoils bytes, as in C.

use std::fs::File;
use std::io;
use std::marker::PhantomData;
use std::os::fd::AsRawFd;
use std::ptr;
use std::sync::atomic::AtomicU32;

use nix::errno::Errno;
use nix::libc;
use playground_core::shm::Attachment;
use playground_core::{Error, Result};

use crate::kernel::Linux;

/// A stretch of shared memory, for as long as it is mapped.
#[derive(Clone, Copy, Debug)]
pub struct Bytes<'a> {
    start: *mut u8,
    length: usize,
    mapped: PhantomData<&'a ()>,
}

/// Attachments that are this very process's own, in place.
pub trait Bare {
    /// The bytes, bare: for a loop that is counted or timed, and therefore tells nothing.
    ///
    /// Whoever detaches by [`Story::perform`](crate::story::Story::perform) while they are in use spoils them, as in C.
    ///
    /// # Errors
    ///
    /// `NotAttached`: the attachment is for reading only. `Environment`: it is another process's.
    fn bytes(&self) -> Result<Bytes<'_>>;
}

impl Bare for Attachment {
    fn bytes(&self) -> Result<Bytes<'_>> {
        let writable = |process: &mut Linux| process.writable(self.address(), self.size());
        self.story().with_process(writable).unwrap_or_else(|| Err(another_process(self.story().pid())))?;
        let start = ptr::with_exposed_provenance_mut(self.address().0 as usize);
        // SAFETY: they are bytes of an attachment of this process that may be written, and it is borrowed as long.
        Ok(unsafe { Bytes::new(start, self.size()) })
    }
}

fn another_process(pid: i32) -> Error {
    Error::environment(
        format!("touch the memory of process {pid}"),
        "it is another process's",
        "Attach the segment in this one.",
    )
}

impl<'a> Bytes<'a> {
    /// `length` bytes from `start` on.
    ///
    /// # Safety
    ///
    /// For all of `'a` they must be mapped, for reading and writing, and nothing may refer to them but other `Bytes`.
    pub unsafe fn new(start: *mut u8, length: usize) -> Bytes<'a> {
        Bytes { start, length, mapped: PhantomData }
    }

    /// How many there are.
    pub fn length(self) -> usize {
        self.length
    }

    /// Some of them.
    ///
    /// # Panics
    ///
    /// If they are not all inside.
    #[inline]
    pub fn part(self, offset: usize, length: usize) -> Bytes<'a> {
        assert!(
            offset <= self.length && length <= self.length - offset,
            "{length} bytes at {offset} of {self:?}"
        );
        // SAFETY: the sum is inside, as was just asserted.
        Bytes { start: unsafe { self.start.add(offset) }, length, mapped: PhantomData }
    }

    /// Copies bytes in, to the start: in C, `memcpy(start, bytes, sizeof bytes)`.
    ///
    /// # Panics
    ///
    /// If they do not fit.
    #[inline]
    pub fn copy_in(self, bytes: &[u8]) {
        assert!(bytes.len() <= self.length, "{} bytes into {self:?}", bytes.len());
        // SAFETY: the target is mapped and long enough; the source is private memory, so that they do not overlap.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), self.start, bytes.len()) }
    }

    /// Copies bytes out, from the start: in C, `memcpy(bytes, start, sizeof bytes)`.
    ///
    /// # Panics
    ///
    /// If there are not as many.
    #[inline]
    pub fn copy_out(self, bytes: &mut [u8]) {
        assert!(bytes.len() <= self.length, "{} bytes out of {self:?}", bytes.len());
        // SAFETY: the source is mapped and long enough; the target is private memory, so that they do not overlap.
        unsafe { ptr::copy_nonoverlapping(self.start, bytes.as_mut_ptr(), bytes.len()) }
    }

    /// Makes the bytes where they lie, as numbers of 8 bytes, with no copy anywhere else.
    ///
    /// # Panics
    ///
    /// Unless they start at a multiple of 8.
    #[inline]
    pub fn make(self, number: impl Fn(usize) -> u64) {
        let start = self.numbers();
        for index in 0..self.length / size_of::<u64>() {
            // SAFETY: the number lies inside.
            let place = unsafe { start.add(index) };
            // SAFETY: the place is mapped, writable and aligned.
            unsafe { place.write(number(index)) }
        }
    }

    /// Looks at the bytes where they lie, and returns all that `check` finds, by bitwise or.
    ///
    /// # Panics
    ///
    /// Unless they start at a multiple of 8.
    #[inline]
    pub fn check(self, check: impl Fn(usize, u64) -> u64) -> u64 {
        let start = self.numbers();
        let mut found = 0;
        for index in 0..self.length / size_of::<u64>() {
            // SAFETY: the number lies inside.
            let place = unsafe { start.add(index) };
            // SAFETY: the place is mapped, readable and aligned, and every pattern of bits is a number.
            found |= check(index, unsafe { place.read() });
        }
        found
    }

    fn numbers(self) -> *mut u64 {
        let start = self.start.cast::<u64>();
        assert!(start.is_aligned(), "{self:?} starts inside a number");
        start
    }

    /// A control word, which every process accesses by atomic instructions only.
    ///
    /// # Panics
    ///
    /// If it is not inside, or `offset` leads to no multiple of 4.
    pub fn word(self, offset: usize) -> &'a AtomicU32 {
        let place = self.part(offset, size_of::<u32>()).start.cast::<u32>();
        assert!(place.is_aligned(), "{self:?} has no word at {offset}");
        // SAFETY: the word is mapped for 'a, and aligned. Two kinds of access never mix: control words have lines of
        // their own, and an atomic is the one kind of reference that other processes may write through.
        unsafe { AtomicU32::from_ptr(place) }
    }

    /// `read(file, start, length)`: the kernel copies from a file right into shared memory. Returns how many bytes.
    ///
    /// # Errors
    ///
    /// Those of read(2).
    pub fn read_from(self, file: &File) -> io::Result<usize> {
        // SAFETY: the target is mapped and writable for `length` bytes.
        let count = unsafe { libc::read(file.as_raw_fd(), self.start.cast(), self.length) };
        Ok(Errno::result(count)? as usize)
    }

    /// `write(file, start, length)`: the kernel copies right out of shared memory. Returns how many bytes.
    ///
    /// # Errors
    ///
    /// Those of write(2).
    pub fn write_to(self, file: &File) -> io::Result<usize> {
        // SAFETY: the source is mapped and readable for `length` bytes.
        let count = unsafe { libc::write(file.as_raw_fd(), self.start.cast_const().cast(), self.length) };
        Ok(Errno::result(count)? as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_bytes(operation: impl FnOnce(Bytes<'_>)) {
        let mut memory = [0u64; 16];
        // SAFETY: the array outlives the operation, and is not looked at meanwhile.
        operation(unsafe { Bytes::new(memory.as_mut_ptr().cast(), size_of_val(&memory)) });
    }

    #[test]
    fn what_is_copied_in_comes_out() {
        with_bytes(|bytes| {
            bytes.part(8, 5).copy_in(b"hello");
            let mut out = [0; 7];
            bytes.part(7, 7).copy_out(&mut out);
            assert_eq!(&out, b"\0hello\0");
        });
    }

    #[test]
    fn what_is_made_in_place_is_found_in_place() {
        with_bytes(|bytes| {
            bytes.make(|index| index as u64 * 3);
            assert_eq!(bytes.check(|index, number| number ^ (index as u64 * 3)), 0);
            bytes.part(64, 1).copy_in(&[1]);
            assert_ne!(bytes.check(|index, number| number ^ (index as u64 * 3)), 0);
        });
    }

    #[test]
    #[should_panic(expected = "8 bytes at 121")]
    fn nothing_beyond_the_end_can_be_named() {
        with_bytes(|bytes| {
            bytes.part(121, 8);
        });
    }

    #[test]
    #[should_panic(expected = "no word")]
    fn a_word_is_aligned() {
        with_bytes(|bytes| {
            bytes.word(2);
        });
    }
}
