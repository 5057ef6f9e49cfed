//! Marks a class: one folder a student, as many at a time as there are processors.
//!
//! In a student's folder each exercise is one file: `exercise03.rs`, `.c`, `.py` or `.sh`, or an executable named
//! `exercise03`.
//!
//! **Invariant:** no student's file is changed, and none of what they do is seen by another.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serde::Serialize;

use super::code::Code;
use super::examiner::Examiner;
use super::exercises::{EXERCISES, Exercise};
use super::job::Work;
use super::verdict::Verdict;
use crate::story::visible;

/// What one student has handed in, marked.
#[derive(Clone, Debug, Serialize)]
pub struct Marked {
    /// The name of the folder.
    pub student: String,
    /// The exercises that were handed in.
    pub verdicts: Vec<Verdict>,
    /// Files that look like exercises by their names, but not so that they could be marked.
    pub ignored: Vec<String>,
}

/// What the class has misunderstood.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Misunderstood {
    /// The finding.
    pub code: Code,
    /// How many students it was found with.
    pub students: usize,
    /// In which exercises.
    pub exercises: Vec<usize>,
}

struct Submission {
    student: usize,
    exercise: &'static Exercise,
    work: Work,
}

/// Marks every folder in a folder.
///
/// # Errors
///
/// The folder cannot be read.
pub fn mark(class: &Path, examiner: &Examiner, only: Option<&'static Exercise>) -> io::Result<Vec<Marked>> {
    let class = fs::canonicalize(class)?;
    let folders = folders(&class)?;
    let wanted = |exercise: &&'static Exercise| only.is_none_or(|only| only.number == exercise.number);
    let submissions: Vec<Submission> = folders
        .iter()
        .enumerate()
        .flat_map(|(student, folder)| {
            let handed_in = EXERCISES.iter().filter(wanted).filter_map(move |exercise| {
                Some(Submission { student, exercise, work: handed_in(folder, exercise)? })
            });
            handed_in.collect::<Vec<_>>()
        })
        .collect();
    let verdicts = in_parallel(&submissions, |submission| {
        let folder = &folders[submission.student];
        examiner.examine(submission.exercise, submission.work.clone(), folder, Some(&class))
    });
    let unmarked =
        |folder: &PathBuf| Marked { student: name(folder), verdicts: Vec::new(), ignored: ignored(folder) };
    let mut marked: Vec<Marked> = folders.iter().map(unmarked).collect();
    for (submission, verdict) in submissions.iter().zip(verdicts) {
        marked[submission.student].verdicts.push(verdict);
    }
    Ok(marked)
}

fn folders(class: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(class)?.flatten().map(|entry| entry.path());
    let mut folders: Vec<_> = entries.filter(|path| path.is_dir() && !name(path).starts_with('.')).collect();
    folders.sort();
    Ok(folders)
}

fn name(path: &Path) -> String {
    visible(&path.file_name().unwrap_or_default().to_string_lossy())
}

/// Files such as `Exercise01.rs`, `exercise8.c`, or an `exercise01` that may not be executed.
fn ignored(folder: &Path) -> Vec<String> {
    let looks_like_one = |name: &str| {
        let name = name.to_ascii_lowercase();
        name.starts_with("ex")
            && name.contains(|letter: char| letter.is_ascii_digit())
            && !name.ends_with(".toml")
    };
    let is_one = |path: &Path| {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let is_known = EXERCISES.iter().any(|exercise| exercise.name() == stem);
        is_known
            && (ENDINGS.iter().any(|ending| path.extension() == Some(ending.as_ref())) || is_executable(path))
    };
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut names: Vec<String> =
        entries.filter(|path| path.is_file() && !is_one(path)).map(|path| name(&path)).collect();
    names.retain(|name| looks_like_one(name));
    names.sort();
    names
}

/// Sources, and scripts that need no compiler.
const ENDINGS: [&str; 4] = ["rs", "c", "py", "sh"];

fn is_executable(path: &Path) -> bool {
    let mode = fs::metadata(path).map_or(0, |file| file.permissions().mode());
    path.extension().is_none() && mode & 0o111 != 0
}

/// What a student has handed in for an exercise, if anything.
fn handed_in(folder: &Path, exercise: &Exercise) -> Option<Work> {
    let file = |ending: &str| {
        let path = folder.join(exercise.name()).with_extension(ending);
        path.is_file().then_some(path)
    };
    let run_by =
        |program: &str, file: PathBuf| Work::Command(vec![program.to_owned(), file.display().to_string()]);
    let executable = || {
        let path = file("")?;
        is_executable(&path).then(|| Work::Command(vec![path.display().to_string()]))
    };
    let source = file("rs").or_else(|| file("c")).map(Work::Source);
    source
        .or_else(|| file("py").map(|file| run_by("python3", file)))
        .or_else(|| file("sh").map(|file| run_by("sh", file)))
        .or_else(executable)
}

/// Does something to each, on all processors, and returns what came of it in the order of the list.
fn in_parallel<T: Sync, R: Send>(list: &[T], deed: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let (next, results) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    let workers = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..workers.min(list.len()) {
            scope.spawn(|| {
                while let Some((place, item)) = at(list, next.fetch_add(1, Ordering::Relaxed)) {
                    let result = deed(item);
                    results.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(place, result);
                }
            });
        }
    });
    let results = results.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    results.into_values().collect()
}

fn at<T>(list: &[T], place: usize) -> Option<(usize, &T)> {
    list.get(place).map(|item| (place, item))
}

/// The findings of a class, the most frequent first.
pub fn misunderstood(class: &[Marked]) -> Vec<Misunderstood> {
    let mut codes: BTreeMap<Code, (usize, Vec<usize>)> = BTreeMap::new();
    for marked in class {
        let mut own: BTreeMap<Code, Vec<usize>> = BTreeMap::new();
        for verdict in &marked.verdicts {
            for finding in &verdict.findings {
                own.entry(finding.code).or_default().push(verdict.exercise);
            }
        }
        for (code, exercises) in own {
            let (students, all) = codes.entry(code).or_default();
            *students += 1;
            all.extend(exercises);
        }
    }
    let mut list: Vec<_> = codes
        .into_iter()
        .map(|(code, (students, mut exercises))| {
            exercises.sort_unstable();
            exercises.dedup();
            Misunderstood { code, students, exercises }
        })
        .collect();
    list.sort_by_key(|item| (std::cmp::Reverse(item.students), item.code));
    list
}

/// The table as CSV: a line for each student and exercise.
///
/// # Errors
///
/// None but those of writing to memory.
pub fn csv(class: &[Marked]) -> io::Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let names = ["student", "exercise", "passed", "finding", "message", "call", "lesson", "removed", "notes"];
    writer.write_record(names)?;
    for marked in class {
        for verdict in &marked.verdicts {
            let number = verdict.exercise.to_string();
            let (passed, first) = (verdict.passed.to_string(), verdict.findings.first());
            let code = first.map(|finding| finding.code.name()).unwrap_or_default();
            let message = first.map_or("", |finding| finding.message.as_str());
            let call = first.and_then(|finding| finding.call.as_deref()).unwrap_or_default();
            let lesson = first.map_or("", |finding| finding.lesson.as_str());
            let (removed, notes) = (verdict.removed.join("; "), verdict.notes.join(" "));
            writer.write_record([
                &marked.student,
                &number,
                &passed,
                &code,
                message,
                call,
                lesson,
                &removed,
                &notes,
            ])?;
        }
    }
    let bytes = writer.into_inner().map_err(|error| io::Error::other(error.to_string()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The two tables for people: by student and exercise, and by finding.
pub fn tables(class: &[Marked]) -> String {
    let width =
        class.iter().map(|marked| marked.student.chars().count()).max().unwrap_or(0).max("student".len());
    let numbers: String = EXERCISES.iter().map(|exercise| format!(" {:>2}", exercise.number)).collect();
    let mut text = format!("{:width$} {numbers}  passed\n", "student");
    for marked in class {
        let mark = |exercise: &Exercise| match marked
            .verdicts
            .iter()
            .find(|verdict| verdict.exercise == exercise.number)
        {
            Some(verdict) if verdict.passed => "  +",
            Some(_) => "  x",
            None => "  .",
        };
        let marks: String = EXERCISES.iter().map(mark).collect();
        let passed = marked.verdicts.iter().filter(|verdict| verdict.passed).count();
        text += &format!("{:width$} {marks}  {passed:>6}\n", marked.student);
    }
    text += "\n+ passed   x not yet   . not handed in\n";
    for Marked { student, ignored, .. } in class.iter().filter(|marked| !marked.ignored.is_empty()) {
        text += &format!("\n{student}: not marked: {}", ignored.join(", "));
    }
    if class.iter().any(|marked| !marked.ignored.is_empty()) {
        text +=
            "\nA file is called exerciseNN.rs, .c, .py or .sh; without an ending it has to be executable.\n";
    }
    for Misunderstood { code, students, exercises } in misunderstood(class) {
        let places = exercises.iter().map(usize::to_string).collect::<Vec<_>>().join(", ");
        let people = if students == 1 { "student" } else { "students" };
        text += &format!("\n{:>4} {people}  {code}  (exercise {places})", students);
    }
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}
