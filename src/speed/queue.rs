//! Messages through queues of the kernel, which keep them apart: System V's and POSIX's.
//!
//! A queue has a limit on the size of a message. What is larger is refused by the kernel, and we say so.

use std::ffi::CString;
use std::os::raw::c_long;
use std::{fs, io};

use nix::errno::Errno;
use nix::mqueue::{
    MQ_OFlag, MqAttr, MqdT, mq_attr_member_t, mq_close, mq_open, mq_receive, mq_send, mq_unlink,
};
use nix::sys::stat::Mode;

use super::channel::Channel;
use crate::kernel::{Queueid, hold_signals, make_queue, receive, remove_queue, send, try_send};

/// One end of two System V queues.
pub struct SystemV {
    out: Queueid,
    back: Queueid,
    /// The message with the type before it, as `struct msgbuf` has it.
    room: Vec<c_long>,
}

/// Two System V queues, until they are dropped by the process that made them.
pub struct SystemVQueues([Queueid; 2], u32);

impl SystemVQueues {
    /// Makes them, and tries whether a message of this size goes through.
    ///
    /// # Errors
    ///
    /// `FileTooLarge`: it does not. `ENOSPC`, `ENOSYS`, `EPERM`: there can be no queue.
    pub fn new(size: usize) -> io::Result<SystemVQueues> {
        let first = make_queue()?;
        let second = make_queue().inspect_err(|_| {
            let _ = remove_queue(first);
        })?;
        let queues = SystemVQueues([first, second], std::process::id());
        let (mut one, mut other) = queues.ends(size);
        let mut message = vec![0; size / size_of::<u64>()];
        // Nobody watches over this one yet, so it must not wait: a queue may be smaller than the largest message.
        match one.try_send(&message) {
            Ok(()) => other.receive(&mut message).map(|()| queues),
            Err(Errno::EINVAL) => Err(too_large("msgsnd: EINVAL", limit("/proc/sys/kernel/msgmax"))),
            Err(Errno::EAGAIN) => Err(too_large("msgsnd: EAGAIN", limit("/proc/sys/kernel/msgmnb"))),
            Err(errno) => Err(errno.into()),
        }
    }

    /// Their ends.
    pub fn ends(&self, size: usize) -> (SystemV, SystemV) {
        let [one, other] = self.0;
        let end = |out, back| SystemV { out, back, room: vec![1; 1 + size / size_of::<c_long>()] };
        (end(one, other), end(other, one))
    }
}

impl Drop for SystemVQueues {
    fn drop(&mut self) {
        if self.1 == std::process::id() {
            for id in self.0 {
                let _ = remove_queue(id);
            }
        }
    }
}

impl SystemV {
    fn try_send(&mut self, message: &[u64]) -> nix::Result<()> {
        bytemuck::cast_slice_mut(&mut self.room[1..]).copy_from_slice(message);
        try_send(self.out, &self.room)
    }
}

impl Channel for SystemV {
    fn send(&mut self, message: &[u64]) -> io::Result<()> {
        bytemuck::cast_slice_mut(&mut self.room[1..]).copy_from_slice(message);
        Ok(send(self.out, &self.room)?)
    }

    fn receive(&mut self, message: &mut [u64]) -> io::Result<()> {
        let count = receive(self.back, &mut self.room)?;
        message.copy_from_slice(bytemuck::cast_slice(&self.room[1..]));
        if count == size_of_val(message) { Ok(()) } else { Err(short(count)) }
    }
}

/// One end of two POSIX queues.
pub struct Posix {
    out: Option<MqdT>,
    back: Option<MqdT>,
}

impl Posix {
    /// Two queues for messages of this size. Their names are taken away at once, so that nothing can be left behind.
    ///
    /// # Errors
    ///
    /// `EINVAL`: the size is above the limit. `EMFILE`: above `ulimit -q`. `ENOSYS`: there are no such queues.
    pub fn pair(size: usize) -> io::Result<(Posix, Posix)> {
        let end = |out, back| Posix { out: Some(out), back: Some(back) };
        let ((one, one_too), (other, other_too)) = (twice(size, "a")?, twice(size, "b")?);
        Ok((end(one, other_too), end(other, one_too)))
    }
}

/// A queue, opened twice, since each end closes its own.
fn twice(size: usize, which: &str) -> io::Result<(MqdT, MqdT)> {
    let name = CString::new(format!("/shm-playground-{}-{which}", std::process::id()))?;
    hold_signals(|| {
        let opened = open(&name, size).and_then(|one| Ok((one, open(&name, size)?)));
        let _ = mq_unlink(name.as_c_str());
        opened
    })
    .map_err(|errno| match errno {
        Errno::EINVAL => too_large("mq_open: EINVAL", limit("/proc/sys/fs/mqueue/msgsize_max")),
        Errno::EMFILE => too_large("mq_open: EMFILE", "ulimit -q".to_owned()),
        errno => errno.into(),
    })
}

fn open(name: &CString, size: usize) -> nix::Result<MqdT> {
    let places =
        fs::read_to_string("/proc/sys/fs/mqueue/msg_max").ok().and_then(|text| text.trim().parse().ok());
    let attributes = MqAttr::new(0, places.unwrap_or(10).min(10), size as mq_attr_member_t, 0);
    let flags = MQ_OFlag::O_CREAT | MQ_OFlag::O_RDWR;
    mq_open(name.as_c_str(), flags, Mode::S_IRUSR | Mode::S_IWUSR, Some(&attributes))
}

impl Channel for Posix {
    fn send(&mut self, message: &[u64]) -> io::Result<()> {
        let queue = self.out.as_ref().ok_or_else(super::channel::gone)?;
        Ok(mq_send(queue, bytemuck::cast_slice(message), 0)?)
    }

    fn receive(&mut self, message: &mut [u64]) -> io::Result<()> {
        let queue = self.back.as_ref().ok_or_else(super::channel::gone)?;
        let count = mq_receive(queue, bytemuck::cast_slice_mut(message), &mut 0)?;
        if count == size_of_val(message) { Ok(()) } else { Err(short(count)) }
    }
}

impl Drop for Posix {
    fn drop(&mut self) {
        for queue in [self.out.take(), self.back.take()].into_iter().flatten() {
            let _ = mq_close(queue);
        }
    }
}

fn short(count: usize) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("a message of {count} bytes has arrived"))
}

fn limit(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    fs::read_to_string(path).map_or_else(|_| name.to_owned(), |text| format!("{name} {}", text.trim()))
}

fn too_large(answer: &str, limit: String) -> io::Error {
    io::Error::new(io::ErrorKind::FileTooLarge, format!("{answer} ({limit})"))
}
