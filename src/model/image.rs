//! What is mapped in a process when its program begins: the program, its heap, its libraries, its stack.
//!
//! The addresses are those that Linux on x86-64 gives where it does not choose them at random.
//!
//! **Invariant:** the regions are whole pages, do not overlap, and leave 0x5000000 free, where lessons attach.

use playground_core::machine::Space;

/// A line of the maps that is no attachment.
pub(crate) struct Region {
    pub start: u64,
    pub end: u64,
    pub perms: &'static str,
    pub name: Name,
}

/// What the line is named after.
#[derive(Clone, Copy)]
pub(crate) enum Name {
    /// The program, which may be another after an exec.
    Program,
    /// Anything else.
    Fixed(&'static str),
}

/// The first address behind the highest one that `shmat` may choose (`mmap_base`).
const TOP: u64 = 0x7fff_f7ff_f000;

const LIBRARY: Name = Name::Fixed("/usr/lib/x86_64-linux-gnu/libc.so.6");
const LOADER: Name = Name::Fixed("/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2");

/// Every region, in the order of the addresses.
pub(crate) const REGIONS: [Region; 11] = [
    Region { start: 0x5555_5555_4000, end: 0x5555_5555_6000, perms: "r--p", name: Name::Program },
    Region { start: 0x5555_5555_6000, end: 0x5555_5556_0000, perms: "r-xp", name: Name::Program },
    Region { start: 0x5555_5556_0000, end: 0x5555_5556_2000, perms: "rw-p", name: Name::Program },
    Region { start: 0x5555_5556_2000, end: 0x5555_5558_3000, perms: "rw-p", name: Name::Fixed("[heap]") },
    Region { start: 0x7fff_f7dc_0000, end: 0x7fff_f7de_6000, perms: "r--p", name: LIBRARY },
    Region { start: 0x7fff_f7de_6000, end: 0x7fff_f7f3_b000, perms: "r-xp", name: LIBRARY },
    Region { start: 0x7fff_f7f3_b000, end: 0x7fff_f7f9_6000, perms: "rw-p", name: LIBRARY },
    Region { start: 0x7fff_f7f9_6000, end: 0x7fff_f7fc_5000, perms: "rw-p", name: Name::Fixed("") },
    Region { start: 0x7fff_f7fc_5000, end: 0x7fff_f7ff_b000, perms: "r-xp", name: LOADER },
    Region { start: 0x7fff_f7ff_b000, end: TOP, perms: "rw-p", name: LOADER },
    Region { start: 0x7fff_fffd_e000, end: 0x7fff_ffff_f000, perms: "rw-p", name: Name::Fixed("[stack]") },
];

/// The memory of a process whose program has just begun.
pub(crate) fn space() -> Space {
    Space::new(REGIONS.iter().map(|region| (region.start, region.end)), TOP)
}

/// The region that an address lies in.
pub(crate) fn region(address: u64) -> Option<&'static Region> {
    REGIONS.iter().find(|region| (region.start..region.end).contains(&address))
}
