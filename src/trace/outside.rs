//! A traced process as it can be seen from here: its files in `/proc`, and the kernel's tables.
//!
//! **Invariant:** the tables of an IPC namespace are read for processes of that namespace only. `/proc/sysvipc` shows
//! the reader's own, so of a process in another one they would tell nothing true.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;

use playground_core::Errno;

use super::state::Namespace;
use crate::call::{Call, Cmd, Key, Semid, Shmid};
use crate::evidence::maps::{self, Mapping};
use crate::evidence::segments::{self, Row};
use crate::evidence::sets::{self, SetRow};
use crate::kernel::{Linux, ProcFile, Process};
use crate::story::Look;

/// The IPC namespace of a process or thread; nothing, where it cannot be seen.
pub(super) fn namespace(tid: i32) -> Option<Namespace> {
    fs::metadata(format!("/proc/{tid}/ns/ipc")).ok().map(|file| file.ino())
}

/// The IPC namespace of this thread.
pub(super) fn own_namespace() -> Option<Namespace> {
    fs::metadata("/proc/thread-self/ns/ipc").ok().map(|file| file.ino())
}

/// What is mapped where in a process.
pub(super) fn maps(pid: i32) -> Option<Vec<Mapping>> {
    maps::parse(&fs::read_to_string(ProcFile::Maps.path(pid)).ok()?).ok()
}

/// The table of segments of this namespace.
pub(super) fn segments() -> Option<Vec<Row>> {
    segments::parse(&fs::read_to_string("/proc/sysvipc/shm").ok()?).ok()
}

/// The table of semaphore sets of this namespace.
pub(super) fn sets() -> Option<Vec<SetRow>> {
    sets::parse(&fs::read_to_string("/proc/sysvipc/sem").ok()?).ok()
}

/// Whether a segment has this key.
pub(super) fn has_segment(key: Key) -> bool {
    segments().is_some_and(|rows| rows.iter().any(|row| row.key == key))
}

/// Whether a set has this key.
pub(super) fn has_set(key: Key) -> bool {
    sets().is_some_and(|rows| rows.iter().any(|row| row.key == key))
}

/// The row of a segment. That there is none, the kernel says without its whole table.
pub(super) fn segment(id: Shmid) -> Option<Row> {
    let ask = Call::Shmctl { shmid: id, cmd: Cmd::IpcStat };
    match Linux::new().perform(&ask) {
        Ok(Err(Errno::EINVAL)) => None,
        _ => segments()?.into_iter().find(|row| row.shmid == id),
    }
}

/// The key of a set, if there is such a set.
pub(super) fn set(id: Semid) -> Option<Key> {
    sets()?.into_iter().find(|row| row.semid == id).map(|row| row.key)
}

/// The processes that have a segment attached, as far as this process may look into others.
pub(super) fn holders(id: Shmid) -> Vec<i32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid| maps(*pid).is_some_and(|maps| maps.iter().any(|mapping| mapping.shows(id)))).collect()
}

/// The numbers after a word in the status of a process or thread.
fn status(tid: i32, words: [&str; 2]) -> Option<[Vec<u32>; 2]> {
    let status = fs::read_to_string(format!("/proc/{tid}/status")).ok()?;
    let numbers = |word| -> Option<Vec<u32>> {
        let line = status.lines().find_map(|line| line.strip_prefix(word))?;
        line.split_whitespace().map(|number| number.parse().ok()).collect()
    };
    let [first, second] = words.map(numbers);
    Some([first?, second?])
}

/// The thread group that a thread belongs to, and the process that made it.
pub(super) fn family(tid: i32) -> Option<(i32, i32)> {
    let [group, parent] = status(tid, ["Tgid:", "PPid:"])?;
    Some((*group.first()? as i32, *parent.first()? as i32))
}

/// The user and the group whose rights a process has: the second of each four numbers (proc(5)).
pub(super) fn effective(pid: i32) -> Option<(u32, u32)> {
    let [users, groups] = status(pid, ["Uid:", "Gid:"])?;
    Some((*users.get(1)?, *groups.get(1)?))
}

/// Whether a thread waits in the kernel: neither running nor stopped (`S`, proc(5)).
pub(super) fn sleeps(tid: i32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{tid}/stat")).unwrap_or_default();
    // The name before it may hold anything, a parenthesis even.
    stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('S'))
}

/// The command line of a process, for people to read.
pub(super) fn command_line(pid: i32) -> String {
    let bytes = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let words = bytes.strip_suffix(&[0]).unwrap_or(&bytes).split(|byte| *byte == 0);
    words.map(String::from_utf8_lossy).collect::<Vec<_>>().join(" ")
}

/// A process that was refused a call, for the explanation of why.
pub(super) struct Outside {
    pub pid: i32,
    /// Whether it is in another IPC namespace than this process.
    pub elsewhere: bool,
    pub page_size: usize,
}

impl Look for Outside {
    fn page_size(&self) -> usize {
        self.page_size
    }

    fn shows(&mut self, file: ProcFile) -> io::Result<String> {
        if self.elsewhere && file != ProcFile::Maps {
            return Err(io::Error::other("the process is in another IPC namespace"));
        }
        fs::read_to_string(file.path(self.pid))
    }
}
