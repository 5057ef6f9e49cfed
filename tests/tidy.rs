//! The house is tidy: what is said in several places agrees, and everything has its place.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use playground::course::LESSONS;
use serde_json::Value;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The names of the files in a folder that end so, without the ending.
fn names(folder: &str, ending: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(root().join(folder)).unwrap_or_else(|error| panic!("{folder}: {error}"));
    let names = entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
    names.filter_map(|name| name.strip_suffix(ending).map(str::to_owned)).collect()
}

fn lessons() -> BTreeSet<String> {
    LESSONS.iter().map(|lesson| lesson.name.to_owned()).collect()
}

#[test]
fn every_lesson_has_its_file_and_every_file_its_lesson() {
    assert_eq!(names("lessons", ".rs"), lessons());
}

#[test]
fn every_lesson_is_a_binary_of_the_manifest() {
    let manifest = read("Cargo.toml");
    for name in lessons() {
        let entry = format!("name = \"{name}\"\npath = \"lessons/{name}.rs\"");
        assert!(manifest.contains(&entry), "Cargo.toml has no binary {name}");
    }
}

/// A file that no program includes would never be compiled, and its tests never run.
#[test]
fn every_file_of_tests_belongs_to_a_program() {
    let programs = ["all", "kernel"].map(|name| (name, read(&format!("tests/{name}.rs"))));
    for file in names("tests", ".rs").into_iter().filter(|file| programs.iter().all(|(name, _)| name != file))
    {
        let included = programs.iter().any(|(_, text)| text.contains(&format!("\nmod {file};\n")));
        assert!(included, "neither tests/all.rs nor tests/kernel.rs says `mod {file};`");
    }
}

#[test]
fn lessons_are_numbered_as_they_are_named() {
    for lesson in LESSONS {
        assert_eq!(lesson.name, format!("lesson{:02}", lesson.number));
        let text = read(&format!("lessons/{}.rs", lesson.name));
        let calls = ["lesson", "lesson_with", "lesson_with_sides"]
            .map(|main| format!("program::{main}({},", lesson.number));
        assert!(calls.iter().any(|call| text.contains(call)), "{} tells its number", lesson.name);
        assert!(
            text.contains(&format!("Run: `cargo run --bin {}`", lesson.name)),
            "{} says how to run it",
            lesson.name
        );
    }
}

#[test]
fn every_program_has_its_snapshots_and_no_snapshot_is_left_over() {
    let mut expected: BTreeSet<String> =
        ["walkthrough-quiet", "walkthrough-list", "lesson17-schedules"].map(str::to_owned).into();
    for name in lessons().into_iter().chain(["walkthrough".to_owned()]) {
        expected.insert(format!("{name}.json"));
        expected.insert(name);
    }
    assert_eq!(names("snapshots", ".snap"), expected);
    assert_eq!(names("snapshots", ".snap.new"), BTreeSet::new(), "snapshots nobody has accepted or rejected");
}

#[test]
fn the_readme_lists_every_lesson_with_its_title_and_summary() {
    let readme = read("README.md");
    for lesson in LESSONS {
        for words in [lesson.name, lesson.title, lesson.summary] {
            assert!(readme.contains(words), "README.md does not say {words:?} of {}", lesson.name);
        }
    }
}

#[test]
fn the_top_level_holds_only_what_belongs_there() {
    let allowed =
        ["Cargo.toml", "Cargo.lock", "LICENSE", "README.md", "lessons", "src", "snapshots", "tests", "book"];
    for name in names("", "") {
        let belongs = allowed.contains(&name.as_str()) || name.starts_with('.') || name == "target";
        assert!(belongs, "{name} does not belong at the top level");
    }
}

#[test]
fn unsafe_code_lives_in_its_rooms_only() {
    let rooms = ["src/kernel", "src/shm", "src/trace"];
    for file in rust_files(&["src", "lessons"]) {
        let path = file.strip_prefix(root()).expect("inside the project");
        let has = fs::read_to_string(&file).expect("readable").lines().any(|line| {
            let code = line.split("//").next().unwrap_or_default();
            ["unsafe {", "unsafe fn", "unsafe impl"].iter().any(|word| code.contains(word))
        });
        assert!(!has || rooms.iter().any(|room| path.starts_with(room)), "unsafe code in {}", path.display());
    }
}

#[test]
fn only_one_file_makes_the_four_calls() {
    for file in rust_files(&["src", "lessons"]) {
        let text = fs::read_to_string(&file).expect("readable");
        let calls = ["shmget(", "shmat(", "shmdt(", "shmctl("]
            .iter()
            .any(|call| text.contains(&format!("libc::{call}")));
        assert_eq!(calls, file.ends_with("kernel/linux/shm.rs"), "{}", file.display());
    }
}

#[test]
fn every_module_states_its_invariant() {
    for file in rust_files(&["src"]).into_iter().filter(|file| file.parent() == Some(&root().join("src"))) {
        let text = fs::read_to_string(&file).expect("readable");
        let stands_alone = ["lib.rs", "error.rs", "course.rs"].iter().any(|name| file.ends_with(name));
        assert!(stands_alone || text.contains("**Invariant:**"), "{} states no invariant", file.display());
    }
}

#[test]
fn the_code_is_formatted() {
    // Without `--all`: a learner's half-done exercise may look as it likes.
    let output = Command::new(env!("CARGO")).args(["fmt", "--check"]).current_dir(root()).output();
    let output = output.expect("cargo fmt: `rustup component add rustfmt`");
    assert!(output.status.success(), "run `cargo fmt`:\n{}", String::from_utf8_lossy(&output.stdout));
}

/// Every file of Rust in these folders, but the ones that learners edit.
fn rust_files(folders: &[&str]) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders: Vec<PathBuf> = folders.iter().map(|folder| root().join(folder)).collect();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() && !path.ends_with("exercises") {
                folders.push(path);
            } else if path.is_file() && path.extension().is_some_and(|ending| ending == "rs") {
                files.push(path);
            }
        }
    }
    files
}

/// The events of all the runs in `snapshots/`. What is masked is text there, and what is not JSON is no event.
fn recorded_events() -> Vec<Value> {
    let runs = names("snapshots", ".json.snap");
    let lines = runs.iter().map(|name| read(&format!("snapshots/{name}.json.snap")));
    let events = lines.flat_map(|run| run.lines().map(serde_json::from_str).collect::<Vec<_>>());
    events.filter_map(|event: serde_json::Result<Value>| event.ok().filter(Value::is_object)).collect()
}

#[test]
fn the_readme_documents_every_event_and_every_call() {
    let readme = read("README.md");
    for event in recorded_events() {
        let call = event["name"].as_str().filter(|_| event["event"] == "call");
        for name in [event["event"].as_str(), call].into_iter().flatten() {
            assert!(readme.contains(&format!("`{name}`")), "README.md does not document `{name}`");
        }
    }
}

#[test]
fn together_the_lessons_put_right_every_mistake_of_the_article() {
    let told: BTreeSet<_> = recorded_events()
        .iter()
        .filter(|event| event["event"] == "erratum")
        .filter_map(|event| event["code"].as_str()?.strip_prefix('E')?.parse::<u32>().ok())
        .collect();
    assert_eq!(told, (1..=39).collect());
}

/// Whoever types the same letter at every question is right no more often than chance has it, or little more.
#[test]
fn no_letter_is_the_right_one_everywhere() {
    let events = recorded_events();
    let answers = events.iter().filter(|event| event["event"] == "answer");
    let right: Vec<_> = answers.filter_map(|answer| answer["right"].as_u64()).collect();
    assert!(right.len() > 80, "{} questions", right.len());
    for letter in 0..2 {
        let share = right.iter().filter(|right| **right == letter).count();
        assert!(share * 5 < right.len() * 3 && share * 5 > right.len(), "{share} of {}", right.len());
    }
}
