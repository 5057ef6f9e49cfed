//! The machine that all processes of a run share, and what its rules leave to somebody: pids, time, who works.
//!
//! **Invariant:** the machine changes only by [`World::act`] and by the passing of time, so that whoever is woken by
//! either is told of it.

use std::collections::BTreeMap;
use std::time::Duration;

use playground_core::call::{Answer, Call, Key, Outcome};
use playground_core::error::{Error, Result};
use playground_core::machine::{Action, Credentials, Host, Machine, Reply, Unknown, Woken};

use crate::work::Work;
use crate::{Setup, image, meter};

/// The pid of the process that tells the story.
const FIRST: i32 = 4001;

/// 4 GiB of memory, in pages: what one segment asks for beyond that is never promised.
const MEMORY: u64 = 1 << 20;

/// As distributions set `vm.mmap_min_addr`.
const LOWEST_ADDRESS: u64 = 65536;

pub(crate) struct World {
    pub machine: Machine,
    /// What processes do on their own, by pid.
    pub works: BTreeMap<i32, Work>,
    /// What an increment that is made step by step has loaded, by pid.
    pub registers: BTreeMap<i32, u32>,
    /// The words that a process has had the kernel note for its end (`set_robust_list`), by pid.
    pub robust: BTreeMap<i32, Vec<u64>>,
    /// The programs that processes run, where an exec has changed them.
    pub programs: BTreeMap<i32, String>,
    /// The key that a segment was made with, by namespace and id: its file in the kernel is named after it for ever.
    pub names: BTreeMap<(u64, i32), Key>,
    /// From what the order of processes that run at once is made.
    pub chance: u64,
    pub setup: Setup,
    next_pid: i32,
}

impl World {
    /// A world with one process in it, and that process's pid.
    pub fn new(setup: Setup) -> (World, i32) {
        let mut machine = Machine::new(Host { mmap_min_addr: LOWEST_ADDRESS, ..Host::x86_64(MEMORY) });
        machine.clock = setup.time;
        let mut world = World {
            machine,
            works: BTreeMap::new(),
            registers: BTreeMap::new(),
            robust: BTreeMap::new(),
            programs: BTreeMap::new(),
            names: BTreeMap::new(),
            chance: 0x9e37_79b9_7f4a_7c15,
            setup,
            next_pid: FIRST,
        };
        let pid = world.begin();
        (world, pid)
    }

    /// A process that inherits nothing. It acts for the user who runs the model.
    pub fn begin(&mut self) -> i32 {
        let credentials = match self.setup {
            Setup { isolated: true, .. } => Credentials::root_of_namespace(),
            Setup { user, .. } => Credentials::user(user, user),
        };
        let pid = self.new_pid();
        self.machine.begin(pid, credentials, image::space());
        pid
    }

    pub fn new_pid(&mut self) -> i32 {
        self.next_pid += 1;
        self.next_pid - 1
    }

    /// Does what a process does, by the rules, and wakes whom that wakes.
    pub fn act(&mut self, pid: i32, action: &Action) -> Reply {
        let reply = self.machine.decide(pid, action);
        let woken = self.machine.effect(pid, action, &reply);
        if let (Action::Call(Call::Shmget { .. }), Reply::Returns(Ok(Answer::Id(id)))) = (action, &reply) {
            self.name(pid, id.0);
        }
        self.wake(woken);
        reply
    }

    /// The same for what always has an answer.
    ///
    /// # Errors
    ///
    /// `Environment`: the rules do not reach so far.
    pub fn outcome(&mut self, pid: i32, action: &Action, asked: &str) -> Result<Outcome> {
        match self.act(pid, action) {
            Reply::Returns(outcome) => Ok(outcome),
            Reply::Unknown(unknown) => Err(does_not_know(asked, unknown)),
            Reply::Waits | Reply::Dies(_) => Err(does_not_know(asked, Unknown::Asleep)),
        }
    }

    /// Makes a call. `ftok` reads a file's number, which the machine has to be told first.
    pub fn call(&mut self, pid: i32, call: &Call) -> Reply {
        meter::count_call();
        if let Call::Ftok { path, .. } = call {
            match (self.setup.file)(path) {
                Some(numbers) => drop(self.machine.files.insert(path.display().to_string(), numbers)),
                None => return Reply::Returns(Err(playground_core::Errno::ENOENT)),
            }
        }
        self.act(pid, &Action::Call(call.clone()))
    }

    fn name(&mut self, pid: i32, id: i32) {
        let Some(namespace) = self.machine.processes.get(&pid).map(|process| process.namespace) else {
            return;
        };
        let segments = self.machine.namespaces.get(&namespace).map(|theirs| &theirs.segments);
        if let Some(segment) = segments.and_then(|segments| segments.find(id).ok()) {
            self.names.insert((namespace, id), segment.permissions.key);
        }
    }

    /// Time passes.
    pub fn pass(&mut self, time: Duration) {
        let woken = self.machine.pass(time);
        self.wake(woken);
    }

    pub fn wake(&mut self, woken: Vec<Woken>) {
        for Woken { pid, outcome } in woken {
            if let Some(work) = self.works.get_mut(&pid) {
                work.woken(outcome);
            }
        }
    }

    /// What the process's accesses have cost it so far.
    pub fn faults(&self, pid: i32) -> u64 {
        self.machine.processes.get(&pid).map_or(0, |process| process.faults)
    }

    /// A process ends, with whatever it was at.
    pub fn end(&mut self, pid: i32) {
        self.give_up_locks(pid);
        self.works.remove(&pid);
        self.act(pid, &Action::Exit);
        // Who waits does not act, and ends all the same.
        if self.machine.processes.contains_key(&pid) {
            let woken = self.machine.effect(pid, &Action::Exit, &Ok(Answer::Done).into());
            self.wake(woken);
        }
    }

    /// A number below `most`, the next of a sequence that is the same in each run.
    pub fn dice(&mut self, most: u64) -> u64 {
        self.chance ^= self.chance << 13;
        self.chance ^= self.chance >> 7;
        self.chance ^= self.chance << 17;
        self.chance % most
    }
}

/// The rules do not reach so far.
pub(crate) fn does_not_know(asked: &str, unknown: Unknown) -> Error {
    Error::environment(asked, unknown, "It takes a real kernel: run it on Linux, with --kernel linux.")
}
