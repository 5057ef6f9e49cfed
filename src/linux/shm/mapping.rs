//! Memory that is shared and told to nobody: a mapped file, or a segment, which is the same kind of memory.

use std::fs::File;
use std::num::NonZeroUsize;
use std::ptr::NonNull;
use std::{fmt, io};

use nix::libc::c_void;
use nix::sys::mman::{MapFlags, ProtFlags, mmap, munmap};

use super::Bytes;
use crate::call::{Address, Answer, Call, Cmd, Key, ShmatFlags, ShmgetFlags, Shmid};
use crate::course::OWNER_RW;
use crate::kernel::{hold_signals, raw};

/// Bytes that are mapped, until it is dropped.
pub struct Mapping {
    start: NonNull<c_void>,
    length: usize,
    is_segment: bool,
}

impl Mapping {
    /// `mmap(NULL, length, PROT_READ|PROT_WRITE, MAP_SHARED, file, 0)` of a file that has no name: every process that
    /// is forked from this one shares it, and nobody else can.
    ///
    /// # Errors
    ///
    /// `ENOSPC`, `EDQUOT`: no room for a temporary file of so many bytes. `ENODEV`: its file system maps nothing.
    #[doc(alias = "mmap")]
    pub fn anonymous_file(length: NonZeroUsize) -> io::Result<Mapping> {
        let file = tempfile::tempfile()?;
        file.set_len(length.get() as u64)?;
        Ok(Mapping { start: map(length, &file)?, length: length.get(), is_segment: false })
    }

    /// `shmget(IPC_PRIVATE, length, IPC_CREAT|0600)` and `shmat(id, NULL, 0)` of a segment that is marked for
    /// destruction at once, so that it goes with its last attachment, whatever happens. Until then others may attach
    /// it by its id.
    ///
    /// # Errors
    ///
    /// Those of [`Segment::create`](super::Segment::create) and [`Segment::attach`](super::Segment::attach).
    pub fn of_doomed_segment(length: NonZeroUsize) -> io::Result<(Shmid, Mapping)> {
        let (size, flags) = (length.get(), ShmgetFlags::IPC_CREAT);
        hold_signals(|| {
            let made =
                raw::perform(&Call::Shmget { key: Key::PRIVATE, size: size as u64, flags, mode: OWNER_RW })?;
            let shmid = Shmid(made.value() as i32);
            let attached = attach(shmid, size);
            raw::perform(&Call::Shmctl { shmid, cmd: Cmd::IpcRmid })?;
            Ok((shmid, attached?))
        })
    }

    /// `shmat(id, NULL, 0)` of all the bytes that the segment has, by `shmctl(id, IPC_STAT, &buf)`.
    ///
    /// # Errors
    ///
    /// `EINVAL`, `EIDRM`: no such segment. `EACCES`: its mode denies it.
    #[doc(alias = "shmat")]
    pub fn of_segment(shmid: Shmid) -> io::Result<Mapping> {
        match raw::perform(&Call::Shmctl { shmid, cmd: Cmd::IpcStat })? {
            Answer::Record(record) => attach(shmid, record.size),
            other => unreachable!("IPC_STAT answered {other:?}"),
        }
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

/// A segment keeps its size for as long as it is there; `length` is that size.
fn attach(shmid: Shmid, length: usize) -> io::Result<Mapping> {
    let call = Call::Shmat { shmid, address: Address::NULL, flags: ShmatFlags::empty() };
    let start = std::ptr::with_exposed_provenance_mut(raw::perform(&call)?.value() as usize);
    let start = NonNull::new(start).ok_or_else(|| io::Error::other("the segment is attached at NULL"))?;
    Ok(Mapping { start, length, is_segment: true })
}

impl Drop for Mapping {
    fn drop(&mut self) {
        if self.is_segment {
            let _ = raw::perform(&Call::Shmdt { address: Address::from(self.start.as_ptr().addr()) });
            return;
        }
        // SAFETY: this is the mapping that `anonymous_file` made, and no `Bytes` of it is left.
        let _ = unsafe { munmap(self.start, self.length) };
    }
}

impl fmt::Debug for Mapping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mapping of {} bytes", self.length)
    }
}
