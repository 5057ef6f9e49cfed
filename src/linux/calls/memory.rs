//! The memory of an attached segment, and what happens to those who touch it too late.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::fs;

use playground_core::Errno;

use super::failure::{Failure, Result};
use crate::call::Address;
use crate::evidence::maps::{self, Mapping};
use crate::kernel::{Change, ProcFile, Process, raw};

/// For `shmat`: wherever the kernel finds room.
pub const NULL: Address = Address::NULL;

/// Where a segment begins in this program's memory: what C has as `char *`.
///
/// It is a number and no more: it can be copied, and kept after the segment is detached, as a pointer can.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory(Address);

#[derive(Clone, Copy)]
struct Extent {
    length: usize,
    writable: bool,
}

thread_local! {
    /// What this program has attached. A forked child inherits the list together with the attachments.
    static ATTACHED: RefCell<BTreeMap<Address, Extent>> = const { RefCell::new(BTreeMap::new()) };
}

impl Memory {
    /// The memory at an address that was kept as a number: in C, `(char *) number`.
    pub fn at(address: u64) -> Memory {
        Memory(Address(address))
    }

    /// The address.
    pub fn address(self) -> Address {
        self.0
    }

    /// Writes bytes, from `offset` on: in C, `memcpy(memory + offset, bytes, sizeof bytes)`.
    ///
    /// A string for C ends with a NUL: `b"text\0"`.
    ///
    /// # Errors
    ///
    /// `EFAULT`: the bytes are not in an attached segment, but in other memory of this program.
    pub fn write(self, offset: usize, bytes: &[u8]) -> Result {
        let address = self.allowed(offset, bytes.len(), true)?;
        let _ = raw::memory().store(address, bytes);
        Ok(())
    }

    /// Reads bytes, from `offset` on: in C, `memcpy(buffer, memory + offset, length)`.
    ///
    /// # Errors
    ///
    /// As for [`Memory::write`].
    pub fn read(self, offset: usize, length: usize) -> Result<Vec<u8>> {
        let address = self.allowed(offset, length, false)?;
        let mut bytes = vec![0; length];
        let _ = raw::memory().load(address, &mut bytes);
        Ok(bytes)
    }

    /// Reads a string up to its NUL: in C, `printf("%s", memory + offset)`.
    ///
    /// # Errors
    ///
    /// As for [`Memory::write`].
    pub fn read_text(self, offset: usize) -> Result<String> {
        let first = self.allowed(offset, 1, false)?;
        let room = extent_around(first)
            .map_or(1, |(start, extent)| (start.0 + extent.length as u64 - first.0) as usize);
        let bytes = self.read(offset, room)?;
        let text = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
        Ok(String::from_utf8_lossy(text).into_owned())
    }

    /// Reads a number: in C, `*(uint64_t *)(memory + offset)`.
    ///
    /// # Errors
    ///
    /// As for [`Memory::write`].
    pub fn get(self, offset: usize) -> Result<u64> {
        let bytes = self.read(offset, 8)?;
        Ok(bytes.as_chunks::<8>().0.first().map_or(0, |bytes| u64::from_ne_bytes(*bytes)))
    }

    /// Writes a number: in C, `*(uint64_t *)(memory + offset) = number`.
    ///
    /// # Errors
    ///
    /// As for [`Memory::write`].
    pub fn set(self, offset: usize, number: u64) -> Result {
        self.write(offset, &number.to_ne_bytes())
    }

    /// Reads a counter: in C, `*(volatile uint32_t *)(memory + offset)`. Other processes may change it meanwhile.
    ///
    /// # Errors
    ///
    /// As for [`Memory::write`], and `EINVAL`, unless `offset` is a multiple of 4.
    pub fn counter(self, offset: usize) -> Result<u32> {
        self.word(offset, Change::Load)
    }

    /// Sets a counter: in C, `*(volatile uint32_t *)(memory + offset) = value`.
    ///
    /// # Errors
    ///
    /// As for [`Memory::counter`].
    pub fn set_counter(self, offset: usize, value: u32) -> Result {
        self.word(offset, Change::Store(value)).map(drop)
    }

    /// Adds to a counter in one instruction, which nobody can come between, and returns what it was: in C,
    /// `atomic_fetch_add(memory + offset, value)`.
    ///
    /// # Errors
    ///
    /// As for [`Memory::counter`].
    pub fn add_to_counter(self, offset: usize, value: u32) -> Result<u32> {
        self.word(offset, Change::Add(value))
    }

    fn word(self, offset: usize, change: Change) -> Result<u32> {
        let address = self.allowed(offset, 4, change != Change::Load)?;
        raw::memory().word(address, change).map_err(|error| Failure::new(Errno::EINVAL, error.to_string()))
    }

    /// The address of the bytes, if an access to them harms nobody.
    fn allowed(self, offset: usize, length: usize, writing: bool) -> Result<Address> {
        let first = self.0.offset(offset);
        let fits = |(start, extent): (Address, Extent)| {
            let end =
                first.0.checked_add(length as u64).is_some_and(|end| end <= start.0 + extent.length as u64);
            end && (extent.writable || !writing)
        };
        if extent_around(first).is_some_and(fits) || length == 0 || is_fatal(first, length, writing) {
            return Ok(first);
        }
        let operation = if writing { "write" } else { "read" };
        let what = format!(
            "{operation} of {length} bytes at {first}: other memory of this program, no attached segment"
        );
        Err(Failure::new(Errno::EFAULT, what))
    }
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Remembers an attachment. How long it is, the maps say; to ask the kernel would be a call of its own.
pub(super) fn attached(start: Address) -> Memory {
    let mapping = mappings().into_iter().find(|mapping| mapping.start == start);
    let extent = |mapping: Mapping| Extent {
        length: mapping.length(),
        writable: mapping.perms.as_bytes().get(1) == Some(&b'w'),
    };
    let extent = mapping.map_or(Extent { length: 0, writable: false }, extent);
    ATTACHED.with_borrow_mut(|attached| attached.insert(start, extent));
    Memory(start)
}

/// Forgets an attachment.
pub(super) fn detached(start: Address) {
    ATTACHED.with_borrow_mut(|attached| attached.remove(&start));
}

fn extent_around(address: Address) -> Option<(Address, Extent)> {
    ATTACHED.with_borrow(|attached| {
        let (start, extent) = attached.range(..=address).next_back()?;
        (address.0 - start.0 < extent.length as u64).then_some((*start, *extent))
    })
}

/// Whether the very first byte of an access ends this program, before anything is read or written.
fn is_fatal(first: Address, length: usize, writing: bool) -> bool {
    let mappings = mappings();
    // Where the maps cannot be read, nobody knows; then the access is refused.
    !mappings.is_empty()
        && match mappings.iter().find(|mapping| mapping.overlaps(first, length)) {
            None => true,
            Some(mapping) => writing && mapping.perms.starts_with("r--s") && mapping.start <= first,
        }
}

fn mappings() -> Vec<Mapping> {
    let text = fs::read_to_string(ProcFile::Maps.path(std::process::id() as i32)).unwrap_or_default();
    maps::parse(&text).unwrap_or_default()
}
