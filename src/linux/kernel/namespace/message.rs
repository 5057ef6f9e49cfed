//! What goes over a line: a line of JSON each, and now and then a descriptor.

use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use nix::sys::socket::{ControlMessage, ControlMessageOwned, MsgFlags, recvmsg, sendmsg};
use playground_core::Signal;
use playground_core::machine::{Action, Reply};
use serde::{Deserialize, Serialize};

use crate::kernel::Ending;

/// What a process of the namespaces is asked.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Request {
    /// Only to the parent: make init.
    Begin,
    /// Perform this; `checked`: look first whether it would touch the program itself.
    Perform { action: Action, checked: bool },
    /// `exit`.
    Exit { status: i32 },
    /// `execvp`. Where its output goes follows once this is answered.
    Exec { words: Vec<String> },
    /// Fork. The child's line follows once this is answered.
    Fork,
    /// Read a file.
    Read { path: PathBuf },
    /// Only to init: wait for the end of a process, but not for longer than this. It stays a zombie.
    Wait { pid: i32, within: Duration },
    /// Only to init: take away what is left of a process that has ended.
    Reap { pid: i32 },
}

/// What it answers.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Response {
    Ready,
    Reply(Reply),
    /// Not done: why.
    Failed(String),
    Forked(i32),
    /// What a process that has just begun has in its memory.
    Memory(Vec<(u64, u64)>),
    Text(String),
    Ended(Option<End>),
}

/// How a process ended.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum End {
    Exited(i32),
    Killed(i32),
    Hung,
}

impl From<Ending> for End {
    fn from(ending: Ending) -> End {
        match ending {
            Ending::Exited(status) => End::Exited(status),
            Ending::Killed(signal) => End::Killed(signal.raw()),
            Ending::Hung => End::Hung,
        }
    }
}

impl From<End> for Ending {
    fn from(end: End) -> Ending {
        match end {
            End::Exited(status) => Ending::Exited(status),
            End::Killed(signal) => Ending::Killed(Signal::from_raw(signal)),
            End::Hung => Ending::Hung,
        }
    }
}

/// Sends a descriptor, with the one byte that has to go along.
pub(super) fn pass(line: &UnixStream, descriptor: &OwnedFd) -> io::Result<()> {
    let rights = [ControlMessage::ScmRights(&[descriptor.as_raw_fd()])];
    sendmsg::<()>(line.as_raw_fd(), &[IoSlice::new(&[0])], &rights, MsgFlags::empty(), None)?;
    Ok(())
}

/// Receives a descriptor.
pub(super) fn take(line: &UnixStream) -> io::Result<UnixStream> {
    let (mut byte, mut room) = ([0], nix::cmsg_space!([i32; 1]));
    let mut parts = [IoSliceMut::new(&mut byte)];
    let message = recvmsg::<()>(line.as_raw_fd(), &mut parts, Some(&mut room), MsgFlags::MSG_CMSG_CLOEXEC)?;
    for control in message.cmsgs()? {
        if let ControlMessageOwned::ScmRights(descriptors) = control
            && let [descriptor] = descriptors[..]
        {
            // SAFETY: the kernel has just made this descriptor for us, and nobody else knows its number.
            return Ok(UnixStream::from(unsafe { OwnedFd::from_raw_fd(descriptor) }));
        }
    }
    Err(io::ErrorKind::InvalidData.into())
}
