//! Exercise 16: a program that keeps every addition passes, and one that can lose an addition never does; each as often
//! as it is tried, since the schedule decides, and not luck.
//!
//! One program knows all the ways (`tests/c/counting.c`); it is built as learners build theirs: with and without
//! optimisation.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;

use serde_json::Value;

use super::examined::{Workspace, cc, codes, root};
use super::traced::{built, traced_with};

/// Ways to count that lose nothing, of each kind one.
const KEEPS: [&str; 9] = [
    "fetch-add",
    "builtin",
    "narrow",
    "mutex",
    "beside-the-goal",
    "wiped",
    "with-results",
    "filled",
    "with-statistics",
];

/// More of them. A lock is watched at each of its turns, which takes two to twenty seconds of a processor.
const KEEPS_AT_LENGTH: [&str; 22] = [
    "semaphore",
    "compare-and-swap",
    "swap-spin",
    "spin-and-yield",
    "spin-and-sleep",
    "ticket",
    "peterson",
    "futex",
    "timed-mutex",
    "rwlock",
    "spinlock",
    "posix-semaphore",
    "undone-semaphore",
    "asking-semaphore",
    "record-lock",
    "whole-file-lock",
    "pipe-lock",
    "pipe-ring",
    "message-lock",
    "by-turns",
    "by-the-counter",
    "attached-anew",
];

/// Ways that can lose an addition, however seldom they do when they run free.
const LOSES: [&str; 15] = [
    "seldom-without-mutex",
    "step",
    "one-instruction",
    "with-sleep",
    "load-and-store",
    "relaxed",
    "copied",
    "lock-for-the-read",
    "one-locks",
    "one-does-not",
    "own-locks",
    "tried-lock",
    "readers",
    "one-atomic",
    "two-seats",
];

/// Those whose gap is found only after many attempts.
const LOSES_SELDOM: [&str; 6] = [
    "seldom-without-semaphore",
    "careless-at-last",
    "beside-others",
    "ticket-only",
    "lock-for-the-write",
    "two-locks",
];

/// Ways in which four processes do not count in one counter, with what is found.
const DODGES: [(&str, &str); 4] = [
    ("own-slot", "printed-without-sharing"),
    ("nothing", "printed-without-sharing"),
    ("at-once", "too-few-additions"),
    ("leap", "too-few-additions"),
];

/// As many at a time as there are processors.
fn in_parallel<'a>(
    jobs: impl IntoIterator<Item = Vec<&'a str>>,
    judge: impl Fn(&[&str]) -> Option<String> + Sync,
) {
    let jobs = Mutex::new(jobs.into_iter().collect::<Vec<_>>());
    let wrong = Mutex::new(Vec::new());
    let next = || jobs.lock().expect("jobs").pop();
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while let Some(job) = next() {
                    wrong.lock().expect("words").extend(judge(&job));
                }
            });
        }
    });
    let wrong = wrong.into_inner().expect("words");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn program(workspace: &Workspace, options: &[&str]) -> PathBuf {
    cc(&root().join("tests/c/counting.c"), workspace.path(), &[&["-g", "-pthread", "-w"], options].concat())
}

fn verdict(workspace: &Workspace, program: &Path, arguments: &[&str]) -> Value {
    let program = program.display().to_string();
    workspace.verdict(&[&["16", "--", &program], arguments].concat())
}

/// Each passes, with what stands behind it as the program's arguments.
fn keep<'a>(jobs: impl IntoIterator<Item = Vec<&'a str>>) {
    let workspace = Workspace::new();
    let program = program(&workspace, &[]);
    in_parallel(jobs, |arguments| {
        let found = codes(&verdict(&workspace, &program, arguments));
        (!found.is_empty()).then(|| format!("{arguments:?}: {found:?}"))
    });
}

#[test]
fn who_keeps_every_addition_passes() {
    let with_parent = vec!["fetch-add", "parent-counts"];
    keep(KEEPS.map(|way| vec![way]).into_iter().chain([with_parent]));
}

#[test]
#[ignore = "slow by nature: each turn of each lock is watched; .ci/run tries it"]
fn who_keeps_every_addition_by_any_lock_passes() {
    let with_parent = ["semaphore", "wiped"].map(|way| vec![way, "parent-counts"]);
    keep(KEEPS_AT_LENGTH.map(|way| vec![way]).into_iter().chain(with_parent));
}

/// Each is found out, with and without optimisation.
fn lose(ways: &[&'static str]) {
    let workspace = Workspace::new();
    for option in ["-O0", "-O2"] {
        let program = program(&workspace, &[option]);
        in_parallel(ways.iter().map(|way| vec![*way]), |arguments| {
            let verdict = verdict(&workspace, &program, arguments);
            let found = codes(&verdict);
            (found != ["lost-updates"]).then(|| format!("{arguments:?} {option}: {verdict}"))
        });
    }
}

#[test]
fn who_can_lose_an_addition_loses_it_under_the_schedule() {
    lose(&LOSES);
}

#[test]
#[ignore = "slow by nature: a gap that is seldom met takes many attempts; .ci/run tries it"]
fn who_can_lose_an_addition_seldom_loses_it_under_the_schedule() {
    lose(&LOSES_SELDOM);
}

#[test]
fn who_only_seems_to_count_by_four_is_found_out() {
    let workspace = Workspace::new();
    let program = program(&workspace, &[]);
    in_parallel(DODGES.map(|(way, code)| vec![way, code]), |job| {
        let found = codes(&verdict(&workspace, &program, &job[..1]));
        (found != job[1..]).then(|| format!("{job:?}: {found:?}"))
    });
}

/// The steps of lesson 17, in the lines of the learner's own file.
#[test]
fn a_lost_addition_is_told_step_by_step_with_its_lines() {
    let workspace = Workspace::new();
    let verdict = verdict(&workspace, &program(&workspace, &[]), &["step"]);
    let steps = verdict["findings"][0]["steps"].as_array().expect("steps");
    let steps: Vec<&str> = steps.iter().map(|step| step.as_str().expect("words")).collect();
    let [first, second, third, fourth] = steps[..] else { panic!("{steps:#?}") };
    for (step, who, what) in
        [(first, "A", "reads"), (second, "B", "reads"), (third, "B", "writes"), (fourth, "A", "writes")]
    {
        assert!(step.starts_with(who) && step.contains(what) && step.contains("counting.c:"), "{steps:#?}");
    }
    let number = |step: &str| {
        step.split_once("reads ").or(step.split_once("writes ")).map(|(_, rest)| rest.to_owned())
    };
    let of = |step: &str| number(step).and_then(|rest| rest.split(' ').next()?.parse::<u64>().ok());
    let added = |read, written| of(written) == of(read).map(|number| number + 1);
    assert!(added(first, fourth) && added(second, third), "{steps:#?}");
}

/// What `trace --race` tells: every process and line that used the word, and whether an update can be lost.
#[test]
fn trace_tells_who_uses_a_word_and_whether_an_update_can_be_lost() {
    let program = built("counting", &["-g", "-pthread", "-O1"]);
    let offset = offset_of_counter();
    let run = |way: &str| traced_with(&["--race", &format!("{offset}:8")], &program, &[way]);
    let (kept, lost) = (run("fetch-add"), run("step"));
    let race = kept.all("race")[0];
    assert!(race["proof"].is_null() && race["unwatched"].is_null(), "{race}");
    // On a busy machine the processor may stop a thread and not say for what: trace says that it has not seen all.
    let least = if race["partial"] == true { 4900 } else { 5000 };
    let changes =
        |uses: &&Value| uses["changes"].as_u64().is_some_and(|times| (least..=5000).contains(&times));
    assert_eq!(race["processes"].as_array().expect("processes").iter().filter(changes).count(), 4, "{race}");
    let race = lost.all("race")[0];
    assert_eq!(race["proof"]["how"], "lost", "{race}");
    let lines = race["lines"].as_array().expect("lines").iter();
    let lines: HashSet<&str> = lines.filter_map(|line| line["place"]["file"].as_str()).collect();
    assert_eq!(lines, HashSet::from(["counting.c"]), "{race}");
    assert!(lost.all("access").len() <= 16, "many accesses are summed up");
}

/// Each step as the program's own number, and not as its bits.
#[test]
fn a_floating_number_is_told_as_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let program = cc(&root().join("tests/cases/verdicts/16-loses-in-a-float.c"), folder.path(), &["-w"]);
    let traced = traced_with(&["--race", "40:float"], &program, &[]);
    let accesses = &traced.all("race")[0]["proof"]["accesses"];
    let number = |place: usize| accesses[place]["value"].as_f64().expect("a number");
    assert!(number(0) < 20_000.0 && number(3) == number(0) + 1.0, "{accesses}");
}

/// Where the compiler has put the counter: as the debugger would say.
fn offset_of_counter() -> usize {
    let probe = "#include <pthread.h>\n#include <semaphore.h>\n#include <stddef.h>\n#include <stdio.h>\n";
    let source = std::fs::read_to_string(root().join("tests/c/counting.c")).expect("the source");
    let (start, end) = (
        source.find("enum { PROCESSES").expect("the enum"),
        source.find("static struct shared").expect("the end"),
    );
    let main = "int main(void) { printf(\"%zu\", offsetof(struct shared, counter)); }";
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("offset.c");
    let headers = "#include <stdatomic.h>\n#include <stdint.h>\n";
    std::fs::write(&path, format!("#define _GNU_SOURCE\n{probe}{headers}{}{main}", &source[start..end]))
        .expect("a file");
    let program = cc(&path, folder.path(), &["-pthread"]);
    let output = std::process::Command::new(program).output().expect("it runs");
    String::from_utf8_lossy(&output.stdout).parse().expect("a number")
}

#[test]
fn a_word_that_cannot_be_watched_is_a_misuse() {
    for word in ["2", "0:3", "x", "4:8", "4:double", "0:single", "-1"] {
        let output = std::process::Command::new(&*super::traced::TRACE)
            .args([&format!("--race={word}"), "true"])
            .output()
            .expect("trace runs");
        assert_eq!(output.status.code(), Some(2), "{word}: {}", String::from_utf8_lossy(&output.stderr));
    }
}
