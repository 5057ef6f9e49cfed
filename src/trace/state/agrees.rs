//! The state beside the [`Machine`]: after the same calls both have the same attached in the same processes.
//!
//! Every sequence of a few steps is tried, on whatever process acts. The machine decides what the kernel would answer,
//! and both are told.

use super::*;
use playground_core::Mode;
use playground_core::call::ShmgetFlags;
use playground_core::machine::{Action, Credentials, Host, Machine, Protection, Reply, Space as Memory};

const HERE: Namespace = 0;
const PAGE: u64 = 4096;
/// Where attachments at an address of the program's own go.
const PLACE: u64 = 0x5000_0000;
/// How many steps a sequence has. With one more, it takes ten times as long.
const LENGTH: usize = 4;

/// What a process does next.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// `shmget`: a new segment of so many pages.
    Make(u64),
    /// `shmat` of the newest segment.
    Attach(Address, ShmatFlags),
    /// `shmdt` of the lowest attachment.
    DetachLowest,
    /// `shmdt` of the highest.
    DetachHighest,
    /// `shmctl(IPC_RMID)` on the newest segment.
    Remove,
    Fork,
    Vfork,
    Exec,
    Exit,
}

const STEPS: [Step; 11] = [
    Step::Make(1),
    Step::Attach(Address::NULL, ShmatFlags::empty()),
    Step::Attach(Address(PLACE + PAGE), ShmatFlags::SHM_RDONLY),
    Step::Attach(Address(PLACE + PAGE), ShmatFlags::SHM_REMAP),
    Step::DetachLowest,
    Step::DetachHighest,
    Step::Remove,
    Step::Fork,
    Step::Vfork,
    Step::Exec,
    Step::Exit,
];

/// Both, as they are told the same.
#[derive(Clone)]
struct Both {
    state: State,
    machine: Machine,
    newest: Shmid,
}

impl Both {
    /// One process, with a segment of three pages attached at an address of its own.
    fn new() -> Both {
        let mut both =
            Both { state: State::default(), machine: Machine::new(Host::x86_64(1 << 20)), newest: Shmid(0) };
        both.machine.begin(1, Credentials::root(), memory());
        both.state.begin(&ProcessStart { pid: 1, tid: 1, parent: None, how: How::First });
        both.perform(1, Step::Make(3));
        both.perform(1, Step::Attach(Address(PLACE), ShmatFlags::empty()));
        both
    }

    fn perform(&mut self, pid: i32, step: Step) {
        let child = self.machine.processes.keys().next_back().map_or(1, |last| last + 1);
        let Some(action) = self.action(pid, step, child) else { return };
        let reply = self.machine.decide(pid, &action);
        // A parent sleeps while its child of vfork has its memory.
        let Reply::Returns(outcome) = &reply else { return };
        self.machine.effect(pid, &action, &reply);
        let beginning = |how| ProcessStart { pid: child, tid: child, parent: Some(pid), how };
        match action {
            Action::Call(call) => self.called(Performed { pid, call, outcome: outcome.clone() }),
            Action::Fork { .. } => self.state.begin(&beginning(How::Copy)),
            Action::Vfork { .. } => self.state.begin(&beginning(How::Shared)),
            Action::Exec { .. } => self.state.exec(pid),
            _ => self.state.end(pid),
        }
    }

    fn called(&mut self, performed: Performed) {
        if let Ok(Answer::Id(id)) = performed.outcome {
            self.newest = id;
        }
        let (tid, created) = (performed.pid, matches!(performed.call, Call::Shmget { .. }));
        let made = CompletedCall { performed, tid, created, elsewhere: false, filtered: false, reason: None };
        self.state.apply(&made, HERE, PAGE as usize);
    }

    fn action(&self, pid: i32, step: Step, child: i32) -> Option<Action> {
        let shmid = self.newest;
        let (flags, mode) = (ShmgetFlags::IPC_CREAT, Mode::from_bits_truncate(0o600));
        Some(match step {
            Step::Make(pages) => {
                Action::Call(Call::Shmget { key: Key::PRIVATE, size: pages * PAGE, flags, mode })
            }
            Step::Attach(address, flags) => Action::Call(Call::Shmat { shmid, address, flags }),
            Step::DetachLowest => detach(self.of_machine(pid).first()?),
            Step::DetachHighest => detach(self.of_machine(pid).last()?),
            Step::Remove => Action::Call(Call::Shmctl { shmid, cmd: Cmd::IpcRmid }),
            Step::Fork => Action::Fork { child },
            Step::Vfork => Action::Vfork { child },
            Step::Exec => Action::Exec { space: memory() },
            Step::Exit => Action::Exit,
        })
    }

    /// Where the machine has which segment attached in a process, and whether it may only be read. What is left of an
    /// attachment counts as the attachment.
    fn of_machine(&self, pid: i32) -> Vec<(Address, Shmid, bool)> {
        let space = &self.machine.spaces[&self.machine.processes[&pid].space];
        let attachments = space.views().map(|(mapping, view)| {
            let begin = Address(mapping.start - view.offset * PAGE);
            let read_only = !view.protection.contains(Protection::WRITE);
            ((begin, view.attachment), (begin, Shmid(view.shmid), read_only))
        });
        attachments.collect::<BTreeMap<_, _>>().into_values().collect()
    }

    fn of_state(&self, pid: i32) -> Vec<(Address, Shmid, bool)> {
        self.state.attached(pid).map(|found| (found.address, found.shmid, found.read_only)).collect()
    }

    fn assert_agreed(&self, so_far: &[(i32, Step)]) {
        let pids: Vec<i32> = self.machine.processes.keys().copied().collect();
        assert_eq!(self.state.processes(), pids, "{so_far:?}");
        for pid in pids {
            assert_eq!(self.of_state(pid), self.of_machine(pid), "in process {pid} after {so_far:?}");
            let space = self.machine.processes[&pid].space;
            let users = self.machine.processes.values().filter(|process| process.space == space).count();
            assert_eq!(self.state.is_alone(pid), users == 1, "the memory of {pid} after {so_far:?}");
        }
        for segment in self.state.segments() {
            // With the last process the namespace goes.
            let here = self.machine.namespaces.get(&HERE);
            let kept = here.and_then(|here| here.segments.find(segment.shmid.0).ok());
            let attached = kept.is_some_and(|kept| kept.attached > 0);
            assert_eq!(self.state.is_attached(segment.shmid), attached, "{} after {so_far:?}", segment.shmid);
        }
    }

    /// Every way on from here.
    fn try_all(&self, so_far: &mut Vec<(i32, Step)>) -> usize {
        self.assert_agreed(so_far);
        if so_far.len() == LENGTH {
            return 1;
        }
        let pids: Vec<i32> = self.machine.processes.keys().copied().collect();
        let mut tried = 1;
        for (pid, step) in pids.iter().flat_map(|pid| STEPS.map(|step| (*pid, step))) {
            let mut both = self.clone();
            both.perform(pid, step);
            so_far.push((pid, step));
            tried += both.try_all(so_far);
            so_far.pop();
        }
        tried
    }
}

fn memory() -> Memory {
    Memory::new([], 0x7000_0000_0000)
}

fn detach(&(address, ..): &(Address, Shmid, bool)) -> Action {
    Action::Call(Call::Shmdt { address })
}

#[test]
fn the_state_and_the_machine_have_the_same_attached_after_any_few_steps() {
    let tried = Both::new().try_all(&mut Vec::new());
    assert!(tried > 10_000, "only {tried}");
}
