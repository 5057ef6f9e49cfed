//! Calls on descriptors, on Linux.
//!
//! **Invariant:** a descriptor that was made here is closed here; a number that names none is the kernel's to refuse.

use std::collections::BTreeMap;
use std::ffi::c_void;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::net::UnixStream;

use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::libc;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};
use nix::sys::stat::Mode;
use nix::unistd::{ftruncate, pipe2, unlink};

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
            let file = files.get(fd).ok_or(Errno::EBADF)?;
            ftruncate(file, *length as libc::off_t).map(|()| Answer::Done)
        }
        FileCall::Unlink { path } => unlink(path).map(|()| Answer::Done),
        FileCall::Read { fd, count } => read(*fd, *count).map(Answer::Bytes),
        FileCall::Write { fd, bytes } => write(*fd, bytes).map(Answer::Number),
        FileCall::Map { fd, length, writable } => map(*fd, *length, *writable).map(Answer::Mapped),
        FileCall::Close { fd } => files.remove(fd).map(|_| Answer::Done).ok_or(Errno::EBADF),
    }
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
