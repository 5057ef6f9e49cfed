//! Runs a compiler under limits: a source file can be as hostile as a program. `#include "/dev/zero"` has no end.
//!
//! How long it may take by the clock is for whoever waits for the judge to say.
//!
//! **Invariant:** this process has its own limits back before anything else is done.

use std::io::{self, Read};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

use nix::errno::Errno;
use nix::sys::resource::{Resource, getrlimit, rlim_t, setrlimit};
use nix::sys::signal::Signal;

use super::code::Code;
use super::verdict::Finding;

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

/// What became of it.
pub(super) struct Compiled {
    pub status: ExitStatus,
    pub messages: String,
}

impl Compiler {
    /// Runs it. Compilers keep their own files where the program is to be, since elsewhere they may not write.
    pub fn run(&self, command: &mut Command, program: &Path) -> Result<Compiled, Finding> {
        let place = program.parent().unwrap_or(Path::new("."));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).env("TMPDIR", place);
        let compiled = self.spawn(command).and_then(heard).map_err(|error| self.cannot_be_run(&error))?;
        self.over_limit(&compiled).map_or(Ok(compiled), Err)
    }

    /// A child inherits limits, so they are this process's own for the moment in which it begins.
    fn spawn(&self, command: &mut Command) -> io::Result<Child> {
        let wanted = [
            (Resource::RLIMIT_AS, self.memory),
            (Resource::RLIMIT_FSIZE, FILE_SIZE),
            (Resource::RLIMIT_CPU, TIME),
            (Resource::RLIMIT_CORE, 0),
        ];
        let _lowered: Vec<Lowered> =
            wanted.into_iter().map(|(resource, value)| lower(resource, value)).collect::<Result<_, _>>()?;
        command.spawn()
    }

    fn cannot_be_run(&self, error: &io::Error) -> Finding {
        let words = format!("{} cannot be run: {error}. Is it installed, and in the PATH?", self.name);
        Finding::new(Code::NotRun, words)
    }

    /// Which limit it met, if it met one: it was ended by a signal, or what drives it says of a part that this was.
    fn over_limit(&self, compiled: &Compiled) -> Option<Finding> {
        let (name, said) = (self.name, |words: &str| compiled.messages.contains(words));
        let ended_by = |signal: Signal, words: &str| {
            compiled.status.signal() == Some(signal as i32)
                || said(&format!("{words} signal terminated program"))
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

/// Reads no more of the messages than is needed: who writes on meets a closed pipe, and ends.
fn heard(mut child: Child) -> io::Result<Compiled> {
    let mut messages = Vec::new();
    if let Some(pipe) = child.stderr.take() {
        pipe.take(MESSAGES).read_to_end(&mut messages)?;
    }
    Ok(Compiled { status: child.wait()?, messages: String::from_utf8_lossy(&messages).into_owned() })
}

/// A limit of this process that is lower for as long as this lives.
struct Lowered {
    resource: Resource,
    before: (rlim_t, rlim_t),
}

fn lower(resource: Resource, value: u64) -> nix::Result<Lowered> {
    let before = getrlimit(resource)?;
    setrlimit(resource, value.min(before.0), before.1)?;
    Ok(Lowered { resource, before })
}

impl Drop for Lowered {
    fn drop(&mut self) {
        let _: Result<(), Errno> = setrlimit(self.resource, self.before.0, self.before.1);
    }
}
