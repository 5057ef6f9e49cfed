//! System V message queues, bare: for loops that are timed.

use std::mem::size_of_val;

use nix::errno::Errno;
use nix::libc::{self, c_int, c_long};

use super::super::cleanup::{self, Tracked};

/// The identifier of a message queue in its IPC namespace.
#[doc(alias = "msqid")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Queueid(pub c_int);

/// `msgget(IPC_PRIVATE, IPC_CREAT | 0600)`: makes a queue, which the safety net knows.
///
/// # Errors
///
/// `ENOSPC`: `/proc/sys/kernel/msgmni` queues exist. `ENOSYS`, `EPERM`: there are none here.
pub fn make_queue() -> nix::Result<Queueid> {
    cleanup::hold_signals(|| {
        // SAFETY: msgget takes two numbers and touches no memory of this process.
        let id = Errno::result(unsafe { libc::msgget(libc::IPC_PRIVATE, libc::IPC_CREAT | 0o600) })?;
        cleanup::track(Tracked::Queue(Queueid(id)));
        Ok(Queueid(id))
    })
}

/// `msgctl(id, IPC_RMID, NULL)`: removes a queue at once, with all messages in it; async-signal-safe.
pub fn remove_queue(id: Queueid) -> nix::Result<()> {
    // SAFETY: IPC_RMID takes no buffer.
    Errno::result(unsafe { libc::msgctl(id.0, libc::IPC_RMID, std::ptr::null_mut()) })?;
    cleanup::forget(Tracked::Queue(id));
    Ok(())
}

/// How many bytes of a message stand before its text: `long mtype`.
const TYPE: usize = size_of::<c_long>();

/// `msgsnd(id, message, sizeof message - sizeof(long), 0)`: `message` begins with its type, which is above 0.
///
/// It waits for room, and for ever if the whole queue, `msg_qbytes`, has not so much.
///
/// # Errors
///
/// `EINVAL`: longer than `/proc/sys/kernel/msgmax`. `EIDRM`: the queue was removed.
pub fn send(id: Queueid, message: &[c_long]) -> nix::Result<()> {
    msgsnd(id, message, 0)
}

/// The same with `IPC_NOWAIT`.
///
/// # Errors
///
/// `EAGAIN`: there is no room now, and none in an empty queue either if `/proc/sys/kernel/msgmnb` is below the length.
/// Others as for [`send`].
pub fn try_send(id: Queueid, message: &[c_long]) -> nix::Result<()> {
    msgsnd(id, message, libc::IPC_NOWAIT)
}

fn msgsnd(id: Queueid, message: &[c_long], flags: c_int) -> nix::Result<()> {
    retried(|| {
        // SAFETY: the message is a type and so many bytes of text, and lives until the call returns.
        unsafe { libc::msgsnd(id.0, message.as_ptr().cast(), size_of_val(message) - TYPE, flags) as isize }
    })
    .map(drop)
}

/// `msgrcv(id, message, sizeof message - sizeof(long), 0, 0)`. Returns how many bytes of text there were.
///
/// # Errors
///
/// `E2BIG`: the message is longer than that. `EIDRM`: the queue was removed.
pub fn receive(id: Queueid, message: &mut [c_long]) -> nix::Result<usize> {
    let length = size_of_val(message) - TYPE;
    retried(|| {
        // SAFETY: there is room for a type and so many bytes of text.
        unsafe { libc::msgrcv(id.0, message.as_mut_ptr().cast(), length, 0, 0) }
    })
    .map(|count| count as usize)
}

/// A call that waits may be interrupted by a signal; it is made again then.
fn retried(mut call: impl FnMut() -> isize) -> nix::Result<isize> {
    loop {
        match Errno::result(call()) {
            Err(Errno::EINTR) => {}
            other => return other,
        }
    }
}
