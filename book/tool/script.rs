//! A recorded run as lines for the prompt, so that a reader can go on from any of its calls.
//!
//! The lines are those that a lesson's own prompt would begin with. They are done in a session as they are found, and
//! its world is compared with the one that the picture shows.
//!
//! **Invariant:** lines are given only where they lead to what the picture shows: the same processes, mappings, segments
//! with their bytes, and semaphores. A call that the session answers otherwise than the kernel did ends them.

use std::collections::BTreeSet;
use std::sync::Arc;

use play::session::{Lifecycle, Session, Told, World};
use playground::call::Call;
use playground::story::Transcript;
use playground::story::event::{Access, CallEvent, Direction, Event};
use playground_core::machine::{Machine, Mapping, Namespace, Protection, Segment, Set, State, View};
use playground_core::process::Adjustment;
use playground_core::sorted::SortedMap;

use crate::decode;
use crate::replay::Replay;

/// The user whom nothing is allowed.
const NOBODY: u32 = 65534;

/// The lines of a run so far.
#[derive(Default)]
pub struct Script {
    following: Option<Following>,
}

/// A run whose every call could be made at the prompt, too.
struct Following {
    session: Session,
    transcript: Transcript,
    /// How many lines of the transcript have been looked at.
    seen: usize,
    lines: Vec<String>,
    /// The processes that have a letter.
    known: BTreeSet<i32>,
    /// The processes that have made a call.
    acted: BTreeSet<i32>,
    is_where_the_run_is: bool,
}

impl Script {
    /// The lines that lead to where the run is, if they do.
    pub fn lines(&self) -> Option<&[String]> {
        let following = self.following.as_ref().filter(|one| one.is_where_the_run_is)?;
        Some(&following.lines)
    }

    /// Takes the next event of the run, and the world after it.
    pub fn see(&mut self, event: &Event, replay: &Replay) {
        if let Event::Lesson { pid, .. } = event {
            self.following = Some(Following::begin(*pid));
        }
        if let Some(mut following) = self.following.take() {
            self.following = following.follow(event, replay).map(|()| following);
        }
    }
}

impl Following {
    fn begin(pid: i32) -> Following {
        let (session, transcript) = (Session::empty(), Transcript::of(pid));
        let (known, acted) = (BTreeSet::from([pid]), BTreeSet::new());
        Following { session, transcript, seen: 0, lines: Vec::new(), known, acted, is_where_the_run_is: true }
    }

    /// Does what an event tells. Nothing, where the session does something else than the run did.
    fn follow(&mut self, event: &Event, replay: &Replay) -> Option<()> {
        let teller = replay.people.first()?.pid;
        match event {
            Event::Call(call) => self.call(call)?,
            Event::Memory(access) => self.access(access, replay)?,
            Event::Started { pid, c, .. } => {
                if let Some(call) = decode::operation(c) {
                    self.made(*pid, &call, None);
                }
            }
            Event::Fork { pid, .. } => {
                self.known.insert(*pid);
                self.transcript.fork(teller, *pid);
            }
            Event::Exec { pid, .. } => self.transcript.exec(*pid, "sleep", &["60"]),
            Event::Signal { pid, signal, .. } if self.lives(*pid) => match signal {
                Some(_) => self.transcript.killed(*pid),
                None => self.transcript.exit(*pid),
            },
            Event::Tool { command, status: Some(0), .. } if command.starts_with("ipcrm ") => {
                self.perform(command.clone())?;
            }
            _ => {}
        }
        self.catch_up()?;
        self.compare(replay);
        Some(())
    }

    /// A process that lives in a namespace of its own is nobody whom the prompt could begin.
    fn compare(&mut self, replay: &Replay) {
        let is_told = replay.untold.is_empty() && replay.unread.is_empty();
        let living: Vec<i32> =
            replay.people.iter().filter(|one| one.ended.is_none()).map(|one| one.pid).collect();
        let namespace = |pid: &i32| replay.machine.processes.get(pid).map(|one| one.namespace);
        let is_together = living.iter().all(|pid| namespace(pid) == namespace(&living[0]));
        let World { machine, actors, .. } = self.session.world();
        let here = actors.iter().filter(|(_, one)| !matches!(one.life, Lifecycle::Over(_)));
        let here = Shown::of(machine, here.map(|(_, one)| one.pid));
        let there = Shown::of(&replay.machine, living.iter().copied());
        self.is_where_the_run_is = is_told && is_together && here == there;
    }

    /// Does the transcript's new lines; returns what the session told.
    fn catch_up(&mut self) -> Option<Vec<Told>> {
        let lines = self.transcript.so_far().lines.split_off(self.seen);
        self.seen += lines.len();
        let mut told = Vec::new();
        for line in lines.into_iter().filter(|line| !line.starts_with('#')) {
            told.extend(self.perform(line)?);
        }
        Some(told)
    }

    fn perform(&mut self, line: String) -> Option<Vec<Told>> {
        let told = self.session.line(&line).ok()?;
        self.lines.push(line);
        Some(told)
    }

    /// A call of POSIX makes what the prompt does not have.
    fn call(&mut self, event: &CallEvent) -> Option<()> {
        let only_asks = ["ftok", "shmctl", "semctl"].contains(&&*event.name);
        let Some(call) = decode::call(event) else { return only_asks.then_some(()) };
        let is_first = self.acted.insert(event.pid);
        if is_first && event.errno.as_deref() == Some("EACCES") {
            // A run does not tell who its processes are; root is denied nothing.
            let nobody = Adjustment::SetIdentity(NOBODY);
            self.transcript.adjusted(event.pid, &nobody);
        }
        self.made(event.pid, &call, event.result);
        let told = self.catch_up()?;
        let answer = told.iter().find_map(|one| match one {
            Told::Call { name, errno, .. } if *name == event.name => {
                Some(errno.map(|errno| format!("{errno:?}")))
            }
            _ => None,
        });
        match answer {
            Some(answer) if answer != event.errno => self.take_back(event, answer),
            _ => Some(()),
        }
    }

    /// What the run's kernel refused for a reason that is not in the picture, as a stack that lies there, has changed
    /// nothing. Who may do what is no such reason.
    fn take_back(&mut self, event: &CallEvent, answer: Option<String>) -> Option<()> {
        let is_refused = event.errno.as_deref().is_some_and(|errno| errno != "EACCES" && errno != "EPERM");
        if answer.is_some() || !is_refused {
            return None;
        }
        self.lines.pop();
        self.session.line("undo").ok().map(|_| ())
    }

    /// A process that the story has not begun appears with its first call.
    fn made(&mut self, pid: i32, call: &Call, result: Option<i64>) {
        if self.known.insert(pid) {
            self.transcript.unrelated(pid);
        }
        let outcome = result.map(|result| Ok(decode::answer(call, result)));
        self.transcript.call(pid, call, outcome.as_ref());
    }

    fn access(&mut self, access: &Access, replay: &Replay) -> Option<()> {
        let Access { pid, address, direction, bytes, faults, .. } = access;
        // A mapped file, or POSIX's memory.
        if faults.is_some() && !self.transcript.is_attached(*pid, *address) {
            return None;
        }
        match (direction, bytes, faults) {
            (_, _, None) => self.transcript.died(*pid, *address, *direction),
            (Direction::Write, Some(bytes), _) => self.transcript.stored(*pid, *address, bytes),
            (Direction::Read, Some(bytes), _) => {
                self.transcript.read(*pid, *address);
                self.catch_up()?;
                self.compare(replay);
                // What was read is what is there, whoever has written it.
                if !self.is_where_the_run_is {
                    self.transcript.stored(*pid, *address, bytes);
                }
            }
            _ => {}
        }
        Some(())
    }

    fn lives(&self, pid: i32) -> bool {
        let letter = self.transcript.letter(pid);
        let actor = letter.and_then(|letter| self.session.world().actors.get(letter));
        actor.is_some_and(|actor| !matches!(actor.life, Lifecycle::Over(_)))
    }
}

/// What a picture shows of a world; ids, addresses and pids are each kernel's own.
#[derive(Debug, PartialEq)]
struct Shown {
    segments: Vec<SegmentShown>,
    /// Key, values, and how many wait.
    sets: Vec<(i32, Vec<i32>, usize)>,
    /// The living ones, as they came: what they have mapped, and whether they wait.
    processes: Vec<(Vec<Mapped>, bool)>,
}

/// Key, size, mode, attachments, and the pages that were touched.
type SegmentShown = (i32, u64, u32, u64, SortedMap<u64, Arc<[u8]>>);

/// Which of the segments, in their order; the bytes that are mapped, and how.
type Mapped = (Option<usize>, u64, Protection);

impl Shown {
    fn of(machine: &Machine, living: impl Iterator<Item = i32>) -> Shown {
        let namespaces = || machine.namespaces.iter().map(|(_, namespace)| namespace);
        let segment = |one: &Segment| {
            let Segment { permissions, size, attached, pages, .. } = one;
            (permissions.key.0, *size, permissions.mode, *attached, pages.clone())
        };
        let set = |one: &Set| {
            let values = one.semaphores.iter().map(|semaphore| semaphore.value).collect();
            (one.permissions.key.0, values, one.waiters.len())
        };
        let processes = living.filter_map(|pid| machine.processes.get(&pid));
        Shown {
            segments: namespaces().flat_map(|one| one.segments.iter().map(segment)).collect(),
            sets: namespaces().flat_map(|one| one.sets.iter().map(set)).collect(),
            processes: processes
                .map(|one| (mapped(machine, one.space), matches!(one.state, State::Waiting(_))))
                .collect(),
        }
    }
}

fn mapped(machine: &Machine, space: u64) -> Vec<Mapped> {
    let all = || {
        let of = |(world, namespace): (&u64, &Arc<Namespace>)| {
            let ids: Vec<_> = namespace.segments.iter().map(|one| (*world, one.permissions.id)).collect();
            ids
        };
        machine.namespaces.iter().flat_map(of)
    };
    let one = |(mapping, view): (&Mapping, &View)| {
        let place = all().position(|id| id == (view.namespace, view.shmid));
        (place, mapping.length(), view.protection)
    };
    let mut mapped: Vec<_> =
        machine.spaces.get(&space).into_iter().flat_map(|space| space.views().map(one)).collect();
    mapped.sort_unstable_by_key(|(place, length, protection)| (*place, *length, protection.bits()));
    mapped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::Recording;
    use crate::scene::Watch;

    /// At how many of a run's calls and accesses the lines lead there, and of how many.
    fn followed(run: &Recording) -> (usize, usize) {
        let (mut script, mut watch) = (Script::default(), Watch::default());
        let (mut some, mut all) = (0, 0);
        for told in &run.events {
            watch.see(&told.event);
            script.see(&told.event, watch.replay());
            // An access that kills is over when the signal has been told.
            let is_over = |access: &Access| access.faults.is_some();
            if matches!(&told.event, Event::Call(_))
                || matches!(&told.event, Event::Memory(access) if is_over(access))
            {
                all += 1;
                some += usize::from(script.lines().is_some_and(|lines| !lines.is_empty()));
            }
        }
        (some, all)
    }

    fn run(number: usize) -> Recording {
        Recording::load(number).expect("a recording")
    }

    /// How far each run can be followed. A rule that changes shows here as a run that ends earlier.
    #[test]
    fn most_runs_can_be_taken_over_at_each_of_their_calls() {
        for number in [1, 2, 3, 4, 5, 6, 7, 8, 12, 13, 14, 19] {
            let (some, all) = followed(&run(number));
            assert_eq!(some, all, "lesson {number}");
        }
        for (number, least) in [(9, 24), (10, 32), (15, 17), (16, 20)] {
            let (some, all) = followed(&run(number));
            assert!(some >= least, "lesson {number}: {some} of {all}");
        }
    }

    /// A kernel that answers otherwise than the model ends the lines.
    #[test]
    fn an_answer_that_differs_ends_the_lines() {
        let mut run = run(1);
        for told in &mut run.events {
            if let Event::Call(call) = &mut told.event
                && call.name == "shmget"
            {
                (call.result, call.errno) = (None, Some("ENOSPC".to_owned()));
            }
        }
        assert_eq!(followed(&run).0, 0);
    }
}
