//! Programs and the verdicts that they have to get, all marked as one class.
//!
//! A case is `tests/cases/verdicts/NN-what-it-does.ENDING`, for exercise NN. Its first line says what must come:
//! `pass`, or `fail` with the first finding's name and, behind a colon, words of its message. In `tests/dodges` any
//! finding will do, in `tests/variants` there must be none; the exercise's number stands before their ending.

use crate::examined;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use examined::{Workspace, files, text};
use serde_json::Value;

/// The exercise that takes seconds for a hand-in. `check_race` marks many in a plain run.
const WATCHED: &str = "16";

/// What must come of a program.
#[derive(Debug)]
enum Expected {
    Pass,
    Fail,
    /// The first finding's name, and words of its message.
    First(String, String),
}

struct Case {
    source: PathBuf,
    exercise: String,
    expected: Expected,
}

impl Case {
    /// The student who has handed it in.
    fn student(&self) -> String {
        self.source.file_name().unwrap().to_string_lossy().replace('.', "-")
    }

    /// What is wrong with a verdict on it, if anything is.
    fn objection(&self, verdict: &Value) -> Option<String> {
        let first = &verdict["findings"][0];
        let is_right = match &self.expected {
            Expected::Pass => verdict["passed"] == true,
            Expected::Fail => verdict["passed"] == false,
            Expected::First(code, words) => {
                first["code"] == code.as_str()
                    && first["message"].as_str().is_some_and(|said| said.contains(words))
            }
        };
        (!is_right)
            .then(|| format!("{}: {:?}, and not {}", self.student(), self.expected, verdict["findings"]))
    }
}

fn verdicts() -> impl Iterator<Item = Case> {
    let cases =
        files("tests/cases/verdicts").into_iter().filter(|path| path.extension() != Some("h".as_ref()));
    cases.map(|source| {
        let exercise = source.file_name().unwrap().to_string_lossy()[..2].to_owned();
        let expected = expected(&source);
        Case { source, exercise, expected }
    })
}

fn expected(source: &Path) -> Expected {
    let text = fs::read_to_string(source).expect("text");
    let line = text.lines().next().unwrap_or_default();
    let line = line.trim_start_matches(['/', '*', '#', ' ']).trim_end_matches(['/', '*', ' ']);
    let (verdict, words) = line.split_once(": ").unwrap_or((line, ""));
    match verdict.split_once(' ') {
        None if verdict == "pass" => Expected::Pass,
        Some(("fail", code)) => Expected::First(code.to_owned(), words.to_owned()),
        _ => panic!("{}: {line}", source.display()),
    }
}

/// Programs in a folder of whose findings only this is known. The file's name is `WHAT.NN.ENDING`.
fn others(folder: &str, expected: fn() -> Expected) -> impl Iterator<Item = Case> {
    files(folder).into_iter().map(move |source| {
        let name = source.file_name().unwrap().to_string_lossy().into_owned();
        let exercise = name.split('.').nth(1).expect("a number").to_owned();
        Case { source, exercise, expected: expected() }
    })
}

#[test]
fn every_program_gets_its_verdict() {
    mark(|case| case.exercise != WATCHED);
}

#[test]
#[ignore = "slow by nature: exercise 16 is watched at each access, many times over; .ci/run tries it"]
fn every_program_that_is_watched_gets_its_verdict() {
    mark(|case| case.exercise == WATCHED);
}

/// Marks those of the cases as one class.
fn mark(chosen: impl Fn(&Case) -> bool) {
    let workspace = Workspace::new();
    let class = workspace.path().join("class");
    let dodges = others("tests/dodges", || Expected::Fail);
    let variants = others("tests/variants", || Expected::Pass);
    let cases: Vec<Case> = verdicts().chain(dodges).chain(variants).filter(chosen).collect();
    for case in &cases {
        let folder = class.join(case.student());
        fs::create_dir_all(&folder).unwrap();
        let ending = case.source.extension().unwrap();
        let name = PathBuf::from(format!("exercise{}", case.exercise)).with_extension(ending);
        fs::copy(&case.source, folder.join(name)).unwrap();
        fs::copy(examined::root().join("tests/cases/verdicts/begin.h"), folder.join("begin.h")).unwrap();
    }
    let output = workspace.check(&["--format", "json", "--class", &class.display().to_string()]);
    let marked = text(&output);
    let marked = marked.lines().map(|line| serde_json::from_str::<Value>(line).expect(line));
    let marked: BTreeMap<String, Value> = marked
        .map(|student| (student["student"].as_str().unwrap().to_owned(), student["verdicts"][0].clone()))
        .collect();
    let wrong: Vec<String> =
        cases.iter().filter_map(|case| case.objection(&marked[&case.student()])).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}
