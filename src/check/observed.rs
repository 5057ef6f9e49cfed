//! What the tracer's record and the files of a process in `/proc` show of how it shares memory.
//!
//! **Invariant:** of a process that cannot be looked into, nothing is claimed.

use std::fs;
use std::io::Read;
use std::os::unix::fs::FileExt;

use crate::call::{Address, Shmid};
use crate::evidence::maps;
use crate::kernel::{Linux, Look as _};
use trace::{Attachment, State};

/// As much of a program's file as is looked at.
const ENOUGH_PROGRAM: u64 = 1 << 20;
/// Bits 63 and 62 of an entry of `/proc/PID/pagemap`, which has one for each page.
const PRESENT_OR_SWAPPED: u64 = 0b11 << 62;

/// The segment that a process has attached at an address.
pub(super) fn at(state: &State, pid: i32, address: Address) -> Option<Shmid> {
    state.attached(pid).find(|attachment| attachment.address == address).map(|found| found.shmid)
}

/// The segments that the program has made and that are still there, marked or not.
pub(super) fn made_in(state: &State) -> Vec<Shmid> {
    state.segments().filter(|segment| segment.made.is_some()).map(|segment| segment.shmid).collect()
}

/// Whether a process has touched the first page of a segment. A page that it shares comes into its own table at its own
/// first touch, and not by a fork. Of a process that cannot be looked into, nothing is claimed.
pub(super) fn has_touched(pid: i32, shmid: Shmid, state: &State) -> bool {
    let Ok(pages) = fs::File::open(format!("/proc/{pid}/pagemap")) else { return true };
    let is_there = |address: Address| {
        let (mut entry, page) = ([0; 8], Linux::new().page_size());
        let read = pages.read_exact_at(&mut entry, address.0 / page as u64 * 8);
        read.is_err() || u64::from_ne_bytes(entry) & PRESENT_OR_SWAPPED != 0
    };
    let its = |attachment: &&Attachment| attachment.shmid == shmid;
    state.attached(pid).filter(its).any(|attachment| is_there(attachment.address))
}

/// How a mapping is shared that is no segment. What cannot be written, as a cache of the C library, shares nothing.
pub(super) fn shared_otherwise(mapping: &maps::Mapping) -> Option<String> {
    let is_shared = mapping.perms.ends_with('s') && mapping.perms.contains('w');
    if !is_shared || mapping.name.starts_with("/SYSV") {
        return None;
    }
    Some(match mapping.name.as_str() {
        // The kernel shows what has no file under this name.
        name if name.starts_with("/dev/zero") => "mmap(MAP_SHARED|MAP_ANONYMOUS)".to_owned(),
        name if name.starts_with("/memfd:") => format!("memfd_create and mmap ({name})"),
        name if name.starts_with("/dev/shm/") => format!("shm_open and mmap ({name})"),
        name if name.starts_with('/') => format!("mmap(MAP_SHARED) of the file {name}"),
        _ => return None,
    })
}

/// The function of POSIX shared memory that a program is linked with.
pub(super) fn linked_with(pid: i32) -> Option<String> {
    let mut program = Vec::new();
    fs::File::open(format!("/proc/{pid}/exe")).ok()?.take(ENOUGH_PROGRAM).read_to_end(&mut program).ok()?;
    let names = ["shm_open", "memfd_create"];
    // Names stand in a program as C strings. Once through it is enough, for each of many processes may end here.
    let found = program
        .split(|byte| *byte == 0)
        .find_map(|word| names.iter().find(|name| name.as_bytes() == word))?;
    Some(format!("{found}, which it is linked with"))
}

/// The children of a process that are no zombies.
pub(super) fn children(pid: i32) -> impl Iterator<Item = i32> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let lists = tasks.map(|task| fs::read_to_string(task.path().join("children")).unwrap_or_default());
    let numbers =
        lists.flat_map(|list| list.split(' ').filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>());
    numbers.filter(|pid| is_running(*pid))
}

/// Whether a process is there, and no zombie that waits for its parent.
pub(super) fn is_running(pid: i32) -> bool {
    state(pid).is_some_and(|state| !matches!(state, 'Z' | 'X'))
}

/// What a process or thread does, by the letter of proc(5); nothing, if it is gone.
pub(super) fn state(tid: i32) -> Option<char> {
    let stat = fs::read_to_string(format!("/proc/{tid}/stat")).ok()?;
    // The name before it may hold anything, a parenthesis even.
    stat.rsplit_once(") ")?.1.chars().next()
}
