//! The memory of a traced process, read while it is stopped.
//!
//! **Invariant:** nothing is ever written there.

use std::io::IoSliceMut;

use nix::errno::Errno;
use nix::sys::uio::{RemoteIoVec, process_vm_readv};
use nix::unistd::Pid;

use super::abi::Width;

/// Copies bytes out of a process.
///
/// # Errors
///
/// `EFAULT`: not all of them are mapped there. `EPERM`: the process runs a program that may not be read.
pub(super) fn read(pid: Pid, address: u64, length: usize) -> nix::Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    let there = RemoteIoVec { base: address as usize, len: length };
    let copied = process_vm_readv(pid, &mut [IoSliceMut::new(&mut bytes)], &[there])?;
    if copied == length { Ok(bytes) } else { Err(Errno::EFAULT) }
}

/// Whether anything is mapped at an address, as far as this process may look.
pub(super) fn is_there(pid: Pid, address: u64) -> bool {
    read(pid, address, 1) != Err(Errno::EFAULT)
}

/// Reads so many numbers of type `long`, as wide as the process has them.
///
/// # Errors
///
/// As for [`read`].
pub(super) fn longs<const N: usize>(pid: Pid, address: u64, width: Width) -> nix::Result<[u64; N]> {
    let mut numbers = [0; N];
    match width {
        Width::Native => {
            let bytes = read(pid, address, N * 8)?;
            for (number, bytes) in numbers.iter_mut().zip(bytes.as_chunks::<8>().0) {
                *number = u64::from_ne_bytes(*bytes);
            }
        }
        Width::Compat => {
            let bytes = read(pid, address, N * 4)?;
            for (number, bytes) in numbers.iter_mut().zip(bytes.as_chunks::<4>().0) {
                *number = u32::from_ne_bytes(*bytes).into();
            }
        }
    }
    Ok(numbers)
}

/// Reads a word of 1, 2, 4 or 8 bytes.
///
/// # Errors
///
/// As for [`read`].
pub(super) fn word(pid: Pid, address: u64, size: usize) -> nix::Result<u64> {
    Ok(number(&read(pid, address, size)?))
}

/// The bits that a word of so many bytes has.
pub(super) fn mask(size: usize) -> u64 {
    if size >= 8 { u64::MAX } else { (1 << (8 * size)) - 1 }
}

fn number(bytes: &[u8]) -> u64 {
    let mut whole = [0; 8];
    let length = bytes.len().min(8);
    whole[..length].copy_from_slice(&bytes[..length]);
    u64::from_le_bytes(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_as_wide_as_its_word() {
        assert_eq!(number(&[0x20, 0x4e]), 20000);
        assert_eq!((mask(2), mask(4), mask(8)), (0xffff, 0xffff_ffff, u64::MAX));
    }
}
