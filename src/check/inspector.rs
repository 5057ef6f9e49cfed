//! The inspector: another process that has the segment attached for a moment.
//!
//! A store is no system call, so no tracer sees it. Whoever wants to know what is in a segment has to look, as any
//! process may: attach it, read, detach. The program stands still meanwhile.
//!
//! **Invariant:** the inspector writes only what its script says, and into no memory but an attached segment.

use std::collections::BTreeSet;
use std::fs;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::attached::{read, wipe, write};
use super::awaited::{KeptChildren, is_child_of};
use super::chance::{fresh_text, random_below};
use super::code::Code;
use super::observed::{at, children, has_touched, linked_with, made_in, shared_otherwise};
use super::rules::excerpt;
use super::run::{ChildAnswer, Injected, Killed, Snapshot};
use super::script::{Injection, Script, Sizes};
use super::watchdog::Watchdog;
use crate::call::{Answer, Call, Cmd, Performed, ShmgetFlags, Shmid};
use crate::evidence::maps;
use crate::kernel::ProcFile;
use trace::{Attachment, How, Observer, ProcessStart, State, Step, request_size};

/// How long a child that is about to end is held, so that its parent can make another one.
const COMPANY: Duration = Duration::from_millis(250);
/// A program in an endless loop would be looked at for ever.
const MOST_SNAPSHOTS: usize = 200;
const MOST_BYTES: usize = 64 << 20;
/// More bytes than a namespace of ours may have in segments, and fewer than any segment may have.
const IMPOSSIBLE: usize = 1 << 60;
/// What exercise 15 has in its segment when it is at work.
const TEXT: &str = "THIS IS A TEST";
/// So many refusals are explained; a program in an endless loop is refused a thousand times.
const MOST_REASONS: usize = 20;

/// Looks on, and plays its part.
pub(super) struct Inspector {
    script: Script,
    watchdog: Arc<Watchdog>,
    /// Whether the program runs among segments that are not its own.
    protects: bool,
    /// A segment of the examiner's own, which the program may remove: that is judged, not prevented.
    own: Option<Shmid>,
    first: Option<i32>,
    refusals: usize,
    once_detached: BTreeSet<Shmid>,
    pub snapshots: Vec<Snapshot>,
    pub starts: Vec<Snapshot>,
    pub births: Vec<Snapshot>,
    pub injected: Vec<Injected>,
    pub answers: Vec<ChildAnswer>,
    pub at_once: bool,
    pub killed: Vec<Killed>,
    pub shared_otherwise: Option<String>,
    pub wiped: BTreeSet<Shmid>,
    pub writers: BTreeSet<i32>,
    has_child: bool,
    kept_children: KeptChildren,
}

impl Inspector {
    pub fn new(script: Script, watchdog: Arc<Watchdog>, protects: bool, own: Option<Shmid>) -> Inspector {
        Inspector {
            script,
            watchdog,
            protects,
            own,
            first: None,
            refusals: 0,
            once_detached: BTreeSet::new(),
            snapshots: Vec::new(),
            starts: Vec::new(),
            births: Vec::new(),
            injected: Vec::new(),
            answers: Vec::new(),
            at_once: false,
            killed: Vec::new(),
            shared_otherwise: None,
            wiped: BTreeSet::new(),
            writers: BTreeSet::new(),
            has_child: false,
            kept_children: KeptChildren::default(),
        }
    }

    fn asks(&mut self, pid: i32, tid: i32, call: &Call, state: &State) -> ControlFlow<()> {
        self.change_size(tid, call);
        if let Call::Shmat { shmid, .. } = *call {
            self.look_at_start(shmid, pid);
        }
        match *call {
            Call::Shmdt { address } => {
                if let Some(shmid) = at(state, pid, address) {
                    self.look(shmid, pid, true, state);
                    self.answer_too_late(pid, shmid, state);
                    self.parent_has_done(pid, shmid);
                    self.once_detached.insert(shmid);
                }
            }
            Call::Shmat { shmid, .. } if self.once_detached.contains(&shmid) => match self.script.inject {
                Injection::BeforeReattach => self.inject_once(shmid),
                Injection::BehindLink => self.inject_behind_link(shmid),
                Injection::Never | Injection::AfterChild | Injection::WipesAtSecond => {}
            },
            Call::Shmctl { shmid, cmd: Cmd::IpcRmid } if self.is_foreign(shmid, state) => {
                let words =
                    format!("It was about to remove segment {shmid}, which another program had made.");
                self.watchdog.halt(Code::RemovedByTheWrongProcess, words);
                return ControlFlow::Break(());
            }
            Call::Shmctl { shmid, cmd: Cmd::IpcRmid } => self.look(shmid, pid, false, state),
            Call::Shmctl { shmid, cmd } if cmd.is_stat() && self.script.kills_at_stat => {
                self.kill_at_work(pid, shmid, state);
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }

    /// Has the kernel asked for another size than the program asks for, if the script says so.
    fn change_size(&self, tid: i32, call: &Call) {
        let Call::Shmget { size, flags, .. } = *call else { return };
        let wanted = match self.script.sizes {
            Sizes::Larger if flags.contains(ShmgetFlags::IPC_CREAT) && size > 0 => {
                size as usize + 8 + random_below(2048)
            }
            Sizes::Impossible => IMPOSSIBLE,
            _ => return,
        };
        // Where that cannot be done, the run is one like any other.
        let _ = request_size(tid, wanted);
    }

    /// Everyone who asks is killed: one who dies in another's stead saves nobody.
    fn kill_at_work(&mut self, pid: i32, shmid: Shmid, state: &State) {
        let has_text = read(shmid).is_some_and(|bytes| bytes.starts_with(TEXT.as_bytes()));
        let is_attached = state.attached(pid).any(|attachment| attachment.shmid == shmid);
        self.killed.push(Killed { shmid, pid, at_work: has_text && is_attached });
        let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
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
            self.parent_has_done(pid, *shmid);
        }
        if self.script.inject == Injection::AfterChild && self.first != Some(pid) {
            for shmid in made_in(state) {
                self.answer_after(pid, shmid, state);
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
            if self.watchdog.has_others([parent, child]) || children(parent).any(|other| other != child) {
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
        let mapped = maps::parse(&text).unwrap_or_default().iter().find_map(shared_otherwise);
        let found = mapped.or_else(|| linked_with(pid));
        self.shared_otherwise = self.shared_otherwise.take().or(found);
    }

    fn look(&mut self, shmid: Shmid, pid: i32, done: bool, state: &State) {
        if let Some(bytes) = read(shmid) {
            let kept: usize = self.snapshots.iter().map(|snapshot| snapshot.bytes.len()).sum();
            if self.snapshots.len() >= MOST_SNAPSHOTS || kept >= MOST_BYTES {
                // The last look at a segment counts, however many came before.
                let before = self.snapshots.iter().rposition(|snapshot| snapshot.shmid == shmid);
                let Some(before) = before else { return };
                self.snapshots.remove(before);
            }
            let injected = self.injected.iter().any(|injected| injected.shmid == shmid);
            let touched = has_touched(pid, shmid, state);
            self.snapshots.push(Snapshot { shmid, pid, bytes, injected, done, touched });
        }
    }

    /// Looks at a segment before the first child can have counted in it.
    fn look_at_start(&mut self, shmid: Shmid, pid: i32) {
        if self.script.watches_counter
            && self.first != Some(pid)
            && self.starts.iter().all(|snapshot| snapshot.shmid != shmid)
            && let Some(bytes) = read(shmid)
        {
            self.starts.push(Snapshot::before(shmid, pid, bytes));
        }
    }

    /// What lay in the segments when a child began, to be compared with what it leaves in them.
    fn look_at_birth(&mut self, beginning: &ProcessStart, state: &State) {
        if self.script.inject != Injection::AfterChild || matches!(beginning.how, How::First | How::Thread) {
            return;
        }
        for shmid in made_in(state) {
            if let Some(bytes) = read(shmid).filter(|_| self.births.len() < MOST_SNAPSHOTS) {
                self.births.push(Snapshot::before(shmid, beginning.pid, bytes));
            }
        }
    }

    /// When a child that has written ends, other words take the place of its own: who prints those has read after it.
    /// A child that only sat there, or ran a program with other business, has not answered.
    fn answer_after(&mut self, pid: i32, shmid: Shmid, state: &State) {
        let touched = has_touched(pid, shmid, state)
            || self
                .snapshots
                .iter()
                .any(|snapshot| snapshot.pid == pid && snapshot.shmid == shmid && snapshot.touched);
        let Some(bytes) = read(shmid).filter(|_| touched) else { return };
        if self.is_news(pid, shmid, &bytes) {
            let too_late = !self.parent_has(shmid, state);
            self.answer(pid, shmid, &bytes, too_late);
            self.inject(shmid, 0, false);
        }
    }

    /// A child may be the last to have the segment: when it has detached it, nobody can look any more.
    fn answer_too_late(&mut self, pid: i32, shmid: Shmid, state: &State) {
        let is_child = self.script.inject == Injection::AfterChild && self.first != Some(pid);
        if !is_child || self.parent_has(shmid, state) {
            return;
        }
        if let Some(bytes) = read(shmid).filter(|bytes| self.is_news(pid, shmid, bytes)) {
            self.answer(pid, shmid, &bytes, true);
        }
    }

    fn answer(&mut self, child: i32, shmid: Shmid, bytes: &[u8], too_late: bool) {
        let text = excerpt(bytes);
        self.answers.push(ChildAnswer { shmid, child, text, too_late, never_awaited: false });
    }

    /// The first process has done with a segment: does it know that the children which answered there have ended?
    fn parent_has_done(&mut self, pid: i32, shmid: Shmid) {
        let answers = self.answers.iter_mut().filter(|answer| answer.shmid == shmid);
        for answer in answers.filter(|_| self.first == Some(pid)) {
            answer.never_awaited |= self.kept_children.is_unknown(answer.child);
        }
    }

    fn parent_has(&self, shmid: Shmid, state: &State) -> bool {
        self.first.is_some_and(|first| state.attached(first).any(|attachment| attachment.shmid == shmid))
    }

    /// Whether a text stands at the start that neither was there when the child began, nor is the examiner's own.
    fn is_news(&self, pid: i32, shmid: Shmid, bytes: &[u8]) -> bool {
        let before = self.births.iter().rfind(|snapshot| snapshot.pid == pid && snapshot.shmid == shmid);
        let was_there = before.is_some_and(|snapshot| starts_alike(&snapshot.bytes, bytes));
        let is_ours = self.injected.iter().any(|injected| bytes.starts_with(injected.text.as_bytes()));
        !was_there && !is_ours && bytes.first().is_some_and(|byte| *byte != 0)
    }

    /// What was written before the segment was attached for the second time is taken away: who writes it then writes it anew.
    fn wipe_at_second(&mut self, made: &Performed, state: &State) {
        let (Call::Shmat { shmid, .. }, Ok(Answer::Mapped(now))) = (&made.call, &made.outcome) else {
            return;
        };
        let is_another = |attachment: &Attachment| attachment.shmid == *shmid && attachment.address != *now;
        let is_second = || state.attached(made.pid).any(is_another);
        if self.script.inject == Injection::WipesAtSecond && is_second() && wipe(*shmid, TEXT.as_bytes()) {
            self.wiped.insert(*shmid);
        }
    }

    fn inject_once(&mut self, shmid: Shmid) {
        if self.injected.iter().all(|injected| injected.shmid != shmid) {
            self.inject(shmid, 0, false);
        }
    }

    fn inject(&mut self, shmid: Shmid, offset: usize, decoy: bool) {
        let text = fresh_text();
        if write(shmid, offset, format!("{text}\0").as_bytes()) {
            self.injected.push(Injected { shmid, text, offset, decoy });
        }
    }

    /// Only where the number is an offset at all: what it leads to is moved elsewhere, and the number with it. Texts to
    /// which nothing leads stand before it and behind it, for one who only searches.
    fn inject_behind_link(&mut self, shmid: Shmid) {
        let Some(bytes) = read(shmid) else { return };
        let link = bytes.first_chunk::<8>().map_or(u64::MAX, |link| u64::from_ne_bytes(*link));
        if link >= bytes.len() as u64 || self.injected.iter().any(|injected| injected.shmid == shmid) {
            return;
        }
        let elsewhere = 1024 + 8 * random_below(1024);
        if write(shmid, 0, &(elsewhere as u64).to_ne_bytes()) {
            self.inject(shmid, elsewhere, false);
            for decoy in [256 + 8 * random_below(64), elsewhere + 64, 16384 + 8 * random_below(1024)] {
                self.inject(shmid, decoy, true);
            }
        }
    }
}

impl Observer for Inspector {
    /// A child, until its parent has gone on to wait for it, or to do without.
    fn keeps_from_ending(&mut self, pid: i32, state: &State) -> bool {
        let parent = self.first.filter(|first| self.script.inject == Injection::AfterChild && *first != pid);
        let has_part = || made_in(state).into_iter().any(|shmid| self.parent_has(shmid, state));
        parent
            .filter(|parent| has_part() && is_child_of(pid, *parent))
            .is_some_and(|parent| self.kept_children.keep(pid, parent))
    }

    fn follows(&self) -> Option<i32> {
        self.kept_children.followed()
    }

    fn looks(&mut self) -> bool {
        self.kept_children.look()
    }

    fn wants_programs(&self) -> bool {
        false
    }

    fn excuses_refusals(&self) -> bool {
        false
    }

    fn wants_reasons(&self) -> bool {
        self.refusals < MOST_REASONS
    }

    fn see(&mut self, step: &Step<'_>, state: &State) -> ControlFlow<()> {
        match step {
            Step::Began(beginning) => {
                self.first.get_or_insert(beginning.pid);
                self.watchdog.began(beginning.pid);
                self.has_child |= !matches!(beginning.how, How::First | How::Thread);
                self.look_at_birth(beginning, state);
                for segment in state.segments().filter(|segment| segment.made.is_some()) {
                    self.look_at_start(segment.shmid, beginning.pid);
                }
            }
            Step::Asks { pid, tid, call } => return self.asks(*pid, *tid, call, state),
            Step::Enters { pid, call } => self.kept_children.entered(*pid, call),
            Step::CompletedCall(made) if made.performed.outcome.is_err() => self.refusals += 1,
            Step::CompletedCall(made) if made.created => self.watchdog.made(&made.performed),
            Step::CompletedCall(made) => self.wipe_at_second(&made.performed, state),
            // What the parent writes before there is a child is no answer.
            Step::Access(access) if self.has_child && access.kind.writes() => {
                self.writers.insert(access.pid);
            }
            Step::Ending { pid } => self.ending(*pid, state),
            Step::Ended { pid, .. } => {
                self.watchdog.ended(*pid);
                self.kept_children.ended(*pid);
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

/// Whether two segments begin with the same string.
fn starts_alike(one: &[u8], other: &[u8]) -> bool {
    let text = |bytes: &[u8]| bytes.iter().take_while(|byte| **byte != 0).copied().collect::<Vec<_>>();
    text(one) == text(other)
}
