//! `mmap`, `munmap` and `mprotect`, as far as they touch attachments. Source: mmap(2), mprotect(2).
//!
//! Who calls these has no need of `shmdt`, nor of an attachment's whole length: a piece taken out leaves two pieces,
//! and each of them counts in `shm_nattch`.
//!
//! **Invariant:** pieces of one attachment know which part of the segment they show.

use super::Machine;
use super::caller::Caller;
use super::space::{Mapping, Protection, Space, Target, View};
use crate::Errno;
use crate::call::Address;

/// A piece of a mapping whose protection `mprotect` changes.
struct Change {
    whole: Mapping,
    part: Mapping,
}

impl Caller<'_> {
    /// Where memory of no segment would be mapped. A length of 0 is no length.
    pub fn mmap(&self, Address(address): Address, length: u64) -> Result<Address, Errno> {
        let wanted = (address != 0).then_some(address);
        if length == 0 || !self.host().is_page(address) {
            return Err(Errno::EINVAL);
        }
        let length = self.host().whole_pages(length).ok_or(Errno::ENOMEM)?;
        let address = self.address_for(wanted, length)?;
        self.allow_mapping(length, wanted.map(|address| (address, address + length)))?;
        Ok(Address(address))
    }

    /// Nothing needs to be mapped in the range.
    pub fn munmap(&self, Address(address): Address, length: u64) -> Result<(), Errno> {
        let task_size = self.host().task_size;
        let is_range = length != 0 && length <= task_size && address <= task_size - length;
        if is_range && self.host().is_page(address) { Ok(()) } else { Err(Errno::EINVAL) }
    }

    /// The range must be mapped without a hole, and each mapping in it must have been made for what is asked.
    pub fn mprotect(&self, Address(address): Address, length: u64, to: Protection) -> Result<(), Errno> {
        if !self.host().is_page(address) {
            return Err(Errno::EINVAL);
        }
        let length = self.host().whole_pages(length).ok_or(Errno::ENOMEM)?;
        let end = address.checked_add(length).ok_or(Errno::ENOMEM)?;
        self.changes(address, end, to).1
    }

    /// The pieces that `mprotect` changes, first to last, until it meets a hole or a mapping that may not be changed
    /// so. What comes before that is changed even though the call fails.
    fn changes(&self, from: u64, to: u64, protection: Protection) -> (Vec<Change>, Result<(), Errno>) {
        let (mut changes, mut at) = (Vec::new(), from);
        for whole in self.space.within(from, to) {
            let Some(part) = whole.part(from, to, self.host()).filter(|part| part.start == at) else { break };
            if whole.view().is_some_and(|view| !view.most.contains(protection)) {
                return (changes, Err(Errno::EACCES));
            }
            changes.push(Change { whole, part });
            at = part.end;
        }
        let result = if at == to { Ok(()) } else { Err(Errno::ENOMEM) };
        (changes, result)
    }
}

impl Machine {
    /// Memory of no segment is at the address now.
    pub(super) fn mmap(&mut self, pid: i32, Address(start): Address, length: u64) {
        let end = start.saturating_add(self.host.pages(length).saturating_mul(self.host.page_size));
        self.unmap(pid, start, end);
        if let Some(space) = self.space_of(pid) {
            space.insert(Mapping { start, end, target: Target::Other });
        }
    }

    /// Nothing is mapped in the range any more. What is left of a mapping on either side is a mapping of its own.
    pub(super) fn munmap(&mut self, pid: i32, Address(start): Address, length: u64) {
        let length = self.host.pages(length) * self.host.page_size;
        self.unmap(pid, start, start + length);
    }

    /// Takes a range out of the memory. The pieces that stay count before what they were pieces of no longer does.
    pub(super) fn unmap(&mut self, pid: i32, from: u64, to: u64) {
        let host = self.host.clone();
        let Some(space) = self.space_of(pid) else { return };
        for cut in space.cut(from, to, &host) {
            cut.rest.iter().for_each(|piece| self.opened(pid, piece));
            self.closed(pid, &cut.from);
        }
    }

    /// Makes two mappings of the one that an address lies in: the second counts as one more.
    pub(super) fn cut_at(&mut self, pid: i32, address: u64) {
        let host = self.host.clone();
        let Some(space) = self.space_of(pid) else { return };
        let Some(whole) = space.at(address).copied() else { return };
        if let (Some(below), Some(above)) =
            (whole.part(0, address, &host), whole.part(address, u64::MAX, &host))
        {
            space.insert(below);
            space.insert(above);
            self.opened(pid, &above);
        }
    }

    /// Memory that `RLIMIT_AS` does not allow has cut out already what it was to replace, and that stays cut.
    pub(super) fn mmap_failed(&mut self, pid: i32, Address(start): Address, length: u64) {
        let Some(caller) = Caller::new(self, pid).filter(|caller| !caller.host().limit_goes_before_cuts)
        else {
            return;
        };
        let whole = caller.host().whole_pages(length).filter(|_| length > 0 && caller.host().is_page(start));
        let allowed = whole.filter(|whole| start != 0 && caller.address_for(Some(start), *whole).is_ok());
        if let Some(whole) = allowed {
            self.cut_at(pid, start);
            self.cut_at(pid, start + whole);
        }
    }

    /// The pieces have another protection now, up to what stopped the call.
    pub(super) fn mprotect(&mut self, pid: i32, Address(start): Address, length: u64, to: Protection) {
        let end = start.saturating_add(self.host.pages(length).saturating_mul(self.host.page_size));
        let Some(caller) = Caller::new(self, pid) else { return };
        for Change { whole, part } in caller.changes(start, end, to).0 {
            if whole.view().is_some_and(|view| view.protection != to) {
                self.protect(pid, whole, part, to);
            }
        }
    }

    /// A piece that lies next to one of the same attachment, and now allows the same, joins it. It does not where a
    /// mapping would cease to be by that: the kernel never merges away a mapping that has to be told of its end.
    fn protect(&mut self, pid: i32, whole: Mapping, mut part: Mapping, to: Protection) {
        if let Target::Segment(view) = &mut part.target {
            view.protection = to;
        }
        let host = self.host.clone();
        let Some(space) = self.space_of(pid) else { return };
        space.mappings.remove(&whole.start);
        let rest: Vec<Mapping> = [whole.part(0, part.start, &host), whole.part(part.end, u64::MAX, &host)]
            .into_iter()
            .flatten()
            .collect();
        rest.iter().for_each(|piece| space.insert(*piece));
        if host.pieces_stay_apart || rest.len() != 1 || !join(space, part, host.page_size) {
            space.insert(part);
            rest.iter().for_each(|piece| self.opened(pid, piece));
        }
    }
}

/// Lets a neighbour take a piece in, if they show neighbouring parts of the segment in the same way.
pub(super) fn join(space: &mut Space, part: Mapping, page_size: u64) -> bool {
    let below = space.mappings.range(..part.start).next_back().map(|(_, mapping)| *mapping);
    if let Some(below) = below.filter(|below| continues(below, &part, page_size)) {
        space.insert(Mapping { end: part.end, ..below });
        return true;
    }
    let above = space.mappings.get(&part.end).copied();
    if let Some(above) = above.filter(|above| continues(&part, above, page_size)) {
        space.mappings.remove(&above.start);
        space.insert(Mapping { end: above.end, ..part });
        return true;
    }
    false
}

fn continues(below: &Mapping, above: &Mapping, page_size: u64) -> bool {
    let (Some(first), Some(second)) = (below.view(), above.view()) else { return false };
    let offset = first.offset + below.length() / page_size;
    below.end == above.start && View { offset, ..*first } == *second
}
