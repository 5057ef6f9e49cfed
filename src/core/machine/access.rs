//! Reading and writing memory: what a load or a store meets on its way. Source: mmap(2), shmop(2), signal(7).
//!
//! A page comes with the first access to it, reading or writing, by whatever process. Each process learns the way to
//! it with a page fault of its own, one a page: segments have no fault-around, which brings in a file's pages 16 at a
//! time. All of these faults are counted alike: they are minor ones, except that Linux 5.10 calls the first store to a
//! page major, as if a disk had been read. On some arm64 processors a store to a page that was only read takes one
//! more. The kernel protects pages, not bytes, so that all of a segment's last page may be used.
//!
//! **Invariant:** an access that ends the process has touched what lies before the byte that ends it.

use std::sync::Arc;

use super::Machine;
use super::action::{Fatal, Reply};
use super::caller::Caller;
use super::space::{Mapping, Protection, View};
use super::unknown::Unknown;
use crate::call::{Address, Answer};

/// A part of an access that lies in one page of a segment.
struct Part {
    view: View,
    /// The page of the segment.
    page: u64,
    /// The first byte in the page, and how many.
    within: u64,
    length: u64,
    /// The page of the process's memory.
    entry: u64,
}

/// What stops an access.
enum Stop {
    Dies(Fatal),
    Unknown(Unknown),
}

impl Caller<'_> {
    /// What a load brings: the bytes that were stored last, and zeros where nobody has stored any.
    pub fn load(&self, address: Address, length: u64) -> Reply {
        let (parts, stop) = self.parts(address, length, Protection::all());
        stop.map_or_else(|| Ok(Answer::Bytes(self.bytes(&parts))).into(), |stop| self.stopped(stop))
    }

    /// Whether a store succeeds.
    pub fn store(&self, address: Address, length: u64) -> Reply {
        let (_, stop) = self.parts(address, length, Protection::WRITE);
        stop.map_or(Reply::Returns(Ok(Answer::Done)), |stop| self.stopped(stop))
    }

    fn stopped(&self, stop: Stop) -> Reply {
        match stop {
            Stop::Dies(_) if self.host().a_dump_ends_all && self.shares_its_memory() => {
                Reply::Unknown(Unknown::EndOfAll)
            }
            Stop::Dies(signal) => Reply::Dies(signal),
            Stop::Unknown(unknown) => Reply::Unknown(unknown),
        }
    }

    fn shares_its_memory(&self) -> bool {
        let with_it = self.machine.processes.values().filter(|process| process.space == self.process.space);
        with_it.count() > 1
    }

    fn bytes(&self, parts: &[Part]) -> Vec<u8> {
        parts.iter().flat_map(|part| self.bytes_of(part)).collect()
    }

    fn bytes_of(&self, part: &Part) -> Vec<u8> {
        let namespace = self.machine.namespaces.get(&part.view.namespace);
        let segment = namespace.and_then(|namespace| namespace.segments.find(part.view.shmid).ok());
        let range = part.within as usize..(part.within + part.length) as usize;
        let page = segment.and_then(|segment| segment.pages.get(&part.page));
        page.map_or_else(|| vec![0; range.len()], |page| page[range.clone()].to_vec())
    }

    /// The parts of an access, up to what stops it. One of the rights in `needs` must be there.
    fn parts(&self, Address(address): Address, length: u64, needs: Protection) -> (Vec<Part>, Option<Stop>) {
        let (mut parts, mut at, mut left) = (Vec::new(), address, length);
        while left > 0 {
            match self.part(at, left, needs) {
                Ok(part) => {
                    (at, left) = (at + part.length, left - part.length);
                    parts.push(part);
                }
                Err(stop) => return (parts, Some(stop)),
            }
        }
        (parts, None)
    }

    fn part(&self, at: u64, left: u64, needs: Protection) -> Result<Part, Stop> {
        let mapping = self.space.at(at).ok_or(Stop::Dies(Fatal::Sigsegv))?;
        let view = *mapping.view().ok_or(Stop::Unknown(Unknown::OtherMemory))?;
        if !view.protection.intersects(needs) {
            return Err(Stop::Dies(Fatal::Sigsegv));
        }
        let part = self.part_of(mapping, view, at, left);
        if self.is_inside(&part) { Ok(part) } else { Err(Stop::Dies(Fatal::Sigbus)) }
    }

    fn part_of(&self, mapping: &Mapping, view: View, at: u64, left: u64) -> Part {
        let page_size = self.host().page_size;
        let within = at % page_size;
        let page = view.offset + (at - mapping.start) / page_size;
        Part { view, page, within, length: left.min(page_size - within), entry: at / page_size }
    }

    /// A mapping that `mremap` has made longer than the segment leads to no page at its end.
    fn is_inside(&self, part: &Part) -> bool {
        let namespace = self.machine.namespaces.get(&part.view.namespace);
        let segment = namespace.and_then(|namespace| namespace.segments.find(part.view.shmid).ok());
        segment.is_some_and(|segment| part.page < self.host().pages(segment.size))
    }
}

impl Machine {
    /// The pages of a load are there now, and the process knows the way to them.
    pub(super) fn loaded(&mut self, pid: i32, address: Address, length: u64) {
        for part in self.parts(pid, address, length, Protection::all()) {
            self.touch(&part, |_| {});
            self.know_the_way(pid, &part);
        }
    }

    /// So are those of a store, and in them is what was stored.
    pub(super) fn stored(&mut self, pid: i32, address: Address, bytes: &[u8]) {
        let mut rest = bytes;
        for part in self.parts(pid, address, bytes.len() as u64, Protection::WRITE) {
            let (now, later) = rest.split_at(part.length as usize);
            self.touch(&part, |page| page[part.within as usize..][..now.len()].copy_from_slice(now));
            let was_known = self.know_the_way(pid, &part);
            self.note_store(pid, &part, was_known);
            rest = later;
        }
    }

    fn parts(&self, pid: i32, address: Address, length: u64, needs: Protection) -> Vec<Part> {
        Caller::new(self, pid).map_or_else(Vec::new, |caller| caller.parts(address, length, needs).0)
    }

    fn touch(&mut self, part: &Part, change: impl FnOnce(&mut [u8])) {
        let page_size = self.host.page_size;
        if let Some(segment) = self.segment_mut(&part.view) {
            change(segment.page_mut(part.page, page_size));
        }
    }

    /// An entry of the page table leads to the page from now on. Whether one did before is returned.
    fn know_the_way(&mut self, pid: i32, part: &Part) -> bool {
        let Some(space) = self.space_of(pid) else { return false };
        let was_known = space.present.contains(&part.entry);
        if !was_known {
            Arc::make_mut(&mut space.present).insert(part.entry);
            self.count_fault(pid);
        }
        was_known
    }

    /// The fault that brings a page for a store notes the store, too.
    fn note_store(&mut self, pid: i32, part: &Part, was_known: bool) {
        if !self.host.first_store_faults {
            return;
        }
        let Some(space) = self.space_of(pid) else { return };
        if Arc::make_mut(&mut space.written).insert(part.entry) && was_known {
            self.count_fault(pid);
        }
    }

    fn count_fault(&mut self, pid: i32) {
        if let Some(process) = self.process_mut(pid) {
            process.faults += 1;
        }
    }
}
