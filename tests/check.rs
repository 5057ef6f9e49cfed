//! `check` as a learner meets it: exercises as shipped, solutions, hints, progress, and the ways to call it.

use crate::examined;
use crate::support;

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use check::{EXERCISES, exercise};
use examined::{Workspace, cc, codes, root, text};
use playground::course::LESSONS;
use serde_json::Value;
use support::namespaces;

/// What is found in the exercises as they were shipped, in Rust and in C.
const SHIPPED: [(&[&str], &[&str]); 16] = [
    (&["not-allocated"], &["not-allocated"]),
    (&["never-attached"], &["never-attached"]),
    (&["never-asked"], &["never-asked"]),
    (&["wrote-nothing"], &["wrote-nothing"]),
    (&["never-detached"], &["never-detached"]),
    (&["never-attached"], &["never-attached"]),
    (&["never-printed"], &["never-printed"]),
    (
        &["never-printed", "never-detached", "never-detached"],
        &["never-printed", "never-detached", "never-detached"],
    ),
    (&["not-allocated"], &["not-allocated"]),
    (
        &["wrong-flags", "key-collision", "removed-by-the-wrong-process"],
        &["wrong-flags", "key-collision", "removed-by-the-wrong-process"],
    ),
    (&["wrong-flags"], &["wrong-flags"]),
    (
        &["fixed-address-without-fallback", "leaked-on-error"],
        &["null-checked-instead-of-minus-one", "leaked-on-error"],
    ),
    (
        &["used-after-detach", "wrong-address", "leaked-on-error"],
        &["used-after-detach", "wrong-address", "leaked-on-error"],
    ),
    (&["removed-by-the-wrong-process"], &["removed-by-the-wrong-process"]),
    (&["leaked-on-error"], &["leaked-on-error"]),
    (&["lost-updates"], &["lost-updates"]),
];

/// Has a folder with a folder for each student marked.
fn class(workspace: &Workspace) -> BTreeMap<String, Vec<Value>> {
    let output = workspace.check(&[
        "--format",
        "json",
        "--class",
        &workspace.path().join("class").display().to_string(),
    ]);
    let students = text(&output);
    let student = |line: &str| {
        let marked: Value = serde_json::from_str(line).expect(line);
        let verdicts = marked["verdicts"].as_array().expect("verdicts").clone();
        (marked["student"].as_str().expect("a name").to_owned(), verdicts)
    };
    students.lines().map(student).collect()
}

#[test]
fn exercises_as_shipped_do_not_pass_and_say_why() {
    let workspace = Workspace::new();
    for (name, ending) in [("rust", "rs"), ("c", "c")] {
        let folder = workspace.path().join("class").join(name);
        fs::create_dir_all(&folder).unwrap();
        for exercise in EXERCISES {
            let shipped = if ending == "rs" { exercise.rust } else { exercise.c };
            fs::write(folder.join(exercise.name()).with_extension(ending), shipped).unwrap();
        }
    }
    let class = class(&workspace);
    for (number, (rust, c)) in SHIPPED.iter().enumerate() {
        assert_eq!(codes(&class["rust"][number]), *rust, "exercise {} in Rust", number + 1);
        assert_eq!(codes(&class["c"][number]), *c, "exercise {} in C", number + 1);
    }
    // First things first, although the second attachment has the lower address.
    let whole = &class["c"][7]["findings"];
    let places = [1, 2].map(|place| whole[place]["call"].as_str().unwrap().contains(", 0x5000000, "));
    assert_eq!(places, [false, true], "{whole}");
}

#[test]
fn every_solution_passes_and_leaves_nothing() {
    let workspace = Workspace::new();
    for (name, ending) in [("rust", "rs"), ("c", "c")] {
        let folder = workspace.path().join("class").join(name);
        fs::create_dir_all(&folder).unwrap();
        for exercise in EXERCISES {
            let mut solution = root().join("tests/solutions").join(exercise.name()).with_extension(ending);
            if ending == "c" && exercise.number == 8 {
                solution = root().join("tests/c/shm.c");
            }
            fs::copy(solution, folder.join(exercise.name()).with_extension(ending)).expect("a solution");
        }
    }
    for (student, verdicts) in class(&workspace) {
        assert_eq!(verdicts.len(), EXERCISES.len());
        for verdict in verdicts {
            assert_eq!(verdict["passed"], true, "{student}: {verdict}");
            assert_eq!(verdict["removed"], serde_json::json!([]), "{student}: {verdict}");
        }
    }
}

/// The article's program with its lost lines, but for one of them.
fn article_without(line: Option<usize>) -> Value {
    let workspace = Workspace::new();
    let text = fs::read_to_string(root().join("tests/c/article.c")).unwrap();
    let lost = |line: usize| text.lines().enumerate().filter(|(_, line)| line.ends_with("// lost")).nth(line);
    let left_out = line.map(|line| lost(line).expect("a line that was lost").0);
    let kept = text.lines().enumerate().filter(|(number, _)| Some(*number) != left_out);
    let source = workspace.path().join("shm.c");
    fs::write(&source, kept.map(|(_, line)| format!("{line}\n")).collect::<String>()).unwrap();
    let program = cc(&source, workspace.path(), &["-Wno-format-security"]);
    workspace.verdict(&["8", "--", &program.display().to_string()])
}

#[test]
fn the_articles_program_passes_with_its_lost_lines_and_is_told_which_one_is_missing() {
    let whole = article_without(None);
    assert_eq!(whole["passed"], true, "{whole}");
    for (line, code) in ["never-detached", "never-printed", "never-detached"].iter().enumerate() {
        assert_eq!(codes(&article_without(Some(line))), [*code], "without line {line}");
    }
    // That it checks no call is worth a word, and no more.
    let notes = whole["notes"].to_string();
    assert!(notes.contains("error-ignored") || notes.contains("not examined"), "{whole}");
}

#[test]
fn no_segment_of_an_exercise_has_the_id_0() {
    if !namespaces("ids") {
        return;
    }
    let workspace = Workspace::new();
    // In exercises 10 and 11 the examiner's own segment is there before.
    for number in ["10", "11", "1"] {
        let shipped = exercise(number.parse().unwrap()).unwrap();
        let source = workspace.path().join("handed-in.c");
        let text = if number == "1" { WITHOUT_REMOVAL } else { shipped.c };
        fs::write(&source, text).unwrap();
        let program = cc(&source, workspace.path(), &["-w"]).display().to_string();
        let verdict = workspace.verdict(&[number, "--", &program]);
        let findings = verdict["findings"].as_array().unwrap();
        let calls = findings.iter().filter_map(|finding| finding["call"].as_str());
        let calls = calls.filter(|call| call.contains("get("));
        let answers: Vec<&str> = calls.filter_map(|call| call.rsplit_once(" = ").map(|(_, id)| id)).collect();
        assert!(!answers.contains(&"0"), "{verdict}");
        assert!(!verdict["removed"].to_string().contains(" 0"), "{verdict}");
    }
}

/// A segment, a set of semaphores, and no word of removing them.
const WITHOUT_REMOVAL: &str = "
#include <sys/sem.h>
#include <sys/shm.h>
int main(void)
{
    shmget(IPC_PRIVATE, 25600, IPC_CREAT | 0600);
    semget(IPC_PRIVATE, 1, IPC_CREAT | 0600);
    return 0;
}
";

#[test]
fn exercises_and_solutions_compile_without_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    for exercise in EXERCISES {
        let source = folder.path().join("shipped.c");
        fs::write(&source, exercise.c).unwrap();
        cc(&source, folder.path(), &["-Wall", "-Wextra", "-Werror"]);
        let solution = root().join("tests/solutions").join(exercise.name()).with_extension("c");
        if exercise.number != 8 {
            cc(&solution, folder.path(), &["-Wall", "-Wextra", "-Werror"]);
        }
        let source = folder.path().join("shipped.rs");
        fs::write(&source, exercise.rust).unwrap();
        for source in [source, root().join(exercise.solution("rs"))] {
            rustc_without_warnings(&source, folder.path());
        }
    }
}

/// Checks a program in Rust against the library that `check` links it with.
fn rustc_without_warnings(source: &Path, folder: &Path) {
    let place = examined::CHECK.parent().unwrap().join("deps");
    let is_ours = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        name.starts_with("libplayground-") && name.ends_with(".rlib")
    };
    let libraries = fs::read_dir(&place).unwrap().flatten().map(|entry| entry.path()).filter(is_ours);
    let library =
        libraries.max_by_key(|path| fs::metadata(path).and_then(|file| file.modified()).ok()).unwrap();
    let mut rustc = Command::new("rustc");
    rustc.args(["--edition", "2024", "--crate-name", "exercise", "--emit", "metadata", "-D", "warnings"]);
    rustc.arg("--extern").arg(format!("playground={}", library.display()));
    rustc.arg("-L").arg(format!("dependency={}", place.display())).arg("--out-dir").arg(folder);
    let output = rustc.arg(source).output().expect("rustc");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn goals_hints_debriefs_and_lessons_are_there() {
    for exercise in EXERCISES {
        let texts = exercise.texts();
        assert_eq!(texts.hints.len(), 3, "{}", exercise.name());
        assert!(
            LESSONS.iter().any(|lesson| lesson.name == texts.lesson),
            "{} names {}",
            exercise.name(),
            texts.lesson
        );
        for words in [&texts.title, &texts.goal, &texts.debrief].into_iter().chain(&texts.hints) {
            assert!(!words.trim().is_empty(), "{}", exercise.name());
        }
        assert!(exercise.rust.contains(&format!("//! Exercise {}:", exercise.number)));
    }
}

#[test]
fn a_pass_is_remembered_and_shows_what_to_notice() {
    let workspace = Workspace::new();
    let first = exercise(1).unwrap();
    assert!(text(&workspace.check(&[])).starts_with("0 of 16 exercises passed"));
    let output = workspace.check(&["1"]);
    assert_eq!(output.status.code(), Some(1));
    let output = workspace.check(&["--solution", "1"]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    assert!(text(&workspace.check(&["--solution", "1", "--give-up"])).contains("shmget(IPC_PRIVATE, 25600"));

    fs::copy(root().join("tests/solutions/exercise01.rs"), workspace.file(first)).unwrap();
    let output = workspace.check(&["1"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    for words in
        ["Exercise 1 · Allocate — passed", "A segment belongs to no process", "tests/solutions/exercise01.rs"]
    {
        assert!(text(&output).contains(words), "{}", text(&output));
    }
    assert!(text(&workspace.check(&[])).starts_with("1 of 16 exercises passed"));
    assert_eq!(workspace.check(&["--solution", "1"]).status.code(), Some(0));
}

#[test]
fn what_a_later_version_knows_of_the_progress_is_kept() {
    let workspace = Workspace::new();
    let file = workspace.path().join(".exercises.json");
    fs::write(&file, r#"{"exercises":{"exercise99":{"passed":true,"stars":3}},"theme":"dark"}"#).unwrap();
    workspace.check(&["2", "--hint"]);
    let kept: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    assert_eq!(kept["exercises"]["exercise99"]["stars"], 3);
    assert_eq!(kept["exercises"]["exercise02"]["hints"], 1);
    assert_eq!(kept["theme"], "dark");
}

#[test]
fn the_file_that_was_edited_is_marked_and_both_if_both_were() {
    let workspace = Workspace::new();
    let first = exercise(1).unwrap();
    let c = workspace.file(first).with_extension("c");
    fs::copy(root().join("tests/solutions/exercise01.c"), &c).unwrap();
    assert_eq!(workspace.verdict(&["1"])["passed"], true);
    fs::write(workspace.file(first), "fn main() {}").unwrap();
    let both = workspace.verdict(&["1"]);
    let notes = both["notes"].to_string();
    assert_eq!(both["passed"], true, "{both}");
    assert!(notes.contains("exercise01.c passed") && notes.contains("exercise01.rs did not pass"), "{notes}");
}

#[test]
fn a_limit_that_a_sanitizer_meets_is_not_the_programs_fault() {
    let workspace = Workspace::new();
    let solution = root().join("tests/solutions/exercise04.c");
    let program = cc(&solution, workspace.path(), &["-fsanitize=address"]).display().to_string();
    let verdict = workspace.verdict(&["4", "--", &program]);
    assert_eq!(codes(&verdict), ["over-limit"]);
    let message = verdict["findings"][0]["message"].as_str().unwrap();
    assert!(message.contains("8 GiB") && message.contains("-fsanitize"), "{message}");
}

#[test]
fn a_refused_call_is_explained_as_trace_explains_it() {
    let workspace = Workspace::new();
    let source = workspace.path().join("refused.c");
    let text = exercise(11).unwrap().c.replace("shmat(id, NULL, 0)", "shmat(id, (void *)5, 0)");
    fs::write(&source, text).unwrap();
    let program = cc(&source, workspace.path(), &["-w"]).display().to_string();
    let verdict = workspace.verdict(&["11", "--", &program]);
    assert!(verdict["findings"][0]["why"].as_str().is_some_and(|why| !why.is_empty()), "{verdict}");
}

/// The examiner's own segment may be read only: it is not the learner's to remove. The starter asks to write, too; so
/// does the `shmget` of the other one.
#[test]
fn nobody_is_told_to_remove_what_another_program_has_made() {
    let workspace = Workspace::new();
    let asks_for_more = fs::read_to_string(root().join("tests/mistakes/wrong-mode.11.c")).unwrap();
    for (name, text, helps) in [
        ("attaches", exercise(11).unwrap().c, "pass SHM_RDONLY"),
        ("asks", &asks_for_more, "0 instead of the bits"),
    ] {
        let source = workspace.path().join(name).with_extension("c");
        fs::write(&source, text).unwrap();
        let program = cc(&source, workspace.path(), &["-w"]).display().to_string();
        let verdict = workspace.verdict(&["11", "--", &program]);
        let whys =
            verdict["findings"].as_array().unwrap().iter().filter_map(|finding| finding["why"].as_str());
        let whys: Vec<&str> = whys.collect();
        assert!(whys.iter().any(|why| why.contains(helps)), "{verdict}");
        assert!(!whys.iter().any(|why| why.contains("ipcrm")), "{verdict}");
    }
}

#[test]
fn folders_of_any_name_and_depth_are_marked_and_what_is_no_file_is_named() {
    let workspace = Workspace::new();
    let class = workspace.path().join("class");
    let caf = class.join(std::ffi::OsStr::from_bytes(b"caf\xe9"));
    for folder in [caf, class.join("\u{65e5}\u{672c}/week 1"), class.join("nobody"), class.join("__MACOSX/x")]
    {
        fs::create_dir_all(&folder).unwrap();
        if !folder.ends_with("nobody") {
            fs::copy(root().join("tests/solutions/exercise01.c"), folder.join("exercise01.c")).unwrap();
        }
    }
    fs::create_dir_all(class.join("pipe/exercise02.c")).unwrap();
    let tables = text(&workspace.check(&["--class", &class.display().to_string()]));
    for words in [
        "caf\u{fffd}      +",
        "\u{65e5}\u{672c}      +",
        "nobody: nothing was handed in",
        "pipe: not marked: exercise02.c (it is a folder)",
    ] {
        assert!(tables.contains(words), "{words}: {tables}");
    }
    assert!(!tables.contains("__MACOSX"), "{tables}");
}

#[test]
fn the_goal_stands_above_what_is_missing_and_the_output_below_it() {
    let workspace = Workspace::new();
    let output = text(&workspace.check(&["7", "--output"]));
    let places =
        ["Print the string", "As always: ", "never-printed", "| Reattached at address", "on standard error"]
            .map(|words| output.find(words).unwrap_or_else(|| panic!("{words}: {output}")));
    assert!(places.is_sorted(), "{output}");
}

#[test]
fn commands_in_the_starters_work_as_they_stand() {
    let workspace = Workspace::new();
    for exercise in EXERCISES {
        let command = exercise.c.lines().find_map(|line| line.strip_prefix(" *     ")).expect("a command");
        let mut shell = Command::new("sh");
        let folder = workspace.path().join("tmp");
        fs::create_dir_all(&folder).unwrap();
        let (build, _) = command.split_once(" && ").expect("two commands");
        let build = build.replace("/tmp/", &format!("{}/", folder.display()));
        assert!(
            shell.args(["-c", &build]).current_dir(workspace.path()).status().expect("sh").success(),
            "{build}"
        );
        assert!(
            exercise.c.contains(&format!("cargo run --bin check -- {}.", exercise.number)),
            "{}",
            exercise.c
        );
    }
}

#[test]
fn hints_come_one_by_one() {
    let workspace = Workspace::new();
    for shown in [1, 2, 3, 3] {
        let output = text(&workspace.check(&["4", "--hint"]));
        let count = (1..=3).filter(|number| output.contains(&format!("Hint {number} "))).count();
        assert_eq!(count, shown, "{output}");
    }
}

#[test]
fn reset_keeps_what_was_written() {
    let workspace = Workspace::new();
    let third = exercise(3).unwrap();
    for text in ["first attempt", "second attempt"] {
        fs::write(workspace.file(third), text).unwrap();
        assert!(workspace.check(&["--reset", "3"]).status.success());
        assert_eq!(fs::read_to_string(workspace.file(third)).unwrap(), third.rust);
    }
    let kept = workspace.path().join("lessons/exercises/.kept");
    assert_eq!(fs::read_to_string(kept.join("exercise03-1.rs")).unwrap(), "first attempt");
    assert_eq!(fs::read_to_string(kept.join("exercise03-2.rs")).unwrap(), "second attempt");
}

#[test]
fn the_first_compile_error_is_told_with_its_place() {
    let workspace = Workspace::new();
    let first = exercise(1).unwrap();
    fs::write(workspace.file(first), "fn main() {\n    let id: i32 = \"five\";\n}\n").unwrap();
    let verdict = workspace.verdict(&["1"]);
    assert_eq!(codes(&verdict), ["compile-error"]);
    let message = verdict["findings"][0]["message"].as_str().unwrap();
    assert!(message.starts_with("exercise01.rs:2:19: mismatched types"), "{message}");
    let shown = verdict["findings"][0]["compiler"].as_str().unwrap();
    assert!(shown.contains("^^^^^^ expected `i32`"), "{shown}");
}

#[test]
fn misuse_is_told_apart() {
    let workspace = Workspace::new();
    for arguments in [
        &["99"][..],
        &["--nonsense"],
        &["--hint"],
        &["1", "--hint", "--format", "json"],
        &["three"],
        &["--class", "/nowhere/at/all"],
    ] {
        assert_eq!(workspace.check(arguments).status.code(), Some(2), "{arguments:?}");
    }
    let verdict = workspace.verdict(&["1", "--", "./no-such-program"]);
    assert_eq!(codes(&verdict), ["not-run"]);
    let message = verdict["findings"][0]["message"].as_str().unwrap();
    assert!(message.contains("No such file or directory. No such program:"), "{message}");
}

#[test]
fn the_junit_file_counts_what_failed() {
    let workspace = Workspace::new();
    let file = workspace.path().join("junit.xml");
    workspace.check(&["5", "--junit", &file.display().to_string()]);
    let xml = fs::read_to_string(file).unwrap();
    for words in [
        "<testsuite name=\"exercises\" tests=\"1\" failures=\"1\"",
        "type=\"never-detached\"",
        "exercise05 Detach",
    ] {
        assert!(xml.contains(words), "{xml}");
    }
}

#[test]
fn the_tables_of_a_class_name_students_exercises_and_findings() {
    let workspace = Workspace::new();
    let class = workspace.path().join("class");
    for (student, file, source) in [
        ("ada", "exercise01.rs", "tests/solutions/exercise01.rs"),
        ("bob", "exercise01.c", "lessons/exercises/.original/exercise01.c"),
    ] {
        fs::create_dir_all(class.join(student)).unwrap();
        fs::copy(root().join(source), class.join(student).join(file)).unwrap();
    }
    fs::create_dir_all(class.join("eve, who was ill")).unwrap();
    fs::write(class.join("eve, who was ill/exercise8.c"), "int main(void) {}").unwrap();
    fs::write(class.join("bob/Exercise02.rs"), "fn main() {}").unwrap();
    fs::write(class.join("bob/exercise01.toml"), "").unwrap();
    let class = class.display().to_string();
    let output = workspace.check(&["--class", &class]);
    let tables = text(&output);
    assert_eq!(output.status.code(), Some(1));
    for words in [
        "ada                +",
        "bob                x",
        "1 student  not-allocated  (exercise 1)",
        "\nbob: not marked: Exercise02.rs\n",
        "eve, who was ill: not marked: exercise8.c\n",
    ] {
        assert!(tables.contains(words), "{tables}");
    }
    let csv = text(&workspace.check(&["--class", &class, "--csv"]));
    assert!(
        csv.starts_with(
            "student,exercise,passed,finding,message,call,lesson,removed,notes\nada,1,true,,,,,,"
        ),
        "{csv}"
    );
}

#[test]
fn who_has_handed_in_nothing_has_not_passed() {
    let workspace = Workspace::new();
    let class = workspace.path().join("class");
    fs::create_dir_all(class.join("ada")).unwrap();
    let (class, ada) = (class.display().to_string(), class.join("ada").display().to_string());
    let file = workspace.path().join("class.xml");
    let output = workspace.check(&["--class", &class, "--junit", &file.display().to_string()]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    let xml = fs::read_to_string(file).unwrap();
    assert!(xml.contains("tests=\"1\" failures=\"1\"") && xml.contains("nothing-handed-in"), "{xml}");
    // A student's own folder is no class, and neither is an empty one.
    assert_eq!(workspace.check(&["--class", &ada]).status.code(), Some(2));
}

#[test]
fn what_was_left_is_told_to_teachers_too() {
    let workspace = Workspace::new();
    let folder = workspace.path().join("class/ada");
    fs::create_dir_all(&folder).unwrap();
    fs::copy(root().join("tests/hostile/killjudge.c"), folder.join("exercise01.c")).unwrap();
    let (class, file) =
        (workspace.path().join("class").display().to_string(), workspace.path().join("class.xml"));
    let csv = text(&workspace.check(&["--class", &class, "--csv", "--junit", &file.display().to_string()]));
    let xml = fs::read_to_string(file).unwrap();
    assert!(csv.contains("semaphore set ") && csv.contains("; "), "{csv}");
    assert!(xml.contains("<system-out>Removed: "), "{xml}");
}

#[test]
fn who_hands_in_a_program_is_pointed_to_it_and_to_the_solution_in_c() {
    let workspace = Workspace::new();
    for (number, solution) in [("1", "tests/solutions/exercise01.c"), ("8", "tests/c/shm.c")] {
        let shipped = exercise(number.parse().unwrap()).unwrap();
        let source = workspace.path().join("handed-in.c");
        fs::write(&source, shipped.c).unwrap();
        let program = cc(&source, workspace.path(), &["-w"]).display().to_string();
        let failed = text(&workspace.check(&[number, "--", &program]));
        assert!(failed.contains(&format!("Marked   {program}")) && !failed.contains("Edit "), "{failed}");
        let program = cc(&root().join(solution), workspace.path(), &[]).display().to_string();
        let passed = text(&workspace.check(&[number, "--", &program]));
        let command = format!("Show it  cargo run --bin check -- {number} --solution --c\n");
        assert!(passed.contains(solution) && passed.contains(&command), "{passed}");
        let shown = workspace.check(&[number, "--solution", "--c"]).stdout;
        assert_eq!(shown, fs::read(root().join(solution)).unwrap());
    }
}

#[test]
fn a_broken_exercise_breaks_nothing_else() {
    // Cargo itself says what it would build for `cargo run` and `cargo test` at the top.
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["metadata", "--no-deps", "--format-version", "1", "--offline"]).current_dir(root());
    let output = cargo.output().expect("cargo");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("metadata");
    let names =
        |list: &Value| list.as_array().unwrap().iter().map(Value::to_string).collect::<Vec<_>>().join(" ");
    assert!(names(&metadata["workspace_members"]).contains("exercises"));
    assert!(!names(&metadata["workspace_default_members"]).contains("exercises"));
}

/// The text between two marks of the exercises' README, without its fence.
fn file_in_readme(name: &str) -> String {
    let readme = fs::read_to_string(root().join("lessons/exercises/README.md")).unwrap();
    let (_, rest) = readme.split_once(&format!("<!-- file:{name} -->\n")).expect(name);
    let (block, _) = rest.split_once("\n<!-- /file -->").expect(name);
    block.lines().skip(1).take_while(|line| *line != "```").map(|line| format!("{line}\n")).collect()
}

#[test]
fn the_readme_names_every_finding() {
    let readme = fs::read_to_string(root().join("lessons/exercises/README.md")).unwrap();
    for code in check::Code::all() {
        assert!(readme.contains(&format!("`{code}`")), "{code}");
    }
}

#[test]
fn the_classroom_file_marks_exercises_that_exist() {
    let file = file_in_readme("classroom.yml");
    let commands: Vec<_> = file.lines().filter_map(|line| line.trim().strip_prefix("command: ")).collect();
    assert!(!commands.is_empty());
    for command in &commands {
        let number = command.strip_prefix("cargo run --quiet --bin check -- ").expect(command);
        assert!(exercise(number.parse().expect(number)).is_some(), "{command}");
    }
    assert!(!file.contains('\t'));
    // The last step reads the result of each, by the id that the step has.
    let ids: Vec<_> = file.lines().filter_map(|line| line.trim().strip_prefix("id: ")).collect();
    assert_eq!(ids.len(), commands.len());
    let runners = file.lines().find_map(|line| line.trim().strip_prefix("runners: ")).expect("runners");
    assert_eq!(runners.split(',').collect::<Vec<_>>(), ids);
    for id in ids {
        let result = format!("{}_RESULTS: ${{{{ steps.{id}.outputs.result }}}}", id.to_uppercase());
        assert!(file.lines().any(|line| line.trim() == result), "{result}");
    }
}

#[test]
fn the_gradescope_script_writes_what_gradescope_reads() {
    let autograder = tempfile::tempdir().unwrap();
    let submission = autograder.path().join("submission");
    fs::create_dir(&submission).unwrap();
    fs::copy(root().join("tests/solutions/exercise05.c"), submission.join("exercise05.c")).unwrap();
    fs::write(submission.join("exercise06.c"), exercise(6).unwrap().c).unwrap();
    for name in ["setup.sh", "run_autograder"] {
        fs::write(autograder.path().join(name), file_in_readme(name)).unwrap();
        let syntax = Command::new("bash").arg("-n").arg(autograder.path().join(name)).status();
        assert!(syntax.expect("bash").success(), "{name}");
    }
    // Where namespaces are forbidden, a submission could read the solutions.
    assert!(file_in_readme("setup.sh").contains("rm -rf .git tests/solutions tests/c"));
    let mut script = Command::new("bash");
    script.arg(autograder.path().join("run_autograder")).env("CHECK", &*examined::CHECK);
    let status = script.env("AUTOGRADER", autograder.path()).status().expect("bash");
    assert!(status.success());
    let results = fs::read_to_string(autograder.path().join("results/results.json")).unwrap();
    let results: Value = serde_json::from_str(&results).expect(&results);
    assert_eq!(results["score"], 10, "{results}");
    assert_eq!(results["tests"][0]["output"], "Passed.");
    assert!(results["tests"][1]["output"].as_str().unwrap().starts_with("never-attached: "), "{results}");
}

/// Saves a solution while `check --watch` waits, and returns what it printed.
fn watched(how: &str) -> String {
    let workspace = Workspace::new();
    let mut watch = workspace.command(&["--watch", "1"]);
    let watch = watch.env("CHECK_WATCH", how).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut watch = watch.spawn().expect("check runs");
    let (mut keys, screen) = (watch.stdin.take().unwrap(), BufReader::new(watch.stdout.take().unwrap()));
    let mut seen = String::new();
    for line in screen.lines().map(|line| line.expect("text")) {
        seen += &format!("{line}\n");
        match line.as_str() {
            "q Enter to leave." if !seen.contains("passed") => {
                fs::copy(root().join("tests/solutions/exercise01.rs"), workspace.file(exercise(1).unwrap()))
                    .unwrap();
            }
            "q Enter to leave." => keys.write_all(b"q\n").expect("a key"),
            _ => {}
        }
    }
    assert_eq!(watch.wait().unwrap().code(), Some(0), "{seen}");
    seen
}

#[test]
fn watch_marks_what_is_saved() {
    assert!(watched("auto").contains("Exercise 1 · Allocate — passed"));
}

#[test]
fn watch_marks_what_is_saved_where_only_polling_works() {
    assert!(watched("poll").contains("Exercise 1 · Allocate — passed"));
}
