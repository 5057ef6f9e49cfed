//! How the processes under test begin: those that live on from sequence to sequence, and a program that is started.
//!
//! **Invariant:** what the model is told of a process is what `/proc` says of it before its first step.

use std::sync::atomic::Ordering;

use playground_core::machine::{Capabilities, Credentials, Space};

use super::board::{SLOTS, log};
use super::process::op;
use super::procfs::{capabilities_of, memlock, space_of};
use super::runner::Runner;

impl Runner {
    /// Lets a process begin that lives on from sequence to sequence.
    pub fn begin(&mut self, pid: i32) {
        let (uid, gid, group) = self.people[pid as usize - 1];
        let slot = self.free_slot(pid);
        self.written = 0;
        self.order(0, op::FORK, &[slot as u64]);
        if uid != 0 {
            for (what, id) in [(2, group), (1, gid), (0, uid)] {
                self.order(slot, op::BECOME, &[what, id.into()]);
            }
        }
        self.play().expect("a process that begins");
        let real = self.board.logs[0].get(log::VALUE) as u32;
        self.pids.0.retain(|(model, _)| *model != pid);
        self.pids.0.push((pid, real));
        let (credentials, space) = self.born.entry(pid).or_insert_with(|| {
            let mut credentials = match self.alone {
                true => Credentials::root_of_namespace(),
                false => Credentials::user(uid, gid),
            };
            if uid != 0 {
                credentials.groups = vec![group];
            }
            (credentials.effective, credentials.bounding) = capabilities_of(real);
            (credentials, space_of(real, &self.start.host))
        });
        self.start.begin(pid, credentials.clone(), space.clone());
        let process = std::sync::Arc::make_mut(self.start.processes.get_mut(&pid).expect("it has begun"));
        process.locked_memory = memlock();
    }

    pub fn free_slot(&mut self, pid: i32) -> usize {
        let taken = |slot: &usize| self.slots.values().any(|other| other == slot);
        let slot = (1..SLOTS).find(|slot| !taken(slot)).expect("a free slot");
        self.board.slots[slot].turn.clear();
        self.board.slots[slot].pid.store(0, Ordering::Release);
        self.board.slots[slot].returned.store(0, Ordering::Release);
        self.slots.insert(pid, slot);
        slot
    }

    /// What a process has mapped that has started this program anew. It has given a capability up, and gets it back.
    pub fn started(&mut self) -> Space {
        const TRIES: i32 = 99;
        let slot = self.free_slot(TRIES);
        self.written = 0;
        self.order(0, op::FORK, &[slot as u64]);
        self.order(slot, op::BECOME, &[3, Capabilities::IPC_OWNER.in_the_kernels_numbers()]);
        self.order(slot, op::EXEC, &[]);
        self.play().expect("a program that starts");
        space_of(self.board.slots[slot].pid.load(Ordering::Acquire), &self.start.host)
    }
}
