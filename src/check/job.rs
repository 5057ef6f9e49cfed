//! What is asked of a judge, and what it answers: a line of JSON each.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::verdict::Verdict;

/// A submission that is to be judged.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Job {
    /// The exercise's number.
    pub exercise: usize,
    /// What was handed in.
    pub work: Work,
    /// Where it runs.
    pub directory: PathBuf,
    /// How long one run of it may take.
    pub patience: Duration,
    /// Directories that it does not see.
    pub hidden: Vec<PathBuf>,
    /// Why namespaces are not even to be tried.
    pub stay_out: Option<String>,
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

/// What the judge answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Answer {
    /// The job's token.
    pub token: String,
    /// The verdict.
    pub verdict: Verdict,
}
