//! A schedule of ours: who may go on after an access to a watched word, and who stands still until others have come.
//!
//! A thread that has read the word is held, before it can write what it made of the number. The others go on until one
//! of them has written the word, or until all of them wait: then a lock keeps them out, and the thread goes on, one
//! instruction at a time as far as its own write, for it may let go of the lock too early. A program that can lose
//! an update loses it this way; one that cannot has every one of its updates seen to be kept.
//!
//! An instruction that reads and writes, and is not atomic, stops only once. Its thread is held right after it: whoever
//! can write then could have written in the middle of it, too, since nothing that the thread does later let it in.
//!
//! A lock may be broken itself: who tests it and then takes it can be overtaken between the two. So a thread that has
//! written is stopped on its way to its next access, too, each time after another number of instructions, until another
//! has read the word; that one is held then, and the first goes on. A lock that holds keeps one of them out.
//!
//! **Invariant:** one thread is held at most, for a bounded time; and all holds together take a bounded time.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::{Duration, Instant};

use nix::unistd::Pid;

use super::AccessKind;
use super::access::AccessReader;
use super::hold::{Hold, Pace, Progress, Reason};
use super::instruction;
use super::member::Member;
use super::race::{History, Nth, Proof, Race, Watch, WordAccess};
use super::starved::OwnTime;
use super::state::State;
use super::stop::Resume;
use super::walk::is_sample;
use super::watchpoint::{self, Hit, Trap};
use crate::call::Shmid;
use crate::kernel::portable;

/// How many holds are made, and how long all of them together may take; from then on one in so many is made.
const ENOUGH: u64 = 400;
const LONG_ENOUGH: Duration = Duration::from_millis(700);
const SELDOM: u64 = 64;
/// Longer than this they never take together.
pub(super) const MOST: Duration = Duration::from_secs(5);
/// After so many accesses only writes stop a thread: whoever looks at the word until it changes would stop for ever.
const MOST_ACCESSES: u64 = 60_000;
/// How many instructions a thread is followed on its way from an access to the next.
const STEPS: u64 = 2000;

/// What a thread watches.
struct Armed {
    places: Vec<u64>,
    /// Its reads, too.
    reads: bool,
    /// When it was stopped last.
    stopped: Instant,
}

/// Watches a word, and decides who goes on.
pub(super) struct Scheduler {
    pub watch: Watch,
    /// How far apart the accesses of a thread have to be, so that the kernel reports each.
    spacing: Duration,
    /// The segments in the order in which they were attached first, and in which they were made.
    attached: Vec<Shmid>,
    made: Vec<Shmid>,
    pub(super) members: BTreeMap<Pid, Member>,
    armed: HashMap<Pid, Armed>,
    reader: AccessReader,
    pub(super) history: History,
    pub(super) hold: Option<Hold>,
    /// Who was resumed for one instruction, and has not stopped after it.
    stepping: HashSet<Pid>,
    /// Who was let go by another's access, and is to be resumed.
    released: Option<(Pid, Resume)>,
    pub(super) spent: Duration,
    pub(super) spun: u64,
    /// How often a thread was stopped on its way, and how many instructions such a way has.
    pub(super) walks: u64,
    pub(super) way: u64,
}

impl Scheduler {
    pub fn new(watch: Watch) -> Scheduler {
        Scheduler {
            watch,
            spacing: watchpoint::spacing(),
            attached: Vec::new(),
            made: Vec::new(),
            members: BTreeMap::new(),
            armed: HashMap::new(),
            reader: AccessReader::default(),
            history: History::default(),
            hold: None,
            stepping: HashSet::new(),
            released: None,
            spent: Duration::ZERO,
            spun: 0,
            walks: 0,
            way: STEPS,
        }
    }

    /// A thread is there.
    pub fn began(&mut self, tid: Pid, pid: i32) {
        self.members.insert(tid, Member::of(pid));
        self.history.began(pid);
    }

    /// A thread runs another program, in which nothing is watched; the other threads of its process are gone.
    pub fn ran(&mut self, tid: Pid, pid: i32) {
        self.members.retain(|_, member| member.pid != pid);
        self.began(tid, pid);
        self.armed.remove(&tid);
        self.reader.forget(pid);
    }

    /// A thread is gone, and its process, if it was the last of it.
    pub fn ended(&mut self, tid: Pid, pid: i32) {
        self.members.remove(&tid);
        self.armed.remove(&tid);
        if tid.as_raw() == pid {
            self.history.ended(pid);
            self.reader.forget(pid);
        }
        if self.hold.as_ref().is_some_and(|hold| hold.tid == tid) {
            self.end_hold();
        }
    }

    /// A segment was attached.
    pub fn attached(&mut self, shmid: Shmid) {
        if !self.attached.contains(&shmid) {
            self.attached.push(shmid);
        }
    }

    /// A segment was made.
    pub fn made(&mut self, shmid: Shmid) {
        self.made.push(shmid);
    }

    /// The segment that the word is in, if it is there already.
    fn segment(&self) -> Option<Shmid> {
        let segment = match self.watch.segment {
            Nth::Attached(number) => self.attached.get(number),
            Nth::Made(number) => self.made.get(number),
        };
        segment.copied()
    }

    /// All is over.
    pub fn finished(self) -> Race {
        self.history.finished()
    }

    /// Whether it is proved that an update can be lost.
    pub fn has_proof(&self) -> bool {
        self.history.race.proof.is_some()
    }

    /// Watches the word in a thread, which is stopped, wherever its process has it attached now.
    pub fn arm(&mut self, tid: Pid, pid: i32, state: &State) {
        let Some(segment) = self.segment() else { return };
        let its = state.attached(pid).filter(|attachment| attachment.shmid == segment);
        let places = its.map(|attachment| attachment.address.0 + self.watch.offset as u64);
        let wanted: Vec<u64> = places.take(watchpoint::MOST).collect();
        let reads = self.history.number() < MOST_ACCESSES;
        let before = self.armed.get(&tid);
        if before.map_or(wanted.is_empty(), |armed| armed.places == wanted && armed.reads == reads) {
            return;
        }
        match watchpoint::arm(tid, &wanted, self.watch.form.size(), reads) {
            Ok(()) => drop(self.armed.insert(tid, Armed { places: wanted, reads, stopped: Instant::now() })),
            // It was killed while it stood here: that says nothing of the machine.
            Err(nix::errno::Errno::ESRCH) => {}
            Err(errno) => self.history.race.unwatched = Some(portable(errno)),
        }
    }

    /// A thread was stopped by the trap of the processor. Nothing, if the trap is the program's own.
    pub fn trapped(&mut self, tid: Pid, pid: i32) -> Option<Option<WordAccess>> {
        if let Some(hit) = self.armed.contains_key(&tid).then(|| watchpoint::hit(tid)).flatten() {
            self.stepping.remove(&tid);
            let access = self.access(tid, pid, hit);
            self.space_out(tid);
            self.met(tid, access.clone());
            return Some(Some(access));
        }
        match watchpoint::trap(tid)? {
            Trap::Step if self.stepping.remove(&tid) => self.stepped(tid),
            // The processor has stopped it, and not said for what.
            Trap::Step | Trap::Unreported if self.armed.contains_key(&tid) => self.history.missed(tid),
            Trap::Step | Trap::Unreported => return None,
        }
        Some(None)
    }

    /// A thread has made one instruction on its way to its write.
    fn stepped(&mut self, tid: Pid) {
        // Another may have come meanwhile: then it goes on free.
        let Some(hold) = self.hold.as_mut().filter(|hold| hold.tid == tid && hold.pace == Pace::Steps) else {
            return;
        };
        hold.steps += 1;
        let is_time = match hold.reason {
            Reason::OnItsWay { stands_after } => hold.steps >= stands_after,
            // It may have let others in.
            _ => hold.has_company || instruction::has_made_a_call(tid),
        };
        if is_time {
            // They are waited for anew.
            (hold.pace, hold.has_company) = (Pace::Held, false);
            hold.progress.values_mut().for_each(Progress::anew);
        }
        if hold.steps > STEPS {
            self.end_hold();
        }
    }

    /// Keeps a thread from its next access until that may stop it, too.
    fn space_out(&mut self, tid: Pid) {
        if let Some(armed) = self.armed.get_mut(&tid) {
            while armed.stopped.elapsed() < self.spacing {
                std::hint::spin_loop();
            }
            armed.stopped = Instant::now();
        }
    }

    fn access(&mut self, tid: Pid, pid: i32, hit: Hit) -> WordAccess {
        let address = self.armed.get(&tid).and_then(|armed| armed.places.get(hit.number));
        self.reader.access(tid, pid, hit.wrote, address.copied(), self.watch.form)
    }

    /// What an access means for whoever is held, and whether its thread is held now.
    fn met(&mut self, tid: Pid, access: WordAccess) {
        let stands = self.hold.as_ref().and_then(|hold| hold.stands_before(tid));
        let number = self.history.add(&access, stands);
        if number == MOST_ACCESSES {
            self.history.miss_reads();
        }
        match &mut self.hold {
            Some(hold) if hold.tid == tid => {
                if matches!(hold.reason, Reason::OnItsWay { .. }) {
                    self.way = hold.steps.max(1);
                }
                self.end_hold();
            }
            Some(hold) if matches!(hold.reason, Reason::OnItsWay { .. }) => {
                return self.overtook(tid, access, number);
            }
            Some(_) => self.came(tid, &access, stands.is_some()),
            None => {}
        }
        if self.hold.is_none() && self.may_walk(access.kind) {
            self.begin_walk(tid, access, number);
        } else if self.hold.is_none() && self.may_hold(tid, access.kind) {
            self.begin_hold(tid, access, number);
        }
    }

    /// Another than the one who is held has come to the word; `later`, if it was resumed since the hold began.
    fn came(&mut self, tid: Pid, access: &WordAccess, later: bool) {
        let Some(hold) = &mut self.hold else { return };
        let progress = hold.progress.entry(tid).or_default();
        if access.kind.writes() {
            progress.anew();
        } else {
            progress.reads += 1;
            hold.has_company = true;
        }
        let (reason, number, first) = (hold.reason, hold.number, hold.access.clone());
        let unordered = reason == Reason::Wrote && later && access.kind.writes();
        if unordered && !self.history.has_read_since(tid, number) {
            self.history.prove(Proof::Unordered { accesses: vec![first, access.clone()] });
        }
        if access.kind.writes() && later || reason == Reason::Arrived {
            self.history.race.came += 1;
            self.let_go(Resume::Free(0));
        }
    }

    fn may_hold(&mut self, tid: Pid, kind: AccessKind) -> bool {
        let is_needed = self.members.len() > 1 && !self.has_proof();
        let Some(member) = self.members.get_mut(&tid).filter(|_| is_needed) else { return false };
        member.chances += 1;
        let can_lose = matches!(kind, AccessKind::Read | AccessKind::ReadThenWrite);
        let is_new = can_lose && member.comes_anew(tid);
        let is_early = self.history.race.held < ENOUGH || self.spent < LONG_ENOUGH;
        self.spent < MOST && (is_early || is_new || is_sample(member.chances, SELDOM))
    }

    pub(super) fn begin_hold(&mut self, tid: Pid, access: WordAccess, number: u64) {
        let first = self.members.get(&tid).is_some_and(|member| member.chances == 1);
        let reason = match access.kind {
            AccessKind::Read => Reason::Read,
            AccessKind::ReadThenWrite => Reason::Wrote,
            _ if first => Reason::Arrived,
            _ => return,
        };
        self.history.race.held += 1;
        self.hold = Some(self.hold_of(tid, reason, Pace::Held, access, number));
    }

    pub(super) fn hold_of(
        &self,
        tid: Pid,
        reason: Reason,
        pace: Pace,
        access: WordAccess,
        number: u64,
    ) -> Hold {
        let since = OwnTime::of(self.members.keys().filter(|other| **other != tid).copied());
        let (steps, progress, has_company) = (0, HashMap::new(), false);
        Hold { tid, reason, pace, since, access, number, steps, progress, has_company }
    }

    fn end_hold(&mut self) {
        if let Some(hold) = self.hold.take() {
            self.spent += hold.since.elapsed();
        }
    }

    /// Ends the hold, and remembers to resume its thread if that stands still.
    pub(super) fn let_go(&mut self, resume: Resume) {
        let held = self.hold.as_ref().filter(|hold| hold.pace == Pace::Held).map(|hold| hold.tid);
        self.released = held.map(|tid| (tid, resume)).or(self.released);
        self.end_hold();
    }

    /// How a thread that has stopped goes on, where it could go on like this.
    pub fn pace(&mut self, tid: Pid, resume: Resume) -> Resume {
        if let Some(member) = self.members.get_mut(&tid) {
            member.listening = resume == Resume::Listening;
        }
        match &mut self.hold {
            Some(hold) if hold.tid == tid => match (resume, hold.pace) {
                (Resume::Free(0), Pace::Held) => Resume::Held,
                (Resume::Free(signal), Pace::Steps) => self.step(tid, signal),
                _ => resume,
            },
            Some(hold) => {
                let progress = hold.progress.entry(tid).or_default();
                progress.stops += 1;
                progress.is_later = true;
                resume
            }
            None => resume,
        }
    }

    fn step(&mut self, tid: Pid, signal: i32) -> Resume {
        self.stepping.insert(tid);
        Resume::Step(signal)
    }

    /// Who is to be resumed now beside the thread that has stopped.
    pub fn released(&mut self) -> Option<(Pid, Resume)> {
        self.released.take()
    }

    /// Whether a thread stands still because it is held.
    pub fn holds_one(&self) -> bool {
        self.hold.as_ref().is_some_and(|hold| hold.pace == Pace::Held)
    }

    /// Lets it go on: by steps, as long as it has not written what it made of its read.
    pub fn go_on(&mut self) -> Option<(Pid, Resume)> {
        let hold = self.hold.as_mut()?;
        let tid = hold.tid;
        if hold.reason == Reason::Read && hold.steps <= STEPS {
            hold.pace = Pace::Steps;
            return Some((tid, self.step(tid, 0)));
        }
        self.end_hold();
        Some((tid, Resume::Free(0)))
    }
}
