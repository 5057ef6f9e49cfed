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
