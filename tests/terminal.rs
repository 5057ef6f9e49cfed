//! A person at a terminal: what they see, what they type, and how they leave.

use crate::support;

use nix::sys::signal::Signal;
use support::{Finished, Program, Run, Terminal, assert_nothing_left, program, programs, without_colour};

/// Rows and columns: a usual terminal, and a narrow one.
const SIZES: [(u16, u16); 2] = [(24, 80), (24, 40)];

/// A program as a person starts it, without options but for the length of a race.
fn run(program: &Program) -> Run {
    Run::shortly(program)
}

/// Starts every program in terminals of both sizes, at its first prompt.
fn in_every_terminal(operation: impl Fn(Terminal)) {
    for program in programs() {
        for (rows, columns) in SIZES {
            let mut terminal = Terminal::start(run(&program), rows, columns);
            terminal.until_prompt(1);
            operation(terminal);
        }
    }
}

fn ended(terminal: Terminal, status: i32) -> Finished {
    let finished = terminal.into_running().finish();
    finished.assert_exited(status);
    assert_nothing_left(&finished);
    finished
}

fn killed(terminal: Terminal, signal: Signal) {
    use std::os::unix::process::ExitStatusExt;
    let finished = terminal.into_running().finish();
    assert_eq!(finished.status.signal(), Some(signal as i32), "{}", finished.seen());
    assert_nothing_left(&finished);
}

#[test]
fn enter_goes_through_every_step_to_the_end() {
    in_every_terminal(|mut terminal| {
        let mut prompt = 1;
        while terminal.until_prompt_or_end(prompt) {
            terminal.send("\n");
            prompt += 1;
        }
        let screen = terminal.screen();
        assert!(screen.contains("Done. Nothing that it made is left"), "{screen}");
        ended(terminal, 0);
    });
}

#[test]
fn a_prompt_is_the_last_thing_on_the_screen() {
    in_every_terminal(|mut terminal| {
        let screen = terminal.screen();
        let last = screen.trim_end().lines().last().unwrap_or_default().to_owned();
        assert!(last.ends_with('>'), "{screen}");
        terminal.send("q\n");
        ended(terminal, 0);
    });
}

#[test]
fn q_leaves() {
    in_every_terminal(|mut terminal| {
        terminal.send("q\n");
        assert!(ended(terminal, 0).words().contains("You left the lesson."));
    });
}

/// What Ctrl-D sends; no Enter has ended the prompt's line then.
#[test]
fn ctrl_d_leaves_and_says_so_on_a_line_of_its_own() {
    in_every_terminal(|mut terminal| {
        terminal.send("\x04");
        let finished = ended(terminal, 0);
        assert!(finished.text().contains("\nYou left the lesson."), "{}", finished.seen());
    });
}

/// What Ctrl-C and Ctrl-\ send: the terminal makes signals of them, for all processes in it.
#[test]
fn ctrl_c_and_ctrl_backslash_kill() {
    in_every_terminal(|mut terminal| {
        terminal.send("\x03");
        killed(terminal, Signal::SIGINT);
    });
    in_every_terminal(|mut terminal| {
        terminal.send("\x1c");
        killed(terminal, Signal::SIGQUIT);
    });
}

#[test]
fn a_terminal_that_is_closed_ends_the_program_by_sighup() {
    in_every_terminal(|mut terminal| {
        terminal.close();
        killed(terminal, Signal::SIGHUP);
    });
}

/// What is asked where the window is full in the midst of a step.
const NEXT_PART: &str = "[Enter] next part [q] quit >";

/// From this prompt on to the first that asks for more than the next part of a step. Returns its number.
fn through_the_parts(terminal: &mut Terminal, mut prompt: usize) -> usize {
    terminal.until_prompt(prompt);
    while in_words(&terminal.screen()).ends_with(NEXT_PART) {
        terminal.send("\n");
        prompt += 1;
        terminal.until_prompt(prompt);
    }
    prompt
}

fn in_words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A question with its options, as the screen shows it, and the letters that can be typed.
const WALK_QUESTION: &str = "Which size will the kernel's record give?";

/// Goes to a question of the walk, types an answer, and returns what the screen shows then.
fn answered(answer: &str, size: (u16, u16)) -> String {
    let mut terminal = Terminal::start(run(&program("walkthrough")), size.0, size.1);
    let mut prompt = 1;
    terminal.until_prompt(prompt);
    let asked = |terminal: &Terminal| in_words(&terminal.out()).contains(WALK_QUESTION);
    while !asked(&terminal) {
        terminal.send("\n");
        prompt += 1;
        terminal.until_prompt(prompt);
    }
    let before = terminal.out().len();
    terminal.send(&format!("{answer}\n"));
    through_the_parts(&mut terminal, prompt + 1);
    let told = without_colour(&terminal.out()[before..]);
    terminal.send("q\n");
    ended(terminal, 0);
    in_words(&in_words(&told).replace(NEXT_PART, ""))
}

#[test]
fn a_right_prediction_is_praised() {
    for size in SIZES {
        let told = answered("b", size);
        assert!(told.contains("Right. b) 25600:"), "{told}");
    }
}

#[test]
fn a_wrong_prediction_is_told_why_this_one_is_wrong() {
    for size in SIZES {
        let told = answered("a", size);
        assert!(told.contains("Not this time. It is b) 25600:"), "{told}");
        assert!(told.contains("Not a) 28672: that is the mapping's size"), "{told}");
    }
}

#[test]
fn nonsense_for_a_prediction_is_told_what_can_be_typed() {
    for size in SIZES {
        let told = answered("nonsense", size);
        assert!(told.contains("Type a letter from a to b, or press Enter"), "{told}");
    }
}

#[test]
fn a_question_mark_tells_more() {
    in_every_terminal(|mut terminal| {
        let prompt = through_the_parts(&mut terminal, 1);
        terminal.send("?\n");
        terminal.until_prompt(prompt + 1);
        terminal.send("q\n");
        let words = ended(terminal, 0).words();
        let more = ["More", "There is nothing more to say", "Guess before you look"];
        assert!(more.iter().any(|more| words.contains(more)), "{words}");
    });
}

#[test]
fn a_terminal_has_colour_unless_it_is_dumb_or_the_person_wants_none() {
    for program in programs() {
        let coloured = |run: Run| {
            let mut terminal = Terminal::start(run, 24, 80);
            terminal.until_prompt(1);
            let coloured = terminal.out().contains("\x1b[");
            terminal.send("q\n");
            ended(terminal, 0);
            coloured
        };
        assert!(coloured(run(&program)));
        assert!(!coloured(run(&program).env("NO_COLOR", "1")));
        assert!(!coloured(run(&program).env("TERM", "dumb")));
        assert!(!coloured(run(&program).args(["--color", "never"])));
    }
}

/// Whoever wants no colour wants none in the help, or in what is wrong with the command line.
#[test]
fn help_and_misuse_have_no_colour_where_none_is_wanted() {
    for arguments in [["--color", "never", "--help"], ["--color", "never", "--frobnicate"]] {
        let run = run(&program("lesson03")).args(arguments);
        let finished = Terminal::start(run, 24, 80).into_running().finish();
        assert!(finished.text().contains("--"), "{}", finished.seen());
        assert!(!finished.text().contains('\x1b'), "{}", finished.seen());
    }
}

#[test]
fn no_line_is_longer_than_the_terminal_is_wide() {
    let mut too_long = Vec::new();
    for program in programs() {
        for (rows, columns) in SIZES {
            let run = run(&program).args(["--pace", "run"]);
            let finished = Terminal::start(run, rows, columns).into_running().finish();
            finished.assert_exited(0);
            let text = without_colour(&finished.text());
            let lines = text.lines().filter(|line| line.chars().count() > columns.into());
            too_long.extend(lines.map(|line| format!("{} at {columns}: {line}", program.name)));
        }
    }
    assert!(too_long.is_empty(), "{}", too_long.join("\n"));
}
