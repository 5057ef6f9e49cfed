//! How long a turn on the processor is. Who gives way (`sched_yield`) goes behind all others by one turn: where many
//! compete, a program whose processes wait for one another by giving way waits for thousands of their turns.
//!
//! **Invariant:** nothing else of the schedule changes: policy and nice value stay what they were.

use nix::errno::Errno;
use nix::libc::{self, SYS_sched_getattr, SYS_sched_setattr, sched_attr, syscall};

/// The shortest turn that Linux grants, in nanoseconds (since 6.12; before, the wish is ignored).
const SHORTEST: u64 = 100_000;
/// This thread, as the calls name it.
const SELF: libc::pid_t = 0;

/// How this thread is scheduled, but for the length of its turns: those are the shortest. Nothing, if it is scheduled in
/// a way that knows no such turns.
pub(super) fn shortest() -> Option<sched_attr> {
    let has_turns = [libc::SCHED_OTHER, libc::SCHED_BATCH].map(|policy| policy as u32);
    let now = now().ok().filter(|now| has_turns.contains(&now.sched_policy))?;
    Some(sched_attr { sched_runtime: SHORTEST, ..now })
}

/// How this thread is scheduled (`sched_getattr(2)`).
fn now() -> nix::Result<sched_attr> {
    let mut now = sched_attr {
        size: 0,
        sched_policy: 0,
        sched_flags: 0,
        sched_nice: 0,
        sched_priority: 0,
        sched_runtime: 0,
        sched_deadline: 0,
        sched_period: 0,
    };
    // SAFETY: the struct is this function's own, and its size is given.
    Errno::result(unsafe { syscall(SYS_sched_getattr, SELF, &mut now, size_of::<sched_attr>(), 0) })?;
    Ok(now)
}

/// Schedules this thread like this, and those that it starts (`sched_setattr(2)`). Where the kernel refuses, it stays as
/// it is: a turn is a matter of speed alone.
pub(super) fn take(turn: &sched_attr) {
    // SAFETY: the struct lives until the call returns.
    unsafe { syscall(SYS_sched_setattr, SELF, turn, 0) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_length_of_a_turn_changes() {
        let changed = std::thread::spawn(|| {
            let before = now().expect("as any program");
            take(&shortest().expect("as any program"));
            (before, now().expect("as before"))
        });
        let (before, after) = changed.join().expect("no panic");
        let same = |one: &sched_attr| (one.sched_policy, one.sched_flags, one.sched_nice, one.sched_priority);
        assert_eq!(same(&before), same(&after));
        // A kernel that grants no such turns says 0, or what it was before.
        assert!([SHORTEST, before.sched_runtime].contains(&after.sched_runtime), "{}", after.sched_runtime);
    }
}
