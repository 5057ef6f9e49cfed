//! Starting a program in namespaces that somebody else has made: a pid namespace and a mount namespace.
//!
//! **Invariant:** only the thread that enters is moved, never the process: the tracer goes on seeing files and processes
//! as before.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use nix::sched::{CloneFlags, setns, unshare};

/// The namespaces of a running process, for programs to be started in.
#[derive(Clone, Debug)]
pub struct Inside {
    pid: Arc<OwnedFd>,
    mount: Arc<OwnedFd>,
}

impl Inside {
    /// Those that a process is in.
    ///
    /// # Errors
    ///
    /// `NotFound`: there is no such process. `PermissionDenied`: this process may not look into it.
    pub fn of(process: i32) -> io::Result<Inside> {
        let open = |name| File::open(format!("/proc/{process}/ns/{name}")).map(|file| Arc::new(file.into()));
        Ok(Inside { pid: open("pid")?, mount: open("mnt")? })
    }

    /// `setns(fd, CLONE_NEWPID)`: the next child of this thread is a process of that namespace.
    ///
    /// # Errors
    ///
    /// `EPERM`: this thread lacks CAP_SYS_ADMIN there. `EINVAL`: the namespace is not beneath this one.
    pub fn for_children(&self) -> nix::Result<()> {
        setns(&self.pid, CloneFlags::CLONE_NEWPID)
    }

    /// `setns(fd, CLONE_NEWNS)`: this thread sees the files of that namespace, from its root.
    ///
    /// # Errors
    ///
    /// As for [`Inside::for_children`].
    pub fn see_files(&self) -> nix::Result<()> {
        // Root and working directory are shared by the threads of a process until one asks for its own.
        unshare(CloneFlags::CLONE_FS)?;
        setns(&self.mount, CloneFlags::CLONE_NEWNS)
    }
}
