//! A call of any kind that a process is about to make: does it ask for anything?
//!
//! **Invariant:** of a call that is not known to tell nothing of others, it is not said that it tells nothing.

use nix::libc;

use super::abi;
use super::waiting::{is_sleep, is_wait_for_another};

/// A call that is about to be made, by its registers.
#[derive(Clone, Copy, Debug)]
pub struct Entered {
    /// Its number; none, if it is another architecture's.
    number: Option<i64>,
    arguments: [u64; 6],
}

impl Entered {
    pub(super) fn of(architecture: u32, number: u64, arguments: [u64; 6]) -> Entered {
        let is_native = Some(architecture) == abi::NATIVE_ARCH;
        Entered { number: is_native.then_some(number as i64), arguments }
    }

    /// Whether it waits for nothing but the time.
    pub fn is_sleep(&self) -> bool {
        let is_sleep = |number| number == libc::SYS_restart_syscall || is_sleep(number, &self.arguments);
        self.number.is_some_and(is_sleep)
    }

    /// Whether it waits for the end of one child, and not of this one, which the caller knows by this number.
    pub fn is_wait_for_another(&self, child: i32) -> bool {
        self.number.is_some_and(|number| is_wait_for_another(number, &self.arguments, child))
    }

    /// Whether its answer may tell what others have done.
    pub fn is_question(&self) -> bool {
        !self.is_sleep() && !self.number.is_some_and(|number| tells_nothing(number, &self.arguments))
    }
}

/// What a program calls for itself: to write, to have memory, to know the time, to take leave.
fn tells_nothing(number: i64, arguments: &[u64; 6]) -> bool {
    match number {
        libc::SYS_write | libc::SYS_writev | libc::SYS_fstat | libc::SYS_ioctl | libc::SYS_close => true,
        // How the C library asks what its own output is.
        libc::SYS_newfstatat => arguments[3] & libc::AT_EMPTY_PATH as u64 != 0,
        libc::SYS_brk | libc::SYS_mmap | libc::SYS_munmap | libc::SYS_mprotect | libc::SYS_madvise => true,
        libc::SYS_shmat | libc::SYS_shmdt => true,
        libc::SYS_clock_gettime | libc::SYS_gettimeofday | libc::SYS_getrandom => true,
        libc::SYS_getpid | libc::SYS_gettid | libc::SYS_getppid | libc::SYS_sched_yield => true,
        libc::SYS_rt_sigaction | libc::SYS_rt_sigprocmask | libc::SYS_rt_sigreturn => true,
        libc::SYS_exit | libc::SYS_exit_group => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entered(number: i64, arguments: [u64; 6]) -> Entered {
        Entered { number: Some(number), arguments }
    }

    #[test]
    fn who_sleeps_or_writes_asks_for_nothing() {
        assert!(entered(libc::SYS_clock_nanosleep, [0; 6]).is_sleep());
        for number in [libc::SYS_clock_nanosleep, libc::SYS_restart_syscall, libc::SYS_write, libc::SYS_shmdt]
        {
            assert!(!entered(number, [0; 6]).is_question(), "{number}");
        }
        for number in
            [libc::SYS_wait4, libc::SYS_kill, libc::SYS_read, libc::SYS_shmctl, libc::SYS_newfstatat]
        {
            assert!(entered(number, [0; 6]).is_question(), "{number}");
        }
        assert!(entered(libc::SYS_ppoll, [1, 1, 0, 0, 0, 0]).is_question(), "it looks at a descriptor");
        let foreign = Entered { number: None, arguments: [0; 6] };
        assert!(foreign.is_question() && !foreign.is_sleep());
    }
}
