//! What a process has done to memory and was told: what conditions of levels ask for beside the world.

use playground_core::call::{Address, Answer, Call, Outcome, Shmid};
use playground_core::machine::Action;

use super::world::World;

/// Of one access so many bytes are kept.
const KEPT: usize = 16;

/// What a process has seen and written since the start of a level.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Seen {
    /// What it has read from segments.
    pub reads: Vec<Touch>,
    /// What it has written to segments.
    pub writes: Vec<Touch>,
    /// How many attachments the kernel told it of, by segment.
    pub nattch: Vec<(i32, u64)>,
}

/// An access to a segment.
#[derive(Clone, Debug, PartialEq)]
pub struct Touch {
    /// The segment's id.
    pub segment: i32,
    /// The first byte in the segment.
    pub offset: u64,
    /// The first bytes.
    pub bytes: Vec<u8>,
}

impl Touch {
    /// Whether these bytes are part of it, at this place.
    pub fn has(&self, segment: i32, offset: u64, bytes: &[u8]) -> bool {
        let from = offset.checked_sub(self.offset).and_then(|from| usize::try_from(from).ok());
        let part = from.and_then(|from| self.bytes.get(from..from.checked_add(bytes.len())?));
        self.segment == segment && part == Some(bytes)
    }
}

impl Touch {
    /// Whether any of so many bytes at this place is part of it.
    pub fn reaches(&self, segment: i32, offset: u64, length: u64) -> bool {
        let is_before_its_end = offset < self.offset + self.bytes.len() as u64;
        self.segment == segment && is_before_its_end && self.offset < offset + length
    }
}

impl World {
    /// Keeps what a process has seen or written by an action that succeeded.
    pub(super) fn see(&mut self, who: &str, action: &Action, outcome: &Outcome) {
        let pid = self.actors[who].pid;
        let place = |address: &Address| self.place(pid, address.0);
        let touch = |place: Option<(i32, u64)>, bytes: &[u8]| {
            place.map(|(segment, offset)| Touch {
                segment,
                offset,
                bytes: bytes[..bytes.len().min(KEPT)].to_vec(),
            })
        };
        let (read, written, nattch) = match (action, outcome) {
            (Action::Load { address, .. }, Ok(Answer::Bytes(bytes))) => {
                (touch(place(address), bytes), None, None)
            }
            (Action::Store { address, bytes }, Ok(_)) => (None, touch(place(address), bytes), None),
            (Action::Call(Call::Shmctl { shmid: Shmid(id), .. }), Ok(Answer::Record(record))) => {
                (None, None, Some((*id, record.nattch)))
            }
            _ => return,
        };
        let Some(actor) = self.actors.get_mut(who) else { return };
        actor.seen.reads.extend(read);
        actor.seen.writes.extend(written);
        actor.seen.nattch.extend(nattch);
    }

    /// The segment that an address of a process leads to, and which of its bytes.
    fn place(&self, pid: i32, address: u64) -> Option<(i32, u64)> {
        let mapping = self.space_of(pid)?.at(address)?;
        let view = mapping.view()?;
        Some((view.shmid, view.offset * self.machine.host.page_size + (address - mapping.start)))
    }
}
