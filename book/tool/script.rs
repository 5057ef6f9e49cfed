//! A recorded run as lines for the prompt, so that a reader can go on from any of its calls.
//!
//! The lines are done in a session as they are found, and its answers are compared with the recorded ones.
//!
//! **Invariant:** where the session would answer otherwise than the kernel did, or cannot say a step, the lines end:
//! nobody is led to a state that is not the recorded one.

use std::collections::BTreeMap;

use play::session::{Session, Told};
use playground::story::event::{Access, CallEvent, Direction, Event};

/// The lines of a run so far.
#[derive(Default)]
pub struct Script {
    /// The session that has done them; nothing once they have ended.
    session: Option<Session>,
    lines: Vec<String>,
    /// The letters of processes, by the pid that they had in the run.
    letters: BTreeMap<i32, String>,
    /// What an id of a segment or a set of the run is in the session.
    segments: BTreeMap<i64, i64>,
    sets: BTreeMap<i64, i64>,
    /// What is attached: process and address in the run, the address in the session, and its length.
    attached: Vec<Attached>,
    sizes: BTreeMap<i64, u64>,
}

struct Attached {
    pid: i32,
    address: u64,
    here: u64,
    length: u64,
}

/// A page of the model's machine.
const PAGE: u64 = 4096;

/// What a step of the run is at the prompt.
enum Step {
    /// Nothing: it changes nothing that a reader could miss.
    Nothing,
    /// This line of this process.
    Line(i32, String),
    /// It cannot be said.
    Unsaid,
}

impl Script {
    /// The lines that lead to where the run is, if they do.
    pub fn lines(&self) -> Option<&[String]> {
        self.session.as_ref().map(|_| self.lines.as_slice())
    }

    /// Takes the next event of the run.
    pub fn see(&mut self, event: &Event) {
        if let Event::Lesson { pid, .. } = event {
            *self = Script { session: Some(Session::empty()), ..Script::default() };
            self.letters.insert(*pid, "A".to_owned());
        }
        if self.session.is_none() {
            return;
        }
        if !self.follow(event) {
            self.session = None;
        }
    }

    /// Does an event's step. Returns whether the session is where the run is.
    fn follow(&mut self, event: &Event) -> bool {
        match self.step(event) {
            Step::Nothing => true,
            Step::Unsaid => false,
            Step::Line(pid, line) => {
                let Some(letter) = self.letters.get(&pid) else { return false };
                let line = format!("{letter}: {line}");
                let told = self.session.as_mut().and_then(|session| session.line(&line).ok());
                self.lines.push(line);
                told.is_some_and(|told| self.agrees(event, &told))
            }
        }
    }

    fn step(&self, event: &Event) -> Step {
        match event {
            Event::Call(call) => self.call(call),
            Event::Memory(access) => self.memory(access),
            Event::Fork { .. } => self.by_the_teller("fork()".to_owned()),
            Event::Exec { pid, .. } => {
                Step::Line(*pid, "execlp(\"sleep\", \"sleep\", \"60\", NULL)".to_owned())
            }
            Event::Signal { pid, signal, .. } => self.end(*pid, signal.as_deref()),
            Event::Tool { command, .. } if command.starts_with("ipcs") => Step::Nothing,
            Event::Started { .. } | Event::Sleep { .. } | Event::Tool { .. } | Event::Speeds { .. } => {
                Step::Unsaid
            }
            // What was done at full speed, or step by step, is told as a table.
            Event::Table { .. } => Step::Unsaid,
            _ => Step::Nothing,
        }
    }

    fn by_the_teller(&self, line: String) -> Step {
        let teller = self.letters.iter().find(|(_, letter)| *letter == "A");
        teller.map_or(Step::Unsaid, |(pid, _)| Step::Line(*pid, line))
    }

    fn end(&self, pid: i32, signal: Option<&str>) -> Step {
        let lives = self.session.as_ref().zip(self.letters.get(&pid)).is_some_and(|(session, letter)| {
            session
                .world()
                .actors
                .get(letter)
                .is_some_and(|actor| !matches!(actor.life, play::session::Lifecycle::Over(_)))
        });
        match (signal, self.letters.get(&pid)) {
            _ if !lives => Step::Nothing,
            (None, _) => Step::Line(pid, "exit(0)".to_owned()),
            // Of the signals that end a process the model has one.
            (Some("SIGKILL" | "SIGTERM"), Some(letter)) => {
                self.by_the_teller(format!("kill({letter}, SIGKILL)"))
            }
            _ => Step::Unsaid,
        }
    }

    fn call(&self, call: &CallEvent) -> Step {
        let line = match &*call.name {
            "shmget" => self.shmget(call),
            "shmat" => self.shmat(call),
            "shmdt" => self.shmdt(call),
            "shmctl" => self.shmctl(call),
            "semget" => self.semget(call),
            "ftok" => return Step::Nothing,
            _ => None,
        };
        line.map_or(Step::Unsaid, |line| Step::Line(call.pid, line))
    }

    fn shmget(&self, call: &CallEvent) -> Option<String> {
        let key = key(call)?;
        let size = call.args["size"].as_u64()?;
        Some(format!("shmget({key}, {size}, {})", with_mode(call)?))
    }

    fn semget(&self, call: &CallEvent) -> Option<String> {
        let (key, count) = (key(call)?, call.args["nsems"].as_i64()?);
        Some(format!("semget({key}, {count}, {})", with_mode(call)?))
    }

    fn shmat(&self, call: &CallEvent) -> Option<String> {
        let id = self.segment(call)?;
        let address = match call.args["address"].as_u64()? {
            0 => "NULL".to_owned(),
            // Within a mapping of the run: the same place in the session's.
            at => format!("(void *) {:#x}", self.place(call.pid, at).unwrap_or(at)),
        };
        let flags = flags(call)?;
        let flags = if flags.is_empty() { "0".to_owned() } else { flags };
        Some(format!("shmat({id}, {address}, {flags})"))
    }

    fn shmdt(&self, call: &CallEvent) -> Option<String> {
        let address = call.args["address"].as_u64()?;
        let here = self.place(call.pid, address).unwrap_or(address);
        Some(format!("shmdt((void *) {here:#x})"))
    }

    fn shmctl(&self, call: &CallEvent) -> Option<String> {
        let id = self.segment(call)?;
        match call.args["cmd"].as_str()? {
            "IPC_RMID" => Some(format!("shmctl({id}, IPC_RMID, NULL)")),
            "IPC_STAT" => {
                Some(format!("struct shmid_ds buf{0}; shmctl({id}, IPC_STAT, &buf{0})", self.lines.len()))
            }
            _ => None,
        }
    }

    /// An id of the run, as it is in the session; an id that the run was not given is the same here.
    fn segment(&self, call: &CallEvent) -> Option<i64> {
        let id = call.args["shmid"].as_i64()?;
        Some(self.segments.get(&id).copied().unwrap_or(id))
    }

    /// Where an address of the run is in the session.
    fn place(&self, pid: i32, address: u64) -> Option<u64> {
        let covers =
            |one: &&Attached| one.pid == pid && (one.address..one.address + one.length).contains(&address);
        self.attached.iter().rev().find(covers).map(|one| one.here + (address - one.address))
    }

    fn memory(&self, access: &Access) -> Step {
        // An access just behind a mapping is one that the run does on purpose.
        let behind = || Some(self.place(access.pid, access.address.0.checked_sub(PAGE)?)? + PAGE);
        let Some(at) = self.place(access.pid, access.address.0).or_else(behind) else { return Step::Unsaid };
        let line = match (access.direction, &access.bytes) {
            (Direction::Write, Some(bytes)) => written(at, bytes),
            (Direction::Write, None) => None,
            (Direction::Read, _) => Some(format!("*(char *) {at:#x}")),
        };
        line.map_or(Step::Unsaid, |line| Step::Line(access.pid, line))
    }

    /// Whether the session did what the run did; if so, what belongs together is noted.
    fn agrees(&mut self, event: &Event, told: &[Told]) -> bool {
        match event {
            Event::Call(call) => self.call_agrees(call, told),
            Event::Memory(access) => {
                access.bytes.is_some() != told.iter().any(|one| matches!(one, Told::Ends { .. }))
            }
            Event::Fork { pid, .. } => self.forked(*pid, told),
            _ => true,
        }
    }

    fn call_agrees(&mut self, call: &CallEvent, told: &[Told]) -> bool {
        let answer = told.iter().find_map(|one| match one {
            Told::Call { name, result, errno, .. } if *name == call.name => Some((*result, *errno)),
            _ => None,
        });
        let Some((result, errno)) = answer else { return false };
        if errno.map(|errno| format!("{errno:?}")) != call.errno {
            return false;
        }
        if let (Some(result), Some(recorded)) = (result, call.result) {
            self.note(call, recorded, result);
        }
        true
    }

    fn note(&mut self, call: &CallEvent, recorded: i64, here: i64) {
        match &*call.name {
            "shmget" => {
                self.segments.insert(recorded, here);
                self.sizes.insert(here, call.args["size"].as_u64().unwrap_or_default());
            }
            "semget" => {
                self.sets.insert(recorded, here);
            }
            "shmat" => {
                let size = self.segment(call).and_then(|id| self.sizes.get(&id)).copied().unwrap_or_default();
                let length = size.next_multiple_of(PAGE);
                let (address, here) = (recorded as u64, here as u64);
                self.attached.push(Attached { pid: call.pid, address, here, length });
            }
            "shmdt" => {
                let address = call.args["address"].as_u64();
                self.attached.retain(|one| one.pid != call.pid || Some(one.address) != address);
            }
            _ => {}
        }
    }

    /// The child has what its parent has.
    fn forked(&mut self, pid: i32, told: &[Told]) -> bool {
        let begun = told.iter().find_map(|one| match one {
            Told::Begins { who, .. } => Some(who.clone()),
            _ => None,
        });
        let Some(letter) = begun else { return false };
        let teller = self.letters.iter().find(|(_, letter)| *letter == "A").map(|(pid, _)| *pid);
        let inherited: Vec<Attached> = self
            .attached
            .iter()
            .filter(|one| Some(one.pid) == teller)
            .map(|one| Attached { pid, address: one.address, here: one.here, length: one.length })
            .collect();
        self.attached.extend(inherited);
        self.letters.insert(pid, letter);
        true
    }
}

fn key(call: &CallEvent) -> Option<String> {
    Some(match call.args["key"].as_i64()? as i32 {
        0 => "IPC_PRIVATE".to_owned(),
        key => format!("{key:#x}"),
    })
}

fn flags(call: &CallEvent) -> Option<String> {
    let names: Option<Vec<&str>> = call.args["flags"].as_array()?.iter().map(|flag| flag.as_str()).collect();
    Some(names?.join(" | "))
}

fn with_mode(call: &CallEvent) -> Option<String> {
    let (flags, mode) = (flags(call)?, call.args["mode"].as_str()?);
    Some(if flags.is_empty() { mode.to_owned() } else { format!("{flags} | {mode}") })
}

/// Bytes that are written, as C would write them.
fn written(at: u64, bytes: &[u8]) -> Option<String> {
    let text = |bytes: &[u8]| {
        let plain = bytes.iter().all(|byte| (32..127).contains(byte) && !b"\"\\".contains(byte));
        plain.then(|| String::from_utf8_lossy(bytes).into_owned())
    };
    match bytes {
        [one] => Some(format!("*(char *) {at:#x} = {one}")),
        [most @ .., 0] if text(most).is_some() => {
            Some(format!("strcpy((char *) {at:#x}, \"{}\")", text(most)?))
        }
        [a, b, c, d] if text(bytes).is_none() => {
            Some(format!("*(int *) {at:#x} = {}", i32::from_le_bytes([*a, *b, *c, *d])))
        }
        bytes => Some(format!("memcpy((char *) {at:#x}, \"{}\", {})", text(bytes)?, bytes.len())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::{Recording, told_lessons};

    /// How far each run can be followed. A rule that changes shows here as a run that ends earlier.
    #[test]
    fn the_first_lessons_can_be_taken_over_at_any_call() {
        for number in [1, 2, 6] {
            let run = Recording::load(number).expect("a recording");
            let mut script = Script::default();
            for told in &run.events {
                script.see(&told.event);
                assert!(script.lines().is_some(), "lesson {number} at {:?}", told.event);
            }
            assert!(script.lines().is_some_and(|lines| !lines.is_empty()));
        }
    }

    #[test]
    fn most_runs_can_be_taken_over_at_some_call() {
        let taken = |number| {
            let run = Recording::load(number).expect("a recording");
            let mut script = Script::default();
            run.events
                .iter()
                .filter(|told| {
                    script.see(&told.event);
                    matches!(told.event, Event::Call(_)) && script.lines().is_some()
                })
                .count()
        };
        let lessons = told_lessons().expect("the lessons");
        let some = lessons.iter().filter(|lesson| taken(lesson.number) > 0).count();
        assert!(some * 5 > lessons.len() * 4, "{some} of {}", lessons.len());
    }

    /// A kernel that answers otherwise than the model ends the lines.
    #[test]
    fn an_answer_that_differs_ends_the_lines() {
        let run = Recording::load(1).expect("a recording");
        let mut script = Script::default();
        for told in &run.events {
            let event = match &told.event {
                Event::Call(call) if call.name == "shmget" => {
                    let call =
                        CallEvent { result: None, errno: Some("ENOSPC".to_owned()), ..(**call).clone() };
                    Event::Call(Box::new(call))
                }
                event => event.clone(),
            };
            script.see(&event);
        }
        assert_eq!(script.lines(), None);
    }
}
