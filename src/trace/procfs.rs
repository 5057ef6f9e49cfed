//! A traced process as it can be seen from here: its files in `/proc`, and the kernel's tables.
//!
//! **Invariant:** the tables of an IPC namespace are read for processes of that namespace only. `/proc/sysvipc` shows
//! the reader's own, so of a process in another one they would tell nothing true.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;

use playground_core::{Errno, Mode};

use super::state::Namespace;
use crate::call::{Answer, Call, Cmd, Key, Outcome, SemCmd, Semid, ShmgetFlags, Shmid, ShmidDs};
use crate::evidence::maps::{self, Mapping};
use crate::evidence::rights::{self, Credentials, Permissions};
use crate::evidence::segments::{self, Row};
use crate::evidence::sets::{self, SetRow};
use crate::kernel::{Linux, Look, ProcFile, Process, refused};

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

/// What the kernel answers a question; nothing, where a filter in front of this process would answer, or kill it.
fn answered(question: &Call) -> Option<Outcome> {
    refused().is_none().then(|| Linux::new().perform(question).ok()).flatten()
}

/// The segment that has this key: `shmget(key, 0, 0)`, which needs no permission and makes nothing.
pub(super) fn segment_of(key: Key) -> Option<Shmid> {
    let question = Call::Shmget { key, size: 0, flags: ShmgetFlags::empty(), mode: Mode::empty() };
    match answered(&question) {
        _ if key == Key::PRIVATE => None,
        Some(Ok(Answer::Id(id))) => Some(id),
        Some(_) => None,
        None => segments()?.into_iter().find(|row| row.key == key).map(|row| row.shmid),
    }
}

/// The set that has this key.
pub(super) fn set_of(key: Key) -> Option<Semid> {
    let question = Call::Semget { key, nsems: 0, flags: ShmgetFlags::empty(), mode: Mode::empty() };
    match answered(&question) {
        _ if key == Key::PRIVATE => None,
        Some(Ok(Answer::Set(id))) => Some(id),
        Some(_) => None,
        None => sets()?.into_iter().find(|row| row.key == key).map(|row| row.semid),
    }
}

/// The row of a segment. That there is none, the kernel says without its whole table.
pub(super) fn segment(id: Shmid) -> Option<Row> {
    segment_is_there(id).then(|| segments()?.into_iter().find(|row| row.shmid == id)).flatten()
}

/// The record of a segment, without the whole table: nothing inside where there is no such segment, and nothing at all
/// where that cannot be found out.
pub(super) fn record(id: Shmid) -> Option<Option<ShmidDs>> {
    match answered(&Call::Shmctl { shmid: id, cmd: Cmd::IpcStat })? {
        Ok(Answer::Record(record)) => Some(Some(record)),
        Err(Errno::EINVAL | Errno::EIDRM) => Some(None),
        _ => None,
    }
}

/// Whether there is such a segment. The kernel answers `EACCES` for one that it will not show.
pub(super) fn segment_is_there(id: Shmid) -> bool {
    match answered(&Call::Shmctl { shmid: id, cmd: Cmd::IpcStat }) {
        Some(answer) => !matches!(answer, Err(Errno::EINVAL | Errno::EIDRM)),
        None => segments().is_some_and(|rows| rows.iter().any(|row| row.shmid == id)),
    }
}

/// Whether there is such a set.
pub(super) fn set_is_there(id: Semid) -> bool {
    match answered(&Call::Semctl { semid: id, semnum: 0, cmd: SemCmd::GetVal }) {
        Some(answer) => !matches!(answer, Err(Errno::EINVAL | Errno::EIDRM)),
        None => sets().is_some_and(|rows| rows.iter().any(|row| row.semid == id)),
    }
}

/// A number that a set's semaphore has: its value (`GETVAL`), or the process that last operated on it (`GETPID`).
pub(super) fn semaphore(semid: Semid, number: u16, cmd: SemCmd) -> Option<i32> {
    match answered(&Call::Semctl { semid, semnum: number.into(), cmd })? {
        Ok(Answer::Number(number)) => Some(number),
        _ => None,
    }
}

/// The processes that have segments attached, as far as this process may look into others.
pub(super) fn holders() -> BTreeMap<u32, Vec<i32>> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let mut holders = BTreeMap::<u32, Vec<i32>>::new();
    for pid in entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()) {
        let ids: BTreeSet<_> = maps(pid).unwrap_or_default().iter().filter_map(Mapping::segment).collect();
        ids.into_iter().for_each(|id| holders.entry(id).or_default().push(pid));
    }
    holders
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

/// Who may do what with the segment or set of this id; `table` is `shm` or `sem`.
pub(super) fn permissions(table: &str, column: &str, id: i32) -> Option<Permissions> {
    rights::permissions(&fs::read_to_string(format!("/proc/sysvipc/{table}")).ok()?, column, id)
}

/// As whom a process asks the kernel.
pub(super) fn credentials(pid: i32) -> Option<Credentials> {
    Credentials::of(&fs::read_to_string(ProcFile::Status.path(pid)).ok()?)
}

/// Whether a thread waits in the kernel: neither running nor stopped (`S`, proc(5)).
pub(super) fn sleeps(tid: i32) -> bool {
    is_in_state(tid, 'S')
}

/// Whether a process has ended, and its parent has not waited for it (`Z`).
pub(super) fn is_zombie(pid: i32) -> bool {
    is_in_state(pid, 'Z')
}

fn is_in_state(tid: i32, state: char) -> bool {
    let stat = fs::read_to_string(format!("/proc/{tid}/stat")).unwrap_or_default();
    // The name before it may hold anything, a parenthesis even.
    stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with(state))
}

/// Whether a thread is about to get a signal (`SigPnd`, proc(5)).
pub(super) fn is_about_to_get(tid: i32, signal: i32) -> bool {
    let status = fs::read_to_string(format!("/proc/{tid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("SigPnd:"));
    let pending = line.and_then(|bits| u64::from_str_radix(bits.trim(), 16).ok()).unwrap_or(0);
    pending & 1 << (signal - 1) != 0
}

/// The command line of a process, for people to read.
pub(super) fn command_line(pid: i32) -> String {
    let bytes = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let words = bytes.strip_suffix(&[0]).unwrap_or(&bytes).split(|byte| *byte == 0);
    words.map(String::from_utf8_lossy).collect::<Vec<_>>().join(" ")
}

/// A process that was refused a call, for the explanation of why.
pub(super) struct ProcessFiles {
    pub pid: i32,
    /// Whether it is in another IPC namespace than this process.
    pub elsewhere: bool,
    pub page_size: usize,
}

impl Look for ProcessFiles {
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
