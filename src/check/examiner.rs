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
use super::job::{Answer, Job, Work};
use super::judge::remove_segment;
use super::verdict::{Finding, Verdict};
use super::witness::random;

/// By how much longer a program may take than the machine needs to make a judge ready, and at least.
const PATIENCE: u32 = 200;
const LEAST: Duration = Duration::from_secs(2);
const MOST: Duration = Duration::from_secs(30);
/// Runs of one exercise, a build, and what goes on around them: the judge as a whole may take so many times the time of
/// one run.
const RUNS: u32 = 5;

/// Gives out jobs.
pub struct Examiner {
    /// Directories that submissions do not see.
    hidden: Vec<PathBuf>,
    /// How long it took to make the last judge ready: the calibration.
    ready: Mutex<Duration>,
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
            ready: Mutex::new(Duration::from_millis(10)),
            stay_out: Mutex::new(asked.then(|| "CHECK_GROUND=open was given".to_owned())),
            judges: Mutex::default(),
        }
    }

    /// Has a submission judged.
    pub fn examine(&self, exercise: &Exercise, work: Work, directory: &Path) -> Verdict {
        let verdict = self.try_once(exercise, &work, directory);
        verdict.unwrap_or_else(|| {
            let words = "no file systems can be mounted";
            set(&self.stay_out, Some(words.to_owned()));
            self.try_once(exercise, &work, directory).unwrap_or_else(|| {
                failed(exercise, Finding::new(Code::NotRun, "The examiner cannot do its work here."))
            })
        })
    }

    /// Nothing, if the ground could not be laid after it was begun.
    fn try_once(&self, exercise: &Exercise, work: &Work, directory: &Path) -> Option<Verdict> {
        let patience = (get(&self.ready) * PATIENCE).clamp(LEAST, MOST);
        let job = Job {
            exercise: exercise.number,
            work: work.clone(),
            directory: directory.to_owned(),
            patience,
            hidden: self.hidden.clone(),
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
            Err(error) => {
                let words = format!("The examiner cannot be started: {error}.");
                Some(failed(exercise, Finding::new(Code::NotRun, words)))
            }
        }
    }

    fn conclude(&self, mut hearing: Hearing, exercise: &Exercise, job: &Job) -> Option<Verdict> {
        let answer = hearing.listen(&job.token, job.patience * RUNS);
        if let Some(ready) = hearing.ready {
            set(&self.ready, ready);
        }
        let status = hearing.end();
        self.judges().remove(&(hearing.judge.id() as i32));
        if let Some(answer) = answer {
            self.end_orphans();
            return Some(answer.verdict);
        }
        if status.and_then(|status| status.code()) == Some(UNFURNISHED) {
            return None;
        }
        let finding = match hearing.timed_out {
            true => Finding::new(Code::TimedOut, "It was not done in time, and was ended."),
            false => {
                Finding::new(Code::Tampered, "The process that examined it was ended, or its answer forged.")
            }
        };
        let mut verdict = failed(exercise, finding);
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
        for pid in children().filter(|pid| !judges.contains(pid)) {
            let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
            let _ = waitpid(Pid::from_raw(pid), None);
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

/// A judge at work.
struct Hearing {
    judge: Child,
    lines: mpsc::Receiver<String>,
    begun: Instant,
    ready: Option<Duration>,
    /// What the submission has made, told before it could go on.
    made: Vec<String>,
    timed_out: bool,
}

impl Hearing {
    fn begin(job: &Job) -> io::Result<Hearing> {
        let begun = Instant::now();
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
        Ok(Hearing { judge, lines, begun, ready: None, made: Vec::new(), timed_out: false })
    }

    /// Listens until the verdict comes, the judge falls silent for good, or the time is up.
    fn listen(&mut self, token: &str, patience: Duration) -> Option<Answer> {
        let end = self.begun + patience;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) if line == "ready" => drop(self.ready.get_or_insert(self.begun.elapsed())),
                Ok(line) if line.starts_with('{') => {
                    let answer = serde_json::from_str::<Answer>(&line).ok();
                    return answer.filter(|answer| answer.token == token);
                }
                Ok(line) => self.made.push(line),
                Err(RecvTimeoutError::Timeout) => {
                    self.timed_out = true;
                    return None;
                }
                Err(RecvTimeoutError::Disconnected) => return None,
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

    /// Removes what a judge that died has told of, and says so.
    fn clean_up(&self) -> Vec<String> {
        for line in &self.made {
            if let Some(id) = line.strip_prefix("segment ").and_then(|id| id.parse().ok()) {
                remove_segment(id);
            }
        }
        self.made.clone()
    }
}
