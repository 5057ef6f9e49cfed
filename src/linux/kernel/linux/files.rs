//! Calls on descriptors, on Linux.
//!
//! **Invariant:** a descriptor that was made here is closed here; a number that names none is the kernel's to refuse.

use std::collections::BTreeMap;
use std::ffi::c_void;
use std::io::{IoSlice, IoSliceMut};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::net::UnixStream;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, SealFlag, fcntl, open};
use nix::libc;
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::mman::{shm_open, shm_unlink};
use nix::sys::socket::{
    AddressFamily, ControlMessage, ControlMessageOwned, MsgFlags, SockFlag, SockType, recvmsg, sendmsg,
    socketpair,
};
use nix::sys::stat::Mode;
use nix::unistd::{ftruncate, pipe2, unlink};

use super::memory;
use crate::call::{Address, Answer, FileCall};

/// Descriptors, by their numbers.
pub(super) type Files = BTreeMap<i32, OwnedFd>;

pub(super) fn perform(files: &mut Files, call: &FileCall) -> nix::Result<Answer> {
    match call {
        FileCall::Pipe => pipe2(OFlag::O_NONBLOCK | OFlag::O_CLOEXEC).map(|ends| keep_both(files, ends)),
        FileCall::SocketPair => {
            let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
            socketpair(AddressFamily::Unix, SockType::Stream, None, flags).map(|ends| keep_both(files, ends))
        }
        FileCall::Open { path, writable } => {
            let access = if *writable { OFlag::O_RDWR } else { OFlag::O_RDONLY };
            open(path, access | OFlag::O_CLOEXEC, Mode::empty()).map(|file| Answer::Number(keep(files, file)))
        }
        FileCall::Create { path } => {
            let flags = OFlag::O_RDWR | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_CLOEXEC;
            open(path, flags, Mode::S_IRUSR | Mode::S_IWUSR).map(|file| Answer::Number(keep(files, file)))
        }
        FileCall::Resize { fd, length } => {
            ftruncate(of(files, *fd)?, *length as libc::off_t).map(|()| Answer::Done)
        }
        FileCall::Unlink { path } => unlink(path).map(|()| Answer::Done),
        FileCall::Read { fd, count } => read(*fd, *count).map(Answer::Bytes),
        FileCall::Write { fd, bytes } => write(*fd, bytes).map(Answer::Number),
        FileCall::Map { fd, length, writable } => map(*fd, *length, *writable).map(Answer::Mapped),
        FileCall::Unmap { address, length } => {
            // SAFETY: `endangers` has refused every range but one that a call has mapped here.
            unsafe { memory::unmap(*address, *length as u64) }.map(|()| Answer::Done)
        }
        FileCall::Close { fd } => files.remove(fd).map(|_| Answer::Done).ok_or(Errno::EBADF),
        FileCall::ShmOpen { name, create } => {
            let make = if *create { OFlag::O_CREAT | OFlag::O_EXCL } else { OFlag::empty() };
            let mode = if *create { Mode::S_IRUSR | Mode::S_IWUSR } else { Mode::empty() };
            shm_open(name.as_str(), OFlag::O_RDWR | make, mode).map(|file| Answer::Number(keep(files, file)))
        }
        FileCall::ShmUnlink { name } => shm_unlink(name.as_str()).map(|()| Answer::Done),
        FileCall::MemfdCreate { label } => {
            let flags = MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING;
            memfd_create(label.as_str(), flags).map(|file| Answer::Number(keep(files, file)))
        }
        FileCall::SealSize { fd } => {
            fcntl(of(files, *fd)?, FcntlArg::F_ADD_SEALS(SealFlag::F_SEAL_SHRINK)).map(Answer::Number)
        }
        FileCall::SendDescriptor { socket, fd } => send(*socket, *fd).map(Answer::Number),
        FileCall::ReceiveDescriptor { socket } => {
            receive(*socket).map(|file| Answer::Passed(keep(files, file)))
        }
    }
}

fn of(files: &Files, fd: i32) -> nix::Result<&OwnedFd> {
    files.get(&fd).ok_or(Errno::EBADF)
}

/// One byte goes along: without any, nothing is sent.
fn send(socket: i32, fd: i32) -> nix::Result<i32> {
    let (byte, rights) = ([IoSlice::new(b"!")], [ControlMessage::ScmRights(&[fd])]);
    sendmsg::<()>(socket, &byte, &rights, MsgFlags::empty(), None).map(|sent| sent as i32)
}

fn receive(socket: i32) -> nix::Result<OwnedFd> {
    let (mut byte, mut space) = ([0], nix::cmsg_space!([i32; 1]));
    let mut slices = [IoSliceMut::new(&mut byte)];
    let message = recvmsg::<()>(socket, &mut slices, Some(&mut space), MsgFlags::MSG_CMSG_CLOEXEC)?;
    let fd = message.cmsgs()?.find_map(|control| match control {
        ControlMessageOwned::ScmRights(fds) => fds.first().copied(),
        _ => None,
    });
    // SAFETY: the kernel has just made this descriptor for us, and there was room for no other.
    fd.map(|fd| unsafe { OwnedFd::from_raw_fd(fd) }).ok_or(Errno::ENOMSG)
}

fn keep(files: &mut Files, file: OwnedFd) -> i32 {
    let number = file.as_raw_fd();
    files.insert(number, file);
    number
}

fn keep_both(files: &mut Files, (one, other): (OwnedFd, OwnedFd)) -> Answer {
    Answer::Ends([keep(files, one), keep(files, other)])
}

/// By number, not by owner: that a number of another process names nothing here is what a lesson shows.
fn read(fd: i32, count: usize) -> nix::Result<Vec<u8>> {
    let mut bytes = vec![0; count];
    // SAFETY: the pointer and the count describe the vector.
    let got = Errno::result(unsafe { libc::read(fd, bytes.as_mut_ptr().cast(), count) })?;
    bytes.truncate(got as usize);
    Ok(bytes)
}

fn write(fd: i32, bytes: &[u8]) -> nix::Result<i32> {
    // SAFETY: the pointer and the count describe the slice.
    let put = Errno::result(unsafe { libc::write(fd, bytes.as_ptr().cast(), bytes.len()) })?;
    Ok(put as i32)
}

fn map(fd: i32, length: usize, writable: bool) -> nix::Result<Address> {
    let access = if writable { libc::PROT_READ | libc::PROT_WRITE } else { libc::PROT_READ };
    let anywhere = std::ptr::null_mut::<c_void>();
    // SAFETY: without MAP_FIXED the kernel maps the file only where nothing is mapped.
    let mapped = unsafe { libc::mmap(anywhere, length, access, libc::MAP_SHARED, fd, 0) };
    if mapped == libc::MAP_FAILED {
        Err(Errno::last())
    } else {
        Ok(Address::from(mapped.expose_provenance()))
    }
}

/// The socket that a process was given as its standard input, to answer on.
pub fn line_at_stdin() -> UnixStream {
    // SAFETY: a process that serves reads nothing else from its standard input, and calls this once.
    UnixStream::from(unsafe { OwnedFd::from_raw_fd(libc::STDIN_FILENO) })
}

/// Closes every descriptor from 3 on but one: what this process has inherited is not its own.
pub(in crate::kernel) fn close_all_but(own: i32) -> nix::Result<()> {
    let close = |first: i32, last: i32| match first > last {
        true => Ok(()),
        // SAFETY: for a process that was just forked and uses nothing but the one descriptor from here on.
        false => Errno::result(unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) }).map(drop),
    };
    close(libc::STDERR_FILENO + 1, own - 1)?;
    close(own + 1, i32::MAX)
}
