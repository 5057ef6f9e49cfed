//! Private namespaces: a table of segments, and limits, that a test has for itself.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use nix::errno::Errno;
use nix::libc;
use nix::sched::{CloneFlags, setns, unshare};
use nix::unistd::{getegid, geteuid};
use playground::evidence::segments::{self, Row};

use super::run::Run;

/// Whether namespaces of one's own can be had here. Where not, this says loudly what falls away, and the test
/// that asked returns at once.
pub fn namespaces(test: &str) -> bool {
    can_be_laid(test, || new_namespaces(CloneFlags::CLONE_NEWIPC, 0))
}

/// Whether a ground can be laid here, found out by laying it for a program that does nothing.
pub fn can_be_laid(test: &str, ground: fn() -> io::Result<()>) -> bool {
    let mut command = Command::new("true");
    // SAFETY: a ground makes system calls and allocates, which the C library allows after a fork.
    let laid = unsafe { command.pre_exec(ground) }.status();
    if let Err(error) = &laid {
        // Not `eprintln!`, which the test harness would keep to itself while the test passes.
        let _ =
            writeln!(io::stderr(), "NOT RUN: {test}: the system does not let us lay this ground: {error}");
    }
    laid.is_ok()
}

/// A user and IPC namespace, kept alive by a process that waits in it.
pub struct Namespace {
    holder: Child,
}

impl Namespace {
    /// A new one. Ask [`namespaces`] first.
    pub fn new() -> Namespace {
        Namespace::hold().expect("namespaces are allowed here")
    }

    /// The same, or why there can be none.
    pub fn hold() -> io::Result<Namespace> {
        // `cat` waits until its standard input is closed.
        let mut command = Command::new("cat");
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        // SAFETY: this makes system calls and allocates, which the C library allows after a fork.
        unsafe { command.pre_exec(|| new_namespaces(CloneFlags::CLONE_NEWIPC, 0)) };
        Ok(Namespace { holder: command.spawn()? })
    }

    /// Lets a program run in it.
    pub fn around(&self, run: Run) -> Run {
        run.before_exec(self.entrance())
    }

    /// Lets a command run in it, and returns what it printed.
    pub fn output(&self, command: &mut Command) -> String {
        // SAFETY: `setns` is a system call.
        unsafe { command.pre_exec(self.entrance()) };
        let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{command:?}: {}: {complaint}", output.status);
        String::from_utf8(output.stdout).expect("text")
    }

    /// The same, for a command.
    pub fn around_command(&self, command: &mut Command) {
        // SAFETY: `setns` is a system call.
        unsafe { command.pre_exec(self.entrance()) };
    }

    fn entrance(&self) -> impl FnMut() -> io::Result<()> + Send + Sync + 'static {
        let door =
            |name| File::open(format!("/proc/{}/ns/{name}", self.holder.id())).expect("the holder waits");
        let (user, ipc) = (door("user"), door("ipc"));
        move || {
            setns(&user, CloneFlags::CLONE_NEWUSER)?;
            Ok(setns(&ipc, CloneFlags::CLONE_NEWIPC)?)
        }
    }

    /// Writes a limit or setting of System V shared memory.
    pub fn set(&self, name: &str, value: u64) {
        let path = format!("/proc/sys/kernel/{name}");
        self.output(Command::new("sh").args(["-c", "echo \"$1\" > \"$2\"", "sh", &value.to_string(), &path]));
    }

    /// Makes so many segments in it, which are not of the programs under test.
    pub fn fill(&self, segments: usize) {
        let mut command = Command::new("true");
        let mut enter = self.entrance();
        let make = move || {
            enter()?;
            // SAFETY: shmget takes three numbers.
            let make = |_| Errno::result(unsafe { libc::shmget(libc::IPC_PRIVATE, 1, 0o600) }).map(drop);
            Ok((0..segments).try_for_each(make)?)
        };
        // SAFETY: `make` makes system calls only.
        let status = unsafe { command.pre_exec(make) }.status().expect("foreign segments");
        assert!(status.success());
    }

    /// Its table of segments.
    pub fn table(&self) -> Vec<Row> {
        segments::parse(&self.output(Command::new("cat").arg("/proc/sysvipc/shm"))).expect("a table")
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        drop(self.holder.stdin.take());
        let _ = self.holder.wait();
    }
}

/// Moves this process into a user namespace of its own, where it is `uid`, and into further ones.
pub fn new_namespaces(further: CloneFlags, uid: u32) -> io::Result<()> {
    let (outer_uid, outer_gid) = (geteuid(), getegid());
    unshare(CloneFlags::CLONE_NEWUSER | further)?;
    fs::write("/proc/self/setgroups", "deny")?;
    fs::write("/proc/self/uid_map", format!("{uid} {outer_uid} 1"))?;
    fs::write("/proc/self/gid_map", format!("{uid} {outer_gid} 1"))
}
