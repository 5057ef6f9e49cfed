//! Bounds that the kernel keeps by itself, even if the judge could see nothing any more, or were dead.
//!
//! The watchdog and the tracer come first, and say in words what was too much: each bound here lies above theirs.
//!
//! **Invariant:** only what a hand-in does is counted, never what else its marker runs; and no setting is changed that
//! is not the sandbox's own.

use std::fs;
use std::thread;
use std::time::Duration;

use nix::sys::utsname::uname;

/// Processes and threads that may be in a sandbox at once: those of a program beside the judge's own, and those of a
/// compiler, which starts a thread for each processor.
pub(super) const PROCESSES: u64 = 128;
pub(super) const OF_A_COMPILER: u64 = 512;
/// The greatest number that a process of a run can have, and so how many there can be.
const LAST_PID: u32 = 1024;

/// Versions of Linux: `RLIMIT_NPROC` counts for each user namespace, and `pid_max` belongs to a pid namespace. Before,
/// the first counted all processes of the marker, and the second was the whole machine's.
const COUNTS_BY_NAMESPACE: (u32, u32) = (5, 14);
const NUMBERS_BY_NAMESPACE: (u32, u32) = (6, 14);

/// Seconds of processor time for one process (`RLIMIT_CPU`): more than all processors together can give it while its
/// run may last, so that nobody meets it who is ended in time.
pub(super) fn processor_time(timeout: Duration) -> u64 {
    let processors = thread::available_parallelism().map_or(1, usize::from);
    (timeout.as_secs() + 1) * processors as u64
}

/// Whether `RLIMIT_NPROC` counts only what is in this user namespace. It never holds for who is root outside.
pub(super) fn counts_by_namespace() -> bool {
    is_at_least(COUNTS_BY_NAMESPACE)
}

/// Bounds the numbers of processes in this pid namespace, which has to be a run's own. This holds for root, too.
pub(super) fn limit_numbers() {
    if is_at_least(NUMBERS_BY_NAMESPACE) {
        let _ = fs::write("/proc/sys/kernel/pid_max", LAST_PID.to_string());
    }
}

/// When the machine has no memory left, the kernel ends this process and those that come from it before any other
/// (`oom_score_adj`, proc(5)).
pub(super) fn go_first() {
    let _ = fs::write("/proc/self/oom_score_adj", "1000");
}

fn is_at_least(wanted: (u32, u32)) -> bool {
    let system = uname().ok();
    system.and_then(|system| version(system.release().to_str()?)).is_some_and(|version| version >= wanted)
}

/// `6.1.0-56-amd64` is (6, 1).
fn version(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.split(|letter: char| !letter.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert_eq!(version("6.1.0-56-amd64"), Some((6, 1)));
        assert_eq!(version("5.15.167.4-microsoft-standard-WSL2"), Some((5, 15)));
        assert_eq!(version("7.0-rc1"), Some((7, 0)));
        assert_eq!((version(""), version("linux")), (None, None));
        assert!(version("5.9.1") < Some(COUNTS_BY_NAMESPACE) && version("6.2") < Some(NUMBERS_BY_NAMESPACE));
    }

    #[test]
    fn no_process_can_use_more_time_than_it_is_given() {
        let processors = thread::available_parallelism().map_or(1, usize::from) as u64;
        assert!(processor_time(Duration::from_millis(2500)) >= 3 * processors);
    }
}
