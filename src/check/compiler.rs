//! Runs a compiler under limits and in the sandbox: a source file can be as hostile as a program. `#include "/dev/zero"`
//! has no end, and `include_str!` shows a file in a message.
//!
//! How long it may take by the clock is for whoever waits for the judge to say.
//!
//! **Invariant:** a compiler sees what the hand-in sees, and the playground's own libraries.

use std::ffi::{CString, OsString};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::fcntl::OFlag;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::unistd::{ForkResult, chdir, dup2_stderr, dup2_stdin, dup2_stdout, execvpe, pipe2, setsid};
use playground_core::Signal;
use seccompiler::apply_filter;

use super::bounds;
use super::code::Code;
use super::forbidden;
use super::keeper::Container;
use super::verdict::Finding;
use crate::kernel::{Ending, ending_of, exit_now, fork};

/// Bytes that a compiler may write into one file, and of its messages as many as are read.
const FILE_SIZE: u64 = 32 << 20;
const MESSAGES: u64 = 1 << 20;
/// Seconds of the processor's time.
const TIME: u64 = 60;

/// A compiler, and how much memory it may ask for.
pub(super) struct Compiler {
    pub name: &'static str,
    pub memory: u64,
}

/// What a compiler is to do.
pub(super) struct Order<'a> {
    pub program: &'a Path,
    pub arguments: Vec<OsString>,
    /// Where it works, and keeps files of its own.
    pub directory: &'a Path,
    pub scratch: &'a Path,
    /// `NAME=value`, each, beside the place for its own files.
    pub environment: &'a [OsString],
    pub container: Option<&'a Container<'a>>,
}

/// What became of it.
pub(super) struct Compiled {
    pub ending: Ending,
    pub messages: String,
}

impl Compiled {
    pub fn is_success(&self) -> bool {
        self.ending == Ending::Exited(0)
    }
}

/// The exit status of a child that could not become the compiler.
const NOT_STARTED: i32 = 126;

impl Compiler {
    /// Runs it.
    pub fn run(&self, order: &Order<'_>) -> Result<Compiled, Finding> {
        let compiled = self.spawn(order).map_err(|error| self.cannot_be_run(&error.to_string()))?;
        if compiled.ending == Ending::Exited(NOT_STARTED) {
            return Err(self.cannot_be_run(&compiled.messages));
        }
        self.over_limit(&compiled).map_or(Ok(compiled), Err)
    }

    /// Reads no more of the messages than is needed: who writes on meets a closed pipe, and ends.
    fn spawn(&self, order: &Order<'_>) -> io::Result<Compiled> {
        let (pipe, its) = pipe2(OFlag::O_CLOEXEC)?;
        let forked = order.container.map_or_else(fork, Container::fork)?;
        let ForkResult::Parent { child } = forked else { self.become_it(order, its) };
        drop(its);
        let mut messages = Vec::new();
        File::from(pipe).take(MESSAGES).read_to_end(&mut messages)?;
        Ok(Compiled { ending: ending_of(child)?, messages: String::from_utf8_lossy(&messages).into_owned() })
    }

    fn become_it(&self, order: &Order<'_>, messages: OwnedFd) -> ! {
        let Err(error) = self.prepare(order, &messages);
        let _ = write!(File::from(messages), "{error}");
        exit_now(NOT_STARTED)
    }

    fn prepare(&self, order: &Order<'_>, messages: &OwnedFd) -> io::Result<std::convert::Infallible> {
        setsid()?;
        chdir(order.directory)?;
        dup2_stdin(File::open("/dev/null")?)?;
        dup2_stdout(File::options().write(true).open("/dev/null")?)?;
        dup2_stderr(messages)?;
        let always = [
            (Resource::RLIMIT_AS, self.memory),
            (Resource::RLIMIT_FSIZE, FILE_SIZE),
            (Resource::RLIMIT_CPU, TIME),
            (Resource::RLIMIT_CORE, 0),
        ];
        let in_a_sandbox = (Resource::RLIMIT_NPROC, bounds::OF_A_COMPILER);
        let is_counted = order.container.is_some() && bounds::counts_by_namespace();
        for (resource, value) in always.into_iter().chain(is_counted.then_some(in_a_sandbox)) {
            let value = value.min(getrlimit(resource)?.1);
            setrlimit(resource, value, value)?;
        }
        let filter = forbidden::filter().ok_or(io::ErrorKind::Unsupported)?;
        apply_filter(&filter).map_err(io::Error::other)?;
        let c = |word: &OsString| CString::new(word.as_bytes()).map_err(io::Error::other);
        let program = CString::new(order.program.as_os_str().as_bytes()).map_err(io::Error::other)?;
        let arguments = order.arguments.iter().map(c).collect::<io::Result<Vec<_>>>()?;
        let mut scratch = OsString::from("TMPDIR=");
        scratch.push(order.scratch);
        let environment =
            [&scratch].into_iter().chain(order.environment).map(c).collect::<io::Result<Vec<_>>>()?;
        let words: Vec<&CString> = [&program].into_iter().chain(&arguments).collect();
        Ok(execvpe(&program, &words, &environment)?)
    }

    fn cannot_be_run(&self, why: &str) -> Finding {
        let words = format!("{} cannot be run: {why}. Is it installed, and in the PATH?", self.name);
        Finding::new(Code::NotRun, words)
    }

    /// Which limit it met, if it met one: it was ended by a signal, or what drives it says of a part that this was.
    fn over_limit(&self, compiled: &Compiled) -> Option<Finding> {
        let (name, said) = (self.name, |words: &str| compiled.messages.contains(words));
        let ended_by = |signal: Signal, words: &str| {
            compiled.ending == Ending::Killed(signal) || said(&format!("{words} signal terminated program"))
        };
        if ended_by(Signal::SIGXCPU, "CPU time limit exceeded") {
            let words = format!("{name} was still compiling it after {TIME} s of work, and was ended.");
            return Some(Finding::new(Code::TimedOut, words));
        }
        if ended_by(Signal::SIGXFSZ, "File size limit exceeded") {
            let words =
                format!("{name} made a file of more than {} MiB of it, and was ended.", FILE_SIZE >> 20);
            return Some(Finding::new(Code::OverLimit, words));
        }
        let out_of_memory = ["out of memory allocating", "memory exhausted", "memory allocation of"];
        out_of_memory.into_iter().any(said).then(|| {
            let words = format!("{name} took more than {} MiB of memory to compile it.", self.memory >> 20);
            Finding::new(Code::OverLimit, words)
        })
    }
}
