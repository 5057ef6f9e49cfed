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

/// What a learner sees who types these lines.
fn typed(lines: &str) -> String {
    let output = run(LESSON, &["--pace", "step"], lines);
    String::from_utf8(output.stdout).expect("UTF-8")
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
    let text = typed("b\n\na\nB\nx\na\nb\n\na\nb\n");
    assert!(text.contains("Type a or b, for the process that moves next."), "{text}");
    assert!(text.contains("--schedule BABAAB"), "{text}");
}

/// The last move is asked for as the others are, and who has none left is not believed to move.
#[test]
fn the_learner_makes_the_last_move_too() {
    let text = typed("b\n\na\na\na\na\nb\na\nb\nb\n");
    assert_eq!(text.matches("who moves? a or b>").count(), 3, "{text}");
    assert_eq!(text.matches("who moves? only b has moves left>").count(), 4, "{text}");
    assert!(text.contains("A has made its three steps. The other one moves now."), "{text}");
    assert_eq!(text.matches("B: counter = r").count(), 1, "{text}");
    assert!(text.contains("--schedule AAABBB"), "{text}");
}

/// Another order, move by move or as a word, begins with a counter of 0 and empty registers; Enter goes on.
#[test]
fn another_order_begins_anew_without_starting_the_lesson_again() {
    let text = typed("b\n\na\na\na\na\nb\nb\nb\ny\nb\nb\nb\na\na\na\nAAB\nabbaab\n\n\nq\n");
    let tables: Vec<_> = text.split("what A and B have done\n").skip(1).collect();
    let replay = |table: &&str| table.split("--schedule ").nth(1).map(|rest| rest[..6].to_owned());
    let orders: Vec<_> = tables.iter().filter_map(replay).collect();
    assert_eq!(orders, ["AAABBB", "BBBAAA", "ABBAAB"], "{text}");
    for table in &tables {
        let first = table.lines().nth(1).expect("the first move");
        assert!(first.contains("empty") && first.trim_end().ends_with(" 0"), "{first}");
    }
    assert!(text.contains("Type y to decide again, move by move; or a whole order"), "{text}");
    assert!(text.contains("Step 3 · Every order"), "{text}");
}

/// A schedule of the command line is followed without a question, and then the learner may have another.
#[test]
fn after_a_schedule_of_the_command_line_another_may_follow() {
    let output = run(LESSON, &["--pace", "step", "--schedule", "AABBAB"], "b\n\na\nBBAABA\n\n\nq\n");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(!text.contains("who moves?"), "{text}");
    for order in ["AABBAB", "BBAABA"] {
        assert!(text.contains(&format!("--schedule {order}")), "{text}");
    }
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
