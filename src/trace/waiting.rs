//! Whether a thread that has not come to a word waits for somebody, or is only slow.
//!
//! A lock keeps others out in few ways: they sleep in a system call until they are woken; they sleep for a moment,
//! look again, and sleep again; or they spin. The first the kernel tells; the others show in how long and how often
//! a thread has run without coming any further. Both are counted in the thread's own time, so that a busy machine
//! makes nobody seem to wait.
//!
//! **Invariant:** only `/proc` is read. Of a thread that cannot be looked at, it is not said that it waits.

use std::fs;
use std::time::Duration;

use nix::libc;
use nix::unistd::Pid;

/// What a thread has used of the processor: `/proc/TID/schedstat`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Used {
    /// For how long it has run.
    pub time: Duration,
    /// For how long it would have run if a processor had been free.
    pub waited: Duration,
    /// How often it was given a processor.
    pub turns: u64,
}

impl Used {
    /// What two have used together.
    pub(super) fn and(self, other: Used) -> Used {
        Used {
            time: self.time + other.time,
            waited: self.waited + other.waited,
            turns: self.turns + other.turns,
        }
    }

    /// What was used since then.
    pub(super) fn since(self, then: Used) -> Used {
        Used {
            time: self.time.saturating_sub(then.time),
            waited: self.waited.saturating_sub(then.waited),
            turns: self.turns.saturating_sub(then.turns),
        }
    }
}

/// What a thread does now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doing {
    /// It runs, or would if a processor were free.
    Running,
    /// It is in a system call until somebody wakes it.
    Blocked,
    /// It is in a system call that ends by itself after some time.
    Dozing,
}

/// How much a thread has run so far.
pub fn used(tid: Pid) -> Option<Used> {
    let text = fs::read_to_string(format!("/proc/{tid}/schedstat")).ok()?;
    let mut numbers = text.split_whitespace().map_while(|word| word.parse().ok());
    let mut time = || numbers.next().map(Duration::from_nanos);
    Some(Used { time: time()?, waited: time()?, turns: numbers.next()? })
}

/// What a thread does, by the call that it is in.
pub(super) fn doing(tid: Pid) -> Doing {
    match current_call(tid) {
        // A fault, or a wait of the kernel's own: it goes on by itself.
        None | Some((..0, _)) => Doing::Running,
        Some((number, arguments)) if ends_by_itself(number, &arguments) => Doing::Dozing,
        _ => Doing::Blocked,
    }
}

/// The call that a thread is in, and its arguments: `/proc/TID/syscall`. Nothing, if it runs.
fn current_call(tid: Pid) -> Option<(i64, Vec<u64>)> {
    let text = fs::read_to_string(format!("/proc/{tid}/syscall")).ok()?;
    let mut words = text.split_whitespace();
    let number = words.next()?.parse().ok()?;
    let arguments = words.filter_map(|word| u64::from_str_radix(word.trim_start_matches("0x"), 16).ok());
    Some((number, arguments.collect()))
}

/// Whether a thread is in a system call that ends by itself after some time.
pub fn is_dozing(tid: i32) -> bool {
    doing(Pid::from_raw(tid)) == Doing::Dozing
}

/// Whether a thread waits for nothing but the time, or for a signal that it handles: no descriptor and no word of memory
/// can be what it looks to.
pub fn is_sleeping(tid: i32) -> bool {
    current_call(Pid::from_raw(tid)).is_some_and(|(number, arguments)| {
        let goes_on = ends_by_itself(number, &arguments) || waits_for_handlers(number);
        goes_on && is_sleep(number, &arguments)
    })
}

/// Whether a thread waits for the end of one child, and not of this one, which it knows by this number.
pub fn is_with_another(tid: i32, child: i32) -> bool {
    current_call(Pid::from_raw(tid))
        .is_some_and(|(number, arguments)| is_wait_for_another(number, &arguments, child))
}

/// Whether a thread stands still until the process that it makes runs another program or ends.
pub fn is_in_vfork(tid: i32) -> bool {
    current_call(Pid::from_raw(tid)).is_some_and(|(number, arguments)| match number {
        #[cfg(target_arch = "x86_64")]
        libc::SYS_vfork => true,
        libc::SYS_clone => arguments.first().is_some_and(|flags| flags & libc::CLONE_VFORK as u64 != 0),
        _ => false,
    })
}

/// Whether a call returns after some signal's handler, and never otherwise.
fn waits_for_handlers(number: i64) -> bool {
    match number {
        #[cfg(target_arch = "x86_64")]
        libc::SYS_pause => true,
        libc::SYS_rt_sigsuspend => true,
        _ => false,
    }
}

/// Whether a call waits for the end of one child that is not this one.
pub(super) fn is_wait_for_another(number: i64, arguments: &[u64], child: i32) -> bool {
    let argument = |place: usize| arguments.get(place).map_or(0, |argument| *argument as i32);
    let waited_for = match number {
        libc::SYS_wait4 => argument(0),
        libc::SYS_waitid if argument(0) == libc::P_PID as i32 => argument(1),
        _ => return false,
    };
    waited_for > 0 && waited_for != child
}

pub(super) fn is_sleep(number: i64, arguments: &[u64]) -> bool {
    let is_none = |place: usize| arguments.get(place).is_some_and(|argument| *argument == 0);
    match number {
        libc::SYS_nanosleep | libc::SYS_clock_nanosleep => true,
        _ if waits_for_handlers(number) => true,
        // So many descriptors.
        libc::SYS_pselect6 => is_none(0),
        libc::SYS_ppoll => is_none(1),
        #[cfg(target_arch = "x86_64")]
        libc::SYS_select => is_none(0),
        #[cfg(target_arch = "x86_64")]
        libc::SYS_poll => is_none(1),
        _ => false,
    }
}

/// Whether a call returns after some time though nobody does anything.
fn ends_by_itself(number: i64, arguments: &[u64]) -> bool {
    let argument = |place: usize| arguments.get(place).copied().unwrap_or(0);
    match number {
        // What goes on after a signal has a limit, or it would have begun anew.
        libc::SYS_nanosleep | libc::SYS_clock_nanosleep | libc::SYS_restart_syscall => true,
        libc::SYS_futex | libc::SYS_semtimedop | libc::SYS_rt_sigtimedwait => {
            argument(if number == libc::SYS_rt_sigtimedwait { 2 } else { 3 }) != 0
        }
        libc::SYS_ppoll => argument(2) != 0,
        libc::SYS_pselect6 => argument(4) != 0,
        libc::SYS_epoll_pwait => argument(3) as i32 >= 0,
        libc::SYS_mq_timedreceive | libc::SYS_mq_timedsend => argument(4) != 0,
        _ => older(number, &argument),
    }
}

/// The same for calls that only older machines have.
#[cfg(target_arch = "x86_64")]
fn older(number: i64, argument: &dyn Fn(usize) -> u64) -> bool {
    match number {
        libc::SYS_poll => argument(2) as i32 >= 0,
        libc::SYS_select => argument(4) != 0,
        libc::SYS_epoll_wait => argument(3) as i32 >= 0,
        _ => false,
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn older(_: i64, _: &dyn Fn(usize) -> u64) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sleep_ends_by_itself_and_a_wait_for_others_does_not() {
        assert!(ends_by_itself(libc::SYS_nanosleep, &[]));
        assert!(ends_by_itself(libc::SYS_futex, &[0, 0, 0, 0x7ffe]));
        assert!(!ends_by_itself(libc::SYS_futex, &[0x7f00, 0, 2, 0]));
        assert!(!ends_by_itself(libc::SYS_semop, &[1, 2, 3, 4]));
        assert!(!ends_by_itself(libc::SYS_wait4, &[1, 2, 3, 4]));
    }

    #[test]
    fn the_end_of_one_child_is_not_that_of_another() {
        let any = -1_i32 as u32;
        for (number, arguments, is_another) in [
            (libc::SYS_wait4, [7, 0], true),
            (libc::SYS_wait4, [5, 0], false),
            (libc::SYS_wait4, [any.into(), 0], false),
            (libc::SYS_wait4, [0, 0], false),
            (libc::SYS_waitid, [libc::P_PID.into(), 7], true),
            (libc::SYS_waitid, [libc::P_ALL.into(), 7], false),
            (libc::SYS_nanosleep, [7, 7], false),
        ] {
            assert_eq!(is_wait_for_another(number, &arguments, 5), is_another, "{number} {arguments:?}");
        }
    }

    #[test]
    fn only_who_looks_to_nothing_else_sleeps() {
        assert!(is_sleep(libc::SYS_rt_sigsuspend, &[0x7ffe, 8]));
        assert!(is_sleep(libc::SYS_nanosleep, &[0x7ffe, 0]));
        assert!(is_sleep(libc::SYS_pselect6, &[0, 0, 0, 0, 0x7ffe, 0]));
        assert!(!is_sleep(libc::SYS_ppoll, &[0x7ffe, 1, 0x7ffe, 0]), "its descriptor may be the child's");
        assert!(!is_sleep(libc::SYS_futex, &[0, 0, 0, 0x7ffe]));
    }

    #[test]
    fn a_thread_that_works_is_seen_to_run() {
        let me = nix::unistd::gettid();
        let before = used(me).expect("schedstat");
        let mut sum = 0u64;
        while used(me).expect("schedstat").time < before.time + Duration::from_millis(5) {
            sum = sum.wrapping_add(std::hint::black_box(1));
        }
        assert!(sum > 0 && doing(me) != Doing::Dozing);
    }
}
