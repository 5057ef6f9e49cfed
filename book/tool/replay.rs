//! A recorded run on the [`Machine`]: what the kernel answered, done again by the rules.
//!
//! **Invariant:** the world follows from recorded events alone, through [`Machine::effect`]. A segment that
//! was made without a word is taken from the kernel's own table, where the run shows it.

use std::collections::BTreeSet;
use std::sync::LazyLock;
use std::time::Duration;

use playground::call::{Address, Answer, Call, Cmd, Key, SemCmd, Semid, ShmgetFlags, Shmid};
use playground::story::event::{Access, CallEvent, Direction, Event, SegmentRow};
use playground_core::Mode;
use playground_core::machine::{Action, Credentials, Host, Machine, Reply, Segment, Space};
use regex::Regex;

use crate::decode;

static ADDRESS: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"0x([0-9a-f]+)").expect("a pattern"));

/// More memory than any machine has, in pages: the recorded kernel has said what does not fit.
const MEMORY: u64 = 1 << 50;

/// A process of the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Its process id.
    pub pid: i32,
    /// Its name in the story.
    pub name: String,
    /// How it ended, if it did.
    pub ended: Option<String>,
}

/// A segment, by namespace and id.
pub type Place = (u64, i32);

/// A run, as far as it has been told.
#[derive(Clone)]
pub struct Replay {
    /// The world.
    pub machine: Machine,
    /// The processes of the story, the one that tells first.
    pub people: Vec<Person>,
    /// Segments of which more may have been touched than was told.
    pub untold: BTreeSet<Place>,
    /// Segments whose bytes nobody has told.
    pub unread: BTreeSet<Place>,
    /// Ids that were given: a namespace gives none of them twice.
    given: BTreeSet<Place>,
}

impl Default for Replay {
    fn default() -> Replay {
        Replay {
            machine: Machine::new(Host::x86_64(MEMORY)),
            people: Vec::new(),
            untold: BTreeSet::new(),
            unread: BTreeSet::new(),
            given: BTreeSet::new(),
        }
    }
}

impl Replay {
    /// Does what one more event tells.
    pub fn see(&mut self, event: &Event) {
        match event {
            Event::Lesson { pid, page_size, .. } => self.begin(*pid, *page_size as u64),
            Event::Step { number, .. } => self.stretch(*number as u64 + 1),
            Event::Section { .. } => self.begin_stretch(),
            Event::Fork { pid, who } => self.fork(*pid, who),
            Event::Exec { pid, .. } => {
                self.done(*pid, &Action::Exec { space: Space::default() }, Answer::Done);
            }
            Event::Signal { pid, signal, .. } => self.ended(*pid, signal.as_deref()),
            Event::Call(call) => self.call(call),
            Event::Memory(access) => self.access(access),
            Event::Started { pid, c, .. } => self.started(*pid, c),
            Event::Tool { command, status: Some(0), .. } => self.tool(command),
            Event::Segments { rows, .. } => self.agree(rows),
            Event::Speeds { .. } => self.measured(),
            Event::End { .. } => self.over(),
            _ => {}
        }
    }

    /// Who has ended is known until the next stretch, and no longer.
    pub fn begin_stretch(&mut self) {
        self.people.retain(|person| person.ended.is_none());
    }

    /// The clock of this world counts the steps.
    fn stretch(&mut self, seconds: u64) {
        self.machine.clock = Duration::from_secs(seconds);
        self.begin_stretch();
    }

    fn begin(&mut self, pid: i32, page_size: u64) {
        self.machine = Machine::new(Host { page_size, ..Host::x86_64(MEMORY) });
        self.machine.begin(pid, Credentials::root(), Space::default());
        self.people.push(Person { pid, name: "this process".to_owned(), ended: None });
    }

    fn teller(&self) -> i32 {
        self.people.first().map_or(0, |person| person.pid)
    }

    fn done(&mut self, pid: i32, action: &Action, answer: Answer) {
        self.machine.effect(pid, action, &Reply::Returns(Ok(answer)));
    }

    fn fork(&mut self, pid: i32, who: &str) {
        self.done(self.teller(), &Action::Fork { child: pid }, Answer::Number(pid));
        self.people.push(Person { pid, name: who.to_owned(), ended: None });
    }

    /// A process that the story has not begun is no part of the picture when it ends, either.
    fn ended(&mut self, pid: i32, signal: Option<&str>) {
        self.done(pid, &Action::Exit, Answer::Done);
        let how = signal.map_or("has ended with exit".to_owned(), |signal| format!("is killed by {signal}"));
        if let Some(person) = self.people.iter_mut().find(|person| person.pid == pid) {
            person.ended = Some(how);
        }
    }

    fn call(&mut self, event: &CallEvent) {
        let Some(call) = decode::call(event) else { return };
        self.meet(event.pid, event.who.as_deref());
        match (&call, event.result) {
            // The kernel knows no segment with this id, whatever has removed it.
            (Call::Shmctl { shmid, .. }, None) if event.errno.as_deref() == Some("EINVAL") => {
                self.remove(event.pid, *shmid);
            }
            (_, None) => {}
            (_, Some(result)) => {
                self.move_if_elsewhere(event.pid, &call, result as i32);
                let answer = decode::answer(&call, result);
                self.done(event.pid, &Action::Call(call), answer);
            }
        }
    }

    /// A process that the story has not begun appears with its first call.
    fn meet(&mut self, pid: i32, who: Option<&str>) {
        if !self.machine.processes.contains_key(&pid) {
            self.machine.begin(pid, Credentials::root(), Space::default());
            self.people.push(Person { pid, name: who.unwrap_or_default().to_owned(), ended: None });
        }
    }

    /// An id that was given before, or that is another key's here: the process lives in a namespace of its own now.
    fn move_if_elsewhere(&mut self, pid: i32, call: &Call, id: i32) {
        let Call::Shmget { key, flags, .. } = call else { return };
        let namespace = self.machine.processes[&pid].namespace;
        let new = *key == Key::PRIVATE || flags.contains(ShmgetFlags::IPC_CREAT | ShmgetFlags::IPC_EXCL);
        let elsewhere = match self.segment((namespace, id)) {
            _ if new => self.given.contains(&(namespace, id)),
            Some(segment) => segment.permissions.key != *key,
            None => false,
        };
        if elsewhere {
            self.done(pid, &Action::Unshare, Answer::Done);
        }
        self.given.insert((self.machine.processes[&pid].namespace, id));
    }

    /// The segment at a place.
    pub fn segment(&self, (namespace, id): Place) -> Option<&Segment> {
        self.machine.namespaces.get(&namespace)?.segments.find(id).ok()
    }

    fn remove(&mut self, pid: i32, shmid: Shmid) {
        self.done(pid, &Action::Call(Call::Shmctl { shmid, cmd: Cmd::IpcRmid }), Answer::Done);
    }

    /// Bytes were read or written. What was read is what is there, whoever has written it.
    fn access(&mut self, access: &Access) {
        let Access { pid, address, bytes, faults, .. } = access;
        self.meet(*pid, access.who.as_deref());
        match (access.direction, bytes) {
            (Direction::Write, Some(bytes)) => self.store(*pid, *address, bytes),
            (Direction::Read, Some(bytes)) if faults.is_some() => {
                let load = Action::Load { address: *address, length: bytes.len() as u64 };
                self.done(*pid, &load, Answer::Done);
                self.learn(*pid, *address, bytes);
            }
            _ => {}
        }
    }

    fn store(&mut self, pid: i32, address: Address, bytes: &[u8]) {
        self.done(pid, &Action::Store { address, bytes: bytes.to_owned() }, Answer::Done);
    }

    fn learn(&mut self, pid: i32, address: Address, bytes: &[u8]) {
        let load = Action::Load { address, length: bytes.len() as u64 };
        if self.machine.decide(pid, &load) != Reply::Returns(Ok(Answer::Bytes(bytes.to_owned()))) {
            self.store(pid, address, bytes);
        }
    }

    /// What a process does for a while names the places that it touches; which bytes it leaves there, it does not.
    fn started(&mut self, pid: i32, c: &str) {
        if let Some(call) = decode::operation(c) {
            let action = Action::Call(call);
            let reply = self.machine.decide(pid, &action);
            self.machine.effect(pid, &action, &reply);
        }
        for found in ADDRESS.captures_iter(c) {
            let address = Address(u64::from_str_radix(&found[1], 16).unwrap_or_default());
            self.done(pid, &Action::Load { address, length: 1 }, Answer::Done);
            let space = self.machine.processes.get(&pid).and_then(|one| self.machine.spaces.get(&one.space));
            let view = space.and_then(|space| space.at(address.0)).and_then(|mapping| mapping.view());
            self.unread.extend(view.map(|view| (view.namespace, view.shmid)));
        }
    }

    /// `ipcrm -m 7` removes as a call would, and so do `ipcrm -M` with a key and `ipcrm -s`.
    fn tool(&mut self, command: &str) {
        let id = |text: &str| text.parse().ok();
        if let Some(id) = command.strip_prefix("ipcrm -m ").and_then(id) {
            self.remove(self.teller(), Shmid(id));
        } else if let Some(id) = command.strip_prefix("ipcrm -s ").and_then(id) {
            let call = Call::Semctl { semid: Semid(id), semnum: 0, cmd: SemCmd::IpcRmid };
            self.done(self.teller(), &Action::Call(call), Answer::Done);
        } else if let Some(key) = command.strip_prefix("ipcrm -M 0x") {
            // In the kernel's table a key is a signed number.
            let key = Key(u32::from_str_radix(key, 16).unwrap_or_default() as i32);
            let found = self.machine.namespaces[&0].segments.with_key(key);
            if let Some(id) = found.map(|segment| segment.permissions.id) {
                self.remove(self.teller(), Shmid(id));
            }
        }
    }

    /// A segment of the kernel's table that nobody has told of: a lesson may make some in silence.
    fn agree(&mut self, rows: &[SegmentRow]) {
        let told: Vec<bool> = rows.iter().map(|row| self.segment((0, row.row.shmid.0)).is_some()).collect();
        for (SegmentRow { row, .. }, _) in rows.iter().zip(told).filter(|(_, told)| !told) {
            let mode = Mode::from_bits_truncate(row.perms);
            let flags = ShmgetFlags::IPC_CREAT;
            let get = Call::Shmget { key: row.key, size: row.size as u64, flags, mode };
            self.done(self.teller(), &Action::Call(get), Answer::Id(row.shmid));
        }
    }

    /// What was measured was done in segments of which nothing may have been told.
    fn measured(&mut self) {
        for (number, namespace) in self.machine.namespaces.iter() {
            let busy = namespace.segments.iter().filter(|one| one.attached > 0 && one.pages.is_empty());
            self.untold.extend(busy.map(|one| (*number, one.permissions.id)));
        }
    }

    /// The story is over, and so are the processes that took part in it.
    fn over(&mut self) {
        let others: Vec<i32> = self.people.drain(1..).map(|person| person.pid).collect();
        for pid in others {
            self.done(pid, &Action::Exit, Answer::Done);
        }
    }
}
