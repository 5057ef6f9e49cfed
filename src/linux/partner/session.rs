//! A session: a segment with one side, and with the second once it has come.

use std::cell::Cell;
use std::thread;
use std::time::Instant;

use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::unistd::Pid;

use super::header::{Header, SECOND_AT, STATE_AT};
use super::{NAP, Rendezvous, record_of};
use crate::call::{Shmid, ShmidDs};
use crate::error::Result;
use crate::shm::{Attachment, Segment};
use crate::story::Story;

/// Who is at the other end.
#[derive(Clone, Copy, Debug)]
struct Partner {
    pid: i32,
    /// Whether its pid is one of our pid namespace: only then does it say whether the process lives.
    known_here: bool,
}

/// One side's part of the segment in which two programs have met.
pub struct Session {
    rendezvous: Rendezvous,
    story: Story,
    id: Shmid,
    memory: Attachment,
    /// Only the first side has made the segment, and removes it.
    segment: Option<Segment>,
    partner: Cell<Option<Partner>>,
}

impl Session {
    /// Where the lesson's own bytes begin: after the header's words, in another line of the processor's cache.
    pub const DATA: usize = 64;

    #[track_caller]
    pub(super) fn open(rendezvous: Rendezvous, story: &Story, segment: Segment) -> Result<Session> {
        let memory = segment.attach()?;
        Header::of(rendezvous.lesson, story.pid()).write(&memory)?;
        let (story, id, segment) = (story.clone(), segment.id(), Some(segment));
        Ok(Session { rendezvous, story, id, memory, segment, partner: Cell::new(None) })
    }

    pub(super) fn join(
        rendezvous: Rendezvous,
        story: &Story,
        id: Shmid,
        memory: Attachment,
    ) -> Result<Session> {
        let first = Header::read(&memory)?.first as i32;
        let before = memory.exchange_word(SECOND_AT, 0, story.pid() as u32)?;
        if before != 0 {
            return Err(rendezvous.taken(1, before as i32));
        }
        let session =
            Session { rendezvous, story: story.clone(), id, memory, segment: None, partner: Cell::new(None) };
        session.met(first, |record| record.cpid)?;
        Ok(session)
    }

    /// The segment's id.
    pub fn id(&self) -> Shmid {
        self.id
    }

    /// The segment's bytes. Those of the lesson begin at [`Session::DATA`].
    pub fn memory(&self) -> &Attachment {
        &self.memory
    }

    /// The first side waits for the second, and returns its process id.
    ///
    /// # Errors
    ///
    /// `Partner`: nobody came in time, or somebody has removed the segment.
    pub fn wait_for_second(&self) -> Result<i32> {
        let [first, second] = self.rendezvous.names;
        self.rendezvous.announce_wait(&self.story, second);
        let end = Instant::now() + self.rendezvous.timeout;
        loop {
            let pid = self.memory.load_word(SECOND_AT)? as i32;
            if pid != 0 {
                self.met(pid, |record| record.lpid)?;
                return Ok(pid);
            }
            if record_of(&self.story, self.id)?.is_some_and(|record| record.is_marked()) {
                return Err(self.rendezvous.removed());
            }
            if Instant::now() >= end {
                return Err(self.rendezvous.nobody(second, first));
            }
            thread::sleep(NAP);
        }
    }

    /// `kernels_view` says which process of the record the partner must be, if we share a pid namespace.
    fn met(&self, pid: i32, kernels_view: fn(&ShmidDs) -> i32) -> Result<()> {
        let same = record_of(&self.story, self.id)?.is_some_and(|record| kernels_view(&record) == pid);
        self.partner.set(Some(Partner { pid, known_here: same && lives(pid) }));
        Ok(())
    }

    /// Tells the partner how far we are: a number that the two sides have agreed on, larger each time.
    ///
    /// Whoever sees it sees all that was written before it.
    ///
    /// # Errors
    ///
    /// `Ended`, `NotAttached`: none that can happen to a session.
    pub fn announce(&self, state: u32) -> Result<()> {
        self.memory.store_word(STATE_AT, state).map(drop)
    }

    /// Waits until the partner has got so far; `before` says what that is, for the case that it does not.
    ///
    /// # Errors
    ///
    /// `Partner`: it is gone, or silent for too long. What a first side that is gone has left, the second removes.
    pub fn wait_until(&self, state: u32, before: &str) -> Result<()> {
        let end = Instant::now() + self.rendezvous.timeout;
        if self.memory.load_word(STATE_AT)? < state {
            let name = self.rendezvous.names[self.other_side()];
            self.story.say(format!("It is the {name}'s turn: we wait until {before}."));
        }
        while self.memory.load_word(STATE_AT)? < state {
            let Some(partner) = self.partner.get() else { break };
            // It may have said so with its last breath.
            if self.is_gone(partner)? && self.memory.load_word(STATE_AT)? < state {
                self.inherit()?;
                return Err(self.rendezvous.left(self.other_side(), partner.pid, before));
            }
            if Instant::now() >= end {
                return Err(self.rendezvous.silent(self.other_side(), partner.pid, before));
            }
            thread::sleep(NAP);
        }
        Ok(())
    }

    /// Whether only we have the segment attached, or the partner's process does not exist any more. A zombie exists,
    /// and has nothing attached; a curious third process may have it attached, and is not the partner.
    fn is_gone(&self, partner: Partner) -> Result<bool> {
        let alone = record_of(&self.story, self.id)?.is_some_and(|record| record.nattch <= 1);
        Ok(alone || partner.known_here && !lives(partner.pid))
    }

    fn other_side(&self) -> usize {
        usize::from(self.segment.is_some())
    }

    /// The second side removes what the first cannot remove any more.
    fn inherit(&self) -> Result<()> {
        let unmarked = record_of(&self.story, self.id)?.is_some_and(|record| !record.is_marked());
        if self.segment.is_none() && unmarked {
            self.story.say(format!(
                "The {} cannot remove the segment any more, so we do.",
                self.rendezvous.names[0]
            ));
            self.id.remove(&self.story)?;
        }
        Ok(())
    }

    /// Detaches the segment; the first side gives the second time to do the same, and removes it.
    ///
    /// # Errors
    ///
    /// `Refused`: somebody else has done it before.
    #[track_caller]
    pub fn close(self) -> Result<()> {
        let Session { rendezvous, story, id, memory, segment, .. } = self;
        let Some(segment) = segment else { return memory.detach().map(drop) };
        let end = Instant::now() + rendezvous.timeout;
        while Instant::now() < end && record_of(&story, id)?.is_some_and(|record| record.nattch > 1) {
            thread::sleep(NAP);
        }
        memory.detach()?;
        segment.remove()
    }
}

fn lives(pid: i32) -> bool {
    kill(Pid::from_raw(pid), None) != Err(Errno::ESRCH)
}
