//! Who waits in a call on a set.
//!
//! **Invariant:** of a set only the numbers of those who wait are asked for: that moves no time and no process id.

use linux::kernel::namespace::Namespace;
use playground_core::call::{Call, SemCmd, SemOp, Semid};
use playground_core::machine::{Action, Machine, Reply, Set};

/// Everybody who waits, and in which call.
pub(super) fn waiters(machine: &Machine) -> Vec<(i32, Semid, Vec<SemOp>)> {
    let sets = machine.namespaces.values().flat_map(|namespace| namespace.sets.iter());
    let of = |set: &Set| -> Vec<_> {
        let id = Semid(set.permissions.id);
        set.waiters.iter().map(|waiter| (waiter.pid, id, waiter.ops.clone())).collect()
    };
    sets.flat_map(of).collect()
}

/// Whether the kernel counts more who wait on a set than the machine knows of: the one who does not answer is among them.
pub(super) fn sleeps(namespace: &mut Namespace, machine: &Machine, action: &Action) -> bool {
    let Action::Call(Call::Semop { semid, ops } | Call::Semtimedop { semid, ops, .. }) = action else {
        return false;
    };
    let mut numbers: Vec<u16> = ops.iter().map(|op| op.number).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let mut count = |semnum: u16, cmd: SemCmd| {
        let ask = Call::Semctl { semid: *semid, semnum: semnum.into(), cmd };
        match namespace.as_root(&Action::Call(ask)) {
            Ok(Reply::Returns(Ok(answer))) => answer.value() as usize,
            _ => 0,
        }
    };
    let real: usize =
        numbers.iter().map(|number| count(*number, SemCmd::GetNcnt) + count(*number, SemCmd::GetZcnt)).sum();
    let set = machine.namespaces.get(&0).and_then(|namespace| namespace.sets.find(semid.0).ok());
    let known: usize = set.map_or(0, |set| {
        numbers.iter().map(|number| set.waiting_to_grow(*number) + set.waiting_for_zero(*number)).sum()
    });
    real > known
}
