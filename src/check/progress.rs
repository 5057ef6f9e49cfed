//! What a learner has reached: which exercises are passed, and how many hints were shown.
//!
//! **Invariant:** the file is replaced as a whole or not at all, and what a later version has put into it is kept.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The file, beside the checkout's other dot-files, where neither `cargo clean` nor `git pull` touches it.
const FILE: &str = ".exercises.json";

/// What is known of all exercises.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Progress {
    /// By the exercise's name.
    #[serde(default)]
    exercises: BTreeMap<String, State>,
    /// What another version knows, and this one does not.
    #[serde(flatten)]
    others: BTreeMap<String, Value>,
    #[serde(skip)]
    path: PathBuf,
}

/// What is known of one exercise.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct State {
    /// Whether it was ever passed.
    #[serde(default)]
    pub passed: bool,
    /// How many hints were shown.
    #[serde(default)]
    pub hints: usize,
    /// What another version knows.
    #[serde(flatten)]
    others: BTreeMap<String, Value>,
}

impl Progress {
    /// Reads the file of a checkout. If there is none, nothing was reached yet; one that is damaged is put aside.
    pub fn load(root: &Path) -> Progress {
        let path = root.join(FILE);
        let read = fs::read_to_string(&path).ok().map(|text| serde_json::from_str::<Progress>(&text));
        let progress = match read {
            Some(Ok(progress)) => progress,
            Some(Err(_)) => {
                let _ = fs::rename(&path, path.with_extension("json.damaged"));
                Progress::default()
            }
            None => Progress::default(),
        };
        Progress { path, ..progress }
    }

    /// What is known of an exercise.
    pub fn of(&self, name: &str) -> State {
        self.exercises.get(name).cloned().unwrap_or_default()
    }

    /// Changes what is known of an exercise, and writes it down if that is news.
    ///
    /// # Errors
    ///
    /// Whatever the file system says.
    pub fn note(&mut self, name: &str, change: impl FnOnce(&mut State)) -> io::Result<()> {
        let state = self.exercises.entry(name.to_owned()).or_default();
        let before = (state.passed, state.hints);
        change(state);
        if before == (state.passed, state.hints) {
            return Ok(());
        }
        let beside = self.path.with_extension(format!("json.{}", std::process::id()));
        let written = self.write(&beside).and_then(|()| fs::rename(&beside, &self.path));
        if written.is_err() {
            let _ = fs::remove_file(&beside);
        }
        written
    }

    fn write(&self, file: &Path) -> io::Result<()> {
        let mut file = fs::File::create(file)?;
        serde_json::to_writer_pretty(&mut file, self)?;
        file.write_all(b"\n")
    }
}
