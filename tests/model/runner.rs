//! Runs one sequence on both sides: the model says beforehand what will happen, the processes make it happen, and
//! then the two are compared, step by step.
//!
//! The processes hand over to each other, not to the runner: it waits once a sequence.
//!
//! **Invariant:** a sequence begins where nothing is attached and no segment and no set is there. What the model
//! cannot know of that beginning it is told: which ids were dealt last.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use nix::libc;
use playground_core::call::{Answer, Call, Cmd, Key, SemCmd, Semid, ShmgetFlags, Shmid};
use playground_core::machine::{Action, Credentials, Machine, Reply, Set, Space, State, Woken};
use playground_core::{Errno, Mode};

use super::FIRST_STEP;
use super::board::{Board, PLACES, SETS, SLOTS, STEPS, log, step};
use super::compare::{Pids, Seen};
use super::generate::{self, Mix};
use super::look::Look;
use super::mutants::Rules;
use super::perform::print_nowhere;
use super::process::{self, op};
use super::procfs::{host, key_files, memory_differs};
use super::script::{Order, encode};
use super::told;

/// A user, a group, and one group more.
pub type Person = (u32, u32, u32);

/// What is looked at more closely.
#[derive(Clone, Copy, Default)]
pub struct Care {
    /// Everybody's maps and resident pages, at the end.
    pub memory: bool,
    /// Before this step the next second is awaited, so that one sees which times moved before it, and which after.
    pub pause: Option<usize>,
}

/// A difference: what it is, and the steps up to it.
pub struct Difference {
    pub what: String,
    /// In C notation, with the model's answers.
    pub steps: Vec<String>,
    /// As a script of the prompt.
    pub script: Vec<String>,
}

/// A step of a sequence, as the model sees it.
pub struct Step {
    pub pid: i32,
    pub action: Action,
    pub reply: Reply,
    pub woken: Vec<Woken>,
    pub before: Machine,
    pub after: Machine,
    /// Which log is the step's first, which has the answer, and which show the world after it, with the namespace that
    /// they show.
    pub first: usize,
    pub answer: usize,
    pub seen: Vec<(usize, u64)>,
}

/// What is said where a script comes to no end.
const STUCK: &str = "its step does not end: the kernel lets it wait, or ends its process";

/// Both sides.
pub struct Runner {
    pub board: &'static Board,
    /// The world before any sequence.
    pub start: Machine,
    pub people: Vec<Person>,
    pub alone: bool,
    pub slots: BTreeMap<i32, usize>,
    /// Who those are that live on, and what they have mapped: the same each time, as they are forked from one process
    /// that never changes.
    pub born: BTreeMap<i32, (Credentials, Space)>,
    pub pids: Pids,
    pub written: usize,
    /// The ids that a segment and a set were dealt last.
    pub dealt: (i32, i32),
    pub mix: Mix,
    pub steps: u64,
}

impl Runner {
    /// A world with one process for each person. `alone` is whoever is root of a user namespace with nobody else.
    pub fn new(people: Vec<Person>, alone: bool, limits: bool, timeout: u32) -> Runner {
        let board = Board::new();
        board.set_timeout(timeout);
        // SAFETY: this process has one thread, and the child allocates nothing.
        if unsafe { libc::fork() } == 0 {
            print_nowhere();
            process::serve(board, 0)
        }
        while board.slots[0].pid.load(Ordering::Acquire) == 0 {
            std::thread::yield_now();
        }
        let users = [people[0].0, people[1].0, people[2].0, people[3].0];
        let (slots, pids) = (BTreeMap::from([(0, 0)]), Pids(vec![(0, 0)]));
        let mut start = Machine::new(host());
        start.files = key_files();
        let mix = Mix { limits, users, program: Box::leak(Box::default()) };
        let mut runner = Runner {
            board,
            start,
            people,
            alone,
            slots,
            born: BTreeMap::new(),
            pids,
            written: 0,
            dealt: (0, 0),
            mix,
            steps: 0,
        };
        (1..=runner.people.len() as i32).for_each(|pid| runner.begin(pid));
        runner.mix.program = Box::leak(Box::new(runner.started()));
        runner.clean_up(None, false);
        runner
    }

    /// Writes on the board that one process does one thing that nobody looks at. A full board is played first.
    pub fn order(&mut self, slot: usize, op: u64, args: &[u64]) -> usize {
        if self.written == STEPS {
            self.play().expect("processes that answer");
            self.written = 0;
        }
        let mut order = Order { op, args: [0; 8] };
        order.args[..args.len()].copy_from_slice(args);
        self.write(slot, &order, &[], &Look::nothing(), false)
    }

    /// Writes a step on the board, with what is to be looked at after it.
    fn write(&mut self, slot: usize, order: &Order, woken: &[usize], look: &Look, leaves: bool) -> usize {
        let number = self.written;
        let step = &self.board.steps[number];
        step.set(step::SLOT, slot as u64);
        step.set(step::OP, order.op);
        order.args.iter().enumerate().for_each(|(at, arg)| step.set(step::ARGS + at, *arg));
        step.set(step::LEAVES, leaves.into());
        step.set(step::WAKES, woken.len() as u64);
        woken.iter().enumerate().for_each(|(at, slot)| step.set(step::WOKEN + at, *slot as u64));
        step.set(step::PLACES, look.segments.len().min(PLACES) as u64);
        look.segments
            .iter()
            .take(PLACES)
            .enumerate()
            .for_each(|(at, id)| step.set(step::PLACE + at, *id as u64));
        step.set(step::SETS, look.sets.len().min(SETS) as u64);
        look.sets.iter().take(SETS).enumerate().for_each(|(at, id)| step.set(step::SET + at, *id as u64));
        self.board.logs[number].set(log::DONE, 0);
        self.written += 1;
        number
    }

    /// Lets the processes do what is written.
    pub fn play(&mut self) -> Result<(), String> {
        self.board.next.store(0, Ordering::Release);
        self.board.count.store(self.written as u32, Ordering::Release);
        self.board.runner.clear();
        let first = self.board.steps[0].get(step::SLOT) as usize;
        self.board.slots[first].turn.give();
        if self.board.runner.wait(Some(self.board.timeout() + Duration::from_secs(1))) {
            Ok(())
        } else {
            Err(STUCK.into())
        }
    }

    /// Runs a sequence, and says where the two sides differ.
    pub fn run(&mut self, seeds: &[u64], rules: &Rules, care: Care) -> Option<Difference> {
        let machine = self.synchronised();
        let steps = self.write_sequence(machine, seeds, rules, care.pause);
        self.steps += steps.len() as u64;
        let stuck = if steps.is_empty() { Ok(()) } else { self.play() };
        let found = self.compare(&steps, stuck.err());
        let end = steps.last().map(|step| step.after.clone());
        let found =
            found.or_else(|| care.memory.then(|| self.compare_memory(end.as_ref()?, &steps)).flatten());
        self.clean_up(end, found.is_some());
        found
    }

    /// The start, with the ids that the kernel deals next.
    pub fn synchronised(&self) -> Machine {
        let mut machine = self.start.clone();
        let (first, mode) = (1, Mode::empty());
        let (shmid, semid) = (Shmid(self.dealt.0), Semid(self.dealt.1));
        let shmget = Call::Shmget { key: Key::PRIVATE, size: 1, flags: ShmgetFlags::empty(), mode };
        let semget = Call::Semget { key: Key::PRIVATE, nsems: 1, flags: ShmgetFlags::empty(), mode };
        for (call, answer) in [
            (shmget, Answer::Id(shmid)),
            (Call::Shmctl { shmid, cmd: Cmd::IpcRmid }, Answer::Done),
            (semget, Answer::Set(semid)),
            (Call::Semctl { semid, semnum: 0, cmd: SemCmd::IpcRmid }, Answer::Done),
        ] {
            machine.effect(first, &Action::Call(call), &Reply::Returns(Ok(answer)));
        }
        machine
    }

    fn write_sequence(
        &mut self,
        mut machine: Machine,
        seeds: &[u64],
        rules: &Rules,
        pause: Option<usize>,
    ) -> Vec<Step> {
        self.written = 0;
        let mut steps = Vec::new();
        for (number, seed) in seeds.iter().enumerate() {
            if self.written + 4 > STEPS || self.slots.len() + 2 > SLOTS {
                break;
            }
            machine.clock = Duration::from_secs((FIRST_STEP + number as i64) as u64);
            if pause == Some(number) {
                let order = Order { op: op::PAUSE, args: [0; 8] };
                self.write(0, &order, &[], &Look::nothing(), false);
            }
            let Some((pid, action)) = generate::next(&machine, *seed, self.mix) else { continue };
            let before = machine.clone();
            let (reply, woken) = rules.step(&before, &mut machine, pid, &action);
            let after = machine.clone();
            let mut step = Step {
                pid,
                action,
                reply,
                woken,
                before,
                after,
                first: self.written,
                answer: 0,
                seen: Vec::new(),
            };
            self.write_step(&mut step);
            steps.push(step);
        }
        steps
    }

    /// A step is one on the board, unless its process falls asleep in it, or ends: then the observer waits for that.
    /// The observer also looks at the sets, where the process itself has no permission to.
    fn write_step(&mut self, step: &mut Step) {
        if let Action::Fork { child } | Action::Vfork { child } = step.action {
            self.free_slot(child);
        }
        let slots = self.slots.clone();
        let order = encode(&step.action, |pid| slots[&pid]);
        let slot = slots[&step.pid];
        let woken: Vec<usize> = step.woken.iter().map(|woken| slots[&woken.pid]).collect();
        let here = step.after.processes.get(&step.pid).map_or(0, |process| process.namespace);
        let waits_for = |op, args: [u64; 3]| Order { op, args: [args[0], args[1], args[2], 0, 0, 0, 0, 0] };
        match (&step.action, &step.reply) {
            (_, Reply::Waits) => {
                let State::Waiting(semid) = step.after.processes[&step.pid].state else {
                    unreachable!("it waits")
                };
                let sleepers =
                    step.after.namespaces[&here].sets.find(semid).map_or(0, |set| set.waiters.len());
                self.write(slot, &order, &[], &Look::nothing(), true);
                let order = waits_for(op::AWAIT_SLEEP, [slot as u64, semid as u64, sleepers as u64]);
                step.answer = self.write(0, &order, &[], &Look::all(&step.after, 0), false);
                step.seen = vec![(step.answer, 0)];
            }
            _ if step.ends_itself() => {
                self.write(slot, &order, &[], &Look::nothing(), true);
                let order = waits_for(op::REAP, [slot as u64, 0, 0]);
                step.answer = self.write(0, &order, &woken, &Look::all(&step.after, 0), false);
                step.seen = vec![(step.answer, 0)];
            }
            (Action::Kill { target, signal: 9 }, Reply::Returns(Ok(_))) => {
                step.answer = self.write(slot, &order, &[], &Look::nothing(), false);
                let order = waits_for(op::REAP, [slots[target] as u64, 0, 0]);
                step.seen = vec![(self.write(0, &order, &woken, &Look::all(&step.after, 0), false), 0)];
            }
            _ => {
                let itself = here == 0 && step.concerns_sets() && step.may_look();
                let look = if itself { Look::all } else { Look::segments };
                step.answer = self.write(slot, &order, &woken, &look(&step.after, here), false);
                step.seen = vec![(step.answer, here)];
                let left = step.action == Action::Unshare;
                if step.concerns_sets() && !itself && (here == 0 || left) {
                    let order = waits_for(op::OBSERVE, [0; 3]);
                    step.seen.push((self.write(0, &order, &[], &Look::all(&step.after, 0), false), 0));
                }
            }
        }
    }

    fn compare(&mut self, steps: &[Step], stuck: Option<String>) -> Option<Difference> {
        let mut times = Vec::new();
        for (number, step) in steps.iter().enumerate() {
            let (first, last) = (step.first, step.seen.last().map_or(step.answer, |(seen, _)| *seen));
            let from = self.board.logs[first].get(log::FROM);
            // A step whose seed gave nothing to do left its time unused.
            times.resize((step.after.clock.as_secs() as i64 - FIRST_STEP) as usize, (0, 0));
            times.push((from, self.board.logs[last].get(log::TO)));
            let result = match &stuck {
                Some(stuck) if !self.is_logged(step) => Err(stuck.clone()),
                _ => self.compare_step(step, &times),
            };
            if let Err(what) = result {
                return Some(self.difference(what, &steps[..=number]));
            }
        }
        None
    }

    fn difference(&self, what: String, steps: &[Step]) -> Difference {
        Difference { what, steps: told::in_c(&self.people, steps), script: told::script(&self.people, steps) }
    }

    fn is_logged(&self, step: &Step) -> bool {
        step.seen.iter().all(|(number, _)| self.board.logs[*number].get(log::DONE) == 1)
    }

    fn compare_step(&mut self, step: &Step, times: &[(u64, u64)]) -> Result<(), String> {
        let log = &self.board.logs[step.answer];
        if let Action::Fork { child } | Action::Vfork { child } = step.action {
            self.pids.0.push((child, log.get(log::VALUE) as u32));
        }
        let seen = |number| Seen { board: self.board, number, pids: &self.pids, times };
        let answer = seen(step.answer);
        match (&step.action, &step.reply) {
            (_, Reply::Waits) if log.get(log::VALUE) != 0 => {
                return Err("the kernel does not let it wait".into());
            }
            (_, Reply::Dies(fatal)) => answer.died_of(*fatal)?,
            (_, Reply::Waits) => {}
            _ if step.ends_itself() => {}
            (Action::Fork { .. } | Action::Vfork { .. }, _) => {}
            (
                Action::Call(Call::Semctl { cmd: SemCmd::GetPid, .. }),
                Reply::Returns(Ok(Answer::Number(pid))),
            ) => {
                let pid = self.pids.real(*pid) as i32;
                answer.reply(&Ok(Answer::Number(pid)).into())?;
            }
            (_, reply) => answer.reply(reply)?,
        }
        if let (Action::Load { .. } | Action::Store { .. }, Some(after)) =
            (&step.action, step.after.processes.get(&step.pid))
        {
            answer.faults(&step.before.processes[&step.pid], after)?;
        }
        if let (true, Action::Call(Call::Semtimedop { timeout, .. })) = (step.timed_out(), &step.action) {
            answer.waited(*timeout)?;
        }
        for (number, namespace) in &step.seen {
            seen(*number).world(&step.after, *namespace)?;
        }
        let waker = step.seen.first().map_or(step.answer, |(number, _)| *number);
        seen(waker).woken(&step.woken)
    }

    /// What `/proc` says of everybody's memory, beside the model's.
    fn compare_memory(&self, end: &Machine, steps: &[Step]) -> Option<Difference> {
        let difference = |pid: &i32| memory_differs(end, *pid, self.pids.real(*pid) as u32);
        let what = end.processes.keys().find_map(difference)?;
        Some(self.difference(what, steps))
    }
}

impl Step {
    /// Whether the process makes no other step, so that nobody else can say what came of this one.
    fn ends_itself(&self) -> bool {
        matches!(self.action, Action::Exit) || !self.after.processes.contains_key(&self.pid)
    }

    /// Whether it waited, and nobody woke it up.
    fn timed_out(&self) -> bool {
        self.reply == Reply::from(Errno::EAGAIN) && self.before.decide(self.pid, &self.action) == Reply::Waits
    }

    /// Whether its process may read every set, as the model has it: each look by the observer costs two hand-overs.
    fn may_look(&self) -> bool {
        let reads = |set: &Set| {
            let ask = Call::Semctl { semid: Semid(set.permissions.id), semnum: 0, cmd: SemCmd::GetVal };
            matches!(self.after.decide(self.pid, &Action::Call(ask)), Reply::Returns(Ok(_)))
        };
        self.after.namespaces[&0].sets.iter().all(reads)
    }

    fn concerns_sets(&self) -> bool {
        let has_sets = |machine: &Machine| machine.namespaces.get(&0).is_some_and(|n| !n.sets.is_empty());
        let calls = [&self.action];
        let about = calls.iter().any(|action| {
            matches!(
                action,
                Action::Call(
                    Call::Semget { .. } | Call::Semop { .. } | Call::Semtimedop { .. } | Call::Semctl { .. }
                ) | Action::Unshare
            )
        });
        about && (has_sets(&self.before) || has_sets(&self.after))
    }
}
