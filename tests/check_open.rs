//! `check` where namespaces are forbidden: submissions share files, processes and the kernel's tables, and still none
//! is mistaken for another, and nothing is left.

use crate::examined;
use crate::support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use check::exercise;
use examined::{Workspace, cc, codes, root, text};
use serde_json::Value;
use support::{Preload, sets, table};

/// `check` without walls, with temporary files of its own.
fn check(workspace: &Workspace, arguments: &[&str]) -> Command {
    let temporary = workspace.path().join("tmp");
    fs::create_dir_all(&temporary).unwrap();
    let mut command = workspace.command(&[&["--without-walls"], arguments].concat());
    command.env("TMPDIR", temporary);
    command
}

fn names(folder: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

/// Whether each student has passed exercise 5.
fn marked(workspace: &Workspace, class: &str) -> BTreeMap<String, bool> {
    let output = check(workspace, &["--format", "json", "--class", class]).output().expect("check runs");
    let student = |line: &str| {
        let marked: Value = serde_json::from_str(line).expect(line);
        let name = marked["student"].as_str().unwrap().to_owned();
        (name, marked["verdicts"][0]["passed"].as_bool().expect(line))
    };
    text(&output).lines().map(student).collect()
}

#[test]
fn in_a_class_each_is_marked_by_their_own_program() {
    let workspace = Workspace::new();
    let class = workspace.path().join("class");
    let solution = fs::read_to_string(root().join("tests/solutions/exercise05.c")).unwrap();
    let mut expected = BTreeMap::new();
    for (student, solves) in ["a", "b", "c", "d", "e", "f", "g", "h"].into_iter().zip([true, false].repeat(4))
    {
        let folder = class.join(student);
        fs::create_dir_all(&folder).unwrap();
        let handed_in = if solves { &solution } else { exercise(5).unwrap().c };
        fs::write(folder.join("exercise05.c"), handed_in).unwrap();
        expected.insert(student.to_owned(), solves);
    }
    for _ in 0..2 {
        assert_eq!(marked(&workspace, class.to_str().unwrap()), expected);
    }
    assert!(!names("/dev/shm").contains("submission"), "a program is left in /dev/shm");
    let left = names(workspace.path().join("tmp").to_str().unwrap());
    assert!(left.is_empty(), "temporary files are left: {left:?}");
}

#[test]
fn what_is_left_when_the_judge_is_killed_is_removed_and_only_that_is_said() {
    let workspace = Workspace::new();
    let program = cc(&root().join("tests/hostile/killjudge.c"), workspace.path(), &[]).display().to_string();
    let output = check(&workspace, &["--format", "json", "1", "--", &program]).output().expect("check runs");
    let verdict: Value = serde_json::from_slice(&output.stdout).expect("a verdict");
    assert_eq!(codes(&verdict), ["tampered"]);
    let removed: Vec<_> =
        verdict["removed"].as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect();
    let id = |name: &str| -> i32 {
        let id = removed
            .iter()
            .find_map(|it| it.strip_prefix(name))
            .unwrap_or_else(|| panic!("{name}: {removed:?}"));
        id.trim().parse().expect(id)
    };
    assert!(!sets().contains(&id("semaphore set ")), "{removed:?}");
    assert!(!table().iter().any(|row| row.shmid.0 == id("segment ")), "{removed:?}");
}

#[test]
fn a_slow_machine_gives_programs_more_time_from_the_first_one_on() {
    let (workspace, slow) = (Workspace::new(), Preload::build("slow"));
    // Of the playground's own folder a submission sees only that of the exercises.
    let place = workspace.path().join("lessons/exercises");
    let solution = cc(&root().join("tests/solutions/exercise01.c"), &place, &[]);
    // Longer than a program may take on a fast machine.
    let script = format!("sleep 3; exec {}", solution.display());
    let mut check = workspace.command(&["--format", "json", "1", "--", "sh", "-c", &script]);
    check.env("LD_PRELOAD", slow.path()).current_dir(place);
    let output = check.output().expect("check runs");
    let verdict: Value = serde_json::from_slice(&output.stdout).expect("a verdict");
    assert_eq!(verdict["passed"], true, "{verdict}");
}
