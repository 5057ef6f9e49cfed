//! Bad input, and screens that can do little: what a program answers, and what it never writes.

use crate::support;

use std::collections::BTreeSet;
use std::fs::OpenOptions;

use playground::course::{LAST, LESSONS};
use support::{Finished, Format, Run, assert_nothing_left, program, with_every_program, without_colour};

fn assert_misuse(finished: &Finished, words: &str) {
    finished.assert_exited(2);
    assert_eq!(finished.text(), "", "{}", finished.seen());
    assert!(finished.err.contains(words), "{words:?} is not said: {}", finished.seen());
    assert!(finished.err.contains("--help"), "{}", finished.seen());
    assert_nothing_left(finished);
}

#[test]
fn a_command_line_that_is_not_understood_is_a_misuse_and_makes_nothing() {
    let long = "no-such-pace-".repeat(9);
    let misuses: [(&[&str], &str); 6] = [
        (&["--pace", &long], "no-such-pace"),
        (&["--frobnicate"], "--frobnicate"),
        (&["--pace"], "--pace"),
        (&["--pace", "slow"], "'slow'"),
        (&["--format", "xml"], "'xml'"),
        (&["stray"], "'stray'"),
    ];
    with_every_program(|program| {
        for (args, words) in misuses {
            let finished = Run::new(program).args(args).finish();
            assert_misuse(&finished, words);
            assert!(finished.err.lines().all(|line| line.chars().count() <= 80), "{}", finished.seen());
        }
    });
}

#[test]
fn help_teaches_within_80_columns_and_makes_nothing() {
    with_every_program(|program| {
        for option in ["--help", "-h"] {
            let finished = Run::new(program).args([option]).finish();
            finished.assert_exited(0);
            assert_eq!(finished.err, "");
            if let Some(lesson) = LESSONS.iter().find(|lesson| lesson.name == program.name) {
                let first = words(finished.text().split("\n\n").next().unwrap_or_default());
                assert_eq!(first, format!("Lesson {} of {LAST}: {}", lesson.number, lesson.title));
            }
            for words in ["ipcs", program.name, "--isolated", "Exit status: 0"] {
                assert!(finished.text().contains(words), "{words:?} is not in {}", finished.seen());
            }
            assert_eq!(longest_line(&finished).1.max(80), 80, "{:?}", longest_line(&finished).0);
            assert_nothing_left(&finished);
        }
    });
}

#[test]
fn a_key_that_is_none_is_told_within_80_columns() {
    for args in [["--key", "0"], ["--key", "0x1ffffffff"], ["--isolated", "--ascii"]] {
        let finished = Run::new(&program("lesson09")).args(["writer"]).args(args).finish();
        assert_misuse(&finished, args[0]);
        assert!(finished.err.lines().all(|line| line.chars().count() <= 80), "{}", finished.seen());
    }
}

#[test]
fn help_that_cannot_be_written_is_a_failure() {
    with_every_program(|program| {
        let full = OpenOptions::new().write(true).open("/dev/full").expect("/dev/full");
        let finished = Run::new(program).args(["--help"]).stdout(full).finish();
        finished.assert_exited(1);
        assert!(finished.err.contains("No space left on device"), "{}", finished.seen());
    });
}

/// Without the line breaks, which depend on the screen.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The line with the most characters, colour apart, and how many those are.
fn longest_line(finished: &Finished) -> (String, usize) {
    let text = without_colour(&finished.text());
    let lines = text.lines().map(|line| (line.to_owned(), line.chars().count()));
    lines.max_by_key(|(_, length)| *length).expect("a line")
}

#[test]
fn no_line_is_longer_than_80_columns() {
    with_every_program(|program| {
        let runs = [
            // With all its figures, which are as wide as they get.
            Run::new(program).args(["--pace", "run"]),
            Run::through(program, Format::Text).args(["--ascii"]),
            Run::through(program, Format::Text).args(["--color", "always"]),
            Run::stepping(program, Format::Text),
        ];
        for run in runs {
            let finished = run.finish();
            finished.assert_exited(0);
            let (line, length) = longest_line(&finished);
            assert!(length <= 80, "{} writes {length} columns: {line}", program.name);
        }
    });
}

#[test]
fn only_ascii_is_written_where_the_locale_is_not_utf_8_or_ascii_is_asked_for() {
    with_every_program(|program| {
        let runs = [
            Run::through(program, Format::Text).env("LC_ALL", "C"),
            Run::through(program, Format::Text).env("LC_ALL", "").env("LANG", "de_DE.ISO-8859-1"),
            Run::through(program, Format::Text).args(["--ascii"]),
            Run::stepping(program, Format::Text).args(["--ascii"]),
        ];
        for run in runs {
            let finished = run.finish();
            finished.assert_exited(0);
            let text = finished.text();
            assert!(text.is_ascii(), "{:?} of {}", text.lines().find(|line| !line.is_ascii()), program.name);
        }
    });
}

#[test]
fn colour_is_written_to_a_file_only_if_it_is_asked_for() {
    with_every_program(|program| {
        let plain = [
            Run::through(program, Format::Text),
            Run::through(program, Format::Text).env("NO_COLOR", "1"),
            Run::through(program, Format::Text).args(["--color", "never"]).env("CLICOLOR_FORCE", "1"),
        ];
        let coloured = [
            Run::through(program, Format::Text).env("CLICOLOR_FORCE", "1"),
            Run::through(program, Format::Text).env("CLICOLOR_FORCE", "1").env("TERM", "dumb"),
            Run::through(program, Format::Text).args(["--color", "always"]).env("NO_COLOR", "1"),
        ];
        for run in plain {
            assert!(!run.finish().text().contains('\x1b'), "{} uses colour", program.name);
        }
        for run in coloured {
            assert!(run.finish().text().contains("\x1b["), "{} uses no colour", program.name);
        }
    });
}

#[test]
fn a_full_disk_is_a_failure_that_is_told_and_leaves_nothing() {
    with_every_program(|program| {
        for format in [Format::Text, Format::Json] {
            let full = OpenOptions::new().write(true).open("/dev/full").expect("/dev/full");
            let finished = Run::through(program, format).stdout(full).finish();
            finished.assert_exited(1);
            assert!(finished.err.contains("No space left on device"), "{}", finished.seen());
            assert_nothing_left(&finished);
        }
    });
}

/// Types this at every prompt first, then Enter.
fn answering(run: Run, answer: &str) -> (Finished, usize) {
    let mut running = run.start();
    let mut prompts = 0;
    while running.until_prompt_or_end(prompts + 1) {
        running.send(answer);
        running.until_prompt(prompts + 2);
        running.send("\n");
        prompts += 2;
    }
    (running.finish(), prompts / 2)
}

#[test]
fn nonsense_is_answered_with_what_can_be_typed_and_asked_again() {
    with_every_program(|program| {
        for nonsense in ["42\n", "zzz zzz\n", "é\u{1F980}\n", "abc\n"] {
            let (finished, prompts) = answering(Run::stepping(program, Format::Json), nonsense);
            finished.assert_exited(0);
            assert_nothing_left(&finished);
            let replies = finished.told("reply");
            assert_eq!(replies.len(), prompts, "{}", finished.seen());
            assert!(replies.iter().all(|reply| reply["text"].to_string().contains("Enter")));
        }
    });
}

#[test]
fn a_question_mark_is_answered_at_every_prompt() {
    with_every_program(|program| {
        let (finished, prompts) = answering(Run::stepping(program, Format::Json), "?\n");
        finished.assert_exited(0);
        let asked = finished.told("why").iter().filter(|why| why["asked"] == true).count();
        assert_eq!(finished.told("reply").len() + asked, prompts, "{}", finished.seen());
    });
}

/// Each letter in turn is typed at every question: one run gives each question its first option, the next its second.
#[test]
fn right_and_wrong_answers_are_told_apart_and_each_wrong_one_is_explained() {
    with_every_program(|program| {
        for (position, letter) in ["a", "B", "c"].into_iter().enumerate() {
            let finished = choosing(Run::stepping(program, Format::Json), letter);
            finished.assert_exited(0);
            assert_nothing_left(&finished);
            for answer in finished.told("answer") {
                let options = answer["options"].as_array().expect("options");
                let whys: BTreeSet<_> = options.iter().map(|option| option["why"].to_string()).collect();
                assert_eq!(whys.len(), options.len(), "each option has a reason of its own: {answer}");
                let chosen = (position < options.len()).then_some(position);
                assert_eq!(answer["chosen"].as_u64(), chosen.map(|it| it as u64), "{answer}");
            }
        }
    });
}

/// Types a letter at every question, and Enter alone where there is no such option, and between the steps.
fn choosing(run: Run, letter: &str) -> Finished {
    let mut running = run.start();
    let mut prompts = 0;
    while running.until_prompt_or_end(prompts + 1) {
        prompts += 1;
        let events = running.events();
        let asks = events.last().is_some_and(|event| event["wants"] == "answer");
        let again = events.len() > 1 && events[events.len() - 2]["event"] == "reply";
        running.send(if asks && !again { letter } else { "" });
        running.send("\n");
    }
    running.finish()
}

#[test]
fn bytes_that_are_no_text_are_an_answer_like_any_other() {
    with_every_program(|program| {
        let mut running = Run::stepping(program, Format::Json).start().go_to_prompt(1);
        running.send_bytes(b"\xff\xfe\0\n");
        running.until_prompt(2);
        running.stdin = None;
        let finished = running.finish();
        finished.assert_exited(0);
        assert_eq!(finished.told("reply").len(), 1, "{}", finished.seen());
        assert_nothing_left(&finished);
    });
}
