//! One processor for the tracer and for what it traces. Each stop hands over from one to the other, and that takes several
//! times as long where the other has to be woken on another processor.
//!
//! **Invariant:** when it is given back, this thread may run wherever it might before.

use nix::sched::{CpuSet, sched_getaffinity, sched_getcpu, sched_setaffinity};
use nix::unistd::Pid;

/// This thread, as the calls name it.
const SELF: Pid = Pid::from_raw(0);

/// The processor that this thread, and whoever it starts, runs on as long as this is kept. Dropped, it is given back.
pub(super) struct OneProcessor {
    /// Where this thread might run before; nothing, if that was left as it is.
    before: Option<CpuSet>,
}

impl OneProcessor {
    /// Takes the one that this thread runs on. Where the kernel refuses, all stays as it is: it is a matter of speed alone.
    pub fn take() -> OneProcessor {
        OneProcessor { before: stay_here().ok() }
    }
}

impl Drop for OneProcessor {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            let _ = sched_setaffinity(SELF, before);
        }
    }
}

/// Returns where this thread might run before.
fn stay_here() -> nix::Result<CpuSet> {
    let before = sched_getaffinity(SELF)?;
    let mut here = CpuSet::new();
    here.set(sched_getcpu()?)?;
    sched_setaffinity(SELF, &here)?;
    Ok(before)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn processors() -> Vec<usize> {
        let allowed = sched_getaffinity(SELF).expect("as any thread");
        (0..CpuSet::count()).filter(|number| allowed.is_set(*number) == Ok(true)).collect()
    }

    #[test]
    fn who_has_taken_one_gives_it_back() {
        let seen = std::thread::spawn(|| {
            let before = processors();
            let one = OneProcessor::take();
            let meanwhile = processors();
            drop(one);
            (before, meanwhile, processors())
        });
        let (before, meanwhile, after) = seen.join().expect("no panic");
        assert_eq!(meanwhile.len(), 1);
        assert!(before.contains(&meanwhile[0]));
        assert_eq!(before, after);
    }
}
