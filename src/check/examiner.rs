//! Gives a submission to a judge, and waits for the verdict: for as long as the machine needs, and no longer.
//!
//! **Invariant:** a verdict is returned in bounded time, whatever becomes of the judge; and what a judge that died has
//! not cleaned up is cleaned up here.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::prctl::set_child_subreaper;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::waitpid;
use nix::unistd::Pid;

use super::code::Code;
use super::exercises::Exercise;
use super::ground::UNFURNISHED;
use super::job::{Answer, Job, Line, Work, now};
use super::judge::remove;
use super::scheduled;
use super::verdict::{Finding, Verdict};
use super::witness::random;
use crate::trace::What;

/// How long a judge may take to be ready, on the slowest of machines. Then it says how long one run may take.
const READY: Duration = Duration::from_secs(60);
/// So many times the time of one run may a build take, and all runs of one exercise with what goes on around them.
const BUILD: u32 = 15;
const RUNS: u32 = 5;

/// Gives out jobs.
pub struct Examiner {
    /// Directories that submissions do not see.
    hidden: Vec<PathBuf>,
    /// Why namespaces cannot be had, once that is known.
    stay_out: Mutex<Option<String>>,
    /// The judges at work.
    judges: Mutex<BTreeSet<i32>>,
}

impl Examiner {
    /// An examiner who hides these directories.
    pub fn new(hidden: Vec<PathBuf>) -> Examiner {
        let asked = std::env::var("CHECK_GROUND").is_ok_and(|ground| ground == "open");
        Examiner {
            hidden,
            stay_out: Mutex::new(asked.then(|| "CHECK_GROUND=open was given".to_owned())),
            judges: Mutex::default(),
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
        let verdict = self.try_once(exercise, &work, directory, class);
        verdict.unwrap_or_else(|| {
            let words = "no file systems can be mounted";
            set(&self.stay_out, Some(words.to_owned()));
            self.try_once(exercise, &work, directory, class).unwrap_or_else(|| {
                failed(exercise, Finding::new(Code::NotRun, "The examiner cannot do its work here."))
            })
        })
    }

    /// Nothing, if the ground could not be laid after it was begun.
    fn try_once(
        &self,
        exercise: &Exercise,
        work: &Work,
        directory: &Path,
        class: Option<&Path>,
    ) -> Option<Verdict> {
        let not_begun = |error: io::Error| {
            let words = format!("The examiner cannot be started: {error}.");
            Some(failed(exercise, Finding::new(Code::NotRun, words)))
        };
        // Removed when this ends, with whatever the judge or its compiler has left in it.
        let bench = match tempfile::Builder::new().prefix("check-").tempdir() {
            Ok(bench) => bench,
            Err(error) => return not_begun(error),
        };
        let job = Job {
            exercise: exercise.number,
            work: work.clone(),
            directory: directory.to_owned(),
            bench: bench.path().to_owned(),
            begun: now(),
            hidden: self.hidden.clone(),
            covered: class.map(Path::to_owned),
            stay_out: get(&self.stay_out),
            token: format!("{:016x}{:016x}", random(), random()),
        };
        if job.stay_out.is_some() {
            let _ = set_child_subreaper(true);
        }
        // No judge begins while orphans are looked for: it would be taken for one.
        let begun = {
            let mut judges = self.judges();
            Hearing::begin(&job).inspect(|hearing| judges.extend([hearing.judge.id() as i32]))
        };
        match begun {
            Ok(hearing) => self.conclude(hearing, exercise, &job),
            Err(error) => not_begun(error),
        }
    }

    fn conclude(&self, mut hearing: Hearing, exercise: &Exercise, job: &Job) -> Option<Verdict> {
        let answer = hearing.listen(&job.token);
        let status = hearing.end();
        self.judges().remove(&(hearing.judge.id() as i32));
        if let Some(answer) = answer {
            self.end_orphans();
            return Some(answer.verdict);
        }
        if status.and_then(|status| status.code()) == Some(UNFURNISHED) {
            return None;
        }
        let mut verdict = failed(exercise, hearing.why_not());
        self.end_orphans();
        verdict.removed = hearing.clean_up();
        Some(verdict)
    }
}

impl Examiner {
    fn judges(&self) -> MutexGuard<'_, BTreeSet<i32>> {
        self.judges.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Without a namespace, what slipped away from the tracer comes to this process when its judge ends.
    fn end_orphans(&self) {
        if get(&self.stay_out).is_none() {
            return;
        }
        let judges = self.judges();
        // With each that goes, its own children come.
        loop {
            let orphans: Vec<i32> = children().filter(|pid| !judges.contains(pid)).collect();
            for pid in &orphans {
                let _ = kill(Pid::from_raw(*pid), Signal::SIGKILL);
                let _ = waitpid(Pid::from_raw(*pid), None);
            }
            if orphans.is_empty() {
                return;
            }
        }
    }
}

/// The children of this process, with those that it has inherited.
fn children() -> impl Iterator<Item = i32> {
    let tasks = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let lists = tasks.map(|task| fs::read_to_string(task.path().join("children")).unwrap_or_default());
    let numbers: Vec<i32> = lists
        .flat_map(|list| list.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>())
        .collect();
    numbers.into_iter()
}

fn failed(exercise: &Exercise, finding: Finding) -> Verdict {
    Verdict::new(exercise.number, &exercise.lesson(), vec![finding])
}

fn get<T: Clone>(mutex: &Mutex<T>) -> T {
    mutex.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

fn set<T>(mutex: &Mutex<T>, value: T) {
    *mutex.lock().unwrap_or_else(PoisonError::into_inner) = value;
}

/// What a judge is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    GettingReady,
    Building,
    Running,
}

/// A judge at work.
struct Hearing {
    judge: Child,
    lines: mpsc::Receiver<String>,
    stage: Stage,
    /// When the stage has to be over, and how long it may take.
    end: Instant,
    allowed: Duration,
    /// How long one run may take, as the judge has measured.
    patience: Duration,
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

impl Hearing {
    fn begin(job: &Job) -> io::Result<Hearing> {
        let mut judge = Command::new(std::env::current_exe()?)
            .arg("--judge")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()?;
        let text = serde_json::to_string(job)?;
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
        Ok(Hearing {
            judge,
            lines,
            stage: Stage::GettingReady,
            end: Instant::now() + READY,
            allowed: READY,
            patience: Duration::ZERO,
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
            Some(Line::Ready(patience)) if self.stage == Stage::GettingReady => {
                self.patience = patience;
                self.enter(Stage::Building, BUILD);
            }
            Some(Line::Built) if self.stage == Stage::Building => self.enter(Stage::Running, self.runs),
            Some(made @ (Line::Made(_) | Line::Given(_))) => self.made.push(made),
            // No stage begins twice: each is bounded, whoever speaks.
            _ => {}
        }
    }

    fn enter(&mut self, stage: Stage, times: u32) {
        self.allowed = self.patience * times;
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
    fn end(&mut self) -> Option<ExitStatus> {
        if self.timed_out {
            let _ = self.judge.kill();
        }
        self.judge.wait().ok()
    }

    /// Removes what a judge that died has told of. Returns what the program had left.
    fn clean_up(&self) -> Vec<String> {
        let removed = |line: &Line| match *line {
            Line::Made(what) => remove(what),
            Line::Given(shmid) => remove(What::Segment(shmid)).and(None),
            Line::Ready(_) | Line::Built => None,
        };
        self.made.iter().filter_map(removed).collect()
    }
}
