//! A user and IPC namespace of one's own: ids start at 0, nothing collides, and nothing outlives the program.
//!
//! **Invariant:** the namespace holds only this process and its children, so that the kernel removes every
//! segment in it when they end, by `SIGKILL` even.

use std::fs;
use std::io;

use nix::errno::Errno;
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{getegid, geteuid};

use super::portable;
use crate::error::{Error, Result};

/// `unshare(CLONE_NEWUSER|CLONE_NEWIPC)`: moves this process into namespaces of its own, as their root.
///
/// # Errors
///
/// `Environment`, with what the kernel answered:
///
/// - `EPERM`: a setting, a security module or a container forbids it.
/// - `ENOSPC`, `EUSERS`: `user.max_user_namespaces` or `user.max_ipc_namespaces` is used up, or 0.
/// - `EINVAL`: the process has threads, or the kernel has no such namespaces.
///
/// Source: [unshare(2)](https://man7.org/linux/man-pages/man2/unshare.2.html), user_namespaces(7).
pub fn isolate() -> Result<()> {
    let (uid, gid) = (geteuid(), getegid());
    unshare(CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWIPC)
        .map_err(|errno| forbidden("unshare(CLONE_NEWUSER|CLONE_NEWIPC)", errno))?;
    // A gid may be mapped only by one who has given up setgroups (user_namespaces(7)).
    write("/proc/self/setgroups", "deny".to_owned())?;
    write("/proc/self/uid_map", format!("0 {uid} 1"))?;
    write("/proc/self/gid_map", format!("0 {gid} 1"))
}

fn write(path: &str, text: String) -> Result<()> {
    fs::write(path, &text).map_err(|error| {
        let errno = errno_of(&error);
        forbidden(&format!("write \"{text}\" to {path}"), errno)
    })
}

fn errno_of(error: &io::Error) -> Errno {
    Errno::from_raw(error.raw_os_error().unwrap_or(0))
}

fn forbidden(asked: &str, errno: Errno) -> Error {
    let advice = match errno {
        Errno::ENOSPC | Errno::EUSERS => {
            "The limit on namespaces is used up or 0. Root may raise it: \
             `sysctl user.max_user_namespaces=1000 user.max_ipc_namespaces=1000`."
        }
        Errno::EPERM | Errno::EACCES => {
            "Private namespaces are forbidden here. Root may allow them: on Ubuntu with \
             `sysctl kernel.apparmor_restrict_unprivileged_userns=0`, on Debian with \
             `sysctl kernel.unprivileged_userns_clone=1`; a container needs another seccomp profile."
        }
        Errno::ENOENT => "Is /proc mounted? Root may do that: `mount -t proc proc /proc`.",
        _ => "This kernel may be built without user or IPC namespaces.",
    };
    Error::environment(asked, portable(errno), advice)
}
