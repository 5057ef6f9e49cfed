//! Reasons that depend on what the kernel shows: here a kernel with one segment, number 3, of mode 0600.

use std::io;

use crate::Mode;

use super::*;

struct OneSegment;

impl Look for OneSegment {
    fn page_size(&self) -> usize {
        4096
    }

    fn shows(&mut self, file: ProcFile) -> io::Result<String> {
        match file {
            ProcFile::Segments => Ok("key shmid perms size cpid lpid nattch uid gid rss swap\n\
                                      0 3 600 25600 1 1 0 1000 1000 0 0\n"
                .to_owned()),
            ProcFile::LowestAddress => Ok("65536\n".to_owned()),
            ProcFile::Setting(SHMMNI) => Ok("1\n".to_owned()),
            _ => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

fn told(call: &Call, errno: Errno) -> Reason {
    explain(call, errno, &mut OneSegment)
}

fn attach(address: usize, flags: ShmatFlags) -> Call {
    Call::Shmat { shmid: Shmid(3), address: address.into(), flags }
}

#[test]
fn a_low_address_is_blamed_only_if_there_is_one() {
    let none = ShmatFlags::empty();
    assert!(told(&attach(0x1000, none), Errno::EPERM).why.starts_with("Addresses below 0x10000 are not"));
    for address in [0, 0x10000, 0x5000000] {
        let why = told(&attach(address, none), Errno::EPERM).why;
        assert!(why.ends_with("so a sandbox forbids the call (a seccomp filter)."), "{why}");
    }
}

/// Fact AT-28.
#[test]
fn a_missing_x_bit_is_named() {
    let reason = told(&attach(0, ShmatFlags::SHM_RDONLY | ShmatFlags::SHM_EXEC), Errno::EACCES);
    assert!(reason.why.contains("mode, 0600, has no x bit"), "{reason:?}");
    assert!(!reason.advice.contains("read permission is enough"), "{reason:?}");
    let reason = told(&attach(0, ShmatFlags::SHM_RDONLY), Errno::EACCES);
    assert!(reason.advice.contains("read permission is enough"), "{reason:?}");
}

/// Fact AT-14.
#[test]
fn there_is_nothing_to_replace_at_null() {
    let why = told(&attach(0, ShmatFlags::SHM_REMAP), Errno::EINVAL).why;
    assert!(why.contains("NULL names none"), "{why}");
}

/// A reader that is started before its writer must not make what it looks for.
#[test]
fn who_finds_nothing_is_not_told_to_make_it() {
    let (size, mode) = (25600, Mode::empty());
    let look = Call::Shmget { key: Key(7), size, flags: ShmgetFlags::empty(), mode };
    let advice = told(&look, Errno::ENOENT).advice;
    assert!(advice.starts_with("First start the program that makes it"), "{advice}");
}

#[test]
fn one_segment_is_not_called_segments() {
    let make = Call::Shmget { key: Key(7), size: 1, flags: ShmgetFlags::IPC_CREAT, mode: Mode::empty() };
    let why = told(&make, Errno::ENOSPC).why;
    assert!(why.contains("allows 1 segment, and there are that many"), "{why}");
}
