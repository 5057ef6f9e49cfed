//! A System V segment, seen as one of the family.

use std::cell::Cell;

use playground_core::Mode;

use super::Mechanism;
use crate::call::{Address, Key, ShmatFlags};
use crate::error::Result;
use crate::shm::{Attachment, Segment};
use crate::story::Story;

/// A segment, attached in the process that tells, and so in the children that it forks from then on.
pub struct SharedSegment {
    segment: Segment,
    memory: Attachment,
    /// Where an unrelated process has attached it.
    unrelated: Cell<(i32, Address)>,
}

impl SharedSegment {
    /// `shmget(IPC_PRIVATE, size, IPC_CREAT|IPC_EXCL|0600)` and `shmat(id, NULL, 0)`.
    ///
    /// # Errors
    ///
    /// As for [`Segment::create`] and [`Segment::attach`].
    #[track_caller]
    pub fn create(story: &Story, size: usize) -> Result<SharedSegment> {
        let segment = Segment::create(story, Key::PRIVATE, size, crate::course::OWNER_RW)?;
        let memory = segment.attach()?;
        Ok(SharedSegment { segment, memory, unrelated: Cell::new((0, Address::NULL)) })
    }

    /// Detaches and removes it.
    ///
    /// # Errors
    ///
    /// As for [`Attachment::detach`] and [`Segment::remove`].
    #[track_caller]
    pub fn remove(self) -> Result<()> {
        self.memory.detach()?;
        self.segment.remove()
    }

    fn place(&self, by: &Story) -> Address {
        let (pid, address) = self.unrelated.get();
        if by.pid() == pid { address } else { self.memory.address() }
    }
}

impl Mechanism for SharedSegment {
    fn name(&self) -> &'static str {
        "segment"
    }

    #[track_caller]
    fn put(&self, by: &Story, bytes: &[u8]) -> Result<()> {
        by.poke(self.place(by), bytes).map(drop)
    }

    #[track_caller]
    fn take(&self, by: &Story, most: usize) -> Result<Vec<u8>> {
        by.peek(self.place(by), most)
    }

    #[track_caller]
    fn take_too_early(&self, by: &Story, most: usize) -> Result<Vec<u8>> {
        by.peek(self.place(by).offset(self.memory.size() / 2), most)
    }

    fn join(&self, unrelated: &Story) -> Result<()> {
        let memory = self.segment.id().attach(unrelated, self.memory.size(), ShmatFlags::empty())?;
        self.unrelated.set((unrelated.pid(), memory.leak()));
        Ok(())
    }

    /// With a segment of mode 0400.
    fn write_forbidden(&self, by: &Story) -> Result<()> {
        let closed = Segment::create(by, Key::PRIVATE, 1, Mode::S_IRUSR)?;
        let attached = closed.attach().map(Attachment::leak);
        closed.remove()?;
        attached.map(drop)
    }
}
