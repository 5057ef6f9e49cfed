//! An attachment: the bytes of a segment, as one process sees them.

use std::mem::{align_of, size_of};

use bytemuck::Pod;

use crate::call::{Address, Call};
use crate::error::{Error, Result};
use crate::process::{Change, Faults, How, Operation, Step, Tally};
use crate::story::{Story, Work};

/// A segment that is mapped into a process.
///
/// Bytes are copied in and out; there is no reference to them, since another process may write at any moment.
pub struct Attachment {
    story: Story,
    address: Address,
    size: usize,
    detached: bool,
}

impl Attachment {
    pub(super) fn new(story: &Story, address: Address, size: usize) -> Attachment {
        Attachment { story: story.clone(), address, size, detached: false }
    }

    pub(super) fn longest_race(&self) -> u64 {
        self.story.longest_race()
    }

    /// Where the segment is mapped, in its process.
    pub fn address(&self) -> Address {
        self.address
    }

    /// How many bytes may be used: the segment's size, not that of its pages.
    pub fn size(&self) -> usize {
        self.size
    }

    /// The same attachment in a process that was forked while it was there, and so has it, too.
    pub fn inherited_by(&self, child: &Story) -> Attachment {
        Attachment::new(child, self.address, self.size)
    }

    /// Writes bytes, from `offset` on: in C, `memcpy(memory + offset, bytes, sizeof bytes)`.
    ///
    /// Returns how many pages the kernel had to give the process for it.
    ///
    /// # Errors
    ///
    /// - `OutOfBounds`: they would not fit; nothing was written.
    /// - `NotAttached`: the attachment is for reading only.
    /// - `Ended`: the process died of it.
    #[track_caller]
    pub fn write(&self, offset: usize, bytes: &[u8]) -> Result<Faults> {
        self.bounded(offset, bytes.len())?;
        self.story.store(self.address.offset(offset), bytes)
    }

    /// Reads `length` bytes, from `offset` on: in C, `memcpy(buf, memory + offset, length)`.
    ///
    /// # Errors
    ///
    /// As for [`Attachment::write`].
    #[track_caller]
    pub fn read(&self, offset: usize, length: usize) -> Result<Vec<u8>> {
        self.bounded(offset, length)?;
        let mut bytes = vec![0; length];
        self.story.load(self.address.offset(offset), &mut bytes)?;
        Ok(bytes)
    }

    /// Reads one byte and throws it away: in C, `(void) *(volatile char *)(memory + offset)`.
    ///
    /// Returns how many pages the kernel had to give the process for it.
    ///
    /// # Errors
    ///
    /// As for [`Attachment::write`].
    #[track_caller]
    pub fn touch(&self, offset: usize) -> Result<Faults> {
        self.bounded(offset, 1)?;
        self.story.load(self.address.offset(offset), &mut [0])
    }

    /// Reads a string that ends with a NUL, or after `most` bytes: in C, `printf("%.*s", most, memory + offset)`.
    ///
    /// # Errors
    ///
    /// As for [`Attachment::write`].
    #[track_caller]
    pub fn read_text(&self, offset: usize, most: usize) -> Result<String> {
        let bytes = self.read(offset, most)?;
        let text = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
        Ok(String::from_utf8_lossy(text).into_owned())
    }

    /// Writes a value: in C, `*(T *)(memory + offset) = value`.
    ///
    /// # Errors
    ///
    /// `Misaligned`, and as for [`Attachment::write`].
    #[track_caller]
    pub fn set<T: Pod>(&self, offset: usize, value: T) -> Result<Faults> {
        aligned::<T>(offset)?;
        self.write(offset, bytemuck::bytes_of(&value))
    }

    /// Reads a value: in C, `*(T *)(memory + offset)`. Every pattern of bits has to be a `T`, since another process
    /// may have written any.
    ///
    /// # Errors
    ///
    /// `Misaligned`, and as for [`Attachment::write`].
    #[track_caller]
    pub fn get<T: Pod>(&self, offset: usize) -> Result<T> {
        aligned::<T>(offset)?;
        let bytes = self.read(offset, size_of::<T>())?;
        Ok(bytemuck::pod_read_unaligned(&bytes))
    }

    /// Writes the same bytes so many times, untold and uncounted: a plain loop of stores.
    ///
    /// # Errors
    ///
    /// As for [`Attachment::write`].
    pub fn write_times(&self, offset: usize, bytes: &[u8], times: usize) -> Result<()> {
        self.bounded(offset, bytes.len())?;
        self.story.store_times(self.address.offset(offset), bytes, times)
    }

    /// Reads a control word: in C, `atomic_load_explicit(memory + offset, memory_order_acquire)`.
    ///
    /// # Errors
    ///
    /// `Misaligned`, and as for [`Attachment::read`].
    pub fn load_word(&self, offset: usize) -> Result<u32> {
        self.word(offset, Change::Load)
    }

    /// Sets a control word, and returns what it was: in C, `atomic_exchange(memory + offset, value)`.
    ///
    /// Whoever loads the new value sees what was written before it was stored.
    ///
    /// # Errors
    ///
    /// `Misaligned`, and as for [`Attachment::write`].
    pub fn store_word(&self, offset: usize, value: u32) -> Result<u32> {
        self.word(offset, Change::Store(value))
    }

    /// Adds to a control word, and returns what it was: in C, `atomic_fetch_add(memory + offset, value)`.
    ///
    /// # Errors
    ///
    /// `Misaligned`, and as for [`Attachment::write`].
    pub fn add_to_word(&self, offset: usize, value: u32) -> Result<u32> {
        self.word(offset, Change::Add(value))
    }

    /// Sets a control word if it is `expected`, and returns what it was: in C,
    /// `atomic_compare_exchange_strong(memory + offset, &expected, new)`. Of several processes that try, one succeeds.
    ///
    /// # Errors
    ///
    /// `Misaligned`, and as for [`Attachment::write`].
    pub fn exchange_word(&self, offset: usize, expected: u32, new: u32) -> Result<u32> {
        self.word(offset, Change::Exchange { expected, new })
    }

    /// Makes one step of `counter++` on a control word, and returns what is in the process's register after it.
    ///
    /// # Errors
    ///
    /// As for [`Attachment::store_word`].
    pub fn step(&self, offset: usize, step: Step) -> Result<u32> {
        self.story.one_step(self.word_at(offset)?, step)
    }

    /// Starts a second process on adding 1 to the word at `counter`, so many times, once the word at `gate` is not 0.
    #[track_caller]
    pub(super) fn start_count(
        &self,
        [counter, gate]: [usize; 2],
        times: u64,
        how: How,
        told: bool,
    ) -> Result<Work<Tally>> {
        let (counter, gate) = (self.word_at(counter)?, self.word_at(gate)?);
        self.story.start_count(Operation::Count { counter, gate, times, how }, told)
    }

    /// Starts a second process on taking the lock in a control word. The end says whether its holder had died.
    ///
    /// # Errors
    ///
    /// `Misaligned`, `OutOfBounds`; `Ended`, if the process is gone.
    #[track_caller]
    pub fn start_lock(&self, offset: usize) -> Result<Work<bool>> {
        self.story.start_lock(Operation::Lock(self.word_at(offset)?))
    }

    /// Starts a second process on giving the lock free that it holds.
    ///
    /// # Errors
    ///
    /// As for [`Attachment::start_lock`].
    #[track_caller]
    pub fn start_unlock(&self, offset: usize) -> Result<Work<bool>> {
        self.story.start_lock(Operation::Unlock(self.word_at(offset)?))
    }

    /// Counting under the lock in a control word.
    ///
    /// # Errors
    ///
    /// `Misaligned`, `OutOfBounds`.
    pub fn lock_at(&self, offset: usize) -> Result<How> {
        self.word_at(offset).map(How::Lock)
    }

    fn word_at(&self, offset: usize) -> Result<Address> {
        aligned::<u32>(offset)?;
        self.bounded(offset, size_of::<u32>())?;
        Ok(self.address.offset(offset))
    }

    fn word(&self, offset: usize, change: Change) -> Result<u32> {
        self.story.word(self.word_at(offset)?, change)
    }

    /// The story of the process that has it.
    pub fn story(&self) -> &Story {
        &self.story
    }

    /// Shows bytes as a hexdump.
    ///
    /// # Errors
    ///
    /// As for [`Attachment::read`].
    pub fn show(&self, offset: usize, length: usize) -> Result<()> {
        self.bounded(offset, length)?;
        self.story.show_bytes(self.address, offset, length)
    }

    /// `shmdt(address)`: removes the mapping. The segment stays, and its bytes with it.
    ///
    /// Returns where it was.
    ///
    /// # Errors
    ///
    /// `Refused`, with `EINVAL`: no attachment starts there any more.
    ///
    /// Source: [shmop(2)](https://man7.org/linux/man-pages/man2/shmop.2.html).
    #[doc(alias = "shmdt")]
    #[track_caller]
    pub fn detach(mut self) -> Result<Address> {
        self.detached = true;
        self.story.perform(Call::Shmdt { address: self.address })?;
        Ok(self.address)
    }

    /// Only the address, as `Box::leak`: the mapping stays until its process ends.
    pub fn leak(mut self) -> Address {
        self.detached = true;
        self.address
    }

    fn bounded(&self, offset: usize, length: usize) -> Result<()> {
        let fits = offset.checked_add(length).is_some_and(|end| end <= self.size);
        if fits { Ok(()) } else { Err(Error::OutOfBounds { offset, length, size: self.size }) }
    }
}

impl Drop for Attachment {
    fn drop(&mut self) {
        if !self.detached {
            self.story.perform_at_drop(Call::Shmdt { address: self.address });
        }
    }
}

/// Attachments start at a multiple of the page size, so that an offset's alignment is the address's.
fn aligned<T>(offset: usize) -> Result<()> {
    let alignment = align_of::<T>();
    if offset.is_multiple_of(alignment) { Ok(()) } else { Err(Error::Misaligned { offset, alignment }) }
}
