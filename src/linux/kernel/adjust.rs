//! What a second process may become: another user, one without privileges, one in a namespace of its own.
//!
//! **Invariant:** only a forked child is adjusted, never the process that tells the story.

use std::fs;

use nix::errno::Errno;
use nix::sys::resource::{Resource, setrlimit};
use nix::unistd::{Gid, Uid, setgroups, setresgid, setresuid};

use super::isolated::isolate;
use super::{Adjustment, cleanup, portable};
use crate::error::{Error, Result};

/// Makes the change to this process.
pub(super) fn apply(adjustment: &Adjustment) -> Result<()> {
    match adjustment {
        Adjustment::RenouncePrivilege => renounce_privilege(),
        Adjustment::SetIdentity(id) => become_user(*id),
        Adjustment::Isolate => {
            // What this child made until now is out of its reach; its parent watches it.
            cleanup::reset();
            isolate()
        }
        Adjustment::Set(name, value) => set(name, *value),
        Adjustment::LimitLocked(bytes) => {
            setrlimit(Resource::RLIMIT_MEMLOCK, *bytes, *bytes).map_err(|errno| {
                Error::environment(
                    format!("setrlimit(RLIMIT_MEMLOCK, {bytes})"),
                    portable(errno),
                    "Ask for less.",
                )
            })
        }
        Adjustment::Umask(bits) => {
            nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(*bits));
            Ok(())
        }
    }
}

fn renounce_privilege() -> Result<()> {
    caps::drop(None, caps::CapSet::Effective, caps::Capability::CAP_IPC_OWNER)
        .map_err(|error| Error::environment("give up CAP_IPC_OWNER", error, "Go on without this experiment."))
}

fn become_user(id: u32) -> Result<()> {
    let (uid, gid) = (Uid::from_raw(id), Gid::from_raw(id));
    let become_it = || {
        setgroups(&[])?;
        setresgid(gid, gid, gid)?;
        setresuid(uid, uid, uid)
    };
    let cannot = |errno: Errno| {
        Error::environment(
            format!("become user {id}"),
            portable(errno),
            "Only root can: run the lesson with sudo to see this part.",
        )
    };
    become_it().map_err(cannot)
}

fn set(name: &str, value: u64) -> Result<()> {
    let path = format!("/proc/sys/kernel/{name}");
    fs::write(&path, value.to_string()).map_err(|error| {
        Error::environment(
            format!("write {value} to {path}"),
            error,
            "In a namespace of one's own its root may write it; where even that is forbidden, the machine's root may: \
             run the lesson with sudo.",
        )
    })
}
