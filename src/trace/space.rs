//! A process's memory, as far as segments are attached in it or were.
//!
//! **Invariant:** what is attached is what a `shmat` that was seen has attached, and what the maps, whenever they were
//! read, have not shown to be gone.

use std::collections::{BTreeMap, BTreeSet};

use super::failed_calls::Failures;
use super::value::What;
use crate::call::{Address, Call, Performed, Shmid};
use crate::evidence::maps::Mapping;

/// A segment in a process's memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// The segment.
    pub shmid: Shmid,
    /// Where it starts.
    pub address: Address,
    /// How many bytes it spans; 0, where nobody knows.
    pub length: usize,
    /// Whether it may not be written.
    pub read_only: bool,
    /// The `shmat` that attached it, perhaps in a process that this memory was copied from.
    pub made: Performed,
    /// Of the attachments of a run, which one: a call may be made again, with the same answer.
    pub(super) number: usize,
}

impl Attachment {
    fn key(&self) -> (Address, usize) {
        (self.address, self.number)
    }

    fn end(&self) -> Address {
        self.address.offset(self.length)
    }

    pub(super) fn holds(&self, address: Address) -> bool {
        address.0 >= self.address.0 && address.0 - self.address.0 < self.length as u64
    }
}

/// How an attachment went away while its process went on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Departure {
    /// By `shmdt`.
    Detached,
    /// Nothing is mapped there now, and no `shmdt` was called: `munmap`, which detaches a segment, too.
    Unmapped,
    /// Something else is mapped there now: by `mmap` with `MAP_FIXED`, or after a `munmap`.
    Replaced,
    /// It is mapped elsewhere now, by `mremap`.
    Moved(Address),
}

/// An attachment that is no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Former {
    pub attachment: Attachment,
    pub how: Departure,
}

/// A process's memory, which threads share, and a `vfork` does for a while.
#[derive(Clone, Debug, Default)]
pub(super) struct Space {
    /// By address, and by number: of two that began at one address, the later one lies over the former.
    pub attached: BTreeMap<(Address, usize), Attachment>,
    detached: BTreeMap<Address, Former>,
    /// Its calls of `shmget` that failed.
    pub shmget: Failures,
    /// Its calls of `semget` that failed.
    pub semget: Failures,
    /// Its calls of `shmat` that failed.
    pub shmat: Failures,
    /// The `shmat` that was refused its address last, unless its segment was tried otherwise since.
    pub without_fallback: Option<Performed>,
    /// Whether it knows segment 0, and set 0.
    zeros: BTreeSet<What>,
}

impl Space {
    /// The attachment that started at an address, before it went away.
    pub fn detached_at(&self, address: Address) -> Option<&Former> {
        self.detached.get(&address)
    }

    /// A `shmat` of this segment has returned.
    pub fn tried(&mut self, segment: Shmid) {
        self.without_fallback.take_if(|refused| tries(refused, segment));
    }

    /// Whether a call failed that has not succeeded since.
    pub fn a_call_failed(&self) -> bool {
        [&self.shmget, &self.semget, &self.shmat].into_iter().any(Failures::stands)
    }

    /// The attachment that begins at an address: the one that `shmdt` would take away.
    pub fn attached_at(&self, address: Address) -> Option<&Attachment> {
        let (_, attachment) = self.attached.range((address, 0)..=(address, usize::MAX)).next_back()?;
        Some(attachment)
    }

    /// Whether this very attachment is there.
    pub fn has(&self, attachment: &Attachment) -> bool {
        self.attached.get(&attachment.key()) == Some(attachment)
    }

    /// The attachment that a byte belongs to: of several that held it, the latest lies over the others.
    pub fn attached_around(&self, address: Address) -> Option<&Attachment> {
        let holding = self.attached.values().filter(|attachment| attachment.holds(address));
        holding.max_by_key(|attachment| attachment.number)
    }

    /// The attachment that a byte belonged to, before it went away.
    pub fn detached_around(&self, address: Address) -> Option<&Former> {
        self.detached.values().find(|former| former.attachment.holds(address))
    }

    /// The attachment that ends last at or before an address: where a program goes when it goes too far.
    pub fn attached_before(&self, address: Address) -> Option<&Attachment> {
        let (_, attachment) = self.attached.range(..(address, 0)).next_back()?;
        Some(attachment)
    }

    /// A `shmat` has returned.
    pub fn attach(&mut self, attachment: Attachment) {
        let (start, end) = (attachment.address, attachment.end());
        // What was detached there is covered now, so a use of it would be a use of the new one.
        let is_apart = |old: &Attachment| old.address >= end || old.end() <= start;
        self.detached.retain(|_, former| is_apart(&former.attachment));
        // With SHM_REMAP the new one takes the place of what was attached there. Of what reaches further, the rest stays.
        self.attached.retain(|_, old| old.address < start || old.end() > end);
        self.tried(attachment.shmid);
        self.attached.insert(attachment.key(), attachment);
    }

    /// A `shmdt` has returned.
    pub fn detach(&mut self, address: Address) {
        let found = self.attached_at(address).map(Attachment::key);
        if let Some(attachment) = found.and_then(|key| self.attached.remove(&key)) {
            self.detached.insert(address, Former { attachment, how: Departure::Detached });
        }
    }

    /// Whether a process knows an id. Any number may come from somewhere; only 0 may come from nowhere.
    pub fn knows(&self, what: What) -> bool {
        what.id() != 0 || self.zeros.contains(&what)
    }

    /// A call has given the process an id, or has succeeded with one.
    pub fn learns(&mut self, what: What) {
        if what.id() == 0 {
            self.zeros.insert(what);
        }
    }

    /// Brings what is attached in line with what is mapped.
    pub fn confirm(&mut self, maps: &[Mapping]) {
        let attached = std::mem::take(&mut self.attached);
        let others: Vec<_> = attached.values().map(|attachment| attachment.address).collect();
        for attachment in attached.into_values() {
            match departure(&attachment, maps, &others) {
                None => drop(self.attached.insert(attachment.key(), attachment)),
                Some(how) => {
                    if let Departure::Moved(address) = how {
                        let moved = Attachment { address, ..attachment.clone() };
                        self.attached.insert(moved.key(), moved);
                    }
                    self.detached.insert(attachment.address, Former { attachment, how });
                }
            }
        }
    }
}

/// How an attachment went away, if it is mapped no more where it was; `others` are where attachments are known to be.
fn departure(attachment: &Attachment, maps: &[Mapping], others: &[Address]) -> Option<Departure> {
    let Attachment { shmid, address, length, .. } = attachment;
    // The maps are in the order of their addresses.
    let from = maps.partition_point(|mapping| mapping.end <= *address);
    let there = || maps[from..].iter().take_while(|mapping| mapping.overlaps(*address, (*length).max(1)));
    if there().any(|mapping| mapping.shows(*shmid)) {
        return None;
    }
    let is_new = |mapping: &&Mapping| mapping.shows(*shmid) && others.binary_search(&mapping.start).is_err();
    let moved = maps.iter().find(is_new);
    Some(match (moved, there().next()) {
        (Some(moved), _) => Departure::Moved(moved.start),
        (None, Some(_)) => Departure::Replaced,
        (None, None) => Departure::Unmapped,
    })
}

/// Whether a call is a `shmat` of this segment.
fn tries(performed: &Performed, segment: Shmid) -> bool {
    matches!(performed.call, Call::Shmat { shmid, .. } if shmid == segment)
}
