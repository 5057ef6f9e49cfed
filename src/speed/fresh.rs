//! A segment for each message: made, filled, handed over, read, and gone.
//!
//! So it looks as if nothing were copied by the kernel; but each page has to be found and cleared, and each of both
//! processes has to be shown it, page by page. The id goes over through a pipe.

use std::collections::VecDeque;
use std::io;

use nix::sys::stat::Mode;

use super::channel::{Channel, gone};
use super::stream::Stream;
use crate::call::{Address, Answer, Call, Cmd, Key, ShmatFlags, ShmgetFlags, Shmid};
use crate::error::Error;
use crate::kernel::{Linux, Process, hold_signals};
use crate::shm::Bytes;

/// As many segments may wait to be attached.
const UNDER_WAY: usize = 4;

/// Said instead of an id: the oldest segment that was sent is attached here, and may be detached there.
const ATTACHED: u64 = u64::MAX;

/// One end.
pub struct Fresh {
    process: Linux,
    ids: Stream,
    /// What was sent, and not yet attached on the other side as far as is known, the oldest first.
    sent: VecDeque<Address>,
}

impl Fresh {
    /// The end that hands ids over through `ids`.
    pub fn new(ids: Stream) -> Fresh {
        Fresh { process: Linux::new(), ids, sent: VecDeque::new() }
    }

    fn perform(&mut self, call: &Call) -> io::Result<Answer> {
        Ok(self.process.perform(call).map_err(other)??)
    }

    fn attach(&mut self, shmid: Shmid, length: usize) -> io::Result<(Address, Bytes<'static>)> {
        let call = Call::Shmat { shmid, address: Address::NULL, flags: ShmatFlags::empty() };
        let address = Address(self.perform(&call)?.value() as usize);
        Ok((address, self.process.window(address, length).map_err(other)?))
    }

    fn detach(&mut self, address: Address) -> io::Result<()> {
        self.perform(&Call::Shmdt { address }).map(drop)
    }

    /// The next id from the other side; nothing, if it said that it has attached a segment.
    fn hear(&mut self) -> io::Result<Option<Shmid>> {
        let mut word = [0];
        self.ids.receive(&mut word)?;
        if word[0] != ATTACHED {
            return Ok(Some(Shmid(word[0] as i32)));
        }
        let address = self.sent.pop_front().ok_or_else(gone)?;
        self.detach(address)?;
        Ok(None)
    }

    /// A segment that is marked for destruction at once, so that it goes with its last attachment, whatever happens.
    fn make(&mut self, length: usize) -> io::Result<(Shmid, Address, Bytes<'static>)> {
        hold_signals(|| {
            let (flags, mode) = (ShmgetFlags::IPC_CREAT, Mode::S_IRUSR | Mode::S_IWUSR);
            let made = self.perform(&Call::Shmget { key: Key::PRIVATE, size: length, flags, mode })?;
            let shmid = Shmid(made.value() as i32);
            let attached = self.attach(shmid, length);
            self.perform(&Call::Shmctl { shmid, cmd: Cmd::IpcRmid })?;
            let (address, bytes) = attached?;
            Ok((shmid, address, bytes))
        })
    }
}

fn other(error: Error) -> io::Error {
    io::Error::other(error.to_string())
}

impl Channel for Fresh {
    fn send(&mut self, message: &[u64]) -> io::Result<()> {
        if self.sent.len() == UNDER_WAY {
            self.hear()?;
        }
        let (id, address, bytes) = self.make(size_of_val(message))?;
        bytes.copy_in(bytemuck::cast_slice(message));
        self.sent.push_back(address);
        self.ids.send(&[id.0 as u64])
    }

    fn receive(&mut self, message: &mut [u64]) -> io::Result<()> {
        let id = loop {
            if let Some(id) = self.hear()? {
                break id;
            }
        };
        let (address, bytes) = self.attach(id, size_of_val(message))?;
        self.ids.send(&[ATTACHED])?;
        bytes.copy_out(bytemuck::cast_slice_mut(message));
        self.detach(address)
    }

    /// A process takes its attachments with it, and each segment here goes with its last one.
    fn finish(&mut self) -> io::Result<()> {
        while !self.sent.is_empty() {
            self.hear()?;
        }
        Ok(())
    }
}
