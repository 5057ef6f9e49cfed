//! Each step fits the window: the lines between a prompt and the one before it are counted, in every lesson, as a
//! learner meets them who goes on with Enter.
//!
//! What does not fit is listed. The list may only shrink. It is no equation, since a longer id, or the segments of other
//! programs, add a line here and there.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};

use playground::course::LESSONS;

use crate::support::program_file;

/// The rows of the two windows.
const ROWS: [usize; 2] = [24, 40];

/// How many prompts of a program may have more lines than a window of 24 rows, and of 40. Programs that are not here:
/// none.
const TOO_LONG: [(&str, [usize; 2]); 18] = [
    ("lesson00", [7, 2]),
    ("lesson02", [1, 0]),
    ("lesson03", [1, 0]),
    ("lesson04", [1, 0]),
    ("lesson05", [1, 0]),
    ("lesson06", [1, 0]),
    ("lesson08", [3, 1]),
    ("lesson09", [2, 0]),
    ("lesson10", [4, 0]),
    ("lesson11", [5, 1]),
    ("lesson12", [4, 0]),
    ("lesson13", [3, 0]),
    ("lesson14", [1, 0]),
    ("lesson15", [6, 2]),
    ("lesson16", [3, 0]),
    ("lesson17", [2, 0]),
    ("lesson18", [3, 1]),
    ("lesson19", [3, 0]),
];

/// Lesson 20 measures for minutes: its prompts are not counted here.
const MEASURES: &str = "lesson20";

#[test]
fn each_step_fits_the_window_or_is_listed() {
    let programs = LESSONS.iter().map(|lesson| lesson.name).chain(["walkthrough"]);
    let listed = BTreeMap::from(TOO_LONG);
    for name in programs.filter(|name| *name != MEASURES) {
        let lines = lines_between_prompts(&stepped_through(name));
        assert!(lines.len() > 2, "{name} has asked for nothing");
        for (rows, most) in ROWS.into_iter().zip(listed.get(name).copied().unwrap_or_default()) {
            let too_long = lines.iter().filter(|lines| **lines > rows).count();
            assert!(
                too_long <= most,
                "{name}: {too_long} prompts of more than {rows} lines, not {most}: {lines:?}"
            );
        }
    }
}

/// Everything that the screen shows when each prompt is answered with Enter.
fn stepped_through(name: &str) -> String {
    shown(name, "step", &"\n".repeat(100))
}

/// What the screen shows at this pace when these keys are pressed.
fn shown(name: &str, pace: &str, typed: &str) -> String {
    let mut command = Command::new(program_file(name));
    command.args(["--pace", pace, "--color", "never"]).env("LANG", "C.UTF-8").env_remove("LC_ALL");
    let mut lesson = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it runs");
    let mut keys = lesson.stdin.take().expect("a pipe");
    keys.write_all(typed.as_bytes()).expect("a pipe holds so few bytes");
    drop(keys);
    let ended = lesson.wait_with_output().expect("it ends");
    assert!(ended.status.success(), "{name}: {}", ended.status);
    String::from_utf8(ended.stdout).expect("UTF-8")
}

fn is_prompt(line: &str) -> bool {
    ["[Enter] next", "  your answer, ", "  who moves? "].iter().any(|prompt| line.starts_with(prompt))
}

/// For each prompt the lines from the one before, its own among them.
fn lines_between_prompts(screen: &str) -> Vec<usize> {
    let mut counts = Vec::new();
    let mut lines = 0;
    for line in screen.lines() {
        lines += 1;
        if is_prompt(line) {
            counts.push(lines);
            lines = 0;
        }
    }
    counts
}

/// What was folded is shown by `m`, once for each time that it is asked for, and then the prompt again.
#[test]
fn m_at_the_prompt_shows_the_whole() {
    let screen = shown("lesson02", "step", "\nm\n\n");
    let (_, whole) = screen.split_once("[m] whole").expect("something is folded");
    assert!(whole.contains("stack"), "the whole address space:\n{whole}");
    let (folded, _) = screen.split_once("[m] whole").expect("something is folded");
    assert!(!folded.contains("stack"), "the segments alone:\n{folded}");
    assert!(!shown("lesson02", "run", "").contains("[m]"), "nothing is folded without a prompt");
}
