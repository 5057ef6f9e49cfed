//! The sandbox that a hand-in is built and run in: namespaces of its own, where the system allows them.
//!
//! ```text
//! examiner ─▶ gate ─▶ keeper, process 1 of a pid namespace ─▶ process 1 of a run's own pid namespace
//!                        │ IPC and network namespace,                 │ the hand-in's file system
//!                        │ the marker's files, read-only              │
//!                        └─▶ judge ───────────── traces ─────────▶ the hand-in
//! ```
//!
//! A hand-in sees no process but its own, no segment but its own and the examiner's, and of files what the list says
//! (places.rs). The judge is not in its pid namespace, so there is no number by which it could be named. When the
//! examiner ends, by any signal, the kernel ends all that is drawn above, from left to right.
//!
//! **Invariant:** a program has no capability, not even in its own namespaces, so the permission bits hold for it. Where
//! a sandbox cannot be set up, nothing is run in less.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;

use nix::errno::Errno;
use nix::sched::{CloneFlags, unshare};
use nix::sys::prctl::{set_child_subreaper, set_pdeathsig};
use nix::sys::signal::Signal;
use nix::unistd::{ForkResult, Pid, getegid, geteuid, getppid, setsid};

use super::bounds;
use super::chance::random;
use super::job::Job;
use super::keeper::Keeper;
use super::mounts::Root;
use super::places::{SCRATCH, places};
use super::toolchain::Toolchain;
use crate::kernel::{Ending, ending_of, exit_now, fork};

/// What a program can be given to run in.
#[derive(Debug)]
pub(super) enum Sandbox {
    /// Namespaces of its own.
    Walls(Keeper),
    /// Only what rlimits, ptrace and the examiner's own eyes can do.
    Open,
}

impl Sandbox {
    /// Whether nothing that happens here is seen outside.
    pub fn is_private(&self) -> bool {
        self.keeper().is_some()
    }

    /// Who makes namespaces for each run.
    pub fn keeper(&self) -> Option<&Keeper> {
        match self {
            Sandbox::Walls(keeper) => Some(keeper),
            Sandbox::Open => None,
        }
    }
}

/// Pages and segments that the namespace may have: 64 MiB, in no more than 256. Semaphores and messages are in memory
/// that no process has, either: of them there may be 32000, in 256 sets, and 32 queues of 16 KiB.
const LIMITS: [(&str, &str); 4] =
    [("shmall", "16384"), ("shmmni", "256"), ("sem", "32000 32000 500 256"), ("msgmni", "32")];

/// Whoever runs as root outside is this user inside, which the file system knows as nobody.
const NOBODY: u32 = 65534;

/// Moves this process to a sandbox, and forks: what follows runs as the judge. The process that called waits for that
/// one, and ends with it.
///
/// # Errors
///
/// What could not be set up. Then nothing may be run here.
pub(super) fn enter(job: &Job) -> Result<Sandbox, String> {
    leave_the_terminal(job.examiner);
    bounds::go_first();
    // Whose folders lie where is found out while this process still is who it was.
    let places = places(job);
    namespaces()?;
    as_first_process()?;
    let root = Root::lay_out(places).map_err(|failure| failure.to_string())?;
    set_limits();
    Keeper::start(&root).map(Sandbox::Walls).map_err(|errno| format!("fork gave {errno:?}"))
}

/// No sandbox.
pub(super) fn without_namespaces(job: &Job) -> Sandbox {
    leave_the_terminal(job.examiner);
    bounds::go_first();
    let _ = set_child_subreaper(true);
    Sandbox::Open
}

/// A signal to the program's process group, or from a terminal, must not reach whoever started us; and this process
/// does not outlive them.
fn leave_the_terminal(parent: i32) {
    let _ = set_pdeathsig(Signal::SIGKILL);
    if getppid() != Pid::from_raw(parent) {
        exit_now(1);
    }
    let _ = setsid();
}

fn namespaces() -> Result<(), String> {
    let (uid, gid) = (geteuid(), getegid());
    unshare(
        CloneFlags::CLONE_NEWUSER
            | CloneFlags::CLONE_NEWIPC
            | CloneFlags::CLONE_NEWPID
            | CloneFlags::CLONE_NEWNS
            | CloneFlags::CLONE_NEWNET,
    )
    .map_err(|errno| format!("unshare gave {errno:?}"))?;
    let inside = |id: u32| if id == 0 { NOBODY } else { id };
    let maps = [
        ("setgroups", "deny".to_owned()),
        ("uid_map", format!("{} {uid} 1", inside(uid.as_raw()))),
        ("gid_map", format!("{} {gid} 1", inside(gid.as_raw()))),
    ];
    maps.into_iter().try_for_each(|(name, text)| {
        let path = format!("/proc/self/{name}");
        write(&path, &text).map_err(|errno| format!("write({path}) gave {errno:?}"))
    })
}

/// Forks process 1 of the pid namespace, which sees only that one's processes in `/proc`.
fn as_first_process() -> Result<(), String> {
    match fork().map_err(|errno| format!("fork gave {errno:?}"))? {
        ForkResult::Parent { child } => match ending_of(child) {
            Ok(Ending::Exited(status)) => exit_now(status),
            _ => exit_now(1),
        },
        ForkResult::Child => {
            // The parent is in another pid namespace, where its number here is 0.
            leave_the_terminal(0);
            Root::show_processes().map_err(|failure| failure.to_string())
        }
    }
}

/// What the kernel's tables may hold, and no further user namespaces, in which a program would have capabilities.
fn set_limits() {
    for (name, value) in LIMITS {
        let _ = set(name, value);
    }
    let _ = write("/proc/sys/user/max_user_namespaces", "0");
}

/// The variables that a hand-in sees, `NAME=value` each: of the marker's own, the language and the time zone.
/// A compiler could show any other in its messages (`env!`). Without walls it sees them all.
pub(super) fn environment(tools: &Toolchain, is_private: bool) -> Vec<OsString> {
    let variable = |(name, value): (OsString, OsString)| [name, value].join(OsStr::new("="));
    if !is_private {
        return env::vars_os().map(variable).collect();
    }
    let own = [
        ("PATH", tools.path()),
        ("HOME", SCRATCH.into()),
        ("TMPDIR", SCRATCH.into()),
        ("USER", "student".into()),
    ];
    let is_harmless = |name: &OsString| {
        let name = name.to_string_lossy();
        ["LANG", "TZ", "TERM"].contains(&&*name) || name.starts_with("LC_") || name.ends_with("SAN_OPTIONS")
    };
    let kept = env::vars_os().filter(|(name, _)| is_harmless(name));
    own.into_iter().map(|(name, value)| (name.into(), value)).chain(kept).map(variable).collect()
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
