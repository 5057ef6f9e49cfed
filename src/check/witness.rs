//! The witness: another process that has the segment attached for a moment.
//!
//! A store is no system call, so no tracer sees it. Whoever wants to know what is in a segment has to look, as any
//! process may: attach it, read, detach. The program stands still meanwhile.
//!
//! **Invariant:** the witness writes only what its script says, and into no memory but an attached segment.

use std::collections::BTreeSet;
use std::fs;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::Read;
use std::ops::ControlFlow;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::code::Code;
use super::guard::Guard;
use super::run::Look;
use super::script::{Plant, Script};
use crate::call::{Address, Answer, Call, Cmd, ShmatFlags, Shmid};
use crate::evidence::maps;
use crate::kernel::{Linux, ProcFile, Process};
use crate::trace::{Attachment, Observer, State, Step};

/// As much of a segment as is looked at.
const ENOUGH: usize = 64 * 1024;
/// How long a child that is about to end is held, so that its parent can make another one.
const COMPANY: Duration = Duration::from_millis(250);
/// As much of a program's file as is looked at.
const ENOUGH_PROGRAM: u64 = 1 << 20;
/// A program in an endless loop would be looked at for ever.
const MOST_LOOKS: usize = 200;
/// Bits 63 and 62 of an entry of `/proc/PID/pagemap`, which has one for each page.
const PRESENT_OR_SWAPPED: u64 = 0b11 << 62;

/// Looks on, and plays its part.
pub(super) struct Witness {
    script: Script,
    guard: Arc<Guard>,
    /// Whether the program runs among segments that are not its own.
    protects: bool,
    /// A segment of the examiner's own, which the program may remove: that is judged, not prevented.
    own: Option<Shmid>,
    first: Option<i32>,
    once_detached: BTreeSet<Shmid>,
    pub looks: Vec<Look>,
    pub starts: Vec<Look>,
    pub planted: Option<String>,
    pub at_once: bool,
    pub killed: bool,
    pub shared_otherwise: Option<String>,
}

impl Witness {
    pub fn new(script: Script, guard: Arc<Guard>, protects: bool, own: Option<Shmid>) -> Witness {
        Witness {
            script,
            guard,
            protects,
            own,
            first: None,
            once_detached: BTreeSet::new(),
            looks: Vec::new(),
            starts: Vec::new(),
            planted: None,
            at_once: false,
            killed: false,
            shared_otherwise: None,
        }
    }

    fn asks(&mut self, pid: i32, call: &Call, state: &State) -> ControlFlow<()> {
        if let Call::Shmat { shmid, .. } = *call {
            self.look_at_start(shmid, pid);
        }
        match *call {
            Call::Shmdt { address } => {
                if let Some(shmid) = at(state, pid, address) {
                    self.look(shmid, pid, true, state);
                    self.once_detached.insert(shmid);
                }
            }
            Call::Shmat { shmid, .. } if self.once_detached.contains(&shmid) => match self.script.plant {
                Plant::BeforeReattach => self.plant(shmid, 0),
                Plant::BehindLink => self.plant_behind_link(shmid),
                Plant::Never | Plant::AfterChild => {}
            },
            Call::Shmctl { shmid, cmd: Cmd::IpcRmid } if self.is_foreign(shmid, state) => {
                let words =
                    format!("It was about to remove segment {shmid}, which another program had made.");
                self.guard.halt(Code::RemovedByTheWrongProcess, words);
                return ControlFlow::Break(());
            }
            Call::Shmctl { shmid, cmd: Cmd::IpcRmid } => self.look(shmid, pid, false, state),
            Call::Shmctl { cmd: Cmd::IpcStat, .. } if self.script.kills_at_stat && !self.killed => {
                self.killed = true;
                let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }

    /// Where namespaces are forbidden, the program could remove what is not ours to lose.
    fn is_foreign(&self, shmid: Shmid, state: &State) -> bool {
        let made_here = state.segments().any(|segment| segment.shmid == shmid && segment.made.is_some());
        self.protects && !made_here && self.own != Some(shmid)
    }

    fn ending(&mut self, pid: i32, state: &State) {
        let attached: BTreeSet<Shmid> = state.attached(pid).map(|attachment| attachment.shmid).collect();
        for shmid in &attached {
            self.look(*shmid, pid, true, state);
        }
        if self.script.plant == Plant::AfterChild && self.first != Some(pid) {
            let made = state.segments().find(|segment| segment.made.is_some() && segment.removed.is_none());
            if let Some(segment) = made {
                let shmid = segment.shmid;
                self.look(shmid, pid, true, state);
                self.plant(shmid, 0);
            }
        }
        if let Some(first) = self.first.filter(|first| *first != pid && self.script.compares_lives) {
            self.at_once = self.at_once || self.has_company(first, pid);
        }
        // A program that has a segment is judged by that.
        if state.segments().next().is_none() {
            self.notice_other_sharing(pid);
        }
    }

    /// Whether another child is there when one is about to end. A parent that does not wait for it makes the next one
    /// meanwhile, however early the first was ready: so it is given the time to.
    fn has_company(&self, parent: i32, child: i32) -> bool {
        let end = Instant::now() + COMPANY;
        loop {
            if self.guard.has_others([parent, child]) || children(parent).any(|other| other != child) {
                return true;
            }
            if Instant::now() > end {
                return false;
            }
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Memory that is mapped; or, of a program that has tidied up, the word in it by which the linker knows the function.
    fn notice_other_sharing(&mut self, pid: i32) {
        let text = fs::read_to_string(ProcFile::Maps.path(pid)).unwrap_or_default();
        let shared = |mapping: &maps::Mapping| {
            let others = ["/dev/shm/", "/memfd:", "/dev/zero"];
            mapping.perms.ends_with('s') && others.iter().any(|name| mapping.name.starts_with(name))
        };
        let mapped = maps::parse(&text).unwrap_or_default().into_iter().find(shared);
        let found = mapped.map(|mapping| mapping.name).or_else(|| linked_with(pid));
        self.shared_otherwise = self.shared_otherwise.take().or(found);
    }

    fn look(&mut self, shmid: Shmid, pid: i32, done: bool, state: &State) {
        if self.looks.len() < MOST_LOOKS
            && let Some(bytes) = read(shmid)
        {
            let planted = self.planted.is_some();
            let touched = has_touched(pid, shmid, state);
            self.looks.push(Look { shmid, pid, bytes, planted, done, touched });
        }
    }

    /// Looks at a segment before the first child can have counted in it.
    fn look_at_start(&mut self, shmid: Shmid, pid: i32) {
        if self.script.compares_lives
            && self.first != Some(pid)
            && self.starts.iter().all(|look| look.shmid != shmid)
            && let Some(bytes) = read(shmid)
        {
            self.starts.push(Look { shmid, pid, bytes, planted: false, done: false, touched: false });
        }
    }

    fn plant(&mut self, shmid: Shmid, offset: usize) {
        if self.planted.is_none() {
            let text = fresh_text();
            if write(shmid, offset, format!("{text}\0").as_bytes()) {
                self.planted = Some(text);
            }
        }
    }

    /// Only where the number is an offset at all: what it leads to is moved elsewhere, and the number with it.
    fn plant_behind_link(&mut self, shmid: Shmid) {
        let Some(bytes) = read(shmid) else { return };
        let link = bytes.first_chunk::<8>().map_or(u64::MAX, |link| u64::from_ne_bytes(*link));
        if link >= bytes.len() as u64 || self.planted.is_some() {
            return;
        }
        let elsewhere = 1024 + 8 * (random() % 1024) as usize;
        if write(shmid, 0, &(elsewhere as u64).to_ne_bytes()) {
            self.plant(shmid, elsewhere);
        }
    }
}

impl Observer for Witness {
    fn wants_programs(&self) -> bool {
        false
    }

    fn see(&mut self, step: &Step<'_>, state: &State) -> ControlFlow<()> {
        match step {
            Step::Began(beginning) => {
                self.first.get_or_insert(beginning.pid);
                self.guard.began(beginning.pid);
                for segment in state.segments().filter(|segment| segment.made.is_some()) {
                    self.look_at_start(segment.shmid, beginning.pid);
                }
            }
            Step::Asks { pid, call, .. } => return self.asks(*pid, call, state),
            Step::Made(made) if made.created => self.guard.made(&made.performed),
            Step::Ending { pid } => self.ending(*pid, state),
            Step::Ended { pid, .. } => self.guard.ended(*pid),
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

/// Whether a process has touched the first page of a segment. A page that it shares comes into its own table at its own
/// first touch, and not by a fork. Of a process that cannot be looked into, nothing is claimed.
fn has_touched(pid: i32, shmid: Shmid, state: &State) -> bool {
    let Ok(pages) = fs::File::open(format!("/proc/{pid}/pagemap")) else { return true };
    let is_there = |address: Address| {
        let (mut entry, page) = ([0; 8], Linux::new().page_size());
        let read = pages.read_exact_at(&mut entry, address.0 / page as u64 * 8);
        read.is_err() || u64::from_ne_bytes(entry) & PRESENT_OR_SWAPPED != 0
    };
    let its = |attachment: &&Attachment| attachment.shmid == shmid;
    state.attached(pid).filter(its).any(|attachment| is_there(attachment.address))
}

/// The function of POSIX shared memory that a program is linked with.
fn linked_with(pid: i32) -> Option<String> {
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
fn children(pid: i32) -> impl Iterator<Item = i32> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let lists = tasks.map(|task| fs::read_to_string(task.path().join("children")).unwrap_or_default());
    let numbers =
        lists.flat_map(|list| list.split(' ').filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>());
    numbers.filter(|pid| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.rsplit(')').next().is_some_and(|state| !state.trim_start().starts_with(['Z', 'X']))
    })
}

fn at(state: &State, pid: i32, address: Address) -> Option<Shmid> {
    state
        .attached(pid)
        .find(|attachment: &&Attachment| attachment.address == address)
        .map(|found| found.shmid)
}

/// The first bytes of a segment; nothing if it cannot be attached.
pub(super) fn read(shmid: Shmid) -> Option<Vec<u8>> {
    with_attached(shmid, ShmatFlags::SHM_RDONLY, |process, start, size| {
        let mut bytes = vec![0; size.min(ENOUGH)];
        process.load(start, &mut bytes).ok().map(|_| bytes)
    })
}

/// Writes into a segment. False, if it cannot be attached, or is too small.
pub(super) fn write(shmid: Shmid, offset: usize, bytes: &[u8]) -> bool {
    let store = |process: &mut Linux, start: Address, size: usize| {
        (offset + bytes.len() <= size).then(|| process.store(start.offset(offset), bytes).ok()).flatten()
    };
    with_attached(shmid, ShmatFlags::empty(), store).is_some()
}

fn with_attached<T>(
    shmid: Shmid,
    flags: ShmatFlags,
    deed: impl FnOnce(&mut Linux, Address, usize) -> Option<T>,
) -> Option<T> {
    let mut process = Linux::new();
    let Ok(Ok(Answer::Record(record))) = process.perform(&Call::Shmctl { shmid, cmd: Cmd::IpcStat }) else {
        return None;
    };
    let attach = Call::Shmat { shmid, address: Address::NULL, flags };
    let Ok(Ok(Answer::Mapped(start))) = process.perform(&attach) else { return None };
    let done = deed(&mut process, start, record.size);
    let _ = process.perform(&Call::Shmdt { address: start });
    done
}

/// Words and a number that nobody could know before.
pub(super) fn fresh_text() -> String {
    const WORDS: [&str; 16] = [
        "AMBER", "BIRCH", "COBALT", "DELTA", "EMBER", "FJORD", "GARNET", "HAZEL", "INDIGO", "JUNIPER",
        "KESTREL", "LINDEN", "MARBLE", "NUTMEG", "OCHRE", "PEWTER",
    ];
    let number = random();
    let (one, other) = (WORDS[(number % 16) as usize], WORDS[(number / 16 % 16) as usize]);
    format!("{one} {other} {}", 100_000 + number / 256 % 900_000)
}

/// A number from the keys that the system gives to every hash table.
pub(super) fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}
