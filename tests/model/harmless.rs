//! What must not be tried: it would harm the processes under test, or teach nothing.
//!
//! **Invariant:** nothing is ever mapped over what a process runs on, and those who live on from sequence to sequence
//! neither end nor change who they are.

use playground_core::call::{Address, Call, SemCmd, ShmatFlags};
use playground_core::machine::{Action, Identity, Mapping, Reply, State, Target, UserNamespace};

use super::generate::{Chooser, MOST, WINDOW};

impl Chooser<'_> {
    /// Calls on sets are of little use where there is none.
    pub fn is_sensible(&self, action: &Action) -> bool {
        let about_sets = match action {
            Action::Call(Call::Semctl { cmd, .. }) => !matches!(cmd, SemCmd::IpcInfo | SemCmd::SemInfo),
            Action::Call(Call::Semop { .. } | Call::Semtimedop { .. }) => true,
            _ => false,
        };
        !about_sets || !self.namespace().sets.is_empty()
    }

    /// Whether the action can be tried: the model must know its answer, and nothing that the process runs on may be
    /// in its way.
    pub fn is_harmless(&self, action: &Action) -> bool {
        let children = self.machine.processes.len();
        let sole = self.machine.processes[&self.pid].credentials.namespace != UserNamespace::Initial;
        let awake = self.machine.processes.values().filter(|process| process.state == State::Running).count();
        let reply = self.machine.decide(self.pid, action);
        match (action, &reply) {
            (_, Reply::Unknown(_)) => return false,
            (_, Reply::Waits) => return awake > 2 && self.machine.processes[&self.pid].namespace == 0,
            (Action::Exit, _) | (_, Reply::Dies(_)) => return self.pid >= 100 && awake > 2,
            (Action::Kill { target, signal: 9 }, _) => return *target >= 100 && awake > 2,
            (Action::Fork { .. }, _) => return children < MOST,
            // With too little memory a program cannot start; who lives on shall not change.
            (Action::Exec { .. }, _) => {
                return self.pid >= 100 && self.machine.processes[&self.pid].address_space.is_none();
            }
            (Action::Vfork { .. }, _) => return children < MOST && awake > 2,
            // Who is seen to change its mind about who it is must be somebody who goes at the end.
            (Action::SetIdentity(Identity::Groups(_)), _) => return self.pid >= 100 && !sole,
            (Action::SetIdentity(_), _) => return self.pid >= 100,
            (Action::Unshare, _) => return self.pid >= 100,
            _ => {}
        }
        self.range(action).is_none_or(|(from, to)| !self.is_vital(from, to))
    }

    /// What a step would map or unmap, if it does.
    fn range(&self, action: &Action) -> Option<(u64, u64)> {
        let range = |Address(address): Address, length: u64| {
            let from = self.machine.host.page_of(address);
            (from, address.saturating_add(length.saturating_add(self.page())))
        };
        match action {
            Action::Munmap { address, length } | Action::Mmap { address, length } => {
                Some(range(*address, *length))
            }
            Action::Mprotect { address, length, .. } => Some(range(*address, *length)),
            Action::Mremap { address, old_length, .. } => Some(range(*address, *old_length)),
            Action::Call(Call::Shmat { shmid, address, flags }) if flags.contains(ShmatFlags::SHM_REMAP) => {
                let size = self.namespace().segments.find(shmid.0).map_or(0, |segment| segment.size);
                Some(range(*address, size))
            }
            _ => None,
        }
    }

    fn is_vital(&self, from: u64, to: u64) -> bool {
        let vital = |mapping: &Mapping| {
            mapping.target == Target::Other && !(WINDOW..WINDOW + (1 << 30)).contains(&mapping.start)
        };
        self.space().mappings.range(..to).rev().map(|(_, m)| m).take_while(|m| m.end > from).any(vital)
    }
}
