//! Lesson 17's option: every schedule is replayed as it is written, and what is no schedule is refused in words.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use insta::{assert_snapshot, with_settings};
use playground::story::Schedule;

const LESSON: &str = env!("CARGO_BIN_EXE_lesson17");

fn run(program: &str, arguments: &[&str], typed: &str) -> Output {
    let mut process = Command::new(program)
        .args(arguments)
        .env("LANG", "C.UTF-8")
        // A window that holds every step whole: each line that is typed answers a question.
        .env("LINES", "200")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it is built");
    // Whoever refuses its command line reads nothing.
    let _ = process.stdin.take().expect("it is piped").write_all(typed.as_bytes());
    process.wait_with_output().expect("it ends")
}

/// The table of what A and B have done.
fn table(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout);
    let after = text.split("what A and B have done\n").nth(1).expect("the table");
    after.split("\n\n").next().expect("its end").to_owned()
}

#[test]
fn each_of_the_twenty_orders_is_carried_out_as_it_is_written() {
    let mut text = String::new();
    for schedule in Schedule::all() {
        let word = schedule.to_string();
        let table = table(&run(LESSON, &["--pace", "run", "--schedule", &word], ""));
        let who: String = table.lines().skip(1).filter_map(|line| line.trim().chars().next()).collect();
        assert_eq!(who, word);
        text += &format!("{word}\n{table}\n");
    }
    with_settings!({
        snapshot_path => "../snapshots",
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, {
        assert_snapshot!("lesson17-schedules", text);
    });
}

#[test]
fn what_the_learner_types_is_what_is_carried_out() {
    // A guess at the first step, Enter to go on, a guess; then the moves, a misunderstanding among them.
    let typed = "b\n\na\nB\nx\na\nb\n\na\n";
    let output = run(LESSON, &["--pace", "step"], typed);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("Type a or b, for the process that moves next."), "{text}");
    assert!(text.contains("--schedule BABAAB"), "{text}");
}

#[test]
fn what_is_no_schedule_is_refused_with_what_it_lacks() {
    for (word, lacks) in [
        ("AABBAX", "'X' is nobody: there are two processes, A and B."),
        ("AABB", "A moves 2 times and B 2 times. An increment takes three steps, load, add\nand store"),
        ("", "Write three As and three Bs, in any order, such as AABBAB"),
    ] {
        let output = run(LESSON, &["--schedule", word], "");
        assert_eq!(output.status.code(), Some(2), "{word}");
        let words = String::from_utf8_lossy(&output.stderr);
        assert!(words.contains(lacks), "{word}: {words}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn no_other_lesson_accepts_a_schedule() {
    let output = run(env!("CARGO_BIN_EXE_lesson18"), &["--schedule", "AABBAB"], "");
    assert_eq!(output.status.code(), Some(2));
}
