//! Where a learner works: the exercises' files, what has been built of them, and what was put aside.
//!
//! **Invariant:** a text that a learner has written is never lost: whatever replaces it puts it aside first.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};

use super::build::Libraries;
use super::exercises::Exercise;
use super::handed_in::is_shipped;
use super::job::Work;

/// A checkout of the playground, or a folder that looks like one.
#[derive(Clone, Debug)]
pub struct Workspace {
    root: PathBuf,
}

impl Workspace {
    /// The one in this folder.
    pub fn new(root: impl Into<PathBuf>) -> Workspace {
        Workspace { root: root.into() }
    }

    /// Where it is.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The folder of the files that learners edit.
    pub fn exercises(&self) -> PathBuf {
        self.root.join("lessons/exercises")
    }

    /// The worked solutions, which no submission sees.
    pub fn solutions(&self) -> PathBuf {
        self.root.join("tests/solutions")
    }

    /// The file in Rust that a learner edits.
    pub fn file(&self, exercise: &Exercise) -> PathBuf {
        self.exercises().join(exercise.name()).with_extension("rs")
    }

    /// What the learner has edited of an exercise: the file in Rust, the one in C, or both. If none is, the one in Rust.
    pub fn edited(&self, exercise: &Exercise) -> Vec<PathBuf> {
        let rust = self.file(exercise);
        let mut files = vec![rust.clone(), rust.with_extension("c")];
        files.retain(|file| file.exists() && !is_shipped(file, exercise));
        if files.is_empty() { vec![rust] } else { files }
    }

    /// The texts of both files.
    pub fn texts(&self, exercise: &Exercise) -> [Option<Vec<u8>>; 2] {
        let rust = self.file(exercise);
        [fs::read(&rust).ok(), fs::read(rust.with_extension("c")).ok()]
    }

    /// A file of the learner's: the program that was built of it last, if that is still good, or else the source.
    pub fn work(&self, exercise: &Exercise, source: &Path) -> Handed {
        let program = self.root.join("target/exercises").join(exercise.name());
        let (stamp, wanted) = (program.with_extension("stamp"), fingerprint(source));
        let is_good = program.exists() && fs::read_to_string(&stamp).is_ok_and(|stamp| stamp == wanted);
        if is_good {
            return Handed { work: Work::Command(vec![program.display().to_string()]), built: None };
        }
        Handed { work: Work::Source(source.to_owned()), built: Some(Built { program, stamp, wanted }) }
    }

    /// Puts the exercise's files back as they were shipped. Returns where the learner's own texts are kept.
    ///
    /// # Errors
    ///
    /// Whatever the file system says; then nothing is replaced that was not put aside.
    pub fn reset(&self, exercise: &Exercise) -> io::Result<Vec<PathBuf>> {
        let mut kept = Vec::new();
        for (ending, shipped) in [("rs", exercise.rust), ("c", exercise.c)] {
            let file = self.exercises().join(exercise.name()).with_extension(ending);
            match fs::read(&file) {
                Ok(text) if text == shipped.as_bytes() => continue,
                Ok(_) => kept.push(self.put_aside(&file, ending)?),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
            fs::write(&file, shipped)?;
        }
        Ok(kept)
    }

    /// Moves a file to the first free name in `.kept`.
    fn put_aside(&self, file: &Path, ending: &str) -> io::Result<PathBuf> {
        let place = self.exercises().join(".kept");
        fs::create_dir_all(&place)?;
        let stem = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let name = |number: usize| place.join(format!("{stem}-{number}.{ending}"));
        let free = (1..).map(name).find(|path| !path.exists()).unwrap_or_else(|| name(0));
        fs::rename(file, &free)?;
        Ok(free)
    }
}

/// What a learner has written, ready to be judged.
#[derive(Debug)]
pub struct Handed {
    /// What is judged.
    pub work: Work,
    /// Where the program belongs that is built of it, if it is a source.
    pub built: Option<Built>,
}

/// A program that is kept for the next time.
#[derive(Debug)]
pub struct Built {
    program: PathBuf,
    stamp: PathBuf,
    wanted: String,
}

impl Built {
    /// Where a new program is written; nothing, if nothing can be written.
    pub(super) fn place(&self) -> Option<PathBuf> {
        fs::create_dir_all(self.program.parent()?).ok()?;
        let _ = fs::remove_file(&self.stamp);
        Some(self.program.with_extension("new"))
    }

    /// Keeps what was written there, if it is whole. That nothing can be kept costs only time.
    pub(super) fn keep(&self) {
        let new = self.program.with_extension("new");
        let is_whole = fs::metadata(&new).is_ok_and(|file| file.len() > 0);
        if is_whole && fs::rename(&new, &self.program).is_ok() {
            let _ = fs::write(&self.stamp, &self.wanted);
        } else {
            let _ = fs::remove_file(new);
        }
    }
}

/// What a program depends on: its text, and the library that it is linked with.
fn fingerprint(source: &Path) -> String {
    let mut hasher = DefaultHasher::new();
    fs::read(source).unwrap_or_default().hash(&mut hasher);
    let library = Libraries::find();
    let file = library.as_ref().map(Libraries::file);
    file.hash(&mut hasher);
    file.and_then(|file| fs::metadata(file).and_then(|file| file.modified()).ok()).hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}
