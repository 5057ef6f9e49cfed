//! A segment for each message: made, filled, handed over, read, and gone.
//!
//! So it looks as if nothing were copied by the kernel; but each page has to be found and cleared, and each of both
//! processes has to be shown it, page by page. The id goes over through a pipe.

use std::collections::VecDeque;
use std::io;
use std::num::NonZeroUsize;

use super::channel::{Channel, gone};
use super::stream::Stream;
use crate::call::Shmid;
use crate::shm::Mapping;

/// As many segments may wait to be attached.
const UNDER_WAY: usize = 4;

/// Said instead of an id: the oldest segment that was sent is attached here, and may be detached there.
const ATTACHED: u64 = u64::MAX;

/// One end.
pub struct SegmentPerMessage {
    ids: Stream,
    /// What was sent, and not yet attached on the other side as far as is known, the oldest first.
    sent: VecDeque<Mapping>,
}

impl SegmentPerMessage {
    /// The end that hands ids over through `ids`.
    pub fn new(ids: Stream) -> SegmentPerMessage {
        SegmentPerMessage { ids, sent: VecDeque::new() }
    }

    /// The next id from the other side; nothing, if it said that it has attached a segment, which is detached here.
    fn hear(&mut self) -> io::Result<Option<Shmid>> {
        let mut word = [0];
        self.ids.receive(&mut word)?;
        if word[0] != ATTACHED {
            return Ok(Some(Shmid(word[0] as i32)));
        }
        self.sent.pop_front().map(|_| None).ok_or_else(gone)
    }
}

impl Channel for SegmentPerMessage {
    fn send(&mut self, message: &[u64]) -> io::Result<()> {
        if self.sent.len() == UNDER_WAY {
            self.hear()?;
        }
        let length = NonZeroUsize::new(size_of_val(message)).ok_or(io::ErrorKind::InvalidInput)?;
        let (id, memory) = Mapping::of_doomed_segment(length)?;
        memory.bytes().copy_in(bytemuck::cast_slice(message));
        self.sent.push_back(memory);
        self.ids.send(&[id.0 as u64])
    }

    fn receive(&mut self, message: &mut [u64]) -> io::Result<()> {
        let id = loop {
            if let Some(id) = self.hear()? {
                break id;
            }
        };
        let memory = Mapping::of_segment(id)?;
        self.ids.send(&[ATTACHED])?;
        let bytes = memory.bytes();
        if bytes.length() != size_of_val(message) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a segment of another size has arrived"));
        }
        bytes.copy_out(bytemuck::cast_slice_mut(message));
        Ok(())
    }

    /// A process takes its attachments with it, and each segment here goes with its last one.
    fn finish(&mut self) -> io::Result<()> {
        while !self.sent.is_empty() {
            self.hear()?;
        }
        Ok(())
    }
}
