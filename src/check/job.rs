//! What is asked of a judge, and what it answers: a line of JSON each, and short lines on the way.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

use super::toolchain::Toolchain;
use super::verdict::Verdict;
use crate::call::{Semid, Shmid};
use trace::What;

/// A submission that is to be judged.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Job {
    /// The exercise's number.
    pub exercise: usize,
    /// What was handed in.
    pub work: Work,
    /// Where it runs.
    pub directory: PathBuf,
    /// An empty directory that no other job has: without walls, a source file is built there.
    pub scratch: Option<PathBuf>,
    /// Where a program that was built is kept for the next time.
    pub keep: Option<PathBuf>,
    /// When the judge was called, on the clock that only goes forward: by how long it takes to be ready it measures
    /// this machine.
    pub begun: Duration,
    /// The process that asks.
    pub examiner: i32,
    /// What builds and runs it.
    pub tools: Toolchain,
    /// Directories that it does not see.
    pub hidden: Vec<PathBuf>,
    /// A directory of which it sees only its own part, the one that it runs in: the class.
    pub class: Option<PathBuf>,
    /// Whether there are to be no walls around it.
    pub without_walls: bool,
    /// What the verdict has to begin with: only the judge knows it, and not the program.
    pub token: String,
}

/// What was handed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Work {
    /// A program and its arguments.
    Command(Vec<String>),
    /// A source file, in Rust or C, which is built where it runs.
    Source(PathBuf),
}

impl Work {
    /// Whether what was handed in lies elsewhere than in this folder: with another student, or with the marker.
    pub fn leads_out_of(&self, folder: &Path) -> bool {
        let file = match self {
            Work::Source(file) => Some(file.clone()),
            Work::Command(words) => words.last().map(PathBuf::from),
        };
        let folder = fs::canonicalize(folder);
        let file = file.map(fs::canonicalize);
        !matches!((file, folder), (Some(Ok(file)), Ok(folder)) if file.starts_with(&folder))
    }
}

/// What the judge answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Answer {
    /// The job's token.
    pub token: String,
    /// The verdict.
    pub verdict: Verdict,
}

/// What a judge says on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// It is ready, and one run may take so long.
    Ready(Duration),
    /// What can be built is built.
    Built,
    /// The program has made something, which stays if the judge dies now.
    Created(What),
    /// The examiner's own segment, of which the same is true.
    Fixture(Shmid),
}

impl Line {
    /// Says it, at once.
    pub fn say(self) {
        let line = match self {
            Line::Ready(timeout) => format!("ready {}\n", timeout.as_millis()),
            Line::Built => "built 0\n".to_owned(),
            Line::Created(What::Segment(Shmid(id))) => format!("segment {id}\n"),
            Line::Created(What::Set(Semid(id))) => format!("set {id}\n"),
            Line::Fixture(Shmid(id)) => format!("fixture {id}\n"),
        };
        let mut out = std::io::stdout().lock();
        let _ = out.write_all(line.as_bytes()).and_then(|()| out.flush());
    }

    /// What was said, if it was one of these.
    pub fn heard(line: &str) -> Option<Line> {
        let (word, number) = line.split_once(' ')?;
        let number: i32 = number.parse().ok()?;
        Some(match word {
            "ready" => Line::Ready(Duration::from_millis(number.try_into().ok()?)),
            "built" => Line::Built,
            "segment" => Line::Created(What::Segment(Shmid(number))),
            "set" => Line::Created(What::Set(Semid(number))),
            "fixture" => Line::Fixture(Shmid(number)),
            _ => return None,
        })
    }
}

/// The time on a clock that only goes forward, and is the same in all processes.
pub fn now() -> Duration {
    clock_gettime(ClockId::CLOCK_MONOTONIC).map_or(Duration::ZERO, Duration::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_line_of_a_judge_is_not_heard() {
        assert_eq!(Line::heard("set 7"), Some(Line::Created(What::Set(Semid(7)))));
        assert_eq!(Line::heard("ready 2000"), Some(Line::Ready(Duration::from_secs(2))));
        for line in ["", "set", "set seven", "ready -1", "nonsense 1"] {
            assert_eq!(Line::heard(line), None, "{line}");
        }
    }
}
