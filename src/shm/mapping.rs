//! A file that is mapped and shared: the same kind of memory as a segment, found by a file instead of an id.

use std::fs::File;
use std::num::NonZeroUsize;
use std::ptr::NonNull;
use std::{fmt, io};

use nix::libc::c_void;
use nix::sys::mman::{MapFlags, ProtFlags, mmap, munmap};

use super::Bytes;

/// `mmap(NULL, length, PROT_READ|PROT_WRITE, MAP_SHARED, file, 0)`, until it is dropped.
pub struct Mapping {
    start: NonNull<c_void>,
    length: usize,
}

impl Mapping {
    /// Maps a file that has no name: every process that is forked from this one shares it, and nobody else can.
    ///
    /// # Errors
    ///
    /// `ENOSPC`, `EDQUOT`: no room for a temporary file of so many bytes. `ENODEV`: its file system maps nothing.
    #[doc(alias = "mmap")]
    pub fn of_nameless_file(length: NonZeroUsize) -> io::Result<Mapping> {
        let file = tempfile::tempfile()?;
        file.set_len(length.get() as u64)?;
        Ok(Mapping { start: map(length, &file)?, length: length.get() })
    }

    /// Its bytes.
    pub fn bytes(&self) -> Bytes<'_> {
        // SAFETY: they are mapped until `self` is dropped, which outlives the borrow.
        unsafe { Bytes::new(self.start.as_ptr().cast(), self.length) }
    }
}

fn map(length: NonZeroUsize, file: &File) -> nix::Result<NonNull<c_void>> {
    let both = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
    // SAFETY: the kernel chooses where, so that nothing is replaced; nobody else can shorten the file under the mapping.
    unsafe { mmap(None, length, both, MapFlags::MAP_SHARED, file, 0) }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: this is the mapping that `of_nameless_file` made, and no `Bytes` of it is left.
        let _ = unsafe { munmap(self.start, self.length) };
    }
}

impl fmt::Debug for Mapping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mapping of {} bytes", self.length)
    }
}
