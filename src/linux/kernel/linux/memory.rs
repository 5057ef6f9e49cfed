//! Bytes, copied in and out of memory that another process may write, and the page faults that it takes.

use std::hint::black_box;

use nix::errno::Errno;
use nix::libc::{self, c_int, c_void};
use nix::sys::resource::{UsageWho, getrusage};

use crate::call::Address;
use crate::kernel::Faults;

/// Copies byte by byte. Volatile, since the other side of the memory may change at any moment.
///
/// # Safety
///
/// `from` must be valid for reading `length` bytes and `to` for writing them.
#[inline(never)]
pub(super) unsafe fn copy(from: *const u8, to: *mut u8, length: usize) {
    for at in 0..length {
        // SAFETY: the caller vouches for `length` bytes from `from`.
        let from = unsafe { from.add(at) };
        // SAFETY: the caller vouches for `length` bytes from `to`.
        let to = unsafe { to.add(at) };
        // SAFETY: `from` is one of the bytes that the caller vouched for.
        let byte = unsafe { from.read_volatile() };
        // SAFETY: `to` is one of the bytes that the caller vouched for.
        unsafe { to.write_volatile(byte) };
    }
}

/// Has the pages of what is to be copied brought in: a constant of the program may lie in a page that nobody has read.
pub(super) fn bring_in(bytes: &[u8]) {
    for byte in bytes {
        black_box(*byte);
    }
}

/// Has the pages of a buffer brought in: what was just allocated has none of its own before it is written.
pub(super) fn bring_in_to_write(buffer: &mut [u8]) {
    buffer.fill(0);
    black_box(buffer);
}

/// The page faults of this process while it does something. Linux 5.10 counts the first store to a new page as a major
/// fault, and newer kernels as a minor one.
pub(super) fn faults_during(operation: impl FnOnce()) -> Faults {
    // The first round brings in the code that counts and the code that copies, of which a forked child may have
    // no page yet, and the stack, so that the second counts only the operation.
    bring_in_stack();
    black_box(page_faults());
    let (from, mut to) = (black_box(0), 0);
    // SAFETY: both are single bytes of this very function.
    unsafe { copy(&from, &mut to, 1) };
    black_box(to);
    let before = page_faults();
    operation();
    page_faults() - before
}

/// Has the stack below the caller brought in: after a fork each of its pages is copied at the first store, and a frame
/// may begin on a page that no frame before it has used.
#[inline(never)]
fn bring_in_stack() {
    const DEEPEST: usize = 4096;
    black_box([1_u8; DEEPEST]);
}

/// `munmap(address, length)`.
///
/// # Safety
///
/// Nothing but segments is mapped in the range, and nothing refers to them.
pub(in crate::kernel) unsafe fn unmap(address: Address, length: u64) -> nix::Result<()> {
    let start = std::ptr::without_provenance_mut::<c_void>(address.0 as usize);
    // SAFETY: the caller vouches for the range.
    Errno::result(unsafe { libc::munmap(start, length as usize) }).map(drop)
}

/// `mprotect(address, length, protection)`.
///
/// # Safety
///
/// As for [`unmap`].
pub(in crate::kernel) unsafe fn protect(address: Address, length: u64, protection: c_int) -> nix::Result<()> {
    let start = std::ptr::without_provenance_mut::<c_void>(address.0 as usize);
    // SAFETY: the caller vouches for the range.
    Errno::result(unsafe { libc::mprotect(start, length as usize, protection) }).map(drop)
}

fn page_faults() -> Faults {
    getrusage(UsageWho::RUSAGE_SELF)
        .map_or(0, |usage| (usage.minor_page_faults() + usage.major_page_faults()) as Faults)
}
