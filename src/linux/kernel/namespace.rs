//! Private namespaces with worker processes in them, which make the calls that they are told to make.
//!
//! ```text
//! this process ──fork──▶ parent ──unshare, fork──▶ init (pid 1) ──fork──▶ worker ──fork──▶ worker
//!      │                                             ▲                       ▲                ▲
//!      └─────────────── a socket each ───────────────┴───────────────────────┴────────────────┘
//! ```
//!
//! The user namespace gives its root power over what is in it and over nothing else. The IPC namespace begins empty, so
//! that ids start at 0. The PID namespace ends as a whole: when its init ends, the kernel kills whoever is in it.
//!
//! **Invariant:** nothing in the namespaces outlives this process, by `SIGKILL` even: the parent gets a signal when this
//! process ends, init gets one when the parent ends, and the kernel does the rest.

mod action;
mod message;
mod server;
mod users;

use std::collections::BTreeMap;
use std::io::{self, BufReader, PipeReader, Read};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{ForkResult, Pid};
use playground_core::Errno;
use playground_core::machine::{Action, Reply};

use super::child::line::{is_late, receive, send};
use super::{Ending, ending_of, linux, portable};
use crate::error::{Error, Result};
use message::{Request, Response, pass};

pub use users::Users;

/// How long a worker may take for a call that does not wait.
const TIMEOUT: Duration = Duration::from_secs(20);

/// As much as a pipe holds.
const PIPE: u64 = 1 << 16;

/// What has come from a worker.
#[derive(Debug, PartialEq)]
pub enum Heard {
    /// The kernel's answer.
    Reply(Reply),
    /// The worker did not do it, since it would have harmed the program itself.
    Refused(String),
    /// Nothing yet.
    Nothing,
    /// The worker has ended.
    Ended(Ending),
}

/// A process that has begun.
#[derive(Debug, PartialEq)]
pub struct Begun {
    /// Its id in the PID namespace.
    pub pid: i32,
    /// What is in its memory: the first address of each range, and the first behind it.
    pub memory: Vec<(u64, u64)>,
}

/// One end of a socket, and what has been heard there so far.
#[derive(Debug)]
struct Line {
    socket: BufReader<UnixStream>,
    heard: Vec<u8>,
}

/// A user, an IPC and a PID namespace, and the workers in them.
#[derive(Debug)]
pub struct Namespace {
    parent: Pid,
    init: Line,
    workers: BTreeMap<i32, Line>,
    /// What the programs print that processes run instead of their own.
    outputs: BTreeMap<i32, PipeReader>,
    users: Users,
    is_used: bool,
}

impl Line {
    fn pair() -> io::Result<(Line, UnixStream)> {
        let (ours, theirs) = UnixStream::pair()?;
        ours.set_read_timeout(Some(TIMEOUT))?;
        Ok((Line { socket: BufReader::new(ours), heard: Vec::new() }, theirs))
    }

    fn send(&mut self, request: &Request) -> io::Result<()> {
        send(self.socket.get_mut(), request)
    }

    fn receive(&mut self) -> io::Result<Response> {
        receive(&mut self.socket, &mut self.heard)
    }

    fn ask(&mut self, request: &Request) -> io::Result<Response> {
        self.send(request)?;
        self.receive()
    }

    /// What comes within a time; the beginning of it is kept for the next time.
    fn receive_within(&mut self, time: Duration) -> io::Result<Option<Response>> {
        // A time of 0 would mean to wait for ever (setsockopt of SO_RCVTIMEO).
        self.socket.get_ref().set_read_timeout(Some(time.max(Duration::from_micros(1))))?;
        let response = self.receive();
        self.socket.get_ref().set_read_timeout(Some(TIMEOUT))?;
        match response {
            Err(error) if is_late(&error) => Ok(None),
            response => response.map(Some),
        }
    }

    /// Has a process fork; the child's line is returned with what the child says first.
    fn fork(&mut self) -> io::Result<std::result::Result<(Line, Begun), Errno>> {
        let (mut ours, theirs) = Line::pair()?;
        self.send(&Request::Fork)?;
        expect_ready(self.receive()?)?;
        pass(self.socket.get_ref(), &OwnedFd::from(theirs))?;
        match self.receive()? {
            Response::Forked(pid) => match ours.receive()? {
                Response::Memory(memory) => Ok(Ok((ours, Begun { pid, memory }))),
                other => Err(unexpected(&other)),
            },
            Response::Reply(Reply::Returns(Err(errno))) => Ok(Err(errno)),
            other => Err(unexpected(&other)),
        }
    }
}

fn expect_ready(response: Response) -> io::Result<()> {
    match response {
        Response::Ready => Ok(()),
        Response::Failed(why) => Err(io::Error::other(why)),
        other => Err(unexpected(&other)),
    }
}

fn unexpected(response: &Response) -> io::Error {
    io::Error::other(format!("a worker answered {response:?}"))
}

fn cannot(error: impl ToString) -> Error {
    Error::environment(
        "make private namespaces",
        error.to_string(),
        "Ubuntu 24.04, some containers and some sandboxes forbid them. Root may allow them: on Ubuntu with `sysctl \
         kernel.apparmor_restrict_unprivileged_userns=0`, on Debian with `sysctl kernel.unprivileged_userns_clone=1`.",
    )
}

impl Namespace {
    /// `unshare(CLONE_NEWUSER|CLONE_NEWIPC|CLONE_NEWPID)` in a process of its own: new namespaces, with nobody in them
    /// but init.
    ///
    /// # Errors
    ///
    /// `Environment`, where the system forbids them, or no process can be made.
    pub fn new() -> Result<Namespace> {
        allow_many_lines();
        let (mut init, theirs) = Line::pair().map_err(cannot)?;
        let this_process = nix::unistd::getpid();
        let parent = match linux::fork().map_err(|errno| cannot(portable(errno)))? {
            ForkResult::Parent { child } => child,
            ForkResult::Child => linux::exit_now(server::parent(theirs, this_process)),
        };
        drop(theirs);
        let users = init.receive().and_then(expect_ready).and_then(|()| users::map(parent));
        let begun = users.and_then(|users| {
            expect_ready(init.ask(&Request::Begin)?)?;
            Ok(users)
        });
        match begun {
            Ok(users) => {
                let (workers, outputs) = Default::default();
                Ok(Namespace { parent, init, workers, outputs, users, is_used: false })
            }
            Err(error) => {
                let _ = kill(parent, Signal::SIGKILL);
                let _ = ending_of(parent);
                Err(cannot(error))
            }
        }
    }

    /// Which users there are.
    pub fn users(&self) -> Users {
        self.users
    }

    /// Starts a worker that is unrelated to the others.
    ///
    /// # Errors
    ///
    /// `Environment`, where no process can be made.
    pub fn start(&mut self) -> Result<Begun> {
        self.is_used = true;
        let begun = self.init.fork().map_err(|error| no_process(&error))?;
        let (line, begun) = begun.map_err(|errno| no_process(&errno))?;
        self.workers.insert(begun.pid, line);
        Ok(begun)
    }

    /// Has a worker fork. Returns the child's id, or why there is none.
    ///
    /// # Errors
    ///
    /// `Environment`, where the worker does not answer.
    pub fn fork(&mut self, pid: i32) -> Result<std::result::Result<i32, Errno>> {
        let line = self.workers.get_mut(&pid).ok_or_else(|| gone(pid))?;
        match line.fork().map_err(|error| no_process(&error))? {
            Err(errno) => Ok(Err(errno)),
            Ok((line, begun)) => {
                self.workers.insert(begun.pid, line);
                Ok(Ok(begun.pid))
            }
        }
    }

    /// Tells a worker what to do. `checked`: it looks first whether that would touch its own program.
    pub fn request(&mut self, pid: i32, action: &Action, checked: bool) {
        if let Some(line) = self.workers.get_mut(&pid) {
            // Whoever does not hear it any more has ended, which is found out when the answer is awaited.
            let _ = line.send(&Request::Perform { action: action.clone(), checked });
        }
    }

    /// Waits for a worker's answer, but not for longer than this.
    pub fn reply_within(&mut self, pid: i32, time: Duration) -> Heard {
        let Some(line) = self.workers.get_mut(&pid) else { return Heard::Ended(Ending::Hung) };
        match line.receive_within(time) {
            Ok(None) => Heard::Nothing,
            Ok(Some(Response::Reply(reply))) => Heard::Reply(reply),
            Ok(Some(Response::Failed(why))) => Heard::Refused(why),
            Ok(Some(other)) => Heard::Refused(unexpected(&other).to_string()),
            Err(_) => Heard::Ended(self.ending(pid)),
        }
    }

    /// Whether anybody was started in it.
    pub fn is_used(&self) -> bool {
        self.is_used
    }

    /// Waits for the end of a process that has been sent a signal which ends it.
    pub fn await_end(&mut self, pid: i32) {
        self.ending(pid);
    }

    /// Takes away what is left of a process that has ended, as `wait` in its parent does: until then its id is taken,
    /// and `kill` finds it. Returns how it has ended.
    pub fn reap(&mut self, pid: i32) -> Option<Ending> {
        self.outputs.remove(&pid);
        match self.init.ask(&Request::Reap { pid }) {
            Ok(Response::Ended(ending)) => ending.map(Ending::from),
            _ => None,
        }
    }

    /// Has a worker exit with this status: that has happened when this returns.
    pub fn exit(&mut self, pid: i32, status: i32) {
        if let Some(line) = self.workers.get_mut(&pid) {
            // Whoever does not hear it any more has ended already.
            let _ = line.send(&Request::Exit { status });
        }
        self.await_end(pid);
    }

    /// Waits for the end of a worker that has closed its line, or is about to.
    fn ending(&mut self, pid: i32) -> Ending {
        self.workers.remove(&pid);
        match self.init.ask(&Request::Wait { pid, within: TIMEOUT }) {
            Ok(Response::Ended(Some(ending))) => ending.into(),
            _ => Ending::Hung,
        }
    }

    /// How a process has ended, if it has, or does within a time; it may run another program.
    pub fn ended(&mut self, pid: i32, within: Duration) -> Option<Ending> {
        match self.init.ask(&Request::Wait { pid, within }) {
            Ok(Response::Ended(ending)) => {
                let ending = ending.map(Ending::from);
                if ending.is_some() {
                    self.workers.remove(&pid);
                }
                ending
            }
            _ => Some(Ending::Hung),
        }
    }

    /// Has a worker run another program: `execvp(words[0], words[1..])`. Returns why that failed; nothing, if it runs. What
    /// it prints goes into a pipe.
    ///
    /// # Errors
    ///
    /// `Environment`, where the worker is gone.
    pub fn exec(&mut self, pid: i32, words: Vec<String>) -> Result<Option<Errno>> {
        let line = self.workers.get_mut(&pid).ok_or_else(|| gone(pid))?;
        let (output, theirs) = pipe().map_err(|error| no_process(&error))?;
        line.send(&Request::Exec { words }).map_err(|error| no_process(&error))?;
        line.receive().and_then(expect_ready).map_err(|error| no_process(&error))?;
        pass(line.socket.get_ref(), &theirs).map_err(|error| no_process(&error))?;
        drop(theirs);
        match line.receive() {
            Ok(Response::Reply(Reply::Returns(Err(errno)))) => Ok(Some(errno)),
            Ok(other) => Err(no_process(&unexpected(&other))),
            // The socket closes at the moment of the exec: no answer is the good answer.
            Err(_) => {
                self.workers.remove(&pid);
                self.outputs.insert(pid, output);
                Ok(None)
            }
        }
    }

    /// What the program has printed that a process runs, since this was last asked. Nobody is waited for; and a program that
    /// prints more than a pipe holds goes on when this is asked again.
    pub fn printed(&mut self, pid: i32) -> Vec<u8> {
        let mut bytes = Vec::new();
        if let Some(output) = self.outputs.get_mut(&pid) {
            // What there is has been read, when the pipe would have to wait.
            let _ = output.take(PIPE).read_to_end(&mut bytes);
        }
        bytes
    }

    /// Has init do something, who is root of the namespaces.
    ///
    /// # Errors
    ///
    /// `Environment`, where init is gone.
    pub fn as_root(&mut self, action: &Action) -> Result<Reply> {
        match self.init.ask(&Request::Perform { action: action.clone(), checked: true }) {
            Ok(Response::Reply(reply)) => Ok(reply),
            Ok(other) => Err(no_process(&unexpected(&other))),
            Err(error) => Err(no_process(&error)),
        }
    }

    /// The text of a file of `/proc` as a worker reads it, or init.
    ///
    /// # Errors
    ///
    /// Those of open(2) and read(2).
    pub fn read(&mut self, pid: Option<i32>, path: &Path) -> io::Result<String> {
        let worker = pid.and_then(|pid| self.workers.get_mut(&pid));
        let path: PathBuf = path.to_owned();
        match worker.unwrap_or(&mut self.init).ask(&Request::Read { path })? {
            Response::Text(text) => Ok(text),
            Response::Failed(why) => Err(io::Error::other(why)),
            other => Err(unexpected(&other)),
        }
    }
}

/// A pipe from which nobody waits to read.
fn pipe() -> io::Result<(PipeReader, OwnedFd)> {
    let (reader, writer) = io::pipe()?;
    fcntl(&reader, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
    Ok((reader, writer.into()))
}

fn gone(pid: i32) -> Error {
    Error::environment(format!("process {pid} was asked"), "it has ended", "Start another one.")
}

fn no_process(error: &dyn ToString) -> Error {
    Error::environment(
        "start a process",
        error.to_string(),
        "See how many processes run, `ulimit -u` and `ulimit -n`: each takes a descriptor, too.",
    )
}

/// Each worker takes a descriptor of this process: so many as the hard limit allows.
fn allow_many_lines() {
    if let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE)
        && soft < hard
    {
        let _ = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        // A process that was forked from this one in between has copies of the socket: closing ours is not enough.
        let _ = self.init.socket.get_ref().shutdown(std::net::Shutdown::Both);
        let _ = ending_of(self.parent);
    }
}
