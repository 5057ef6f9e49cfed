//! A gallery of mistakes: each program makes one, and that one is named first.
//!
//! A file is named after the finding and the exercise: `tests/mistakes/never-removed.01.rs`.

use crate::examined;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use check::{Code, exercise};
use examined::{Workspace, cc, codes, files};
use insta::{assert_snapshot, with_settings};
use serde_json::Value;

/// What differs from run to run.
const MASKS: [(&str, &str); 5] = [
    (r"0x7[0-9a-f]{11}", "[address]"),
    (r"[A-Z]{5,7} [A-Z]{5,7} \d{6}", "[fresh text]"),
    (r"\b[Pp]rocess \d+", "process [pid]"),
    (r"came to \d+, and not to 20000: \d+ additions", "came to [count], and not to 20000: [lost] additions"),
    (r"\b\d{6,}\b", "[shmid]"),
];

/// Programs that leave their segment because of their mistake, which is said, too. All others have one finding.
const CONSEQUENCES: [(&str, &str); 4] = [
    ("detached-twice", "leaked-on-error"),
    ("fixed-address-without-fallback", "leaked-on-error"),
    ("null-checked-instead-of-minus-one", "leaked-on-error"),
    ("used-after-detach", "leaked-on-error"),
];

/// A program with a mistake.
struct Mistake {
    /// What should be found.
    name: String,
    exercise: String,
    source: PathBuf,
}

fn mistakes(folder: &str) -> Vec<Mistake> {
    let mistake = |source: PathBuf| {
        let name = source.file_name().unwrap().to_string_lossy().into_owned();
        let mut parts = name.split('.');
        let (name, number) = (parts.next().unwrap().to_owned(), parts.next().expect("a number"));
        Mistake { name, exercise: number.trim_start_matches('0').to_owned(), source }
    };
    files(folder).into_iter().map(mistake).collect()
}

/// What `check` says of it, unwrapped, since ids are not always as long; and the codes that it finds.
fn judged(workspace: &Workspace, mistake: &Mistake) -> (String, Vec<String>) {
    let command = command(workspace, mistake);
    let arguments: Vec<&str> = command.iter().map(String::as_str).collect();
    let verdict = workspace.verdict(&arguments);
    let findings = verdict["findings"].as_array().expect("findings").iter();
    let lines =
        findings.flat_map(|finding| ["code", "message", "call", "lesson"].map(|field| line(field, finding)));
    let removed = line("removed", &verdict);
    (lines.chain([removed]).collect(), codes(&verdict))
}

fn line(field: &str, of: &Value) -> String {
    let value = &of[field];
    format!("{field}: {}\n", value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}

fn command(workspace: &Workspace, mistake: &Mistake) -> Vec<String> {
    if mistake.source.extension().is_some_and(|ending| ending == "rs") {
        let exercise = exercise(mistake.exercise.parse().unwrap()).unwrap();
        fs::copy(&mistake.source, workspace.file(exercise)).unwrap();
        return vec![mistake.exercise.clone()];
    }
    let program = cc(&mistake.source, workspace.path(), &["-w"]);
    vec![mistake.exercise.clone(), "--".into(), program.display().to_string()]
}

#[test]
fn each_mistake_is_named_first_and_no_other_wrongly() {
    let workspace = Workspace::new();
    let mut wrong = Vec::new();
    for mistake in mistakes("tests/mistakes") {
        let (words, codes) = judged(&workspace, &mistake);
        let consequence = CONSEQUENCES.iter().find(|(name, _)| *name == mistake.name).map(|(_, code)| *code);
        let expected: Vec<&str> = [mistake.name.as_str()].into_iter().chain(consequence).collect();
        if codes != expected {
            wrong.push(format!("{}: {codes:?}", mistake.source.display()));
        }
        with_settings!({
            snapshot_path => Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots/mistakes"),
            prepend_module_to_snapshot => false,
            omit_expression => true,
            filters => MASKS.to_vec(),
        }, {
            assert_snapshot!(format!("{}.{}", mistake.name, mistake.exercise), words);
        });
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_finding_has_its_mistake() {
    // These four cannot be made by a small program: see the hostile ones.
    let elsewhere = ["not-run", "tampered", "over-limit", "timed-out"];
    let shown: BTreeSet<String> =
        mistakes("tests/mistakes").into_iter().map(|mistake| mistake.name).collect();
    for code in Code::all() {
        let name = code.name();
        assert!(shown.contains(&name) || elsewhere.contains(&name.as_str()), "no program shows {name}");
    }
}
