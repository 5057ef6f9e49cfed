//! `/proc/PID/maps`: what is mapped where in a process, a line each (proc(5)).
//!
//! A parser of its own, because the one in the crate `procfs` takes a file named `/SYSV…` for a key and fails.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Unreadable;
use crate::call::{Address, Shmid};

/// One line: a range of addresses and what it shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mapping {
    /// The first byte.
    pub start: Address,
    /// The byte after the last.
    pub end: Address,
    /// `rw-s` and the like: read, write, execute; shared or private.
    pub perms: String,
    /// Where in the file the range begins.
    pub offset: u64,
    /// The device of the file, `major:minor`.
    pub device: String,
    /// The file's number on that device; for a segment its id.
    pub inode: u64,
    /// The file, `[heap]` and the like, or nothing.
    pub name: String,
}

impl Mapping {
    /// How many bytes it spans.
    pub fn length(&self) -> usize {
        (self.end.0 - self.start.0) as usize
    }

    /// Whether it shows this segment.
    pub fn shows(&self, id: Shmid) -> bool {
        self.segment() == Some(id.0 as u32)
    }

    /// The id of the segment that it shows: the kernel calls it `/SYSV` with its key, and gives its id as the inode.
    pub fn segment(&self) -> Option<u32> {
        u32::try_from(self.inode).ok().filter(|_| self.name.starts_with("/SYSV"))
    }

    /// Whether it shares a byte with `length` bytes from `address` on.
    pub fn overlaps(&self, address: Address, length: usize) -> bool {
        address.0 < self.end.0 && self.start.0 < address.0.saturating_add(length as u64)
    }
}

impl fmt::Display for Mapping {
    /// The line as the kernel wrote it, with one blank where it has many.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Mapping { start, end, perms, offset, device, inode, name } = self;
        write!(f, "{:08x}-{:08x} {perms} {offset:08x} {device} {inode} {name}", start.0, end.0)
    }
}

/// Reads all the lines, in the order of their addresses.
///
/// # Errors
///
/// `Unreadable`, with the line that is not of this form.
pub fn parse(text: &str) -> Result<Vec<Mapping>, Unreadable> {
    text.lines().map(|line| mapping(line).ok_or_else(|| Unreadable(line.to_owned()))).collect()
}

fn mapping(line: &str) -> Option<Mapping> {
    let (range, rest) = line.split_once(' ')?;
    let (perms, rest) = rest.split_once(' ')?;
    let (offset, rest) = rest.split_once(' ')?;
    let (device, rest) = rest.split_once(' ')?;
    let (inode, name) = rest.split_once(' ').unwrap_or((rest, ""));
    let (start, end) = range.split_once('-')?;
    let mapping = Mapping {
        start: Address(u64::from_str_radix(start, 16).ok()?),
        end: Address(u64::from_str_radix(end, 16).ok()?),
        perms: perms.to_owned(),
        offset: u64::from_str_radix(offset, 16).ok()?,
        device: device.to_owned(),
        inode: inode.parse().ok()?,
        name: name.trim_start().to_owned(),
    };
    (mapping.start <= mapping.end).then_some(mapping)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str =
        "05000000-05007000 rw-s 00000000 00:01 163843                             /SYSV00000000 (deleted)";

    #[test]
    fn a_segments_line_names_its_id() {
        let mapping = mapping(LINE).unwrap();
        assert!(mapping.shows(Shmid(163843)) && !mapping.shows(Shmid(0)));
        assert_eq!(mapping.length(), 7 * 4096);
        assert_eq!(
            mapping.to_string(),
            "05000000-05007000 rw-s 00000000 00:01 163843 /SYSV00000000 (deleted)"
        );
    }

    #[test]
    fn overlap_counts_shared_bytes_only() {
        let mapping = mapping(LINE).unwrap();
        assert!(mapping.overlaps(Address(0x5006fff), 1) && !mapping.overlaps(Address(0x5007000), 1));
        assert!(mapping.overlaps(Address(0x4fff000), 4097) && !mapping.overlaps(Address(0x4fff000), 4096));
    }

    #[test]
    fn names_may_hold_blanks_or_be_absent() {
        let maps = parse(
            "00400000-00401000 r--p 00000000 fe:00 12 /a b\n00500000-00501000 rw-p 00000000 00:00 0 \n",
        );
        let names: Vec<_> = maps.unwrap().into_iter().map(|mapping| mapping.name).collect();
        assert_eq!(names, ["/a b", ""]);
    }
}
