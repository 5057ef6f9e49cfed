//! The programs of the course, whichever there are: a new lesson is tested without a word here.

use std::path::{Path, PathBuf};

use playground::course::LESSONS;

/// A binary of the course.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// `lesson01`, or `walkthrough`.
    pub name: &'static str,
    /// Where cargo has built it.
    pub path: PathBuf,
}

/// Every lesson, and the whole walk. Lesson 20 is not among them: it takes seconds and both processors, so that many
/// runs of it beside each other would only measure each other. Its ends have a test of their own in `tests/ends.rs`.
pub fn programs() -> Vec<Program> {
    let lessons = LESSONS.iter().map(|lesson| lesson.name).filter(|name| *name != "lesson20");
    lessons.chain(["walkthrough"]).map(program).collect()
}

/// The program of this name.
pub fn program(name: &'static str) -> Program {
    let directory = Path::new(env!("CARGO_BIN_EXE_lesson01")).parent().expect("a binary is in a directory");
    let path = directory.join(name);
    assert!(path.exists(), "{name} is in the course, but cargo has built no binary of that name");
    Program { name, path }
}
