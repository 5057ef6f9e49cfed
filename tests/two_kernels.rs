//! The lessons on the model tell what they tell on Linux: event by event, but for what differs from run to run.
//!
//! **Invariant:** nothing is left out of the comparison but what [`roles::is_compared`] names, with its reason.

mod roles;

use crate::support;

use std::fs;
use std::io;

use nix::sched::{CloneFlags, unshare};
use nix::unistd::geteuid;
use serde_json::{Value, json};
use support::{Format, Program, Run, namespaces, program, programs};

use roles::{Roles, is_compared};

/// The lessons that only say what they need a real kernel for.
const NEED_LINUX: [&str; 4] = ["lesson00", "lesson19", "lesson20", "lesson21"];

fn on_both() -> impl Iterator<Item = Program> {
    programs().into_iter().filter(|program| !NEED_LINUX.contains(&program.name))
}

/// What a lesson tells on one of the two kernels.
fn told(run: Run) -> Vec<Value> {
    let finished = run.finish();
    finished.assert_exited(0);
    finished.events()
}

/// What a lesson tells on Linux, in the first of three runs that can be compared with the model's.
fn told_on_linux(name: &str, run: impl Fn() -> Run, model: &[Value]) -> Vec<Value> {
    let mut runs = (0..3).map(|_| told(run()));
    let is_comparable =
        |linux: &Vec<Value>| !a_pid_is_another_number(linux, model) && !only_faults_differ(linux, model);
    runs.find(is_comparable).unwrap_or_else(|| panic!("{name}: none of three runs can be compared"))
}

/// Linux may give a process a number that stands for something else as well, as 25600 is the size of a segment. Then
/// nothing says which of the two is told.
fn a_pid_is_another_number(linux: &[Value], model: &[Value]) -> bool {
    let others = roles::numbers_but_pids(model);
    roles::pids(linux).any(|pid| others.contains(&pid))
}

fn by_roles(events: &[Value]) -> Vec<Value> {
    let mut roles = Roles::of(events);
    events.iter().filter(|event| is_compared(event)).map(|event| roles.in_place_of_numbers(event)).collect()
}

fn run(program: &Program, kernel: &str) -> Run {
    Run::through(program, Format::Json).args(["--kernel", kernel])
}

fn assert_same(name: &str, linux: &[Value], model: &[Value]) {
    let (linux, model) = (by_roles(linux), by_roles(model));
    for (at, (linux, model)) in linux.iter().zip(&model).enumerate() {
        assert_eq!(model, linux, "{name}: event {at} on the model, and on Linux");
    }
    assert_eq!(model.len(), linux.len(), "{name}: how many events");
}

#[test]
fn every_lesson_tells_on_the_model_what_it_tells_on_linux() {
    if !namespaces("the lessons on both kernels") {
        return;
    }
    for program in on_both() {
        let isolated = |kernel| run(&program, kernel).args(["--isolated"]);
        let model = told(isolated("model"));
        let linux = told_on_linux(program.name, || isolated("linux"), &model);
        assert_same(program.name, &linux, &model);
    }
}

/// Linux counts one fault more where it took a page of the program itself away while the program stood still, as it may
/// where memory is short. Such a run is made again.
fn only_faults_differ(linux: &[Value], model: &[Value]) -> bool {
    let (linux, model) = (by_roles(linux), by_roles(model));
    let but_faults = |events: &[Value]| -> Vec<Value> {
        let without = |event: &Value| {
            let mut event = event.clone();
            event.as_object_mut().expect("an object").remove("faults");
            event
        };
        events.iter().map(without).collect()
    };
    linux != model && but_faults(&linux) == but_faults(&model)
}

#[test]
fn a_run_in_which_a_pid_is_the_size_of_a_segment_is_not_compared() {
    let model = [
        json!({"pid": 4001, "c": "shmget(IPC_PRIVATE, 25600, 0600) = 0"}),
        json!({"pid": 4001, "cpid": 4001}),
    ];
    let linux = |pid: u64| [json!({ "pid": pid })];
    assert!(a_pid_is_another_number(&linux(25600), &model));
    assert!(!a_pid_is_another_number(&linux(25601), &model));
    assert!(!a_pid_is_another_number(&linux(4001), &model), "its own pid is no other number");
}

/// In a table of its own, where ids begin at 0 as they do on the model, and with its powers over all users.
#[test]
fn root_sees_the_same_on_both() {
    if !geteuid().is_root() || unshare(CloneFlags::empty()).is_err() {
        return;
    }
    let apart = || unshare(CloneFlags::CLONE_NEWIPC).map_err(io::Error::from);
    for name in ["lesson03", "lesson10", "lesson11", "lesson13"] {
        let program = program(name);
        let model = told(run(&program, "model"));
        let linux = told_on_linux(name, || run(&program, "linux").before_exec(apart), &model);
        assert_same(name, &linux, &model);
    }
}

/// The recordings are of the real kernel, as the book shows it: each call of a lesson that the model can run.
#[test]
fn every_recording_of_the_book_is_what_the_model_tells() {
    let mut calls = 0;
    for program in on_both().filter(|program| program.name != "walkthrough") {
        let recording = recording(program.name);
        let isolated = recording[0]["how"].as_str().is_some_and(|how| how.contains("--isolated"));
        if !isolated && !geteuid().is_root() {
            // It was recorded as root, who becomes others in it.
            continue;
        }
        let options = if isolated { &["--isolated"][..] } else { &[] };
        let events = &recording[1..];
        calls += events.iter().filter(|event| event["event"] == "call").count();
        // As far as the recording counts, and not only as far as tests do.
        let run = Run::new(&program).args(["--kernel", "model", "--format", "json", "--pace", "run"]);
        assert_same(program.name, events, &told(run.args(options)));
    }
    assert!(calls >= 290, "the recordings have {calls} calls");
}

/// A recording: how it was made, and its events.
fn recording(name: &str) -> Vec<Value> {
    let path = format!("{}/book/recordings/{name}.jsonl", env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    text.lines().map(|line| serde_json::from_str(line).expect("an event")).collect()
}

#[test]
fn the_first_event_and_the_first_screen_say_which_kernel_it_is() {
    let lesson = program("lesson01");
    for kernel in ["linux", "model"] {
        let finished = run(&lesson, kernel).finish();
        assert_eq!(finished.told("lesson")[0]["kernel"], kernel);
    }
    let finished = Run::through(&lesson, Format::Text).args(["--kernel", "model"]).finish();
    assert!(
        finished.words().contains("on a model of Linux's rules, not on your kernel"),
        "{}",
        finished.seen()
    );
}

#[test]
fn what_the_model_cannot_run_says_what_it_needs_a_real_kernel_for() {
    for name in NEED_LINUX {
        let finished = Run::new(&program(name)).args(["--kernel", "model"]).finish();
        finished.assert_exited(1);
        assert!(finished.err.contains("a real kernel"), "{name}: {}", finished.err);
        assert_eq!(finished.out, b"", "{name} has begun");
    }
}

#[test]
fn the_model_makes_no_segment_in_the_kernel() {
    let finished = run(&program("lesson08"), "model").finish();
    finished.assert_exited(0);
    support::assert_nothing_left(&finished);
    assert_eq!(finished.told("end")[0]["left"], serde_json::json!([]));
}
