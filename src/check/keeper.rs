//! The keeper: process 1 of the judge's pid namespace, which makes namespaces for one run, and ends all that is in them.
//!
//! A process with threads cannot be forked, and the judge has some while a program runs; and a tracer that had other
//! children would wait for them, too. So the judge is the keeper's child, and asks it by lines. What the keeper forks is
//! process 1 of a new pid namespace: it does nothing but wait for orphans, and when it is killed the kernel kills every
//! other process there, those that nobody traces, too.
//!
//! **Invariant:** between two runs nothing lives in a namespace of either.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use nix::errno::Errno;
use nix::sched::{CloneFlags, setns, unshare};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid};
use serde::{Deserialize, Serialize};

use super::bounds;
use super::mounts::{Purpose, Root};
use crate::kernel::{Ending, ending_of, exit_now, fork};
use trace::Inside;

/// The judge's line to the keeper.
#[derive(Debug)]
pub(super) struct Keeper {
    line: Mutex<BufReader<UnixStream>>,
}

/// Namespaces for one run. Dropped, they are empty and gone.
#[derive(Debug)]
pub(super) struct Container<'a> {
    keeper: &'a Keeper,
    /// Process 1 in it.
    first: i32,
    inside: Inside,
}

/// What a keeper is asked.
#[derive(Serialize, Deserialize)]
enum Request {
    Open(Option<Vec<PathBuf>>),
    Close,
}

impl Keeper {
    /// Forks. What follows runs in the child; this process keeps its root, and ends with it.
    pub fn start(root: &Root) -> nix::Result<Keeper> {
        let errno = |error: io::Error| Errno::from_raw(error.raw_os_error().unwrap_or(0));
        let (ours, its) = UnixStream::pair().map_err(errno)?;
        match fork()? {
            ForkResult::Parent { child } => {
                drop(its);
                let _ = serve(root, ours);
                match ending_of(child) {
                    Ok(Ending::Exited(status)) => exit_now(status),
                    _ => exit_now(1),
                }
            }
            ForkResult::Child => {
                let _ = set_pdeathsig(Signal::SIGKILL);
                drop(ours);
                Ok(Keeper { line: Mutex::new(BufReader::new(its)) })
            }
        }
    }

    /// New namespaces.
    ///
    /// # Errors
    ///
    /// What the kernel refused, in words.
    pub fn open(&self, purpose: Purpose) -> Result<Container<'_>, String> {
        let libraries = match purpose {
            Purpose::Build(libraries) => Some(libraries),
            Purpose::Run => None,
        };
        let answer = self.ask(&Request::Open(libraries)).map_err(|error| error.to_string())?;
        let first = answer?;
        let inside = Inside::of(first).map_err(|error| error.to_string())?;
        Ok(Container { keeper: self, first, inside })
    }

    fn ask(&self, request: &Request) -> io::Result<Result<i32, String>> {
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        let text = serde_json::to_string(request)?;
        writeln!(line.get_mut(), "{text}")?;
        let mut answer = String::new();
        line.read_line(&mut answer)?;
        Ok(serde_json::from_str(&answer)?)
    }
}

impl Container<'_> {
    /// Where a program can be started in it.
    pub fn inside(&self) -> &Inside {
        &self.inside
    }

    /// Forks a process into it, from one without threads.
    pub fn fork(&self) -> nix::Result<ForkResult> {
        let own = File::open("/proc/self/ns/pid").map_err(|_| Errno::EMFILE)?;
        self.inside.for_children()?;
        match fork()? {
            ForkResult::Child => self.inside.see_files().map(|()| ForkResult::Child),
            parent => setns(own, CloneFlags::CLONE_NEWPID).map(|()| parent),
        }
    }

    /// Process 1 in it, as the judge sees it. With it all others go.
    pub fn first(&self) -> i32 {
        self.first
    }
}

impl Drop for Container<'_> {
    fn drop(&mut self) {
        let _ = self.keeper.ask(&Request::Close);
    }
}

/// Does what it is asked until the judge has gone.
fn serve(root: &Root, line: UnixStream) -> io::Result<()> {
    let own = File::open("/proc/self/ns/pid")?;
    let mut first = None;
    let mut answers = line.try_clone()?;
    for request in BufReader::new(line).lines() {
        let answer = match serde_json::from_str(&request?)? {
            Request::Open(libraries) => {
                let opened = open(root, libraries.map_or(Purpose::Run, Purpose::Build), &own);
                first = opened.as_ref().ok().copied();
                opened.map(Pid::as_raw)
            }
            Request::Close => {
                first.take().map_or(Ok(0), |first| end(first).map(|()| 0).map_err(|errno| errno.to_string()))
            }
        };
        writeln!(answers, "{}", serde_json::to_string(&answer)?)?;
    }
    Ok(())
}

/// Forks process 1 of a new pid namespace, and waits until it sees its own files.
fn open(root: &Root, purpose: Purpose, own: &File) -> Result<Pid, String> {
    let said = |what: &'static str| move |errno: Errno| format!("{what} gave {errno:?}");
    let (mut ours, its) = UnixStream::pair().map_err(|error| format!("socketpair: {error}"))?;
    unshare(CloneFlags::CLONE_NEWPID).map_err(said("unshare(CLONE_NEWPID)"))?;
    let forked = fork().map_err(said("fork"))?;
    match forked {
        ForkResult::Parent { child } => {
            drop(its);
            setns(own, CloneFlags::CLONE_NEWPID).map_err(said("setns"))?;
            let mut answer = String::new();
            io::Read::read_to_string(&mut ours, &mut answer).map_err(|error| error.to_string())?;
            if answer == READY {
                return Ok(child);
            }
            let _ = end(child);
            Err(answer)
        }
        ForkResult::Child => {
            drop(ours);
            be_first(root, &purpose, its)
        }
    }
}

/// The answer of a process 1 that is where it belongs.
const READY: &str = "ready";

/// Process 1 of a run: its memory is a copy of the judge's, and it keeps its capabilities, so that no program beside it
/// may look into it (`ptrace(2)`, access mode checking). It enters its file system, says so, and waits for orphans until it is killed.
fn be_first(root: &Root, purpose: &Purpose, mut line: UnixStream) -> ! {
    let _ = set_pdeathsig(Signal::SIGKILL);
    let children = SigSet::from(Signal::SIGCHLD);
    let _ = children.thread_block();
    bounds::limit_numbers();
    let answer = root.enter(purpose).map_or_else(|failure| failure.to_string(), |()| READY.to_owned());
    let _ = line.write_all(answer.as_bytes());
    drop(line);
    loop {
        let _ = children.wait();
        while waitpid(None, Some(WaitPidFlag::WNOHANG)).is_ok_and(|status| status != WaitStatus::StillAlive) {
        }
    }
}

/// Kills process 1, and with it all others of its namespace. Returns when all of them are gone.
fn end(first: Pid) -> nix::Result<()> {
    kill(first, Signal::SIGKILL)?;
    while waitpid(first, None) == Err(Errno::EINTR) {}
    Ok(())
}
