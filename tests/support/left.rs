//! What a program has left behind: segments, sets of semaphores and queues in the kernel, names in `/dev/shm`, processes
//! in its session.

use std::cell::LazyCell;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use nix::libc;
use playground::evidence::segments::{self, Row};

use super::run::{Finished, deadline};

/// The kernel's table of segments, as this process sees it.
pub fn table() -> Vec<Row> {
    let text = fs::read_to_string("/proc/sysvipc/shm").expect("the tests need a kernel with System V IPC");
    segments::parse(&text).expect("the kernel's table is of a known form")
}

/// Fails if a process or a segment of the program is still there, after giving the processes time to end.
pub fn assert_nothing_left(run: &Finished) {
    let end = deadline();
    while !processes_of_session(run.pid).is_empty() {
        let left = processes_of_session(run.pid);
        assert!(Instant::now() < end, "{}: processes {left:?} are left\n{}", run.name, run.seen());
        thread::sleep(Duration::from_millis(1));
    }
    let (segments, sets, queues) = (segments_left(run), sets_left(run), queues_left(run));
    let names = names_left(run);
    clean_up(run);
    assert!(segments.is_empty(), "{} left segments behind: {segments:#?}\n{}", run.name, run.seen());
    assert!(sets.is_empty(), "{} left sets of semaphores behind: {sets:?}\n{}", run.name, run.seen());
    assert!(names.is_empty(), "{} left names behind: {names:?}\n{}", run.name, run.seen());
    assert!(queues.is_empty(), "{} left message queues behind: {queues:?}\n{}", run.name, run.seen());
}

/// Removes what a program has left: a failing test must not leak what it complains of.
pub fn clean_up(run: &Finished) {
    for id in sets_left(run) {
        // SAFETY: IPC_RMID takes no fourth argument, and the set was made by the program under test.
        unsafe { libc::semctl(id, 0, libc::IPC_RMID) };
    }
    for row in segments_left(run) {
        // SAFETY: IPC_RMID takes no buffer, and the segment was made by the program under test.
        unsafe { libc::shmctl(row.shmid.0, libc::IPC_RMID, std::ptr::null_mut()) };
    }
    remove_names(run);
}

/// Removes the names that a program has left, which no namespace takes along.
pub fn remove_names(run: &Finished) {
    for name in names_left(run) {
        let _ = fs::remove_file(Path::new(SHARED_FILES).join(name));
    }
}

/// Where names of `shm_open` are, and files that are mapped.
const SHARED_FILES: &str = "/dev/shm";

/// Each begins with the pid of the process that told the story.
fn names_left(run: &Finished) -> Vec<String> {
    let names = fs::read_dir(SHARED_FILES).into_iter().flatten().flatten();
    let names = names.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let prefix = format!("shm_playground_{}_", run.pid);
    names.filter(|name| name.starts_with(&prefix)).collect()
}

/// The segments that a process of the program has made. An id that it told of would prove less: a child may have
/// got it in a namespace of its own, and here it is another's. Who told what is looked up only if there is something new.
fn segments_left(run: &Finished) -> Vec<Row> {
    let pids = LazyCell::new(|| run.processes());
    let is_its = |row: &Row| !run.table_before.contains(&row.shmid.0) && pids.contains(&row.cpid);
    table().into_iter().filter(is_its).collect()
}

/// The kernel's table of semaphores does not say who made a set, so here the ids that were told must do.
fn sets_left(run: &Finished) -> Vec<i32> {
    let told = LazyCell::new(|| if run.is_isolated() { BTreeSet::new() } else { run.sets_made() });
    sets().difference(&run.sets_before).copied().filter(|id| told.contains(id)).collect()
}

/// The one program that makes queues (`src/speed/queue.rs`). The kernel's table does not say who made a queue, so that of
/// any other program a queue would prove nothing: it is another program's.
const MAKES_QUEUES: &str = "lesson20";

/// System V queues that are new, and that no process uses which is still there; and POSIX queues with the program's name
/// and pid. The table says who last used a queue: nobody has, of one that is being made at this moment by another test,
/// so that such a one is given time.
fn queues_left(run: &Finished) -> Vec<String> {
    if run.name != MAKES_QUEUES {
        return Vec::new();
    }
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        let is_its = |(id, users): &(i32, [i32; 2])| {
            !run.queues_before.contains(id) && !users.iter().any(|pid| *pid > 0 && is_there(*pid))
        };
        let left: Vec<_> = used_queues().into_iter().filter(is_its).map(|(id, _)| id.to_string()).collect();
        if left.is_empty() || Instant::now() > end {
            return left.into_iter().chain(posix_queues_of(run)).collect();
        }
        thread::sleep(Duration::from_millis(10));
    }
}

fn posix_queues_of(run: &Finished) -> impl Iterator<Item = String> {
    let names = fs::read_dir("/dev/mqueue").into_iter().flatten().flatten();
    let names = names.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let prefix = format!("shm-playground-{}-", run.pid);
    names.filter(move |name| name.starts_with(&prefix))
}

fn is_there(pid: i32) -> bool {
    fs::exists(format!("/proc/{pid}")).unwrap_or(false)
}

/// The ids of all System V queues.
pub fn queues() -> BTreeSet<i32> {
    used_queues().into_iter().map(|(id, _)| id).collect()
}

/// All System V queues, with who last sent and received (`msqid`, `lspid` and `lrpid`).
fn used_queues() -> Vec<(i32, [i32; 2])> {
    let text = fs::read_to_string("/proc/sysvipc/msg").unwrap_or_default();
    let row = |line: &str| {
        let numbers: Vec<i32> = line.split_whitespace().map_while(|word| word.parse().ok()).collect();
        Some((*numbers.get(1)?, [*numbers.get(5)?, *numbers.get(6)?]))
    };
    text.lines().skip(1).filter_map(row).collect()
}

/// The ids of all sets of semaphores.
pub fn sets() -> BTreeSet<i32> {
    let text = fs::read_to_string("/proc/sysvipc/sem").unwrap_or_default();
    text.lines().skip(1).filter_map(|line| line.split_whitespace().nth(1)?.parse().ok()).collect()
}

/// The processes of a session that still run. Each program under test leads a session of its own, so that these
/// are the program, what it forked, and what those run. A zombie has let go of everything already.
pub fn processes_of_session(leader: i32) -> BTreeSet<i32> {
    let entries = fs::read_dir("/proc").expect("/proc is mounted").flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid| runs_in_session(*pid, leader)).collect()
}

fn runs_in_session(pid: i32, leader: i32) -> bool {
    let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { return false };
    // The program's name stands in parentheses and may hold anything (proc(5)).
    let fields: Vec<_> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let [state, _parent, _group, session, ..] = fields[..] else { return false };
    !matches!(state, "Z" | "X") && session == leader.to_string()
}
