//! Whether a seccomp filter refuses this process System V calls, before one is made that matters.
//!
//! Containers, Android and some sandboxes put such a filter in front of all that runs in them. It may answer with an
//! errno, which the caller can explain; or with SIGSYS, after which a program says nothing any more.
//!
//! **Invariant:** the calls are tried by a child of its own, with arguments that the kernel refuses before it makes,
//! finds or changes anything.

use std::fs;
use std::sync::OnceLock;

use nix::errno::Errno;
use nix::libc::{self, c_long};
use nix::sys::resource::{Resource, setrlimit};
use nix::unistd::{ForkResult, fork, pipe, read, write};

use super::{Ending, ending_of, exit_now};

/// What a filter does to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The name of the call.
    pub call: &'static str,
    /// Whether the call kills, rather than fails.
    pub kills: bool,
}

/// The calls, each with arguments that make the kernel answer `EINVAL` at once.
const PROBES: [(&str, c_long, [c_long; 4]); 8] = [
    ("shmget", libc::SYS_shmget, [0, 0, 0, 0]),
    ("shmat", libc::SYS_shmat, [-1, 0, 0, 0]),
    ("shmdt", libc::SYS_shmdt, [1, 0, 0, 0]),
    ("shmctl", libc::SYS_shmctl, [-1, libc::IPC_STAT as c_long, 0, 0]),
    ("semget", libc::SYS_semget, [0, -1, 0, 0]),
    ("semop", libc::SYS_semop, [-1, 0, 0, 0]),
    ("semtimedop", libc::SYS_semtimedop, [-1, 0, 0, 0]),
    ("semctl", libc::SYS_semctl, [-1, 0, libc::IPC_STAT as c_long, 0]),
];

/// The first System V call that a filter in front of this process refuses. It is found out once: a filter stays.
pub fn refused() -> Option<Refused> {
    static FOUND: OnceLock<Option<Refused>> = OnceLock::new();
    *FOUND.get_or_init(|| has_filter().then(tried).flatten())
}

/// Whether this process runs under a filter at all (`Seccomp: 2`, proc(5)).
fn has_filter() -> bool {
    let status = fs::read_to_string("/proc/thread-self/status").unwrap_or_default();
    status.lines().any(|line| line.strip_prefix("Seccomp:").is_some_and(|mode| mode.trim() == "2"))
}

/// Has a child try them, which says before each one that it is next.
fn tried() -> Option<Refused> {
    let (reader, writer) = pipe().ok()?;
    // SAFETY: until it exits, the child makes system calls only, so no lock of another thread matters.
    let child = match unsafe { fork() }.ok()? {
        ForkResult::Parent { child } => child,
        ForkResult::Child => {
            // A limit of 1 keeps a core dump from files and from handlers such as apport alike (core(5)).
            let _ = setrlimit(Resource::RLIMIT_CORE, 1, 1);
            for (place, (_, number, [first, second, third, fourth])) in (0u8..).zip(PROBES) {
                let _ = write(&writer, &[place]);
                // SAFETY: no argument is a pointer to anything, so no memory of this process is touched.
                let answer = unsafe { libc::syscall(number, first, second, third, fourth) };
                if answer != -1 || Errno::last() != Errno::EINVAL {
                    exit_now(1);
                }
            }
            exit_now(0)
        }
    };
    drop(writer);
    let ending = ending_of(child).ok()?;
    let mut begun = [0; PROBES.len()];
    let count = read(&reader, &mut begun).ok()?;
    let (call, ..) = PROBES[usize::from(*begun[..count].last()?)];
    (ending != Ending::Exited(0)).then_some(Refused { call, kills: matches!(ending, Ending::Killed(_)) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kernel_with_these_calls_refuses_none() {
        assert_eq!(tried(), None);
    }
}
