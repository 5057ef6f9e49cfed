//! `mremap`, as far as it touches attachments. Source: mremap(2).
//!
//! What shrinks loses its end, as by `munmap`. What grows leads past the segment's end, where an access ends the process
//! with `SIGBUS`: the segment does not grow. It grows where it is, if there is room behind it, or `MREMAP_MAYMOVE` lets
//! the kernel choose another place, as for `shmat(NULL)`. What moves is mapped there before it is taken away here, so
//! that a marked segment stays. The way to its pages moves along, and costs no page fault again.
//!
//! **Invariant:** where nothing moves and nothing is cut off, no record changes.

use std::sync::Arc;

use super::Machine;
use super::action::Reply;
use super::caller::Caller;
use super::mapping::join;
use super::space::{Mapping, Space, Target};
use super::unknown::Unknown;
use crate::Errno;
use crate::call::{Address, Answer};

/// The arguments of `mremap`, in whole pages' bytes.
#[derive(Clone, Copy)]
pub(super) struct Mremap {
    start: u64,
    old: u64,
    new: u64,
    may_move: bool,
}

impl Mremap {
    /// The call's lengths are rounded up. One too large for that is none, as the kernel reckons.
    pub fn new(Address(start): Address, (old, new): (u64, u64), may_move: bool, machine: &Machine) -> Mremap {
        let whole = |length| machine.host.whole_pages(length).unwrap_or(0);
        Mremap { start, old: whole(old), new: whole(new), may_move }
    }

    fn is_at_the_end_of(&self, mapping: &Mapping) -> bool {
        self.old > 0 && self.start + self.old == mapping.end
    }
}

impl Caller<'_> {
    /// Where the range would be then.
    ///
    /// A range that grows must lie in one mapping; one that shrinks, or stays as it is, need only begin in one. A length
    /// of 0 makes a second mapping of the same pages, for which it has to move.
    pub fn mremap(&self, ask: Mremap) -> Reply {
        let host = self.host();
        let is_too_long = ask.new > host.task_size && !host.mremap_takes_any_length;
        if !host.is_page(ask.start) || ask.new == 0 || is_too_long {
            return Errno::EINVAL.into();
        }
        match self.space.at(ask.start) {
            None if host.holes_shrink && ask.new == ask.old => Ok(Answer::Mapped(Address(ask.start))).into(),
            None if host.holes_shrink && ask.new < ask.old => self.shrinks(ask).into(),
            None => Errno::EFAULT.into(),
            Some(_) if ask.new == ask.old => Ok(Answer::Mapped(Address(ask.start))).into(),
            Some(_) if ask.new < ask.old => self.shrinks(ask).into(),
            Some(Mapping { target: Target::Other, .. }) => Reply::Unknown(Unknown::Moving),
            Some(mapping) => self.grows(ask, mapping).map(Address).map(Answer::Mapped).into(),
        }
    }

    fn shrinks(&self, ask: Mremap) -> Result<Answer, Errno> {
        self.munmap(Address(ask.start.wrapping_add(ask.new)), ask.old - ask.new)?;
        Ok(Answer::Mapped(Address(ask.start)))
    }

    /// The checks come in this order: the range, `RLIMIT_AS`, room behind it, room elsewhere.
    fn grows(&self, ask: Mremap, mapping: &Mapping) -> Result<u64, Errno> {
        if ask.old > mapping.end - ask.start {
            return Err(Errno::EFAULT);
        }
        self.allow_mapping(ask.new - ask.old, None)?;
        let end = ask.start.saturating_add(ask.new);
        let is_free = end <= self.host().task_size && !self.space.meets(mapping.end, end);
        match ask.is_at_the_end_of(mapping) && is_free {
            true => Ok(ask.start),
            false if ask.may_move => self.address_for(None, ask.new),
            false => Err(Errno::ENOMEM),
        }
    }
}

impl Machine {
    /// The range is at an address now: where it was, or elsewhere.
    pub(super) fn mremap(&mut self, pid: i32, ask: Mremap, Address(to): Address) {
        if ask.new < ask.old {
            self.unmap(pid, ask.start + ask.new, ask.start + ask.old);
        } else if to != ask.start {
            self.move_range(pid, ask, to);
        } else if let Some(space) = self.space_of(pid) {
            grow(space, ask);
        }
    }

    /// A neighbour of the same attachment takes in what comes to lie beside it, if it continues it.
    fn move_range(&mut self, pid: i32, ask: Mremap, to: u64) {
        let host = self.host.clone();
        let Some(space) = self.space_of(pid) else { return };
        let Some(from) = space.at(ask.start).and_then(|mapping| mapping.part(ask.start, u64::MAX, &host))
        else {
            return;
        };
        let moved = Mapping { start: to, end: to + ask.new, ..from };
        let joins = !host.pieces_stay_apart && join(space, moved, host.page_size);
        if !joins {
            space.insert(moved);
        }
        move_ways(space, ask, to, host.page_size);
        if !joins {
            self.opened(pid, &moved);
        }
        if ask.old > 0 {
            self.unmap(pid, ask.start, ask.start + ask.old);
        }
    }
}

fn grow(space: &mut Space, ask: Mremap) {
    let grown =
        space.at(ask.start).copied().filter(|mapping| ask.new > ask.old && ask.is_at_the_end_of(mapping));
    if let Some(mapping) = grown {
        space.insert(Mapping { end: ask.start + ask.new, ..mapping });
    }
}

/// The entries of the page table for a range lead to the same pages from its new place.
fn move_ways(space: &mut Space, ask: Mremap, to: u64, page_size: u64) {
    let (first, last) = (ask.start / page_size, (ask.start + ask.old) / page_size);
    for pages in [&mut space.present, &mut space.written] {
        let known: Vec<u64> = pages.range(first..last).map(|page| page - first + to / page_size).collect();
        if !known.is_empty() {
            Arc::make_mut(pages).extend(known);
        }
    }
}
