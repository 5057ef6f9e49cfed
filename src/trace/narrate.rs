//! A traced run told as a story: the same events as a lesson's, from which the same text and JSON are made.
//!
//! **Invariant:** looks at the kernel's table after a call only, and tells what changed in it since it last looked.
//! Two processes that act at once may change it before it is looked at: a row is as it is then.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::ops::ControlFlow;
use std::time::UNIX_EPOCH;

use super::fault_place;
use super::procfs;
use super::race::{Watch, WordAccess};
use super::rows::Rows;
use super::state::State;
use super::value::{
    CompletedCall, How, Left, Limits, Observer, ProcessStart, Refused, Step, StopReason, Trace, What,
};
use crate::call::{Answer, Call, Outcome, Performed, ShmInfo, ShmLimits, Shmid, ShmidDs};
use crate::error::Reason;
use crate::story::{CallEvent, Event, Lingering, RaceEvent, Render, Traced, fields};

/// No process: in a record of a traced program, none is "us".
const NOBODY: i32 = -1;

/// So many accesses to a word are told one by one.
const MOST_ACCESSES: usize = 16;

/// Tells what happens to a traced program.
pub struct Narrator {
    teller: Box<dyn Render>,
    /// The process that was started, which needs no name as long as it is the only one.
    first: Option<i32>,
    rows: Rows,
    records: HashMap<Shmid, ShmidDs>,
    /// Calls that may wait, and have not been told to, by thread: the process, and what it asked.
    waiting: BTreeMap<i32, (i32, String)>,
    /// The word that is watched, and how many accesses to it were told.
    watch: Option<Watch>,
    accesses: usize,
    failure: Option<io::Error>,
}

impl Narrator {
    /// Tells it to this teller.
    pub fn new(teller: Box<dyn Render>) -> Narrator {
        Narrator {
            teller,
            first: None,
            rows: Rows::default(),
            records: HashMap::new(),
            waiting: BTreeMap::new(),
            watch: None,
            accesses: 0,
            failure: None,
        }
    }

    /// Tells of a word that is watched, too.
    #[must_use]
    pub fn watching(mut self, watch: Option<Watch>) -> Narrator {
        self.watch = watch;
        self
    }

    /// Tells the end, and returns what writing has met on the way: the traced program ran to its end all the same.
    ///
    /// # Errors
    ///
    /// The first error of a write, such as `BrokenPipe`.
    pub fn finish(mut self, trace: &Trace, limits: &Limits) -> io::Result<()> {
        self.tell_all(left(&trace.left));
        for finding in &trace.findings {
            let super::findings::Finding { code, message, pid, call, times } = finding.clone();
            self.tell(Traced::Finding { code, message, pid, call, times });
        }
        if let (Some(watch), Some(race)) = (&self.watch, &trace.race) {
            self.tell(Traced::Race(Box::new(RaceEvent::of(watch, race))));
        }
        self.tell(Traced::Total {
            calls: trace.calls.len() + trace.calls_not_kept + trace.refused_calls,
            processes: trace.processes.len(),
            stops: trace.stops,
            left: trace.left.len(),
            findings: trace.findings.len(),
            cut: trace.cut.map(|cut| cut_in_words(cut, limits)),
        });
        self.failure.map_or(Ok(()), Err)
    }

    fn tell(&mut self, event: impl Into<Event>) {
        if self.failure.is_none() {
            self.failure = self.teller.tell(&event.into()).err();
        }
    }

    /// What a process is called: nothing for the first one, and a thread by its own number.
    fn who(&self, pid: i32, tid: i32) -> Option<String> {
        match (pid == tid, self.first == Some(pid)) {
            (true, true) => None,
            (true, false) => Some("child".to_owned()),
            (false, _) => Some(format!("thread {tid} of")),
        }
    }

    /// What a process is called where it must be clear which one is meant.
    fn named(&self, pid: i32) -> Option<String> {
        self.who(pid, pid).or(Some("process".to_owned()))
    }

    /// The first accesses are told one by one; the rest is summed up.
    fn access(&mut self, access: &WordAccess) {
        self.accesses += 1;
        if self.accesses <= MOST_ACCESSES {
            let who = self.who(access.pid, access.tid);
            self.tell(Traced::Access { who, access: access.clone() });
        }
    }

    fn begins(&mut self, beginning: &ProcessStart, state: &State) {
        let ProcessStart { pid, tid, parent, how } = *beginning;
        self.first.get_or_insert(pid);
        let inherited = state.attached(pid).count();
        let who = self.who(pid, tid);
        let how = match how {
            How::First => "program",
            How::Copy => "fork",
            How::Shared => "vfork",
            How::Thread => "thread",
        };
        self.tell(Traced::Begin { pid, tid, parent, how, who, inherited });
        if beginning.how == How::Copy {
            self.look(false);
        }
    }

    fn ran(&mut self, pid: i32, command: &str, notes: &[String]) {
        let who = self.named(pid);
        self.tell(Event::Exec { pid, who, command: command.to_owned() });
        for note in notes {
            self.tell(Event::Missing { text: note.clone() });
        }
        // The attachments that the process had are gone with its old memory.
        self.look(false);
    }

    fn asks(&mut self, pid: i32, tid: i32, call: &Call) {
        self.waits(tid);
        if matches!(call, Call::Semop { .. } | Call::Semtimedop { .. }) {
            self.waiting.insert(tid, (pid, call.to_string()));
        }
    }

    /// A thread goes on while others wait in the kernel: once is enough to say so.
    fn waits(&mut self, goes_on: i32) {
        self.waiting.remove(&goes_on);
        let (asleep, awake) =
            std::mem::take(&mut self.waiting).into_iter().partition(|(tid, _)| procfs::sleeps(*tid));
        self.waiting = awake;
        for (tid, (pid, c)) in BTreeMap::<i32, (i32, String)>::into_iter(asleep) {
            self.tell(Traced::Waits { pid, who: self.who(pid, tid), c, seconds: None, reason: None });
        }
    }

    fn made(&mut self, made: &CompletedCall) {
        let CompletedCall { performed, tid, elsewhere, reason, .. } = made;
        self.waits(*tid);
        let Performed { pid, outcome, .. } = performed;
        let (who, brief) = (self.who(*pid, *tid), reason.is_none());
        let call = CallEvent::of(performed, reason.as_ref());
        self.tell(Event::Call(Box::new(CallEvent { who, brief, ..call })));
        if let Some(record) = self.news(performed) {
            self.tell(record);
        }
        if let Some(text) = figures(outcome) {
            self.tell(Event::Say { text });
        }
        if !elsewhere {
            self.know(made);
        }
    }

    fn refused(&mut self, Refused { pid, tid, name, call }: &Refused<'_>) {
        let reason = Reason {
            why: format!(
                "A seccomp filter answered {name} with SIGSYS, which ends a program that does not handle it. The kernel \
                 never saw the call: it is the sandbox that refuses it, and not a mistake of the program."
            ),
            advice: "Run it outside the sandbox, or with a profile that allows System V IPC.".to_owned(),
        };
        let (who, c) = (self.who(*pid, *tid), call.map_or(format!("{name}(…)"), Call::to_string));
        self.tell(Traced::Refused { pid: *pid, who, c, reason });
    }

    /// The program is gone, and its prompt does not come back: who keeps it waiting?
    fn lingers(&mut self, pids: Vec<i32>) {
        let lingering = |pid| Lingering { pid, command: procfs::command_line(pid) };
        self.tell(Traced::Lingers { processes: pids.into_iter().map(lingering).collect() });
    }

    /// A call may have changed the table, or named a segment that was not known before.
    fn know(&mut self, made: &CompletedCall) {
        let performed = &made.performed;
        let news = match (&performed.call, &performed.outcome) {
            (_, Ok(Answer::Id(id))) => self.rows.after_call(*id, !made.created),
            (
                Call::Shmat { shmid, .. } | Call::Shmctl { shmid, .. },
                Ok(Answer::Mapped(_) | Answer::Done),
            ) => self.rows.after_call(*shmid, true),
            (Call::Shmdt { .. }, Ok(_)) => self.rows.after(false),
            _ => return,
        };
        self.tell_all(news);
    }

    fn look(&mut self, is_last: bool) {
        let news = self.rows.after(is_last);
        self.tell_all(news);
    }

    fn tell_all(&mut self, news: Vec<Traced>) {
        news.into_iter().for_each(|event| self.tell(event));
    }

    /// A record that the process was given, if it says more than the last one.
    fn news(&mut self, performed: &Performed) -> Option<Event> {
        let shmid = match (&performed.call, &performed.outcome) {
            (Call::Shmctl { shmid, .. }, Ok(Answer::Record(_))) => *shmid,
            (_, Ok(Answer::Found(shmid, _))) => *shmid,
            _ => return None,
        };
        let (Ok(Answer::Record(now)) | Ok(Answer::Found(_, now))) = performed.outcome else { return None };
        let before = self.records.insert(shmid, now);
        if before == Some(now) {
            return None;
        }
        let named: Vec<_> = before.iter().map(|record| ("before", record)).chain([("now", &now)]).collect();
        let records: Vec<_> = named.iter().map(|(_, record)| *record).collect();
        let moments = named.iter().map(|(name, _)| (*name).to_owned()).collect();
        let now = UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs() as i64);
        Some(Event::Record { shmid, moments, fields: fields(&records, NOBODY), now })
    }
}

/// What a call copied out that is about no single segment.
fn figures(outcome: &Outcome) -> Option<String> {
    Some(match outcome {
        Ok(Answer::Limits(_, ShmLimits { shmmax, shmmin, shmmni, shmall })) => format!(
            "The limits of this namespace: shmmax {shmmax} and shmmin {shmmin} bytes, shmmni {shmmni} segments, shmall \
             {shmall} pages."
        ),
        Ok(Answer::Usage(_, ShmInfo { used_ids, shm_tot, shm_rss, shm_swp })) => format!(
            "All segments of this namespace: used_ids {used_ids}, and in pages shm_tot {shm_tot}, shm_rss {shm_rss}, \
             shm_swp {shm_swp}."
        ),
        _ => return None,
    })
}

/// What is left: a few things one by one, and many of a kind at once.
fn left(left: &[Left]) -> Vec<Traced> {
    const FEW: usize = 3;
    let (segments, sets): (Vec<_>, Vec<_>) =
        left.iter().partition(|left| matches!(left.what, What::Segment(_)));
    let told = |left: Vec<&Left>| match left.len() <= FEW {
        true => left.into_iter().map(Traced::left).collect::<Vec<_>>(),
        false => vec![Traced::left_many(&left)],
    };
    [segments, sets].into_iter().flat_map(told).collect()
}

fn filters_in_words(has_listener: bool) -> String {
    let every = "From here on it is stopped at every call, so that a call which the filter refuses is told, too; that makes \
                 it slower.";
    match has_listener {
        false => format!("It puts a seccomp filter in front of its calls. {every}"),
        true => format!(
            "It puts a seccomp filter in front of its calls, and another process may answer them in the kernel's \
             place: the story has the answers that the program got, and the kernel may have done something else. \
             {every}"
        ),
    }
}

fn cut_in_words(cut: StopReason, limits: &Limits) -> String {
    match cut {
        StopReason::Tasks => format!(
            "More than {} processes and threads were alive at once, so all of them were killed. Does it fork for \
             ever? --tasks N allows more.",
            limits.tasks
        ),
        StopReason::Time | StopReason::Starved => format!(
            "It took longer than {} seconds, so all of it was killed.",
            limits.time.unwrap_or_default().as_secs_f64()
        ),
        StopReason::Observer => {
            "Interrupted: what the program had left running was ended. What it would have removed by itself may be left, \
             and is not counted as a mistake."
                .to_owned()
        }
    }
}

impl Observer for Narrator {
    fn see(&mut self, step: &Step<'_>, state: &State) -> ControlFlow<()> {
        match step {
            // Nobody reads it any more, so there is nothing to find out for.
            _ if self.failure.is_some() => {}
            Step::Began(beginning) => self.begins(beginning, state),
            Step::Ran { pid, command, notes } => self.ran(*pid, command, notes),
            Step::CompletedCall(made) => self.made(made),
            Step::Refused(refused) => self.refused(refused),
            Step::Filters { pid, tid, has_listener } => {
                let (who, text) = (self.who(*pid, *tid), filters_in_words(*has_listener));
                self.tell(Traced::Filters { pid: *pid, who, text });
            }
            Step::Waits { pid, tid, call, time, reason } => {
                self.waiting.remove(tid);
                let (who, c, seconds) = (self.who(*pid, *tid), call.to_string(), Some(time.as_secs()));
                self.tell(Traced::Waits { pid: *pid, who, c, seconds, reason: reason.cloned() });
            }
            Step::Fault(fault) => {
                let (who, text) = (self.who(fault.pid, fault.tid), fault_place::place(fault, state));
                let (signal, address, mapped) = (fault.signal_name(), fault.address, fault.mapped);
                self.tell(Traced::Fault { pid: fault.pid, who, signal, address, mapped, text });
            }
            Step::Ended { pid, ending } => {
                let (who, signal, text) = (self.named(*pid), ending.signal(), ending.to_string());
                self.waiting.remove(pid);
                self.tell(Event::Signal { pid: *pid, who, signal, text });
                self.look(state.processes().is_empty());
            }
            Step::Lingers => self.lingers(state.processes()),
            Step::Asks { pid, tid, call } => self.asks(*pid, *tid, call),
            Step::ThreadEnded { tid, .. } => drop(self.waiting.remove(tid)),
            Step::Access(access) => self.access(access),
            Step::Ending { .. } | Step::Enters { .. } => {}
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use playground_core::{Errno, Mode};

    use super::*;
    use crate::call::{Address, Cmd, Key, SemCmd, Semid, ShmatFlags, ShmgetFlags};
    use crate::procfs::ProcessFiles;
    use crate::story::explain;

    /// The calls, each with the errnos that its manual page names under ERRORS.
    fn manual() -> Vec<(Call, Vec<Errno>)> {
        use Errno::*;

        let (key, mode, flags) = (Key(7), Mode::empty(), ShmgetFlags::empty());
        let (shmid, semid, ops) = (Shmid(7), Semid(7), Vec::new());
        let address = Address(0x1000);
        vec![
            (
                Call::Shmget { key, size: 1, flags, mode },
                vec![EACCES, EEXIST, EINVAL, ENFILE, ENOENT, ENOMEM, ENOSPC, EPERM],
            ),
            (Call::Shmat { shmid, address, flags: ShmatFlags::empty() }, vec![EACCES, EIDRM, EINVAL, ENOMEM]),
            (Call::Shmdt { address }, vec![EINVAL]),
            (
                Call::Shmctl { shmid, cmd: Cmd::IpcStat },
                vec![EACCES, EFAULT, EIDRM, EINVAL, ENOMEM, EOVERFLOW, EPERM],
            ),
            (
                Call::Semget { key, nsems: 1, flags, mode },
                vec![EACCES, EEXIST, EINVAL, ENOENT, ENOMEM, ENOSPC],
            ),
            (
                Call::Semop { semid, ops },
                vec![E2BIG, EACCES, EAGAIN, EFAULT, EFBIG, EIDRM, EINTR, EINVAL, ENOMEM, ERANGE],
            ),
            (
                Call::Semctl { semid, semnum: 0, cmd: SemCmd::GetVal },
                vec![EACCES, EFAULT, EIDRM, EINVAL, EPERM, ERANGE],
            ),
        ]
    }

    #[test]
    fn every_errno_of_the_manual_pages_is_explained() {
        let files = &mut ProcessFiles { pid: std::process::id() as i32, elsewhere: false, page_size: 4096 };
        for (call, errnos) in manual() {
            for errno in errnos {
                let why = explain(&call, errno, files).why;
                assert!(!why.contains("not explained"), "{call} {errno:?}: {why}");
            }
        }
    }
}
