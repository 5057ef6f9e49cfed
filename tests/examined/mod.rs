//! What the tests of `check` have in common: a workspace in a temporary folder, and programs to be marked.
//!
//! **Invariant:** the files that a learner edits are neither read nor written: every test has copies as they were
//! shipped.

#![allow(dead_code, reason = "each test file uses a part of it")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

use check::{EXERCISES, Exercise};
use serde_json::Value;
use tempfile::TempDir;

use crate::support::program_file;

/// The program under test.
pub static CHECK: LazyLock<PathBuf> = LazyLock::new(|| program_file("check"));

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A learner's folder, as it is after a clone.
pub struct Workspace {
    folder: TempDir,
}

impl Workspace {
    pub fn new() -> Workspace {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let place = folder.path().join("lessons/exercises");
        fs::create_dir_all(&place).expect("a folder");
        for exercise in EXERCISES {
            for (ending, text) in [("rs", exercise.rust), ("c", exercise.c)] {
                fs::write(place.join(exercise.name()).with_extension(ending), text).expect("a file");
            }
        }
        let workspace = Workspace { folder };
        fs::create_dir(workspace.temporary()).expect("a folder");
        workspace
    }

    /// Where `check` puts what is to be gone when it ends.
    fn temporary(&self) -> PathBuf {
        self.path().join("temporary")
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The file that a learner edits.
    pub fn file(&self, exercise: &Exercise) -> PathBuf {
        self.path().join("lessons/exercises").join(exercise.name()).with_extension("rs")
    }

    /// `check` in this folder.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&*CHECK);
        command
            .args(["--color", "never", "--home"])
            .arg(self.path())
            .args(arguments)
            .env("LC_ALL", "C.UTF-8")
            .env("TMPDIR", self.temporary());
        command
    }

    pub fn check(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("check runs")
    }

    /// The verdict, as JSON.
    pub fn verdict(&self, arguments: &[&str]) -> Value {
        let output = self.check(&[&["--format", "json"], arguments].concat());
        let text = String::from_utf8(output.stdout).expect("text");
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {text}"))
    }
}

impl Drop for Workspace {
    /// Whatever a test does to `check`: the last run leaves no temporary folder, neither its own nor of one before.
    fn drop(&mut self) {
        let left = fs::read_dir(self.temporary()).into_iter().flatten().count();
        assert!(left == 0 || std::thread::panicking(), "{left} temporary folders of check are left");
    }
}

/// What was printed.
pub fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The codes of a verdict's findings, in order.
pub fn codes(verdict: &Value) -> Vec<String> {
    let findings = verdict["findings"].as_array().expect("findings");
    findings.iter().map(|finding| finding["code"].as_str().expect("a code").to_owned()).collect()
}

/// Builds a C program in a folder.
pub fn cc(source: &Path, folder: &Path, options: &[&str]) -> PathBuf {
    let program = folder.join(source.file_stem().expect("a name"));
    let output = Command::new("cc").args(["-O1", "-o"]).arg(&program).args(options).arg(source).output();
    let output = output.expect("cc: install gcc");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    program
}

/// The files in a folder of the checkout, sorted.
pub fn files(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join(folder)).unwrap_or_else(|error| panic!("{folder}: {error}"));
    let mut files: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files
}
