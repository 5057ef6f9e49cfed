//! Where a proof runs: as which users, and whether limits are turned.
//!
//! **Invariant:** the IPC namespace is the proof's own, so that nothing outside sees its segments, and nothing of
//! them stays.

use std::fs;

use nix::sched::{CloneFlags, CpuSet, sched_setaffinity, unshare};
use nix::unistd::{Gid, Pid, Uid, getegid, geteuid, setgid, setgroups, setuid};

use super::runner::{Person, Runner};

/// A kind of environment.
pub struct Environment {
    pub name: &'static str,
    /// Root and three users, or the root of a user namespace with nobody else in it.
    alone: bool,
    limits: bool,
}

/// All kinds.
pub const ENVIRONMENTS: [Environment; 4] = [
    Environment { name: "root and users, limits turned", alone: false, limits: true },
    Environment { name: "root and users", alone: false, limits: false },
    Environment { name: "a user namespace, limits turned", alone: true, limits: true },
    Environment { name: "a user namespace", alone: true, limits: false },
];

impl Environment {
    /// Whether this system allows it: found out by trying it in a process that does nothing else.
    pub fn can_be_prepared(&self) -> bool {
        // SAFETY: the child makes system calls, and ends.
        match unsafe { nix::unistd::fork() }.expect("a process") {
            nix::unistd::ForkResult::Child => {
                let prepared = self.enter(0).is_ok();
                // SAFETY: it ends the process, which has nothing to tidy up.
                unsafe { nix::libc::_exit(if prepared { 0 } else { 1 }) }
            }
            nix::unistd::ForkResult::Parent { child } => {
                nix::sys::wait::waitpid(child, None) == Ok(nix::sys::wait::WaitStatus::Exited(child, 0))
            }
        }
    }

    /// Whether there are several users.
    pub fn has_users(&self) -> bool {
        !self.alone
    }

    /// A number by which environments get other sequences.
    pub fn number(&self) -> usize {
        ENVIRONMENTS.iter().position(|environment| environment.name == self.name).unwrap_or_default()
    }

    /// Moves this process there, on one processor: processes that take turns do so fastest on one.
    pub fn prepare(&self, cpu: usize, timeout: u32) -> Runner {
        let mut cpus = CpuSet::new();
        // Where the processor is not to be had, any other will do.
        let _ = cpus.set(cpu).and_then(|()| sched_setaffinity(Pid::from_raw(0), &cpus));
        self.enter(cpu).expect("this environment was tried before");
        Runner::new(self.people(cpu), self.alone, self.limits, timeout)
    }

    /// Users of which each environment has its own: what a user has locked counts wherever it is.
    fn people(&self, cpu: usize) -> Vec<Person> {
        let first = 61000 + 10 * cpu as u32;
        let (one, two, three) = (first, first + 1, first + 2);
        match self.alone {
            true => vec![(0, 0, 0); 4],
            false => vec![(0, 0, 0), (one, one, 7), (two, one, 7), (three, three, one)],
        }
    }

    fn enter(&self, cpu: usize) -> Result<(), Box<dyn std::error::Error>> {
        if !self.alone {
            if !geteuid().is_root() {
                return Err("not root".into());
            }
            return Ok(unshare(CloneFlags::CLONE_NEWIPC)?);
        }
        if geteuid().is_root() {
            become_user(61900 + cpu as u32)?;
        }
        let (uid, gid) = (geteuid(), getegid());
        unshare(CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWIPC)?;
        fs::write("/proc/self/setgroups", "deny")?;
        fs::write("/proc/self/uid_map", format!("0 {uid} 1"))?;
        Ok(fs::write("/proc/self/gid_map", format!("0 {gid} 1"))?)
    }
}

/// Who changes its user may not write to its own files in `/proc`, unless it says that it may be looked at.
fn become_user(id: u32) -> nix::Result<()> {
    setgroups(&[])?;
    setgid(Gid::from_raw(id))?;
    setuid(Uid::from_raw(id))?;
    nix::sys::prctl::set_dumpable(true)
}
