//! The judge: a process of its own for each submission, which runs it, looks on, and says what is missing.
//!
//! **Invariant:** whatever the submission does, this process ends, and all that came of the submission ends with it.
//! Its standard output is for the one line of the answer, and for ids of what the submission makes.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use nix::fcntl::OFlag;
use nix::sys::resource::Resource;
use nix::sys::signal::SigSet;
use nix::unistd::pipe2;

use super::attached;
use super::bounds;
use super::build::{Libraries, Site, build};
use super::chance::fresh_text;
use super::code::Code;
use super::exercises::{self, Exercise};
use super::forbidden;
use super::inspector::Inspector;
use super::job::{Answer, Job, Line, Work, now};
use super::keeper::Container;
use super::mounts::{Purpose, inside};
use super::places::{BUILT, SCRATCH};
use super::run::{Fixture, Run};
use super::sandbox::{self, Sandbox};
use super::scheduled;
use super::script::{Script, Setting};
use super::trials::{self, Examined};
use super::verdict::{Finding, Verdict};
use super::watchdog::Watchdog;
use crate::call::{Answer as Answered, Call, Cmd, SemCmd, ShmgetFlags};
use crate::kernel::{Linux, Process};
use trace::{self, Command, Limits, StopReason, Trace, Watch, What};

/// By how much longer a program may take than the machine needs to make a judge ready, and at least and at most.
const TIMEOUT: u32 = 200;
const LEAST: Duration = Duration::from_secs(2);
const MOST: Duration = Duration::from_secs(30);
/// How many times that long it may take at most on a machine that others keep busy: the time that it was kept from
/// running is not its own.
pub(super) const STRETCH: u32 = 5;

/// What a program is allowed beside its time.
const TASKS: usize = 64;
const CALLS: usize = 100_000;
const FILE_SIZE: u64 = 16 << 20;
const FILES: u64 = 64;
pub(super) const ADDRESS_SPACE: u64 = 8 << 30;

/// Reads a job from standard input, and answers it.
pub fn judge() -> ExitCode {
    // The examiner holds signals back for a thread of its own; a hand-in's processes are to die of theirs.
    let _ = SigSet::empty().thread_set_mask();
    let mut text = String::new();
    if io::stdin().read_to_string(&mut text).is_err() {
        return ExitCode::FAILURE;
    }
    let Ok(job) = serde_json::from_str::<Job>(&text) else { return ExitCode::FAILURE };
    // While this process still is who it was, and may write.
    let mut program = File::options();
    program.create(true).write(true).truncate(true).mode(0o755);
    let keep = job.keep.as_ref().and_then(|path| program.open(path).ok());
    let sandbox =
        if job.without_walls { Ok(sandbox::without_namespaces(&job)) } else { sandbox::enter(&job) };
    // How long it took to come here says how fast this machine is just now.
    let timeout = (now().saturating_sub(job.begun) * TIMEOUT).clamp(LEAST, MOST);
    Line::Ready(timeout).say();
    let verdict = match (sandbox, exercises::exercise(job.exercise)) {
        (sandbox, None) => probe(&job, sandbox),
        (Ok(sandbox), Some(exercise)) => GradingRun::new(&job, sandbox, exercise, timeout, keep).examine(),
        (Err(why), Some(exercise)) => {
            Verdict::new(exercise.number, &exercise.lesson(), vec![not_set_up(&why)])
        }
    };
    let answer = Answer { token: job.token.clone(), verdict };
    let line = serde_json::to_string(&answer).unwrap_or_default();
    match writeln!(io::stdout(), "{line}") {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// A hand-in that cannot be given a sandbox is not run at all.
fn not_set_up(why: &str) -> Finding {
    Finding::new(Code::NotRun, format!("No sandbox could be set up for it ({why}), so it was not run."))
}

/// Whether a sandbox can be had on this machine, tried with a program that is not a hand-in. If not, the finding says
/// only why.
fn probe(job: &Job, sandbox: Result<Sandbox, String>) -> Verdict {
    let why_not = sandbox.and_then(|sandbox| try_out(job, &sandbox)).err();
    Verdict::new(0, "", why_not.into_iter().map(|why| Finding::new(Code::NotRun, why)).collect())
}

fn try_out(job: &Job, sandbox: &Sandbox) -> Result<(), String> {
    let container = sandbox.keeper().map(|keeper| keeper.open(Purpose::Run)).transpose()?;
    let Work::Command(command) = &job.work else { return Err("there is nothing to try it with".into()) };
    let site = Site {
        tools: &job.tools,
        directory: &job.directory,
        scratch: Path::new(SCRATCH),
        environment: &[],
        lines: false,
        container: container.as_ref(),
    };
    site.try_out(Path::new(&command[0])).map_err(|finding| finding.message)
}

/// Namespaces for one run, where there is a sandbox.
fn in_sandbox(sandbox: &Sandbox, purpose: Purpose) -> Result<Option<Container<'_>>, Finding> {
    sandbox.keeper().map(|keeper| keeper.open(purpose)).transpose().map_err(|why| not_set_up(&why))
}

/// A submission on the examiner's desk.
struct GradingRun<'a> {
    job: &'a Job,
    sandbox: Sandbox,
    /// The variables that the hand-in and its compiler see, in a sandbox.
    environment: Vec<OsString>,
    exercise: &'a Exercise,
    /// How long one run may take.
    timeout: Duration,
    /// Where a program that was built is kept.
    keep: Option<File>,
}

impl<'a> GradingRun<'a> {
    fn new(
        job: &'a Job,
        sandbox: Sandbox,
        exercise: &'a Exercise,
        timeout: Duration,
        keep: Option<File>,
    ) -> GradingRun<'a> {
        let environment = sandbox::environment(&job.tools, sandbox.is_private());
        GradingRun { job, sandbox, environment, exercise, timeout, keep }
    }

    fn examine(&self) -> Verdict {
        let mut removed = Vec::new();
        let command = self.command();
        Line::Built.say();
        let examined = match command {
            Ok(command) => trials::examine(self.exercise, self.sandbox.is_private(), |script, watch| {
                let run = self.run(&command, script, watch)?;
                let gone = clean_up(&run.trace);
                // A run that is over once a loss is proved could not remove anything any more.
                removed.extend(gone.into_iter().filter(|_| !run.has_proof()));
                Ok(run)
            }),
            Err(finding) => Examined { findings: vec![finding], ..Examined::default() },
        };
        let mut verdict = Verdict::new(self.exercise.number, &self.exercise.lesson(), examined.findings);
        verdict.output = examined.output;
        (verdict.removed, verdict.notes) = (removed, examined.notes);
        verdict
    }

    /// The program, which is built here if it came as a source file.
    fn command(&self) -> Result<Vec<String>, Finding> {
        match &self.job.work {
            Work::Command(command) => Ok(command.clone()),
            Work::Source(source) => self.build(source),
        }
    }

    fn build(&self, source: &Path) -> Result<Vec<String>, Finding> {
        let libraries = Libraries::for_source(source).map(|libraries| libraries.all()).unwrap_or_default();
        let container = in_sandbox(&self.sandbox, Purpose::Build(libraries))?;
        let open = self.job.scratch.as_deref().unwrap_or(Path::new(SCRATCH));
        let (place, scratch) =
            if container.is_some() { (Path::new(BUILT), Path::new(SCRATCH)) } else { (open, open) };
        let program = place.join("submission");
        let site = Site {
            tools: &self.job.tools,
            directory: &self.job.directory,
            scratch,
            environment: &self.environment,
            lines: self.exercise.names_lines(),
            container: container.as_ref(),
        };
        build(source, &program, &site)?;
        if let Some(mut keep) = self.keep.as_ref() {
            let ours = if container.is_some() { inside(&program) } else { program.clone() };
            let copied = File::open(ours).and_then(|mut built| io::copy(&mut built, &mut keep));
            // Half a program is none.
            copied
                .or_else(|_| keep.set_len(0).map(|()| 0))
                .map_err(|error| Finding::new(Code::NotRun, error.to_string()))?;
        }
        Ok(vec![program.display().to_string()])
    }

    /// Which id the next segment gets. The kernel forgets it once it is used.
    fn choose_ids(&self, script: Script) {
        if script.id_zero {
            let _ = sandbox::set("shm_next_id", "0");
        } else if self.sandbox.is_private() {
            sandbox::choose_ids();
        }
    }

    fn run(&self, words: &[String], script: Script, watch: Option<Watch>) -> Result<Run, Finding> {
        let timeout = self.timeout * scheduled::longer(script, watch);
        let container = in_sandbox(&self.sandbox, Purpose::Run)?;
        let watchdog = Watchdog::new(container.as_ref().map(Container::first));
        self.choose_ids(script);
        let fixture = script.fixture.map(|setting| give(setting, &watchdog)).transpose()?;
        self.choose_ids(script);
        let own = fixture.as_ref().map(|fixture| fixture.shmid);
        let mut inspector = Inspector::new(script, watchdog.clone(), !self.sandbox.is_private(), own);
        let (output, its_output) = pipe()?;
        let (errors, its_errors) = pipe()?;
        let nothing =
            File::open("/dev/null").map_err(|error| Finding::new(Code::NotRun, error.to_string()))?;
        let mut command = Command::new(&words[0])
            .arguments(&words[1..])
            .directory(&self.job.directory)
            .stream(0, nothing)
            .stream(1, its_output)
            .stream(2, its_errors)
            .limit(Resource::RLIMIT_CORE, 0)
            .limit(Resource::RLIMIT_FSIZE, FILE_SIZE)
            .limit(Resource::RLIMIT_NOFILE, FILES)
            .limit(Resource::RLIMIT_AS, ADDRESS_SPACE)
            .limit(Resource::RLIMIT_CPU, bounds::processor_time(timeout * STRETCH))
            .short_turns();
        if let Some(container) = &container {
            let filter = forbidden::filter()
                .ok_or_else(|| Finding::new(Code::NotRun, "Its calls are not known here."))?;
            command = command
                .environment(self.environment.clone())
                .inside(container.inside().clone())
                .forbidding(filter);
            if bounds::counts_by_namespace() {
                command = command.limit(Resource::RLIMIT_NPROC, bounds::PROCESSES);
            }
        }
        let (output, errors) = (watchdog.collect(output), watchdog.collect(errors));
        watchdog.watch(timeout * STRETCH);
        let begun = Instant::now();
        let limits = Limits { tasks: TASKS, time: Some(timeout), stretch: STRETCH, calls: CALLS };
        let traced = trace::run_watching(&command, &limits, watch, &mut inspector);
        let took = begun.elapsed();
        watchdog.find_others();
        // With it goes what the tracer did not see.
        drop(container);
        // The program's ends of the pipes are held by the command, too.
        drop(command);
        let trace =
            traced.map_err(|error| Finding::new(Code::NotRun, format!("{error}. {}", error.advice())))?;
        let halted = watchdog.reason().or_else(|| cut(&trace, took));
        let mut injected = inspector.injected;
        injected.extend(fixture.as_ref().map(Fixture::injected));
        Ok(Run {
            halted,
            output: output.join().unwrap_or_default(),
            errors: errors.join().unwrap_or_default(),
            snapshots: inspector.snapshots,
            starts: inspector.starts,
            births: inspector.births,
            answers: inspector.answers,
            injected,
            at_once: inspector.at_once,
            killed: inspector.killed,
            wiped: inspector.wiped,
            writers: inspector.writers,
            fixture: fixture.map(take_back),
            shared_otherwise: inspector.shared_otherwise,
            trace,
        })
    }
}

fn pipe() -> Result<(OwnedFd, OwnedFd), Finding> {
    pipe2(OFlag::O_CLOEXEC)
        .map_err(|errno| Finding::new(Code::NotRun, format!("no pipe can be made: {errno}")))
}

/// Why the tracer ended the run.
fn cut(trace: &Trace, took: Duration) -> Option<(Code, String)> {
    let seconds = took.as_secs_f32();
    match trace.cut? {
        StopReason::Time
            if trace
                .processes
                .first()
                .is_some_and(|first| first.ending.is_some_and(|end| end.is_success())) =>
        {
            let words = format!(
                "It ended, but a process that it had started was still running after {seconds:.0} s."
            );
            Some((Code::TimedOut, words))
        }
        StopReason::Time => {
            Some((Code::TimedOut, format!("It was still running after {seconds:.0} s, and was ended.")))
        }
        StopReason::Starved => {
            let words = format!(
                "It was not done after {seconds:.0} s, in which other programs had the processors: this machine has too \
                 much to do, so it was not judged."
            );
            Some((Code::NotRun, words))
        }
        StopReason::Tasks => {
            Some((Code::OverLimit, format!("It had more than {TASKS} processes at once, and was ended.")))
        }
        StopReason::Observer => None,
    }
}

/// Makes the segment that the program is to find.
fn give(setting: Setting, watchdog: &Watchdog) -> Result<Fixture, Finding> {
    let mut process = Linux::new();
    let text = fresh_text();
    let call = Call::Shmget {
        key: setting.key,
        size: crate::course::SIZE as u64,
        flags: ShmgetFlags::IPC_CREAT | ShmgetFlags::IPC_EXCL,
        // Writable until the text is in it.
        mode: playground_core::Mode::from_bits_truncate(0o600),
    };
    let outcome = process.perform(&call).map_err(|error| Finding::new(Code::NotRun, error.to_string()))?;
    let performed = crate::call::Performed { pid: process.pid(), call, outcome };
    watchdog.fixture(&performed);
    let Ok(Answered::Id(shmid)) = performed.outcome else {
        return Err(Finding::new(Code::NotRun, "The examiner's own segment cannot be made.").call(&performed));
    };
    attached::write(shmid, 0, format!("{text}\0").as_bytes());
    let (uid, gid) = (nix::unistd::geteuid().as_raw(), nix::unistd::getegid().as_raw());
    let mode = playground_core::Mode::from_bits_truncate(setting.mode);
    let cmd = Cmd::IpcSet(crate::call::Ownership { uid, gid, mode });
    let _ = process.perform(&Call::Shmctl { shmid, cmd });
    Ok(Fixture { shmid, text, after: None })
}

/// Looks at the examiner's segment for the last time, and removes it.
fn take_back(fixture: Fixture) -> Fixture {
    let mut process = Linux::new();
    let record = process.perform(&Call::Shmctl { shmid: fixture.shmid, cmd: Cmd::IpcStat });
    let marked = !matches!(record, Ok(Ok(Answered::Record(record))) if !record.is_marked());
    let after = if marked { None } else { attached::read(fixture.shmid) };
    let _ = process.perform(&Call::Shmctl { shmid: fixture.shmid, cmd: Cmd::IpcRmid });
    Fixture { after, ..fixture }
}

/// Removes what a run has left, and says what that was.
fn clean_up(trace: &Trace) -> Vec<String> {
    let removed = |left: &trace::Left| {
        let size = left.size.map_or(String::new(), |size| format!(" of {size} bytes"));
        remove(left.what).map(|name| name + &size)
    };
    trace.left.iter().filter_map(removed).collect()
}

/// Removes what a program has left. Returns what it is called, if it was there and is gone now.
pub(super) fn remove(what: What) -> Option<String> {
    let call = match what {
        What::Segment(shmid) => Call::Shmctl { shmid, cmd: Cmd::IpcRmid },
        What::Set(semid) => Call::Semctl { semid, semnum: 0, cmd: SemCmd::IpcRmid },
    };
    let gone = matches!(Linux::new().perform(&call), Ok(Ok(_)));
    gone.then(|| format!("{} {}", what.name(), what.id()))
}
