//! The processes of the namespaces: their parent, init, and the workers. Each does what it is told over its line.
//!
//! **Invariant:** a process here ends when its line is closed; and init, with whom all end, also when its parent does.

use std::ffi::CString;
use std::fs;
use std::io::{self, BufReader};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use nix::errno::Errno;
use nix::sched::{CloneFlags, unshare};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::Signal;
use nix::unistd::{ForkResult, Pid, execvp, getpid, getppid, setsid};
use playground_core::machine::Reply;

use super::action::perform;
use super::message::{Request, Response, take};
use crate::evidence::maps;
use crate::kernel::child::line::{receive, send};
use crate::kernel::linux::{close_all_but, exit_now, fork, fork_sibling, restore_default};
use crate::kernel::{Linux, cleanup, ending_of, ending_seen_within, portable};

/// The first worker has this id: what is below is left to others, as on a machine that has just started.
const FIRST_PID: i32 = 101;
/// The process that makes the namespaces: it starts init in them, waits for its end, and ends.
pub(super) fn parent(line: UnixStream, starter: Pid) -> i32 {
    // Something else may be set to happen for them in the process that this one was forked from.
    cleanup::ENDS.into_iter().chain([Signal::SIGWINCH]).for_each(restore_default);
    cleanup::reset();
    let mut line = BufReader::new(line);
    let separated = separate(line.get_ref(), starter);
    let flags = CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWIPC | CloneFlags::CLONE_NEWPID;
    let unshared = separated.and_then(|()| Ok(unshare(flags)?));
    let response = unshared.map_or_else(|error| Response::Failed(error.to_string()), |()| Response::Ready);
    if send(line.get_mut(), &response).is_err() || !matches!(response, Response::Ready) {
        return 1;
    }
    // The ids are mapped meanwhile, by the process at the other end.
    let Ok(Request::Begin) = receive(&mut line, &mut Vec::new()) else { return 1 };
    let this_process = getpid();
    // Who gets new credentials loses the signal for its parent's end.
    if !dies_with(starter) {
        return 1;
    }
    match fork() {
        Ok(ForkResult::Parent { child }) => {
            drop(line);
            i32::from(ending_of(child).is_err())
        }
        Ok(ForkResult::Child) => init(line, this_process),
        Err(errno) => {
            let _ = send(line.get_mut(), &Response::Failed(errno.to_string()));
            1
        }
    }
}

/// Away from the terminal and its signals, from the descriptors of the starter, and with its life tied to it.
fn separate(line: &UnixStream, starter: Pid) -> io::Result<()> {
    let _ = setsid();
    let own = line.as_raw_fd();
    let null = fs::File::options().read(true).write(true).open("/dev/null")?;
    nix::unistd::dup2_stdin(&null)?;
    nix::unistd::dup2_stdout(&null)?;
    nix::unistd::dup2_stderr(&null)?;
    drop(null);
    close_all_but(own)?;
    // A limit of 1 keeps a core dump from files and from handlers such as apport alike (core(5)).
    let _ = setrlimit(Resource::RLIMIT_CORE, 1, 1);
    if dies_with(starter) { Ok(()) } else { Err(io::ErrorKind::BrokenPipe.into()) }
}

/// Has the kernel kill this process with its parent; false, if the parent is gone already. Here nothing has to be
/// removed before: the namespaces take everything along.
fn dies_with(parent: Pid) -> bool {
    let _ = set_pdeathsig(Signal::SIGKILL);
    // Across a PID namespace the parent has no id.
    [parent, Pid::from_raw(0)].contains(&getppid())
}

fn init(line: BufReader<UnixStream>, parent: Pid) -> i32 {
    if !dies_with(parent) {
        return 1;
    }
    // Where that is not allowed, ids begin at 2.
    let _ = fs::write("/proc/sys/kernel/ns_last_pid", (FIRST_PID - 1).to_string());
    let mut server = Server { line, process: Linux::new(), is_init: true };
    if send(server.line.get_mut(), &Response::Ready).is_err() {
        return 1;
    }
    server.serve()
}

struct Server {
    line: BufReader<UnixStream>,
    process: Linux,
    is_init: bool,
}

impl Server {
    fn serve(&mut self) -> i32 {
        while let Ok(request) = receive(&mut self.line, &mut Vec::new()) {
            let response = self.respond(request);
            if send(self.line.get_mut(), &response).is_err() {
                return 1;
            }
        }
        0
    }

    fn respond(&mut self, request: Request) -> Response {
        match request {
            Request::Exit { status } => exit_now(status),
            Request::Perform { action, checked } => perform(self.process.nothing_to_lose(), &action, checked)
                .map_or_else(Response::Failed, Response::Reply),
            Request::Exec { words } => {
                self.exec(words).unwrap_or_else(|error| Response::Failed(error.to_string()))
            }
            Request::Fork => self.fork().unwrap_or_else(|error| Response::Failed(error.to_string())),
            Request::Read { path } => fs::read_to_string(path)
                .map_or_else(|error| Response::Failed(error.to_string()), Response::Text),
            Request::Wait { pid, within } => Response::Ended(wait(Pid::from_raw(pid), within)),
            Request::Reap { pid } => Response::Ended(ending_of(Pid::from_raw(pid)).ok().map(Into::into)),
            Request::Begin => Response::Ready,
        }
    }

    /// Another program takes over, and prints to where it is told.
    fn exec(&mut self, words: Vec<String>) -> io::Result<Response> {
        send(self.line.get_mut(), &Response::Ready)?;
        let output = take(self.line.get_ref())?;
        nix::unistd::dup2_stdout(&output)?;
        nix::unistd::dup2_stderr(&output)?;
        Ok(refused(replace(words)))
    }

    /// The child goes on as this server, with a line of its own; what it says first is what is in its memory.
    fn fork(&mut self) -> io::Result<Response> {
        send(self.line.get_mut(), &Response::Ready)?;
        let line = take(self.line.get_ref())?;
        let forked = if self.is_init { fork() } else { fork_sibling() };
        Ok(match forked {
            Ok(ForkResult::Parent { child }) => Response::Forked(child.as_raw()),
            Ok(ForkResult::Child) => {
                self.line = BufReader::new(line);
                self.is_init = false;
                Response::Memory(memory())
            }
            Err(errno) => refused(errno),
        })
    }
}

fn refused(errno: Errno) -> Response {
    Response::Reply(Reply::Returns(Err(portable(errno))))
}

fn wait(pid: Pid, within: Duration) -> Option<super::message::End> {
    ending_seen_within(pid, within).ok().flatten().map(Into::into)
}

/// What is mapped in this process, but for segments.
fn memory() -> Vec<(u64, u64)> {
    let mappings = fs::read_to_string("/proc/self/maps").ok().and_then(|text| maps::parse(&text).ok());
    let mappings = mappings.unwrap_or_default().into_iter();
    mappings
        .filter(|mapping| mapping.segment().is_none())
        .map(|mapping| (mapping.start.0, mapping.end.0))
        .collect()
}

/// `execvp(words[0], words[1..])`, which returns only if it fails: as in `execlp` the program's name is given twice.
fn replace(words: Vec<String>) -> Errno {
    let words: std::result::Result<Vec<CString>, _> = words.into_iter().map(CString::new).collect();
    match words.as_deref() {
        Ok([program, arguments @ ..]) => match execvp(program, arguments) {
            Err(errno) => errno,
        },
        _ => Errno::EINVAL,
    }
}
