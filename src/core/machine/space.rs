//! A process's memory: which addresses lead where, and for which pages the way is laid already.
//!
//! **Invariant:** mappings never overlap, and each is whole pages long.

use crate::sorted::{SortedMap, SortedSet};
use std::sync::Arc;

use bitflags::bitflags;
use serde::{Deserialize, Serialize};

use super::host::Host;

bitflags! {
    /// What a mapping allows: `PROT_READ` and so on.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
    pub struct Protection: u8 {
        /// `PROT_READ`.
        const READ = 1;
        /// `PROT_WRITE`.
        const WRITE = 2;
        /// `PROT_EXEC`.
        const EXEC = 4;
    }
}

/// A range of addresses that lead somewhere: a line of `/proc/PID/maps`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mapping {
    /// The first address.
    pub start: u64,
    /// The first address behind it.
    pub end: u64,
    /// Where it leads.
    pub target: Target,
}

/// Where a mapping leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Target {
    /// To a segment.
    Segment(View),
    /// To anything else: the program, its stack, its libraries.
    Other,
}

/// Which part of a segment a mapping shows, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    /// The number of the segment's namespace, in which the process may no longer be.
    pub namespace: u64,
    /// The segment.
    pub shmid: i32,
    /// The `shmat` that the mapping comes from, by a number of its own: pieces of one attachment belong together.
    pub attachment: u64,
    /// The page of the segment that it begins with.
    pub offset: u64,
    /// What it allows.
    pub protection: Protection,
    /// What `mprotect` may make it allow: no writing, if it was attached with `SHM_RDONLY`.
    pub most: Protection,
}

/// The memory of a process.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Space {
    /// What is mapped, by first address.
    pub mappings: SortedMap<u64, Mapping>,
    /// Below this address the kernel looks for room, from top to bottom (`mmap_base`).
    pub top: u64,
    /// The pages of segments that an entry of the page table leads to, by number. Copying the table copies nothing
    /// before it is changed.
    pub present: Arc<SortedSet<u64>>,
    /// Those of them that the process has stored to. They are noted only where the kernel has to
    /// (`Host::first_store_faults`).
    #[serde(default)]
    pub written: Arc<SortedSet<u64>>,
}

/// A mapping that a range was cut out of, and what is left of it on either side.
pub(super) struct Cut {
    pub from: Mapping,
    pub rest: Vec<Mapping>,
}

impl Mapping {
    /// How many bytes it spans.
    pub fn length(&self) -> u64 {
        self.end - self.start
    }

    /// The segment it leads to, if it does.
    pub fn view(&self) -> Option<&View> {
        match &self.target {
            Target::Segment(view) => Some(view),
            Target::Other => None,
        }
    }

    /// The part of it between two addresses, if there is one.
    pub(super) fn part(&self, from: u64, to: u64, host: &Host) -> Option<Mapping> {
        let (start, end) = (self.start.max(from), self.end.min(to));
        let mut part = Mapping { start, end, ..*self };
        if let Target::Segment(view) = &mut part.target {
            view.offset += host.pages(start.saturating_sub(self.start));
        }
        (start < end).then_some(part)
    }
}

impl Space {
    /// Memory in which nothing is mapped yet but what these ranges hold.
    pub fn new(occupied: impl IntoIterator<Item = (u64, u64)>, top: u64) -> Space {
        let other = |(start, end)| (start, Mapping { start, end, target: Target::Other });
        let mappings = occupied.into_iter().map(other).collect();
        Space { mappings, top, ..Space::default() }
    }

    /// The mapping that an address lies in.
    pub fn at(&self, address: u64) -> Option<&Mapping> {
        self.mappings.range(..=address).next_back().map(|(_, mapping)| mapping).filter(|m| address < m.end)
    }

    /// Whether anything is mapped in a range.
    pub fn meets(&self, from: u64, to: u64) -> bool {
        self.mappings.range(..to).next_back().is_some_and(|(_, mapping)| mapping.end > from)
    }

    /// Everything mapped in a range, in order.
    pub(super) fn within(&self, from: u64, to: u64) -> Vec<Mapping> {
        let mut within: Vec<_> =
            self.mappings.range(..to).rev().map(|(_, m)| *m).take_while(|m| m.end > from).collect();
        within.reverse();
        within
    }

    /// The address that `shmat(…, NULL, …)` and `mmap(NULL, …)` get: the highest gap below the top that is long
    /// enough, and in it the highest place.
    ///
    /// ```
    /// # use playground_core::machine::{Host, Space};
    /// let space = Space::new([(0x6000, 0x7000), (0x9000, 0xa000)], 0xb000);
    /// let host = Host::x86_64(1 << 20);
    /// assert_eq!(space.gap(0x1000, &host), Some(0xa000));
    /// assert_eq!(space.gap(0x2000, &host), Some(0x7000));
    /// assert_eq!(space.gap(0x3000, &host), Some(0x3000));
    /// ```
    pub fn gap(&self, length: u64, host: &Host) -> Option<u64> {
        let mut ceiling = self.top;
        for mapping in self.mappings.range(..self.top).rev().map(|(_, mapping)| mapping) {
            if ceiling.saturating_sub(mapping.end) >= length {
                break;
            }
            ceiling = ceiling.min(mapping.start);
        }
        ceiling.checked_sub(length).filter(|start| *start >= host.mmap_min_addr)
    }

    /// How many pages are mapped in all: what `RLIMIT_AS` limits.
    pub fn pages(&self, host: &Host) -> u64 {
        self.mappings.values().map(|mapping| host.pages(mapping.length())).sum()
    }

    /// Its attachments and what is left of them, in order.
    pub fn views(&self) -> impl Iterator<Item = (&Mapping, &View)> {
        self.mappings.values().filter_map(|mapping| Some((mapping, mapping.view()?)))
    }

    /// How many pages of segments the process has in memory (`RssShmem`).
    pub fn resident(&self) -> u64 {
        self.present.len() as u64
    }

    pub(super) fn insert(&mut self, mapping: Mapping) {
        self.mappings.insert(mapping.start, mapping);
    }

    /// Cuts a range out, and forgets the way to its pages.
    pub(super) fn cut(&mut self, from: u64, to: u64, host: &Host) -> Vec<Cut> {
        let cuts: Vec<Cut> =
            self.within(from, to).into_iter().map(|hit| self.cut_out(hit, from, to, host)).collect();
        self.forget(from, to, host);
        cuts
    }

    fn cut_out(&mut self, hit: Mapping, from: u64, to: u64, host: &Host) -> Cut {
        self.mappings.remove(&hit.start);
        let below = hit.part(0, from, host);
        let above = hit.part(to, u64::MAX, host);
        let rest: Vec<Mapping> = below.into_iter().chain(above).collect();
        rest.iter().for_each(|piece| self.insert(*piece));
        Cut { from: hit, rest }
    }

    /// Forgets the way to the pages of a range.
    fn forget(&mut self, from: u64, to: u64, host: &Host) {
        let gone = from / host.page_size..host.pages(to);
        for pages in [&mut self.present, &mut self.written] {
            if pages.range(gone.clone()).next().is_some() {
                Arc::make_mut(pages).retain(|page| !gone.contains(page));
            }
        }
    }
}
