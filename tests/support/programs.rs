//! The programs of the course, whichever there are: a new lesson is tested without a word here.

use std::path::PathBuf;
use std::sync::Mutex;
use std::thread;

use playground::course::LESSONS;

use super::built::program_file;

/// How many programs a test runs beside each other.
const AT_ONCE: usize = 3;

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

/// Does something with every one of them, a few at once: most of the time they wait, for a test or for a clock.
pub fn with_every_program(operation: impl Fn(&Program) + Sync) {
    let left = Mutex::new(programs().into_iter());
    let next = || left.lock().expect("nobody fails while holding it").next();
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(program) = next() {
                    operation(&program);
                }
            });
        }
    });
}

/// The program of this name.
pub fn program(name: &'static str) -> Program {
    let path = program_file(name);
    assert!(path.exists(), "{name} is in the course, but cargo has built no binary of that name");
    Program { name, path }
}
