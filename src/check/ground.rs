//! The ground that a submission runs on: namespaces of its own, where the system allows them.
//!
//! In them it sees no process, no segment and no semaphore but its own and the examiner's; of files and devices it sees
//! what it needs, and can change none but in a small file system in memory; there is no network; and when the examiner
//! ends, the kernel ends and removes everything that is left. The examiner is process 1 there, which nobody inside can
//! kill.
//!
//! **Invariant:** a program has no capability, not even in its own namespaces, so the permission bits hold for it.

use nix::errno::Errno;
use nix::sched::{CloneFlags, unshare};
use nix::sys::prctl::{set_child_subreaper, set_pdeathsig};
use nix::sys::signal::Signal;
use nix::unistd::{ForkResult, getegid, geteuid, setsid};
use std::fs;
use std::path::PathBuf;

use super::files::{furnish, sockets};
use super::job::Job;
use super::witness::random;
use crate::kernel::{Ending, ending_of, exit_now, fork};

/// What a program can be given to run on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ground {
    /// Namespaces of its own.
    Private,
    /// Only what rlimits, ptrace and the examiner's own eyes can do; and why.
    Open(String),
}

impl Ground {
    /// Whether nothing that happens here is seen outside.
    pub fn is_private(&self) -> bool {
        *self == Ground::Private
    }

    /// What the learner should know of it.
    pub fn note(&self) -> Option<String> {
        match self {
            Ground::Private => None,
            Ground::Open(why) => Some(format!(
                "Private namespaces are not to be had here ({why}). The program ran among your own segments and files, \
                 under limits, and what it left was looked for by id."
            )),
        }
    }
}

/// Pages and segments that the namespace may have: 64 MiB, in no more than 256. Semaphores and messages are in memory
/// that no process has, either: of them there may be 32000, in 256 sets, and 32 queues of 16 KiB.
const LIMITS: [(&str, &str); 4] =
    [("shmall", "16384"), ("shmmni", "256"), ("sem", "32000 32000 500 256"), ("msgmni", "32")];

/// Whoever runs as root outside is this user inside, which the file system knows as nobody.
const NOBODY: u32 = 65534;

/// The exit status that says: the namespaces are there, but nothing can be mounted in them. There is no way back from
/// them, so the job has to be given to another process, with word to stay out.
pub(super) const UNFURNISHED: i32 = 86;

/// Moves this process to the ground, and forks: what follows runs in process 1 of it. The process that called waits for
/// that one, and ends with it.
pub(super) fn enter(job: &Job) -> Ground {
    leave_the_terminal();
    // Those of the network that is left behind.
    let sockets = sockets();
    match namespaces() {
        Ok(()) => as_first_process(job, &sockets),
        Err(errno) => open(format!("unshare gave {errno:?}")),
    }
}

/// The ground without namespaces.
pub(super) fn stay_out(why: &str) -> Ground {
    leave_the_terminal();
    open(why.to_owned())
}

/// A signal to the program's process group, or from a terminal, must not reach whoever started us; and this process
/// does not outlive them.
fn leave_the_terminal() {
    let _ = set_pdeathsig(Signal::SIGKILL);
    let _ = setsid();
}

fn open(why: String) -> Ground {
    let _ = set_child_subreaper(true);
    Ground::Open(why)
}

fn namespaces() -> nix::Result<()> {
    let (uid, gid) = (geteuid(), getegid());
    unshare(
        CloneFlags::CLONE_NEWUSER
            | CloneFlags::CLONE_NEWIPC
            | CloneFlags::CLONE_NEWPID
            | CloneFlags::CLONE_NEWNS
            | CloneFlags::CLONE_NEWNET,
    )?;
    let inside = |id: u32| if id == 0 { NOBODY } else { id };
    write("/proc/self/setgroups", "deny")?;
    write("/proc/self/uid_map", &format!("{} {uid} 1", inside(uid.as_raw())))?;
    write("/proc/self/gid_map", &format!("{} {gid} 1", inside(gid.as_raw())))
}

fn as_first_process(job: &Job, sockets: &[PathBuf]) -> Ground {
    match fork() {
        Ok(ForkResult::Parent { child }) => match ending_of(child) {
            Ok(Ending::Exited(status)) => exit_now(status),
            _ => exit_now(1),
        },
        Ok(ForkResult::Child) => {
            // In a session of its own: a signal to the program's group must not reach the gate either.
            leave_the_terminal();
            match furnish(job, sockets) {
                Ok(()) => {
                    set_limits();
                    Ground::Private
                }
                Err(_) => exit_now(UNFURNISHED),
            }
        }
        Err(errno) => open(format!("fork: {errno}")),
    }
}

/// What the kernel's tables may hold, and no further namespaces, in which a program could hide its calls.
fn set_limits() {
    for (name, value) in LIMITS {
        let _ = set(name, value);
    }
    for kind in ["user", "ipc", "pid", "mnt"] {
        let _ = write(&format!("/proc/sys/user/max_{kind}_namespaces"), "0");
    }
}

/// Chooses the ids of the next segment and the next set. In a new namespace they would start at 0, where a forgotten
/// check of a return value can pass for an id; and nobody may foresee them. The kernel forgets a choice once it is used.
pub(super) fn choose_ids() {
    for name in ["shm_next_id", "sem_next_id"] {
        let sequence = 4 + random() % 30_000;
        let _ = set(name, &(sequence * 32_768).to_string());
    }
}

/// Sets a limit of the namespace, `/proc/sys/kernel/…`.
pub(super) fn set(name: &str, value: &str) -> nix::Result<()> {
    write(&format!("/proc/sys/kernel/{name}"), value)
}

fn write(path: &str, text: &str) -> nix::Result<()> {
    fs::write(path, text).map_err(|error| Errno::from_raw(error.raw_os_error().unwrap_or(0)))
}
