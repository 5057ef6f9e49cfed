//! Starting a program under the tracer.
//!
//! The child waits until it is seized, so that no call of the program escapes; it is seized rather than made to ask
//! for it (`PTRACE_TRACEME`), because only then does job control work in it as it does untraced (ptrace(2)).
//!
//! To copy this process, as `fork` does, would take longer than all else that is done for a small program. So the child
//! borrows its memory until it is another program, as by `vfork` (vfork.rs).
//!
//! **Invariant:** until its `exec` the child makes system calls only: it allocates nothing, takes no lock and changes no
//! memory but its own stack, since all other memory is this process's. What the child needs was made before.

use std::ffi::{CString, NulError, OsStr, OsString};
use std::io::{self, Read};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::ptr;

use nix::errno::Errno;
use nix::libc::{self, c_char, c_int};
use nix::sys::ptrace::{self, Options};
use nix::sys::signal::{SigHandler, Signal, signal};
use nix::sys::socket::{MsgFlags, recv};
use nix::unistd::{Pid, chdir, read, setsid, write};
use seccompiler::BpfProgram;

use super::failure::Error;
use super::filter;
use super::inside::Inside;
use super::interpreter;
use super::turn;
use super::vfork;

/// What to run, and in which surroundings; what is not said is as it is for this process.
#[derive(Debug)]
pub struct Command {
    program: OsString,
    arguments: Vec<OsString>,
    directory: Option<PathBuf>,
    /// What becomes standard input, output and error.
    streams: [Option<OwnedFd>; 3],
    limits: Vec<(libc::__rlimit_resource_t, u64)>,
    short_turns: bool,
    /// `NAME=value`, each; nothing, if this process's own.
    environment: Option<Vec<OsString>>,
    inside: Option<Inside>,
    forbidden: Option<BpfProgram>,
}

impl Command {
    /// A program: a path, or a name that is looked up in `PATH`.
    pub fn new(program: impl AsRef<OsStr>) -> Command {
        Command {
            program: program.as_ref().to_owned(),
            arguments: Vec::new(),
            directory: None,
            streams: [None, None, None],
            limits: Vec::new(),
            short_turns: false,
            environment: None,
            inside: None,
            forbidden: None,
        }
    }

    /// With these arguments, beside those it has.
    #[must_use]
    pub fn arguments(mut self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
        self.arguments.extend(arguments.into_iter().map(|argument| argument.as_ref().to_owned()));
        self
    }

    /// In this directory.
    #[must_use]
    pub fn directory(mut self, directory: impl Into<PathBuf>) -> Command {
        self.directory = Some(directory.into());
        self
    }

    /// With this as standard input (0), output (1) or error (2).
    #[must_use]
    pub fn stream(mut self, number: usize, file: impl Into<OwnedFd>) -> Command {
        self.streams[number] = Some(file.into());
        self
    }

    /// With no more of something than this: `setrlimit(resource, value)`, soft and hard. Where this process's own hard
    /// limit is lower, that one stays.
    #[must_use]
    pub fn limit(mut self, resource: nix::sys::resource::Resource, value: u64) -> Command {
        self.limits.push((resource as libc::__rlimit_resource_t, value));
        self
    }

    /// With turns on the processor as short as they can be, so that who gives way on a busy machine is soon back.
    #[must_use]
    pub fn short_turns(mut self) -> Command {
        self.short_turns = true;
        self
    }

    /// With these variables (`NAME=value`) and no others. A name without a slash is looked up in this process's `PATH`.
    #[must_use]
    pub fn environment(mut self, variables: impl IntoIterator<Item = OsString>) -> Command {
        self.environment = Some(variables.into_iter().collect());
        self
    }

    /// In these namespaces, and in a session of its own: process groups do not reach from there to here.
    #[must_use]
    pub fn inside(mut self, namespaces: Inside) -> Command {
        self.inside = Some(namespaces);
        self
    }

    /// Under this seccomp filter, beside the tracer's own.
    #[must_use]
    pub fn forbidding(mut self, filter: BpfProgram) -> Command {
        self.forbidden = Some(filter);
        self
    }

    /// The command as one would type it, for people to read.
    pub fn shown(&self) -> String {
        let words = std::iter::once(&self.program).chain(&self.arguments);
        words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
    }
}

/// A program that is traced from its first instruction on.
pub(super) struct Started {
    pub pid: Pid,
    line: UnixStream,
}

impl Started {
    /// Why the program was not run: the errno of `execvp` or of what comes before it. RawSyscall once it has ended.
    pub fn failure(&self) -> Option<Failure> {
        let mut report = [0; 8];
        let read = recv(self.line.as_raw_fd(), &mut report, MsgFlags::MSG_DONTWAIT).ok()?;
        let [[a, b, c, d], [e, f, g, h]] =
            [[0, 1, 2, 3], [4, 5, 6, 7]].map(|places| places.map(|p: usize| report[p]));
        let (step, errno) = (i32::from_ne_bytes([a, b, c, d]), i32::from_ne_bytes([e, f, g, h]));
        (read == report.len()).then(|| Failure { step, errno: Errno::from_raw(errno) })
    }
}

/// What a child reports when it could not become the program.
pub(super) struct Failure {
    step: i32,
    errno: Errno,
}

/// What the child does before it is the program, by number, since a number is all that it can report.
const PREPARE: i32 = 1;
const FILTER: i32 = 2;
const EXEC: i32 = 3;

impl Failure {
    /// The failure in words.
    pub fn explain(&self, command: &Command) -> Error {
        let (program, errno) = (command.program.to_string_lossy().into_owned(), self.errno);
        match self.step {
            EXEC => Error::NotRun { program, errno, missing: self.missing(command) },
            FILTER => Error::Filter { errno },
            _ => Error::Prepare { command: command.shown(), errno },
        }
    }

    fn missing(&self, command: &Command) -> Option<String> {
        let is_about_a_file = self.errno == Errno::ENOENT;
        is_about_a_file.then(|| interpreter::missing(&command.program, command.directory.as_deref()))?
    }
}

/// What the child is given: all of it made before it begins.
struct Plan {
    directory: Option<CString>,
    streams: [RawFd; 3],
    limits: Vec<(libc::__rlimit_resource_t, libc::rlimit)>,
    turn: Option<libc::sched_attr>,
    /// The tracer's, and what the command forbids.
    filters: Vec<BpfProgram>,
    inside: Option<Inside>,
    words: Words,
    environment: Option<Words>,
}

/// C strings, as `execvp` wants them.
struct Words {
    words: Vec<CString>,
    /// Pointers into `words`, and a null pointer.
    pointers: Vec<*const c_char>,
}

impl Words {
    fn new<'a>(words: impl Iterator<Item = &'a OsString>) -> Result<Words, NulError> {
        let words: Vec<CString> =
            words.map(|word| CString::new(word.as_bytes())).collect::<Result<_, _>>()?;
        let pointers = words.iter().map(|word| word.as_ptr()).chain([ptr::null()]).collect();
        Ok(Words { words, pointers })
    }
}

impl Plan {
    fn new(command: &Command) -> Result<Plan, Error> {
        let nul = |_| Error::Prepare { command: command.shown(), errno: Errno::EINVAL };
        let directory = command.directory.as_ref().map(|path| CString::new(path.as_os_str().as_bytes()));
        let own = filter::program().ok_or(Error::Filter { errno: Errno::ENOSYS })?;
        let words = std::iter::once(&command.program).chain(&command.arguments);
        let environment = command.environment.as_ref().map(|variables| Words::new(variables.iter()));
        Ok(Plan {
            directory: directory.transpose().map_err(nul)?,
            streams: command.streams.each_ref().map(|file| file.as_ref().map_or(-1, AsRawFd::as_raw_fd)),
            limits: command
                .limits
                .iter()
                .map(|&(resource, value)| (resource, lowered(resource, value)))
                .collect(),
            turn: command.short_turns.then(turn::shortest).flatten(),
            filters: command.forbidden.iter().cloned().chain([own]).collect(),
            inside: command.inside.clone(),
            words: Words::new(words).map_err(nul)?,
            environment: environment.transpose().map_err(nul)?,
        })
    }

    /// All that comes before the program; or at which step it failed, and why.
    fn prepare(&self) -> Result<(), (i32, Errno)> {
        self.surround().map_err(|errno| (PREPARE, errno))?;
        let apply =
            |filter: &BpfProgram| seccompiler::apply_filter(filter).map_err(|_| (FILTER, Errno::last()));
        self.filters.iter().try_for_each(apply)
    }

    /// Becomes the program; what it returns is why it did not.
    fn execute(&self) -> (i32, Errno) {
        let (program, words) = (self.words.words[0].as_ptr(), self.words.pointers.as_ptr());
        match &self.environment {
            // SAFETY: the pointers lead to C strings that live as long as the plan, and the last one is null.
            None => unsafe { libc::execvp(program, words) },
            // SAFETY: the same is true of both lists.
            Some(variables) => unsafe { libc::execvpe(program, words, variables.pointers.as_ptr()) },
        };
        (EXEC, Errno::last())
    }

    fn surround(&self) -> nix::Result<()> {
        if self.inside.is_some() {
            setsid()?;
        }
        if let Some(directory) = &self.directory {
            chdir(directory.as_c_str())?;
        }
        for (number, file) in (0..).zip(self.streams) {
            if file >= 0 {
                // SAFETY: dup2 takes two numbers; the child is about to be another program, so no owner minds.
                Errno::result(unsafe { libc::dup2(file, number) })?;
            }
        }
        for (resource, limit) in &self.limits {
            // SAFETY: the limit lives until the call returns.
            Errno::result(unsafe { libc::setrlimit(*resource, limit) })?;
        }
        if let Some(turn) = &self.turn {
            turn::take(turn);
        }
        // Rust ignores SIGPIPE for itself, and what is ignored stays ignored by the next program.
        // SAFETY: the default action is no handler, so none can be wrong.
        unsafe { signal(Signal::SIGPIPE, SigHandler::SigDfl) }.map(drop)
    }
}

// SAFETY: the pointers lead into `words`, which go where the plan goes, and are never written to.
unsafe impl Send for Plan {}
/// A limit, soft and hard, that is not above the hard one that holds already: to raise that is forbidden.
fn lowered(resource: libc::__rlimit_resource_t, value: u64) -> libc::rlimit {
    let mut now = libc::rlimit { rlim_cur: value, rlim_max: value };
    // SAFETY: the struct is this function's own, and large enough; where the call fails, it is not changed.
    unsafe { libc::getrlimit(resource, &mut now) };
    let value = value.min(now.rlim_max);
    libc::rlimit { rlim_cur: value, rlim_max: value }
}

/// Makes a process, and lets it become the program once it is seized.
///
/// # Errors
///
/// `Forbidden`: this process may not trace. `Prepare`: no process can be made, or a word holds a NUL.
/// What the child itself meets is told by [`Started::failure`] when it has ended.
pub(super) fn start(command: &Command) -> Result<Started, Error> {
    let cannot = |errno| Error::Prepare { command: command.shown(), errno };
    let plan = Plan::new(command)?;
    let (ours, its) = UnixStream::pair().map_err(|error| cannot(errno_of(&error)))?;
    let for_words = plan.words.pointers.len() * size_of::<*const c_char>();
    let child = Child { plan, parents: ours.as_raw_fd() };
    vfork::lend(child, its.into(), for_words).map_err(|error| cannot(errno_of(&error)))?;
    let mut pid = [0; 4];
    (&ours).read_exact(&mut pid).map_err(|error| cannot(errno_of(&error)))?;
    let started = Started { pid: Pid::from_raw(i32::from_ne_bytes(pid)), line: ours };
    if started.pid == NOBODY {
        return Err(started.failure().map_or(cannot(Errno::EIO), |failure| failure.explain(command)));
    }
    seize(&started)?;
    Ok(started)
}

fn errno_of(error: &io::Error) -> Errno {
    Errno::from_raw(error.raw_os_error().unwrap_or(libc::EIO))
}

fn seize(Started { pid, line }: &Started) -> Result<(), Error> {
    let options = Options::PTRACE_O_TRACESECCOMP
        | Options::PTRACE_O_TRACESYSGOOD
        | Options::PTRACE_O_TRACEFORK
        | Options::PTRACE_O_TRACEVFORK
        | Options::PTRACE_O_TRACECLONE
        | Options::PTRACE_O_TRACEEXEC
        | Options::PTRACE_O_TRACEEXIT
        | Options::PTRACE_O_EXITKILL;
    let seized = ptrace::seize(*pid, options);
    // Without the word to go on it exits by itself, as it would if this process were killed right now.
    let told = seized.and_then(|()| write(line, b"!").map(drop));
    told.map_err(|errno| {
        let _ = line.shutdown(std::net::Shutdown::Both);
        let _ = nix::sys::wait::waitpid(*pid, None);
        Error::Forbidden { errno }
    })
}

/// No process: the id that is sent where none could be made.
const NOBODY: Pid = Pid::from_raw(0);

/// The child before it is the program.
struct Child {
    plan: Plan,
    /// The number of the tracer's end of the line.
    parents: RawFd,
}

impl vfork::Operation for Child {
    fn before(&self) -> nix::Result<()> {
        let Some(inside) = &self.plan.inside else { return Ok(()) };
        inside.for_children()?;
        inside.see_files()
    }

    fn execute(&self, pid: Pid, line: &OwnedFd) -> ! {
        // While the child held the tracer's end, the tracer's death would not be heard.
        // SAFETY: the number is the child's own copy, and nothing of the child uses it again.
        unsafe { libc::close(self.parents) };
        let _ = write(line, &pid.as_raw().to_ne_bytes());
        // It is seized while it prepares itself.
        let prepared = self.plan.prepare();
        let mut word = [0];
        if read(line, &mut word) != Ok(1) {
            exit(1);
        }
        let (step, errno) = prepared.err().unwrap_or_else(|| self.plan.execute());
        report(line, step, errno);
        exit(if errno == Errno::ENOENT { 127 } else { 126 })
    }

    fn could_not_begin(&self, errno: Errno, line: &OwnedFd) {
        let _ = write(line, &NOBODY.as_raw().to_ne_bytes());
        report(line, PREPARE, errno);
    }
}

fn report(line: &OwnedFd, step: i32, errno: Errno) {
    let ([a, b, c, d], [e, f, g, h]) = (step.to_ne_bytes(), (errno as i32).to_ne_bytes());
    let _ = write(line, &[a, b, c, d, e, f, g, h]);
}

fn exit(status: c_int) -> ! {
    // SAFETY: _exit takes a number and does not return.
    unsafe { libc::_exit(status) }
}
