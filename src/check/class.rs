//! Marks a class: one folder a student, as many at a time as there are processors.
//!
//! In a student's folder, or in one in it, each exercise is one file: `exercise03.rs`, `.c`, `.cpp`, `.py` or `.sh`, or
//! an executable named `exercise03`. Where several are not as they were shipped, all of them are judged.
//!
//! **Invariant:** no student's file is changed, and none of what they do is seen by another.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serde::Serialize;
use textwrap::core::display_width;

use super::code::Code;
use super::examiner::Examiner;
use super::exercises::{EXERCISES, Exercise};
use super::handed_in::{Contents, work};
use super::scratch::{self, Scratch};
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
    files: Vec<PathBuf>,
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
    let contents: Vec<Contents> = folders.iter().map(|folder| Contents::of(folder)).collect();
    let submissions: Vec<Submission> = contents
        .iter()
        .enumerate()
        .flat_map(|(student, contents)| {
            let handed_in = EXERCISES.iter().filter(wanted).map(move |exercise| Submission {
                student,
                exercise,
                files: contents.hand_ins(exercise),
            });
            handed_in.filter(|submission| !submission.files.is_empty())
        })
        .collect();
    let verdicts = in_parallel(&submissions, |submission| judge(submission, examiner, &class));
    let unmarked = |(folder, contents): (&PathBuf, Contents)| Marked {
        student: name(folder),
        verdicts: Vec::new(),
        ignored: contents.remarks,
    };
    let mut marked: Vec<Marked> = folders.iter().zip(contents).map(unmarked).collect();
    for (submission, verdict) in submissions.iter().zip(verdicts) {
        marked[submission.student].verdicts.push(verdict);
    }
    Ok(marked)
}

/// Judges all that was handed in for one exercise.
fn judge(submission: &Submission, examiner: &Examiner, class: &Path) -> Verdict {
    let verdict = |file: &PathBuf| {
        let folder = file.parent().unwrap_or(class);
        // A judge is told paths as text. A folder whose name is none is judged as a copy, which has no class around it.
        let copy = file.to_str().is_none().then(|| copy(folder)).and_then(Result::ok);
        let (folder, class) = copy.as_ref().map_or((folder, Some(class)), |copy| (copy.path(), None));
        let file = folder.join(file.file_name().unwrap_or_default());
        (name(&file), examiner.examine(submission.exercise, work(file), folder, class))
    };
    Verdict::of_all(submission.files.iter().map(verdict).collect())
}

/// A copy of the regular files in a folder.
fn copy(folder: &Path) -> io::Result<Scratch> {
    let copy = scratch::make()?;
    for entry in
        fs::read_dir(folder)?.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()))
    {
        fs::copy(entry.path(), copy.path().join(entry.file_name()))?;
    }
    Ok(copy)
}

fn folders(class: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(class)?.flatten().map(|entry| entry.path());
    let mut folders: Vec<_> = entries
        .filter(|path| path.is_dir() && !name(path).starts_with('.') && name(path) != "__MACOSX")
        .collect();
    folders.sort();
    Ok(folders)
}

fn name(path: &Path) -> String {
    visible(&path.file_name().unwrap_or_default().to_string_lossy())
}

/// Does something to each, on all processors, and returns what came of it in the order of the list.
///
/// There is one worker more than processors: the kernel makes a judge wait here and there, as it changes its control group.
fn in_parallel<T: Sync, R: Send>(list: &[T], operation: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let (next, results) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    let workers = thread::available_parallelism().map_or(1, usize::from) + 1;
    thread::scope(|scope| {
        for _ in 0..workers.min(list.len()) {
            scope.spawn(|| {
                while let Some((place, item)) = at(list, next.fetch_add(1, Ordering::Relaxed)) {
                    let result = operation(item);
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
        class.iter().map(|marked| display_width(&marked.student)).max().unwrap_or(0).max("student".len());
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
        let padding = " ".repeat(width - display_width(&marked.student));
        text += &format!("{}{padding} {marks}  {passed:>6}\n", marked.student);
    }
    text += "\n+ passed   x not yet   . not handed in\n";
    for Marked { student, ignored, .. } in class.iter().filter(|marked| !marked.ignored.is_empty()) {
        text += &format!("\n{student}: not marked: {}", ignored.join(", "));
    }
    if class.iter().any(|marked| !marked.ignored.is_empty()) {
        text += "\nA file is called exerciseNN.rs, .c, .cpp, .py or .sh; without an ending it has to be executable.\n";
    }
    for marked in class.iter().filter(|marked| marked.verdicts.is_empty() && marked.ignored.is_empty()) {
        text += &format!(
            "\n{}: nothing was handed in: the folder holds no file of an exercise.\n",
            marked.student
        );
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
