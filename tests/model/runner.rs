//! Runs one sequence on both sides: the model says beforehand what will happen, the processes make it happen, and
//! then the two are compared, step by step.
//!
//! The processes hand over to each other, not to the runner: it waits once a sequence.
//!
//! **Invariant:** a sequence begins where nothing is attached and no segment and no set is there. What the model
//! cannot know of that beginning it is told: which ids were dealt last.

use std::collections::BTreeMap;
use std::fs;
use std::sync::atomic::Ordering;
use std::time::Duration;

use playground_core::Mode;
use playground_core::call::{Answer, Call, Cmd, Key, SemCmd, Semid, ShmgetFlags, Shmid};
use playground_core::machine::{Action, Capabilities, Credentials, Machine, Reply, Setting, Space, State, Woken};
use nix::libc;

use super::FIRST_STEP;
use super::board::{Board, PATIENCE, PLACES, SETS, SLOTS, STEPS, log, step};
use super::compare::{Pids, Seen};
use super::generate::{self, Mix};
use super::mutants::Rules;
use super::process::{self, op};
use super::script::{self, Order, encode};

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
    pub steps: Vec<String>,
}

/// A step of a sequence, as the model sees it.
struct Step {
    pid: i32,
    action: Action,
    reply: Reply,
    woken: Vec<Woken>,
    before: Machine,
    after: Machine,
    /// Which log is the step's first, which has the answer, and which show the world after it, with the namespace that
    /// they show.
    first: usize,
    answer: usize,
    seen: Vec<(usize, u64)>,
}

/// Both sides.
pub struct Runner {
    board: &'static Board,
    /// The world before any sequence.
    start: Machine,
    people: Vec<Person>,
    alone: bool,
    slots: BTreeMap<i32, usize>,
    pids: Pids,
    written: usize,
    pub mix: Mix,
    pub steps: u64,
}

impl Runner {
    /// A world with one process for each person. `alone` is whoever is root of a user namespace with nobody else.
    pub fn new(people: Vec<Person>, alone: bool, limits: bool) -> Runner {
        let board = Board::new();
        // SAFETY: this process has one thread, and the child allocates nothing.
        if unsafe { libc::fork() } == 0 {
            process::serve(board, 0)
        }
        while board.slots[0].pid.load(Ordering::Acquire) == 0 {
            std::thread::yield_now();
        }
        let users = [people[0].0, people[1].0, people[2].0, people[3].0];
        let (slots, pids) = (BTreeMap::from([(0, 0)]), Pids(vec![(0, 0)]));
        let start = Machine::new(playground_core::machine::Host::x86_64(memory()));
        let mix = Mix { limits, users };
        let mut runner = Runner { board, start, people, alone, slots, pids, written: 0, mix, steps: 0 };
        (1..=runner.people.len() as i32).for_each(|pid| runner.begin(pid));
        runner
    }

    /// Lets a process begin that lives on from sequence to sequence.
    fn begin(&mut self, pid: i32) {
        let (uid, gid, group) = self.people[pid as usize - 1];
        let slot = self.free_slot(pid);
        let (real, _) = self.command(0, op::FORK, &[slot as u64]);
        if uid != 0 {
            for (what, id) in [(2, group), (1, gid), (0, uid)] {
                self.command(slot, op::BECOME, &[what, id.into()]);
            }
        }
        let mut credentials = match self.alone {
            true => Credentials::root_of_namespace(),
            false => Credentials::user(uid, gid),
        };
        if uid != 0 {
            credentials.groups = vec![group];
        }
        let real = real as u32;
        (credentials.effective, credentials.bounding) = capabilities_of(real);
        self.pids.0.retain(|(model, _)| *model != pid);
        self.pids.0.push((pid, real));
        self.start.begin(pid, credentials, space_of(real));
        let limit = memlock();
        let process = std::sync::Arc::make_mut(self.start.processes.get_mut(&pid).expect("it has begun"));
        process.locked_memory = limit;
    }

    fn free_slot(&mut self, pid: i32) -> usize {
        let taken = |slot: &usize| self.slots.values().any(|other| other == slot);
        let slot = (1..SLOTS).find(|slot| !taken(slot)).expect("a free slot");
        self.board.slots[slot].turn.clear();
        self.board.slots[slot].pid.store(0, Ordering::Release);
        self.board.slots[slot].returned.store(0, Ordering::Release);
        self.slots.insert(pid, slot);
        slot
    }

    /// Has one process do one thing, now.
    fn command(&mut self, slot: usize, op: u64, args: &[u64]) -> (i64, i32) {
        self.written = 0;
        let mut order = Order { op, args: [0; 8] };
        order.args[..args.len()].copy_from_slice(args);
        self.write(slot, &order, &[], &Look::nothing(), false);
        self.play().expect("a process that answers");
        let log = &self.board.logs[0];
        (log.get(log::VALUE) as i64, log.get(log::ERRNO) as i32)
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
        look.segments.iter().take(PLACES).enumerate().for_each(|(at, id)| step.set(step::PLACE + at, *id as u64));
        step.set(step::SETS, look.sets.len().min(SETS) as u64);
        look.sets.iter().take(SETS).enumerate().for_each(|(at, id)| step.set(step::SET + at, *id as u64));
        self.board.logs[number].set(log::DONE, 0);
        self.written += 1;
        number
    }

    /// Lets the processes do what is written.
    fn play(&mut self) -> Result<(), String> {
        self.board.next.store(0, Ordering::Release);
        self.board.count.store(self.written as u32, Ordering::Release);
        self.board.runner.clear();
        let first = self.board.steps[0].get(step::SLOT) as usize;
        self.board.slots[first].turn.give();
        if self.board.runner.wait(Some(PATIENCE + Duration::from_secs(1))) { Ok(()) } else { Err(self.stuck()) }
    }

    fn stuck(&self) -> String {
        let number = self.board.next.load(Ordering::Acquire);
        format!("step {number} on the board does not end: the kernel lets it wait, or ends its process")
    }

    /// Runs a sequence, and says where the two sides differ.
    pub fn run(&mut self, seeds: &[u64], rules: &Rules, care: Care) -> Option<Difference> {
        let machine = self.synchronised();
        let steps = self.write_sequence(machine, seeds, rules, care.pause);
        self.steps += steps.len() as u64;
        let stuck = if steps.is_empty() { Ok(()) } else { self.play() };
        let found = self.compare(&steps, stuck.err());
        let end = steps.last().map(|step| step.after.clone());
        let found = found.or_else(|| care.memory.then(|| self.compare_memory(end.as_ref()?, &steps)).flatten());
        self.clean_up(&steps, end, found.is_some());
        found
    }

    /// The start, with the ids that the kernel deals next.
    fn synchronised(&mut self) -> Machine {
        let mut machine = self.start.clone();
        let mode = Mode::empty();
        let shm = Call::Shmget { key: Key::PRIVATE, size: 1, flags: ShmgetFlags::empty(), mode };
        let sem = Call::Semget { key: Key::PRIVATE, nsems: 1, flags: ShmgetFlags::empty(), mode };
        let first = 1;
        let slot = self.slots[&first];
        for (call, is_set) in [(shm, false), (sem, true)] {
            let order = encode(&Action::Call(call.clone()), |_| 0);
            let (id, errno) = self.command(slot, order.op, &order.args);
            assert_eq!(errno, 0, "an id to begin with: {call}");
            let id = id as i32;
            let answer = if is_set { Answer::Set(Semid(id)) } else { Answer::Id(Shmid(id)) };
            machine.effect(first, &Action::Call(call), &Reply::Returns(Ok(answer)));
            let remove = match is_set {
                true => Call::Semctl { semid: Semid(id), semnum: 0, cmd: SemCmd::IpcRmid },
                false => Call::Shmctl { shmid: Shmid(id), cmd: Cmd::IpcRmid },
            };
            let order = encode(&Action::Call(remove.clone()), |_| 0);
            self.command(slot, order.op, &order.args);
            machine.effect(first, &Action::Call(remove), &Reply::Returns(Ok(Answer::Done)));
        }
        machine
    }

    fn write_sequence(&mut self, mut machine: Machine, seeds: &[u64], rules: &Rules, pause: Option<usize>) -> Vec<Step> {
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
            let reply = rules.decide(&machine, pid, &action);
            let woken = rules.effect(&mut machine, pid, &action, &reply);
            let after = machine.clone();
            let mut step = Step { pid, action, reply, woken, before, after, first: self.written, answer: 0, seen: Vec::new() };
            self.write_step(&mut step);
            steps.push(step);
        }
        steps
    }

    /// A step is one on the board, unless its process falls asleep in it, or ends: then the observer waits for that.
    /// The observer also looks at the sets, for which it has permission.
    fn write_step(&mut self, step: &mut Step) {
        if let Action::Fork { child } = step.action {
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
                let State::Waiting(semid) = step.after.processes[&step.pid].state else { unreachable!("it waits") };
                let sleepers = step.after.namespaces[&here].sets.find(semid).map_or(0, |set| set.waiters.len());
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
                step.answer = self.write(slot, &order, &woken, &Look::segments(&step.after, here), false);
                step.seen = vec![(step.answer, here)];
                if here == 0 && step.concerns_sets() {
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
                return Some(Difference { what, steps: told(&steps[..=number]) });
            }
        }
        None
    }

    fn is_logged(&self, step: &Step) -> bool {
        step.seen.iter().all(|(number, _)| self.board.logs[*number].get(log::DONE) == 1)
    }

    fn compare_step(&mut self, step: &Step, times: &[(u64, u64)]) -> Result<(), String> {
        let log = &self.board.logs[step.answer];
        if let Action::Fork { child } = step.action {
            self.pids.0.push((child, log.get(log::VALUE) as u32));
        }
        let seen = |number| Seen { board: self.board, number, pids: &self.pids, times };
        let answer = seen(step.answer);
        match (&step.action, &step.reply) {
            (_, Reply::Waits) if log.get(log::VALUE) != 0 => return Err("the kernel does not let it wait".into()),
            (_, Reply::Dies(fatal)) => answer.died_of(*fatal)?,
            (_, Reply::Waits) => {}
            _ if step.ends_itself() => {}
            (Action::Fork { .. }, _) => {}
            (Action::Call(Call::Semctl { cmd: SemCmd::GetPid, .. }), Reply::Returns(Ok(Answer::Number(pid)))) => {
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
        Some(Difference { what, steps: told(steps) })
    }

    /// Ends those who came, takes away what was attached and made, and sets the limits back.
    fn clean_up(&mut self, steps: &[Step], end: Option<Machine>, failed: bool) {
        let people = self.people.len() as i32;
        let lost = |runner: &Runner, pid: i32| runner.is_asleep_or_gone(pid, end.as_ref());
        let renewed: Vec<i32> = (1..=people).filter(|pid| failed || lost(self, *pid)).collect();
        let guests = self.slots.keys().copied().filter(|pid| *pid > people);
        let all: Vec<i32> = guests.chain(renewed.iter().copied()).collect();
        all.iter().for_each(|pid| self.end(*pid));
        if let Some(end) = end.filter(|_| !failed) {
            (1..=people).filter(|pid| !renewed.contains(pid)).for_each(|pid| self.detach_all(pid, &end));
        }
        if self.mix.limits && !steps.is_empty() {
            self.set_limits_back();
        }
        self.remove_all();
        renewed.into_iter().for_each(|pid| self.begin_anew(pid));
    }

    fn is_asleep_or_gone(&self, pid: i32, end: Option<&Machine>) -> bool {
        let Some(end) = end else { return false };
        end.processes.get(&pid).is_none_or(|process| process.state != State::Running)
    }

    fn end(&mut self, pid: i32) {
        let Some(slot) = self.slots.remove(&pid) else { return };
        let real = self.board.slots[slot].pid.load(Ordering::Acquire);
        if real != 0 && is_child(real) {
            // SAFETY: a process of ours, which nobody has reaped.
            unsafe { libc::kill(real as i32, libc::SIGKILL) };
            self.slots.insert(pid, slot);
            self.command(0, op::REAP, &[slot as u64]);
            self.slots.remove(&pid);
        }
        self.pids.0.retain(|(model, _)| *model != pid);
    }

    fn begin_anew(&mut self, pid: i32) {
        if let Some(process) = self.start.processes.remove(&pid) {
            self.start.spaces.remove(&process.space);
        }
        self.begin(pid);
    }

    fn detach_all(&mut self, pid: i32, end: &Machine) {
        let before = &self.start.spaces[&self.start.processes[&pid].space];
        let now = &end.spaces[&end.processes[&pid].space];
        let new = now.mappings.values().filter(|mapping| before.mappings.get(&mapping.start) != Some(mapping));
        let new: Vec<(u64, u64)> = new.map(|mapping| (mapping.start, mapping.length())).collect();
        let slot = self.slots[&pid];
        for (start, length) in new {
            self.command(slot, op::MUNMAP, &[start, length]);
        }
    }

    fn set_limits_back(&mut self) {
        let most = u64::MAX - (1 << 24);
        let usual = [
            Setting::Shmmax(most),
            Setting::Shmall(most),
            Setting::Shmmni(4096),
            Setting::ShmRmidForced(0),
            Setting::Sem([32000, 1_024_000_000, 500, 32000]),
        ];
        for setting in usual {
            let order = encode(&Action::Sysctl(setting), |_| 0);
            self.command(0, order.op, &order.args);
        }
    }

    /// A wish for an id can only be used up, so that is done first.
    fn remove_all(&mut self) {
        if self.mix.limits {
            self.command(0, op::SHMGET, &[0, 1, 0]);
            self.command(0, op::SEMGET, &[0, 1, 0]);
        }
        while let Some(id) = self.any(op::SHMCTL, &[0, 14], |place| vec![place, 13]) {
            self.command(0, op::SHMCTL, &[id, 0]);
        }
        while let Some(id) = self.any(op::SEMCTL, &[0, 0, 19], |place| vec![place, 0, 18]) {
            self.command(0, op::SEMCTL, &[id, 0, 0]);
        }
    }

    /// The id at the highest place in use.
    fn any(&mut self, op: u64, info: &[u64], stat: impl Fn(u64) -> Vec<u64>) -> Option<u64> {
        let (highest, _) = self.command(0, op, info);
        let (id, errno) = self.command(0, op, &stat(highest as u64));
        (errno == 0).then_some(id as u64)
    }
}

impl Step {
    /// Whether the process makes no other step, so that nobody else can say what came of this one.
    fn ends_itself(&self) -> bool {
        matches!(self.action, Action::Exit) || !self.after.processes.contains_key(&self.pid)
    }

    fn concerns_sets(&self) -> bool {
        let has_sets = |machine: &Machine| machine.namespaces.get(&0).is_some_and(|n| !n.sets.is_empty());
        let calls = [&self.action];
        let about = calls.iter().any(|action| {
            matches!(action, Action::Call(Call::Semget { .. } | Call::Semop { .. } | Call::Semtimedop { .. } | Call::Semctl { .. }) | Action::Unshare)
        });
        about && (has_sets(&self.before) || has_sets(&self.after))
    }
}

/// What is to be looked at after a step: ids of segments and of sets.
struct Look {
    segments: Vec<i32>,
    sets: Vec<i32>,
}

impl Look {
    fn nothing() -> Look {
        Look { segments: Vec::new(), sets: Vec::new() }
    }

    fn segments(machine: &Machine, namespace: u64) -> Look {
        let namespace = machine.namespaces.get(&namespace).into_iter();
        let segments = namespace.flat_map(|namespace| namespace.segments.iter());
        Look { segments: segments.map(|segment| segment.permissions.id).collect(), sets: Vec::new() }
    }

    fn all(machine: &Machine, namespace: u64) -> Look {
        let sets = machine.namespaces.get(&namespace).into_iter().flat_map(|namespace| namespace.sets.iter());
        Look { sets: sets.map(|set| set.permissions.id).collect(), ..Look::segments(machine, namespace) }
    }
}

fn told(steps: &[Step]) -> Vec<String> {
    let told = |step: &Step| {
        let mut t = format!("{:>4}  {:?} = {:?}", step.pid, step.action, step.reply);
        t.truncate(400);
        t
    };
    steps.iter().map(told).collect()
}

fn is_child(pid: u32) -> bool {
    fs::metadata(format!("/proc/{pid}")).is_ok()
}

/// Memory and swap, in pages.
fn memory() -> u64 {
    let text = fs::read_to_string("/proc/meminfo").expect("/proc/meminfo");
    let of = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(name)).expect("a line");
        line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).expect("a number")
    };
    (of("MemTotal:") + of("SwapTotal:")) / 4
}

fn memlock() -> Option<u64> {
    let limit = nix::sys::resource::getrlimit(nix::sys::resource::Resource::RLIMIT_MEMLOCK).expect("a limit").0;
    (limit != libc::RLIM_INFINITY).then_some(limit)
}

/// What a process may do, and what a program may that root starts from it: also root may have less than all.
fn capabilities_of(pid: u32) -> (Capabilities, Capabilities) {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).expect("the status of a process");
    let of = |name: &str| {
        let word = text.lines().find_map(|line| line.strip_prefix(name)).expect("a line");
        script::capabilities(u64::from_str_radix(word.trim(), 16).expect("a number"))
    };
    (of("CapEff:"), of("CapBnd:"))
}

/// A line of `/proc/PID/maps`: the range, the rights, the offset, the inode and the name.
struct Line {
    start: u64,
    end: u64,
    rights: String,
    offset: u64,
    inode: u64,
    name: String,
}

fn line(text: &str) -> Option<Line> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let (start, end) = words.first()?.split_once('-')?;
    let hex = |text: &str| u64::from_str_radix(text, 16).ok();
    Some(Line {
        start: hex(start)?,
        end: hex(end)?,
        rights: (*words.get(1)?).to_owned(),
        offset: hex(words.get(2)?)?,
        inode: words.get(4)?.parse().ok()?,
        name: words.get(5).copied().unwrap_or_default().to_owned(),
    })
}

/// What a process has mapped, as the model is told it. The kernel looks for room below the highest mapping that is
/// not the stack, nor a page of its own.
fn space_of(pid: u32) -> Space {
    let text = fs::read_to_string(format!("/proc/{pid}/maps")).expect("the maps of a process");
    let lines: Vec<Line> = text.lines().filter_map(line).filter(|line| line.start < 0x7fff_ffff_f000).collect();
    let own = |line: &&Line| !line.name.starts_with("[v") && line.name != "[stack]";
    let top = lines.iter().filter(own).map(|line| line.end).max().unwrap_or_default();
    Space::new(lines.iter().map(|line| (line.start, line.end)), top)
}

fn memory_differs(machine: &Machine, pid: i32, real: u32) -> Option<String> {
    let text = fs::read_to_string(format!("/proc/{real}/smaps")).unwrap_or_default();
    let mut kernel = Vec::new();
    let mut inside = false;
    for text in text.lines() {
        if let Some(line) = line(text) {
            inside = line.name.starts_with("/SYSV");
            if inside {
                kernel.push((line.start, line.end, line.rights, line.offset, line.inode, 0));
            }
        } else if let (true, Some(rest)) = (inside, text.strip_prefix("Rss:")) {
            let kib: u64 = rest.trim().trim_end_matches(" kB").parse().unwrap_or_default();
            kernel.last_mut().expect("a mapping").5 = kib / 4;
        }
    }
    let space = &machine.spaces[&machine.processes[&pid].space];
    let model: Vec<_> = space.views().map(|(mapping, view)| {
        let flag = |bit: u8, letter: char| if view.protection.bits() & bit != 0 { letter } else { '-' };
        let rights: String = [flag(1, 'r'), flag(2, 'w'), flag(4, 'x'), 's'].into_iter().collect();
        let present = space.present.range(mapping.start / 4096..mapping.end / 4096).count() as u64;
        (mapping.start, mapping.end, rights, view.offset * 4096, view.shmid as u64, present)
    }).collect();
    (kernel != model).then(|| format!("the memory of {pid} (start, end, rights, offset, inode, pages):\n  kernel {kernel:x?}\n  model  {model:x?}"))
}
