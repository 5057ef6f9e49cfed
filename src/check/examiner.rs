//! Gives a submission to a judge, and waits for the verdict: for as long as the machine needs, and no longer.
//!
//! **Invariant:** a verdict is returned in bounded time, whatever becomes of the judge; and what a judge that died has
//! not cleaned up is cleaned up here.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::prctl::set_child_subreaper;

use super::chance::random;
use super::code::Code;
use super::exercises::Exercise;
use super::group::Group;
use super::job::{Answer, Job, Line, Work, now};
use super::judge::{STRETCH, remove};
use super::orphans;
use super::scheduled;
use super::scratch;
use super::toolchain::Toolchain;
use super::verdict::{Finding, Verdict};
use super::workspace::{Built, Handed};
use trace::What;

/// How long a judge may take to be ready, on the slowest of machines. Then it says how long one run may take.
const READY: Duration = Duration::from_secs(60);
/// So many times the time of one run may a build take, and all runs of one exercise with what goes on around them.
const BUILD: u32 = 15;
const RUNS: u32 = 5;

/// Gives out jobs.
pub struct Examiner {
    /// Directories that submissions do not see.
    hidden: Vec<PathBuf>,
    /// Why there are to be no walls, where that was asked for.
    without_walls: Option<String>,
    /// Why there can be none on this machine; found out once, before the first hand-in.
    machine: OnceLock<Option<String>>,
    compilers: OnceLock<Toolchain>,
    interpreters: OnceLock<Toolchain>,
    /// The judges at work.
    judges: Mutex<BTreeSet<i32>>,
}

impl Examiner {
    /// An examiner who hides these directories.
    pub fn new(hidden: Vec<PathBuf>) -> Examiner {
        Examiner {
            hidden,
            without_walls: None,
            machine: OnceLock::new(),
            compilers: OnceLock::new(),
            interpreters: OnceLock::new(),
            judges: Mutex::default(),
        }
    }

    /// The same, without walls: among the marker's own files, processes and segments.
    #[must_use]
    pub fn without_walls(mut self) -> Examiner {
        self.without_walls = Some("--without-walls was given".into());
        self
    }

    /// Why hand-ins run without walls, if they do: it was asked for, or this machine does not allow any.
    pub fn open(&self) -> Option<&str> {
        let machine = || self.machine.get_or_init(|| self.probe()).as_deref();
        self.without_walls.as_deref().or_else(machine)
    }

    /// What whoever reads a verdict should know, if hand-ins run without walls.
    pub fn note(&self) -> Option<String> {
        let why = self.open()?;
        Some(format!(
            "No walls ({why}): what is marked runs among your own files, processes and segments, under limits, and what \
             it leaves is looked for by id."
        ))
    }

    /// Sets up a sandbox for a program that is not a hand-in: this one. Returns why that cannot be done.
    fn probe(&self) -> Option<String> {
        let words = |error: io::Error| Some(format!("the examiner cannot be started: {error}"));
        let program = match std::env::current_exe() {
            Ok(program) => program.display().to_string(),
            Err(error) => return words(error),
        };
        let tools = self.compilers();
        let job = self.job(tools, 0, Work::Command(vec![program]), Path::new("/"), None);
        let begun = start(&tools.path()).and_then(|judge| Session::begin(judge, &job));
        let mut session = match begun {
            Ok(session) => session,
            Err(error) => return words(error),
        };
        let answer = session.listen(&job.token);
        session.end();
        let why_not = match answer {
            Some(answer) => answer.verdict.findings.into_iter().next(),
            None => Some(session.why_not()),
        };
        why_not.map(|finding| finding.message)
    }

    fn compilers(&self) -> &Toolchain {
        self.compilers.get_or_init(Toolchain::find)
    }

    /// What a hand-in is built and run with. Only a program may need an interpreter, which takes long to find.
    fn tools_for(&self, work: &Work) -> &Toolchain {
        match work {
            Work::Source(_) => self.compilers(),
            Work::Command(_) => self.interpreters.get_or_init(|| self.compilers().clone().with_python()),
        }
    }

    fn job(
        &self,
        tools: &Toolchain,
        exercise: usize,
        work: Work,
        directory: &Path,
        class: Option<&Path>,
    ) -> Job {
        Job {
            exercise,
            work,
            directory: directory.to_owned(),
            scratch: None,
            keep: None,
            begun: now(),
            examiner: std::process::id() as i32,
            tools: tools.clone(),
            hidden: self.hidden.clone(),
            class: class.map(Path::to_owned),
            without_walls: false,
            token: format!("{:016x}{:016x}", random(), random()),
        }
    }

    /// Has a submission judged.
    ///
    /// Of `class`, where it is given, nothing is seen but `directory`.
    pub fn examine(
        &self,
        exercise: &Exercise,
        work: Work,
        directory: &Path,
        class: Option<&Path>,
    ) -> Verdict {
        if class.is_some() && work.leads_out_of(directory) {
            let words = "It is a link that leads out of the student's folder. Hand in the file itself.";
            return failed(exercise, Finding::new(Code::NotRun, words));
        }
        let tools = self.tools_for(&work);
        self.judged(exercise, self.job(tools, exercise.number, work, directory, class))
    }

    /// Has a learner's own file judged, and keeps the program that is built of it.
    pub fn examine_own(&self, exercise: &Exercise, handed: Handed, directory: &Path) -> Verdict {
        let tools = self.tools_for(&handed.work);
        let mut job = self.job(tools, exercise.number, handed.work, directory, None);
        job.keep = handed.built.as_ref().and_then(Built::place);
        let verdict = self.judged(exercise, job);
        if let Some(built) = handed.built {
            built.keep();
        }
        verdict
    }

    fn judged(&self, exercise: &Exercise, job: Job) -> Verdict {
        self.try_to_judge(exercise, job).unwrap_or_else(|error| {
            let words = format!("The examiner cannot be started: {error}.");
            failed(exercise, Finding::new(Code::NotRun, words))
        })
    }

    fn try_to_judge(&self, exercise: &Exercise, mut job: Job) -> io::Result<Verdict> {
        let open = self.open();
        // Removed when this ends, with whatever the judge or its compiler has left in it.
        let scratch = open.map(|_| scratch::make()).transpose()?;
        job.scratch = scratch.as_ref().map(|scratch| scratch.path().to_owned());
        job.without_walls = open.is_some();
        let path =
            if open.is_some() { std::env::var_os("PATH").unwrap_or_default() } else { job.tools.path() };
        if open.is_some() {
            let _ = set_child_subreaper(true);
        }
        // No judge begins while orphans are looked for: it would be taken for one.
        let judge = {
            let mut judges = self.judges();
            start(&path).inspect(|judge| judges.extend([judge.id() as i32]))?
        };
        Ok(self.conclude(Session::begin(judge, &job)?, exercise, &job))
    }

    fn conclude(&self, mut session: Session, exercise: &Exercise, job: &Job) -> Verdict {
        let answer = session.listen(&job.token);
        session.end();
        self.judges().remove(&(session.judge.id() as i32));
        if let Some(Answer { mut verdict, .. }) = answer {
            self.end_orphans();
            verdict.notes.splice(0..0, self.note());
            return verdict;
        }
        let mut verdict = failed(exercise, session.why_not());
        self.end_orphans();
        verdict.removed = session.clean_up();
        verdict
    }
}

impl Examiner {
    fn judges(&self) -> MutexGuard<'_, BTreeSet<i32>> {
        self.judges.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Without a namespace, what slipped away from the tracer comes to this process when its judge ends.
    fn end_orphans(&self) {
        if self.open().is_none() {
            return;
        }
        let judges = self.judges();
        orphans::end_all_but(&judges);
    }
}

fn failed(exercise: &Exercise, finding: Finding) -> Verdict {
    Verdict::new(exercise.number, &exercise.lesson(), vec![finding])
}

/// What a judge is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    GettingReady,
    Building,
    Running,
}

/// A judge at work.
struct Session {
    judge: Child,
    /// What it and all that comes from it is in, where there can be one.
    group: Option<Group>,
    lines: mpsc::Receiver<String>,
    stage: Stage,
    /// When the stage has to be over, and how long it may take.
    end: Instant,
    allowed: Duration,
    /// How long one run may take, as the judge has measured.
    timeout: Duration,
    /// How many times one run all of them may take together.
    runs: u32,
    /// What was made, told before the submission could go on.
    made: Vec<Line>,
    timed_out: bool,
}

fn is_scheduled(job: &Job) -> bool {
    let exercise = super::exercises::exercise(job.exercise);
    exercise.is_some_and(|exercise| exercise.trials.iter().any(|trial| trial.script.watches_counter))
}

/// Starts a judge. It waits for its job.
fn start(path: &OsStr) -> io::Result<Child> {
    Command::new(std::env::current_exe()?)
        .arg("--judge")
        .env("PATH", path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
}

impl Session {
    fn begin(mut judge: Child, job: &Job) -> io::Result<Session> {
        // It has started nothing yet: it waits for its job. To be moved takes it time that says nothing about the machine.
        let unmoved = now();
        let group = Group::make().filter(|group| group.take_in(judge.id()).is_ok());
        let begun = job.begun + now().saturating_sub(unmoved);
        let text = serde_json::to_string(&Job { begun, ..job.clone() })?;
        if let Some(mut line) = judge.stdin.take() {
            line.write_all(text.as_bytes())?;
        }
        let (sender, lines) = mpsc::channel();
        let output = judge.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Ok(Session {
            judge,
            group,
            lines,
            stage: Stage::GettingReady,
            end: Instant::now() + READY,
            allowed: READY,
            timeout: Duration::ZERO,
            runs: if is_scheduled(job) { scheduled::ALTOGETHER } else { RUNS },
            made: Vec::new(),
            timed_out: false,
        })
    }

    /// Listens until the verdict comes, the judge falls silent for good, or the time is up.
    fn listen(&mut self, token: &str) -> Option<Answer> {
        loop {
            let left = self.end.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) if line.starts_with('{') => {
                    let answer = serde_json::from_str::<Answer>(&line).ok();
                    return answer.filter(|answer| answer.token == token);
                }
                Ok(line) => self.hear(&line),
                Err(RecvTimeoutError::Timeout) => {
                    self.timed_out = true;
                    return None;
                }
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        }
    }

    fn hear(&mut self, line: &str) {
        match Line::heard(line) {
            Some(Line::Ready(timeout)) if self.stage == Stage::GettingReady => {
                self.timeout = timeout;
                self.enter(Stage::Building, BUILD);
            }
            Some(Line::Built) if self.stage == Stage::Building => {
                self.enter(Stage::Running, self.runs * STRETCH);
            }
            Some(made @ (Line::Created(_) | Line::Fixture(_))) => self.made.push(made),
            // No stage begins twice: each is bounded, whoever speaks.
            _ => {}
        }
    }

    fn enter(&mut self, stage: Stage, times: u32) {
        self.allowed = self.timeout * times;
        (self.stage, self.end) = (stage, Instant::now() + self.allowed);
    }

    /// Why there is no answer.
    fn why_not(&self) -> Finding {
        let seconds = self.allowed.as_secs();
        match self.stage {
            _ if !self.timed_out => {
                Finding::new(Code::Tampered, "The process that examined it was ended, or its answer forged.")
            }
            Stage::GettingReady => Finding::new(
                Code::NotRun,
                format!("The examiner was not ready after {seconds} s: this machine has too much to do."),
            ),
            Stage::Building => Finding::new(
                Code::TimedOut,
                format!("It was still being built after {seconds} s, and that was ended."),
            ),
            Stage::Running => {
                Finding::new(Code::TimedOut, format!("It was not done after {seconds} s, and was ended."))
            }
        }
    }

    /// Ends the judge, if it has not ended itself: with it goes everything that it has started.
    fn end(&mut self) {
        if self.timed_out {
            let _ = self.judge.kill();
        }
        let _ = self.judge.wait();
        self.group = None;
    }

    /// Removes what a judge that died has told of. Returns what the program had left.
    fn clean_up(&self) -> Vec<String> {
        let removed = |line: &Line| match *line {
            Line::Created(what) => remove(what),
            Line::Fixture(shmid) => remove(What::Segment(shmid)).and(None),
            Line::Ready(_) | Line::Built => None,
        };
        self.made.iter().filter_map(removed).collect()
    }
}
