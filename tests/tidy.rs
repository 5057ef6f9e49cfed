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
    let manifests = [(read("Cargo.toml"), "lessons/"), (read("lessons/Cargo.toml"), "")];
    for name in lessons() {
        let entry = |folder| format!("name = \"{name}\"\npath = \"{folder}{name}.rs\"");
        let has = manifests.iter().filter(|(manifest, folder)| manifest.contains(&entry(folder))).count();
        assert_eq!(has, 1, "manifests that have a binary {name}");
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
        // README has `shm` built there, from tests/c/shm.c.
        let built = ["target", "shm"].contains(&name.as_str());
        let belongs = allowed.contains(&name.as_str()) || name.starts_with('.') || built;
        assert!(belongs, "{name} does not belong at the top level");
    }
}

#[test]
fn unsafe_code_lives_in_its_rooms_only() {
    let rooms = ["src/linux/kernel", "src/linux/shm", "src/trace"];
    for file in rust_files(&["src", "lessons"]) {
        let path = file.strip_prefix(root()).expect("inside the project");
        let has = fs::read_to_string(&file).expect("readable").lines().any(|line| {
            let code = line.split("//").next().unwrap_or_default().replace("\\\"", "");
            // What stands in a string is a program that is printed.
            let code = code.split('"').step_by(2).collect::<String>();
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
        assert_eq!(calls, file.ends_with("src/linux/kernel/linux/shm.rs"), "{}", file.display());
    }
}

/// Every crate, and what it may import of the others: only what stands beneath it.
const WALLS: [(&str, &[&str]); 10] = [
    ("src/core", &[]),
    ("src/model", &["playground-core"]),
    ("src/linux", &["playground-core"]),
    ("src/program", &["linux", "model", "playground-core"]),
    ("src/trace", &["linux", "playground-core", "program"]),
    ("src/check", &["linux", "playground-core", "program", "trace"]),
    ("src/speed", &["linux", "playground-core", "program"]),
    ("src/play", &["linux", "playground-core", "program"]),
    ("src/web", &["play", "playground-core"]),
    (".", &["linux", "playground-core", "program"]),
];

/// What a manifest lists under a heading.
fn dependencies(folder: &str, heading: &str) -> BTreeSet<String> {
    let manifest: toml::Table = read(&format!("{folder}/Cargo.toml")).parse().expect("a manifest");
    let table = manifest.get(heading).and_then(toml::Value::as_table);
    table.into_iter().flat_map(toml::Table::keys).cloned().collect()
}

/// What is listed and is a crate of this workspace.
fn ours(listed: &BTreeSet<String>) -> BTreeSet<&str> {
    let names = WALLS.map(|(folder, _)| folder.trim_start_matches("src/").replace("core", "playground-core"));
    listed.iter().filter(|name| names.contains(name)).map(String::as_str).collect()
}

#[test]
fn a_crate_imports_only_what_stands_beneath_it() {
    for (position, (folder, allowed)) in WALLS.iter().enumerate() {
        let listed = dependencies(folder, "dependencies");
        for name in ours(&listed) {
            assert!(allowed.contains(&name), "{folder}/Cargo.toml imports {name}");
            let beneath =
                WALLS[..position].iter().any(|(other, _)| name.ends_with(other.trim_start_matches("src/")));
            assert!(beneath, "{name} stands above {folder}");
        }
    }
}

#[test]
fn the_core_knows_no_machine() {
    let listed = dependencies("src/core", "dependencies");
    for name in ["nix", "libc", "caps", "seccompiler", "tempfile", "terminal_size", "clap", "indicatif"] {
        assert!(!listed.contains(name), "the core imports {name}");
    }
    let forbidden =
        ["std::fs", "fs::read", "Instant::now", "SystemTime", "std::process::Command", "thread::sleep"];
    for file in rust_files(&["src/core"]) {
        let text = fs::read_to_string(&file).expect("readable");
        for word in forbidden {
            assert!(!text.contains(word), "{} uses {word}", file.display());
        }
    }
}

#[test]
fn a_lesson_builds_nothing_that_it_does_not_need() {
    let tree = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--locked",
            "--offline",
            "--edges",
            "normal",
            "--package",
            "shm-playground",
            "--prefix",
            "none",
        ])
        .current_dir(root())
        .output()
        .expect("cargo tree");
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let tree = String::from_utf8_lossy(&tree.stdout);
    assert!(tree.contains("\nplayground-core v"), "{tree}");
    for name in ["notify", "quick-xml", "csv", "toml", "elf", "indicatif"] {
        assert!(!tree.contains(&format!("\n{name} v")), "a lesson builds {name}");
    }
}

#[test]
fn every_module_states_its_invariant() {
    for (folder, _) in WALLS.iter().filter(|(folder, _)| *folder != ".") {
        let text = read(&format!("{folder}/lib.rs"));
        assert!(text.contains("**Invariant:**"), "{folder}/lib.rs states no invariant");
    }
    let folders = WALLS.map(|(folder, _)| root().join(folder));
    let is_room = |file: &PathBuf| {
        let holds = file.with_extension("").is_dir() && !file.ends_with("build.rs");
        holds && file.parent().is_some_and(|parent| folders.iter().any(|folder| folder == parent))
    };
    for file in rust_files(&["src"]).into_iter().filter(is_room) {
        let text = fs::read_to_string(&file).expect("readable");
        assert!(text.contains("**Invariant:**"), "{} states no invariant", file.display());
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

/// Faults of wording and layout: nobody who follows the article goes wrong by them. The book's errata page has them.
const ONLY_IN_THE_BOOK: [u32; 5] = [1, 16, 33, 34, 36];

#[test]
fn lessons_put_right_what_misleads_and_the_book_the_rest() {
    let told: BTreeSet<_> = recorded_events()
        .iter()
        .filter(|event| event["event"] == "erratum")
        .filter_map(|event| event["code"].as_str()?.strip_prefix('E')?.parse::<u32>().ok())
        .collect();
    let misleading: BTreeSet<_> = (1..=39).filter(|number| !ONLY_IN_THE_BOOK.contains(number)).collect();
    assert_eq!(told, misleading);
    let page = read("book/src/errata.md");
    assert!((1..=39).all(|number| page.contains(&format!("{{#E{number}}}"))), "the page misses one");
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

#[test]
fn each_lesson_names_the_exercises_that_belong_to_it() {
    for lesson in &LESSONS {
        let belongs = |number: &usize| {
            let file = root().join(format!("lessons/exercises/exercise{number:02}.toml"));
            let text = fs::read_to_string(file).expect("an exercise");
            text.contains(&format!("lesson = \"{}\"\n", lesson.name))
        };
        let found: Vec<_> = (1..=16).filter(belongs).collect();
        assert_eq!(found, playground::course::exercises(lesson.number), "{}", lesson.name);
    }
}
