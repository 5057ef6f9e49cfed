//! A forked child that does what it is told: a [`Process`] at the other end of a socket.
//!
//! The child is real: it has its own pid, its own maps, and it really dies of a bad access. What it is asked and
//! what it answers travel as one line of JSON each.
//!
//! **Invariant:** a child never outlives its parent, never keeps it waiting without end, and is always waited
//! for. What it made is in its own safety net and in its parent's.

mod life;
pub(super) mod line;

use std::io::{self, BufReader};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use nix::sys::signal::{self, kill};
use nix::unistd::{ForkResult, Pid};
use playground_core::{Errno, Signal};

use super::cleanup;
use super::{
    Adjustment, Change, Done, Ending, Faults, Linux, Look, Meter, Operation, ProcFile, Process, Step,
    ToolRun, ending_of, linux, portable, unrelated,
};
use crate::call::{Address, Call, Outcome};
use crate::error::{Error, Result};
use line::{Reply, Request, is_late, receive, send};

pub(super) use life::serve;

/// How long a child may take for an answer. Every request is one call or one copy, so this is generous; what may
/// take longer is a [`Operation`].
const TIMEOUT: Duration = Duration::from_secs(20);

/// A process that was forked from this one.
#[derive(Debug)]
pub struct Child {
    pid: Pid,
    line: BufReader<UnixStream>,
    /// It runs another program, which answers nothing, and ends when it likes.
    elsewhere: bool,
    /// It has been told to move into an IPC namespace of its own, where ids are not ours.
    apart: bool,
    /// What it was asked to do and has not answered yet.
    at_work: Option<Request>,
    /// The beginning of an answer whose rest has not come yet.
    received: Vec<u8>,
    ending: Option<Ending>,
}

impl Child {
    /// Forks `parent`; the child has a copy of its attachments and waits for requests.
    pub(super) fn of(parent: &mut Linux) -> Result<Child> {
        let cannot = |error: &dyn ToString| {
            Error::environment(
                "fork a second process",
                error.to_string(),
                "See `ulimit -u`, and how many processes run.",
            )
        };
        let (ours, its) = UnixStream::pair().map_err(|error| cannot(&error))?;
        ours.set_read_timeout(Some(TIMEOUT)).map_err(|error| cannot(&error))?;
        let this_process = nix::unistd::getpid();
        match linux::fork().map_err(|errno| cannot(&portable(errno)))? {
            ForkResult::Parent { child } => Ok(Child {
                pid: child,
                line: BufReader::new(ours),
                elsewhere: false,
                apart: false,
                at_work: None,
                received: Vec::new(),
                ending: None,
            }),
            ForkResult::Child => {
                drop(ours);
                linux::exit_now(serve(parent, its, this_process))
            }
        }
    }

    /// A process that is a child of this one only because this one started it, and answers on its standard input.
    pub(super) fn unrelated() -> Result<Child> {
        let cannot = |error: io::Error| {
            Error::environment("start this program anew", error, "Is the program's file still where it was?")
        };
        let (ours, its) = UnixStream::pair().map_err(cannot)?;
        ours.set_read_timeout(Some(TIMEOUT)).map_err(cannot)?;
        let pid = unrelated::start(its).map_err(cannot)?;
        Ok(Child {
            pid,
            line: BufReader::new(ours),
            elsewhere: false,
            apart: false,
            at_work: None,
            received: Vec::new(),
            ending: None,
        })
    }

    fn ask(&mut self, request: &Request) -> Result<Reply> {
        if self.elsewhere {
            let asked = format!("process {} was asked", self.pid);
            return Err(Error::environment(asked, "it runs another program now", "Ask it before the exec."));
        }
        if self.at_work.is_some() {
            return Err(self.busy());
        }
        self.answer(request).map_err(|error| self.lost(is_late(&error), request))
    }

    fn answer(&mut self, request: &Request) -> io::Result<Reply> {
        if self.ending.is_some() {
            return Err(io::ErrorKind::NotConnected.into());
        }
        send(self.line.get_mut(), request)?;
        receive(&mut self.line, &mut self.received)
    }

    fn busy(&self) -> Error {
        Error::environment(
            format!("process {} was asked", self.pid),
            "it is at work",
            "Collect the end of that first, or kill it.",
        )
    }

    /// The answer to what was asked before, if it comes within a time.
    fn answer_within(&mut self, time: Duration) -> io::Result<Option<Reply>> {
        // A time of 0 would mean to wait for ever (setsockopt of SO_RCVTIMEO).
        self.line.get_ref().set_read_timeout(Some(time.max(Duration::from_micros(1))))?;
        let reply = receive(&mut self.line, &mut self.received);
        self.line.get_ref().set_read_timeout(Some(TIMEOUT))?;
        match reply {
            Err(error) if is_late(&error) => Ok(None),
            reply => reply.map(Some),
        }
    }

    /// The child gives no answer: finds out how it ended.
    fn lost(&mut self, hung: bool, request: &Request) -> Error {
        if hung {
            let _ = kill(self.pid, signal::SIGKILL);
        }
        let ending = self.wait(hung);
        if let Request::Perform(call) = request {
            cleanup::adopt_unheard(self.pid(), call, self.apart);
        }
        Error::Ended { pid: self.pid(), ending }
    }

    /// Waits for the child, which has ended or is about to.
    fn wait(&mut self, hung: bool) -> Ending {
        let pid = self.pid;
        // Nobody else waits for this child, so that there is an ending. Were there none, it would not be a good one.
        let wait = || ending_of(pid).ok().filter(|_| !hung).unwrap_or(Ending::Hung);
        *self.ending.get_or_insert_with(wait)
    }
}

impl Look for Child {
    fn page_size(&self) -> usize {
        Linux::new().page_size()
    }

    fn shows(&mut self, file: ProcFile) -> io::Result<String> {
        let path = file.path(self.pid());
        let is_its_own = matches!(file, ProcFile::Maps | ProcFile::Status | ProcFile::SleepsIn);
        if self.apart && !is_its_own && (self.ending.is_some() || self.elsewhere) {
            // Whoever could read it is gone, and our own namespace has another table.
            return Err(io::ErrorKind::NotConnected.into());
        }
        if is_its_own || self.at_work.is_some() || self.ending.is_some() || self.elsewhere {
            return std::fs::read_to_string(path);
        }
        match self.ask(&Request::Show { path }) {
            Ok(Reply::Shown(text)) => Ok(text),
            Ok(Reply::Failed([_, answer, _])) => Err(io::Error::other(answer)),
            Ok(_) => Err(io::ErrorKind::InvalidData.into()),
            Err(error) => Err(io::Error::other(error.to_string())),
        }
    }
}

impl Process for Child {
    fn pid(&self) -> i32 {
        self.pid.as_raw()
    }

    fn is_apart(&self) -> bool {
        self.apart
    }

    fn perform(&mut self, call: &Call) -> Result<Outcome> {
        cleanup::hold_signals(|| {
            let outcome = match self.ask(&Request::Perform(call.clone()))? {
                Reply::Answered(answer) => Ok(answer),
                Reply::Errno(errno) => Err(Errno::from_raw(errno)),
                other => return Err(self.misunderstood(other)),
            };
            // A name lies in a folder, which belongs to no IPC namespace.
            if let (Call::File(call), Ok(_)) = (call, &outcome) {
                cleanup::record_name(call);
            }
            // What is made apart goes with its namespace, and its id is that of another segment here.
            if !self.apart {
                cleanup::record(self.pid(), call, &outcome);
            }
            Ok(outcome)
        })
    }

    fn load(&mut self, address: Address, buffer: &mut [u8]) -> Result<Faults> {
        match self.ask(&Request::Load { address, length: buffer.len() })? {
            Reply::Loaded(bytes, faults) if bytes.len() == buffer.len() => {
                buffer.copy_from_slice(&bytes);
                Ok(faults)
            }
            other => Err(self.misunderstood(other)),
        }
    }

    fn store(&mut self, address: Address, bytes: &[u8]) -> Result<Faults> {
        match self.ask(&Request::Store { address, bytes: bytes.to_vec() })? {
            Reply::Stored(faults) => Ok(faults),
            other => Err(self.misunderstood(other)),
        }
    }

    fn store_times(&mut self, address: Address, bytes: &[u8], times: usize) -> Result<()> {
        (0..times).try_for_each(|_| self.store(address, bytes).map(drop))
    }

    fn word(&mut self, address: Address, change: Change) -> Result<u32> {
        match self.ask(&Request::Word { address, change })? {
            Reply::Word(before) => Ok(before),
            other => Err(self.misunderstood(other)),
        }
    }

    fn step(&mut self, counter: Address, step: Step) -> Result<u32> {
        match self.ask(&Request::Step { counter, step })? {
            Reply::Word(register) => Ok(register),
            other => Err(self.misunderstood(other)),
        }
    }

    fn start(&mut self, operation: &Operation) -> Result<()> {
        if self.at_work.is_some() {
            return Err(self.busy());
        }
        let request = Request::Do(operation.clone());
        if self.ending.is_some() || send(self.line.get_mut(), &request).is_err() {
            return Err(self.lost(false, &request));
        }
        self.at_work = Some(request);
        Ok(())
    }

    fn finish(&mut self, within: Duration) -> Result<Option<Done>> {
        let Some(request) = self.at_work.take() else {
            return Err(Error::environment(
                format!("process {} was to have done something", self.pid),
                "it was told to do nothing",
                "Start it first.",
            ));
        };
        match self.answer_within(within) {
            Ok(None) => {
                self.at_work = Some(request);
                Ok(None)
            }
            Ok(Some(reply)) => self.done(reply).map(Some),
            Err(_) => Err(self.lost(false, &request)),
        }
    }

    /// The child itself reads what depends on its namespace; the rest is read from outside, so that it can be
    /// seen when it runs another program or waits.
    fn program(&self) -> Option<PathBuf> {
        linux::program_of(self.pid())
    }

    fn user(&self) -> u32 {
        Linux::new().user()
    }

    fn now(&self) -> Duration {
        Linux::new().now()
    }

    fn rest(&self, time: Duration) {
        Linux::new().rest(time);
    }

    fn run_tool(&mut self, words: &[String]) -> io::Result<ToolRun> {
        Linux::new().run_tool(words)
    }

    fn meter(&self) -> &'static dyn Meter {
        Linux::new().meter()
    }

    fn user_name(&self, uid: u32) -> Option<String> {
        Linux::new().user_name(uid)
    }

    fn processes(&self) -> Vec<i32> {
        Linux::new().processes()
    }

    fn fork(&mut self) -> Result<Box<dyn Process>> {
        Err(Error::environment(
            "fork a child of a child",
            "not part of the playground",
            "Fork both from the lesson.",
        ))
    }

    fn adjust(&mut self, adjustment: &Adjustment) -> Result<()> {
        // Even where it fails, the child may be half way there.
        self.apart |= *adjustment == Adjustment::Isolate;
        match self.ask(&Request::Adjust(adjustment.clone()))? {
            Reply::Done => Ok(()),
            other => Err(self.misunderstood(other)),
        }
    }

    fn exec(&mut self, program: &str, arguments: &[&str]) -> Result<()> {
        let arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        let request = Request::Exec { program: program.to_owned(), arguments };
        if self.at_work.is_some() {
            return Err(self.busy());
        }
        // The socket closes at the moment of the exec: no answer is the good answer.
        match self.answer(&request) {
            Ok(Reply::Errno(errno)) => Err(Error::environment(
                format!("process {} was to run `{program}`", self.pid),
                Errno::from_raw(errno),
                format!("Is {program} installed, and in a folder of PATH?"),
            )),
            Ok(other) => Err(self.misunderstood(other)),
            Err(_) => {
                self.elsewhere = true;
                Ok(())
            }
        }
    }

    fn end(&mut self, signal: Option<Signal>) -> Result<Ending> {
        match signal {
            Some(signal) => drop(kill(self.pid, signal::Signal::try_from(signal.raw()).ok())),
            // It would not hear it.
            None if self.at_work.is_some() => return Err(self.busy()),
            None => drop(self.answer(&Request::Exit)),
        }
        Ok(self.wait(false))
    }
}

impl Child {
    fn done(&self, reply: Reply) -> Result<Done> {
        Ok(match reply {
            Reply::Answered(answer) => Done::Answered(Ok(answer)),
            Reply::Errno(errno) => Done::Answered(Err(Errno::from_raw(errno))),
            Reply::Counted(tally) => Done::Counted(tally),
            Reply::Locked { orphaned } => Done::Locked { orphaned },
            Reply::Done => Done::Unlocked,
            other => return Err(self.misunderstood(other)),
        })
    }

    fn misunderstood(&self, reply: Reply) -> Error {
        match reply {
            Reply::Failed([asked, answer, advice]) => Error::environment(asked, answer, advice),
            _ => Error::environment(
                format!("process {} was asked", self.pid),
                "it answered something else",
                "Run the lesson again.",
            ),
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if self.ending.is_none() {
            let _ = kill(self.pid, signal::SIGKILL);
            self.wait(false);
        }
    }
}
