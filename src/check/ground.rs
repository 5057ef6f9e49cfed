//! The ground that a submission runs on: namespaces of its own, where the system allows them.
//!
//! In them it sees no process, no segment and no semaphore but its own and the examiner's; no file can be changed
//! but in a small file system in memory; there is no network; and when the examiner ends, the kernel ends and removes
//! everything that is left. The examiner is process 1 there, which nobody inside can kill.
//!
//! **Invariant:** a program has no capability, not even in its own namespaces, so the permission bits hold for it.

use std::fs;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::prctl::{set_child_subreaper, set_pdeathsig};
use nix::sys::signal::Signal;
use nix::unistd::{ForkResult, getegid, geteuid, setsid};

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

/// As large as the file system in memory may become, in which alone a program can write.
const SCRATCH: &str = "size=64m,mode=1777";
/// Where that is: the one place where every Linux expects such a file system already.
pub(super) const SCRATCH_PLACE: &str = "/dev/shm";

/// Pages and segments that the namespace may have: 64 MiB, in no more than 256.
const LIMITS: [(&str, &str); 2] = [("shmall", "16384"), ("shmmni", "256")];

/// Whoever runs as root outside is this user inside, which the file system knows as nobody.
const NOBODY: u32 = 65534;

/// The exit status that says: the namespaces are there, but nothing can be mounted in them. There is no way back from
/// them, so the job has to be given to another process, with word to stay out.
pub(super) const UNFURNISHED: i32 = 86;

/// Moves this process to the ground, and forks: what follows runs in process 1 of it. The process that called waits for
/// that one, and ends with it.
///
/// `hidden` are directories that are empty inside.
pub(super) fn enter(hidden: &[PathBuf]) -> Ground {
    leave_the_terminal();
    match namespaces() {
        Ok(()) => as_first_process(hidden),
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

fn as_first_process(hidden: &[PathBuf]) -> Ground {
    match fork() {
        Ok(ForkResult::Parent { child }) => match ending_of(child) {
            Ok(Ending::Exited(status)) => exit_now(status),
            _ => exit_now(1),
        },
        Ok(ForkResult::Child) => {
            // In a session of its own: a signal to the program's group must not reach the gate either.
            leave_the_terminal();
            match furnish(hidden) {
                Ok(()) => Ground::Private,
                Err(_) => exit_now(UNFURNISHED),
            }
        }
        Err(errno) => open(format!("fork: {errno}")),
    }
}

fn furnish(hidden: &[PathBuf]) -> nix::Result<()> {
    let none = None::<&str>;
    mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none)?;
    make_read_only()?;
    let safe = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
    mount(Some("proc"), "/proc", Some("proc"), safe | MsFlags::MS_NOEXEC, none)?;
    mount(Some("tmpfs"), SCRATCH_PLACE, Some("tmpfs"), safe, Some(SCRATCH))?;
    for place in hidden.iter().filter(|place| place.is_dir()) {
        mount(Some("tmpfs"), place, Some("tmpfs"), safe | MsFlags::MS_RDONLY, Some("size=4k"))?;
    }
    for (name, value) in LIMITS {
        let _ = set(name, value);
    }
    // No further namespaces, in which a program could hide its calls.
    for kind in ["user", "ipc", "pid", "mnt"] {
        let _ = write(&format!("/proc/sys/user/max_{kind}_namespaces"), "0");
    }
    Ok(())
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

/// Every file system that is mounted can only be read from here on.
fn make_read_only() -> nix::Result<()> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").map_err(|_| Errno::EIO)?;
    for line in mounts.lines() {
        let fields: Vec<_> = line.split(' ').collect();
        let [_, _, _, _, place, options, ..] = fields[..] else { continue };
        let place = unescaped(place);
        // What already can only be read stays so; what cannot be remounted (it is under another mount) cannot be seen.
        if options.split(',').any(|option| option == "ro") || !Path::new(&place).exists() {
            continue;
        }
        let flags = MsFlags::MS_BIND | MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY | locked(options);
        let done = mount(None::<&str>, place.as_str(), None::<&str>, flags, None::<&str>);
        if done.is_err() && !place.starts_with("/proc") && !place.starts_with("/sys") {
            done?;
        }
    }
    Ok(())
}

/// Options that only their owner may take away: a remount without them is refused.
fn locked(options: &str) -> MsFlags {
    let known = [
        ("nosuid", MsFlags::MS_NOSUID),
        ("nodev", MsFlags::MS_NODEV),
        ("noexec", MsFlags::MS_NOEXEC),
        ("noatime", MsFlags::MS_NOATIME),
        ("nodiratime", MsFlags::MS_NODIRATIME),
        ("relatime", MsFlags::MS_RELATIME),
    ];
    let has = |name: &str| options.split(',').any(|option| option == name);
    known.iter().filter(|(name, _)| has(name)).fold(MsFlags::empty(), |flags, (_, flag)| flags | *flag)
}

/// Blanks in paths are written as `\040` (proc(5)).
fn unescaped(path: &str) -> String {
    path.replace("\\040", " ").replace("\\011", "\t").replace("\\012", "\n").replace("\\134", "\\")
}

fn write(path: &str, text: &str) -> nix::Result<()> {
    fs::write(path, text).map_err(|error| Errno::from_raw(error.raw_os_error().unwrap_or(0)))
}
