//! Each step fits the window: the lines between a prompt and the one before it are counted, in every lesson, as a
//! learner meets them who goes on with Enter.
//!
//! What does not fit is folded, and what is still too long comes in parts.

use std::io::Write;
use std::process::{Command, Stdio};

use playground::course::LESSONS;

use crate::support::program_file;

/// The rows of the two windows.
const ROWS: [usize; 2] = [24, 40];

/// A window that holds no step whole.
const FEW_ROWS: usize = 12;

/// The prompt between two parts of a step.
const NEXT_PART: &str = "[Enter] next part";

/// Lesson 20 measures for minutes: its prompts are not counted here.
const MEASURES: &str = "lesson20";

#[test]
fn no_prompt_pushes_what_was_not_read_out_of_the_window() {
    let programs = LESSONS.iter().map(|lesson| lesson.name).chain(["walkthrough"]);
    for name in programs.filter(|name| *name != MEASURES) {
        for rows in ROWS {
            let lines = lines_between_prompts(&shown(name, "step", &"\n".repeat(200), rows));
            assert!(lines.len() > 2, "{name} has asked for nothing");
            assert!(lines.iter().all(|lines| *lines <= rows), "{name}, {rows} rows: {lines:?}");
        }
    }
}

/// Only a long step comes in parts: most fit the smaller window, and nearly all the larger one.
#[test]
fn few_steps_come_in_parts() {
    for (rows, most) in ROWS.into_iter().zip([5, 1]) {
        let screen = shown("lesson12", "step", &"\n".repeat(200), rows);
        let parts = screen.matches(NEXT_PART).count();
        assert!(parts <= most, "{parts} of {rows} rows:\n{screen}");
    }
}

/// A part ends where its learner wants: other keys ask again, and q leaves.
#[test]
fn a_part_waits_for_enter_and_q_leaves() {
    let untold = shown("lesson02", "step", "\nx\nq\n", FEW_ROWS);
    assert!(untold.contains(NEXT_PART), "{untold}");
    assert!(untold.contains("You left the lesson. Nothing that it made is left"), "{untold}");
    assert!(!untold.contains("Answer"), "{untold}");
}

/// Whoever asks for more than the next part in the middle of a step is told when it can be had.
#[test]
fn a_part_says_why_another_key_does_nothing() {
    for key in ["p", "i", "m", "?"] {
        let shown = shown("lesson02", "step", &format!("\n{key}\nq\n"), FEW_ROWS);
        assert!(shown.contains("has more to show. Enter shows its next part."), "{key}: {shown}");
        assert_eq!(shown.matches(NEXT_PART).count(), 3, "{key}: {shown}");
    }
    assert!(!shown("lesson02", "step", "\n\nq\n", FEW_ROWS).contains("has more to show"));
}

/// What a window of so many rows shows at this pace when these keys are pressed.
fn shown(name: &str, pace: &str, typed: &str, rows: usize) -> String {
    let mut command = Command::new(program_file(name));
    command.args(["--pace", pace, "--color", "never"]).env("LANG", "C.UTF-8").env_remove("LC_ALL");
    command.env("LINES", rows.to_string());
    let mut lesson = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it runs");
    let mut keys = lesson.stdin.take().expect("a pipe");
    keys.write_all(typed.as_bytes()).expect("a pipe holds so few bytes");
    drop(keys);
    let ended = lesson.wait_with_output().expect("it ends");
    assert!(ended.status.success(), "{name}: {}", ended.status);
    String::from_utf8(ended.stdout).expect("UTF-8")
}

fn is_prompt(line: &str) -> bool {
    ["[Enter] next", "  your answer, ", "  who moves? ", "  another order? "]
        .iter()
        .any(|prompt| line.starts_with(prompt))
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
    let screen = shown("lesson02", "step", "\nm\n\n", 100);
    let (_, whole) = screen.split_once("[m] whole").expect("something is folded");
    assert!(whole.contains("stack"), "the whole address space:\n{whole}");
    let (folded, _) = screen.split_once("[m] whole").expect("something is folded");
    assert!(!folded.contains("stack"), "the segments alone:\n{folded}");
    assert!(!shown("lesson02", "run", "", 100).contains("[m]"), "nothing is folded without a prompt");
}
