//! The programs of the course, whichever there are: a new lesson is tested without a word here.

use std::fs;
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

/// Every lesson, and the whole walk.
pub fn programs() -> Vec<Program> {
    let lessons = LESSONS.iter().map(|lesson| lesson.name).filter(|name| is_written(name));
    lessons.chain(["walkthrough"]).map(program).collect()
}

/// Whether the lesson has a step. One that is only announced tells nothing that could be tested.
fn is_written(name: &str) -> bool {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("lessons").join(name).with_extension("rs");
    fs::read_to_string(&path).is_ok_and(|text| text.contains("story.step("))
}

/// The program of this name.
pub fn program(name: &'static str) -> Program {
    let directory = Path::new(env!("CARGO_BIN_EXE_lesson01")).parent().expect("a binary is in a directory");
    let path = directory.join(name);
    assert!(path.exists(), "{name} is in the course, but cargo has built no binary of that name");
    Program { name, path }
}
