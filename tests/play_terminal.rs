//! A person at the prompt of `play`: keys, history, undo, a wait that is taken back, and the way there from a lesson.

use crate::support;

use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};

use nix::sys::signal::Signal;
use support::{
    Program, Run, Terminal, assert_nothing_left, namespaces, program, program_file, with_every_program,
};

/// A prompt in a terminal, whose history is kept in a folder.
fn play(folder: &tempfile::TempDir, options: &[&str]) -> Terminal {
    let program = Program { name: "play", path: program_file("play") };
    let run = Run::new(&program).args(options).env("XDG_STATE_HOME", folder.path());
    let mut terminal = Terminal::start(run, 24, 80);
    shows(&mut terminal, "A> ");
    terminal
}

/// Waits until a person would see this.
fn shows(terminal: &mut Terminal, text: &str) {
    sees(terminal, text, |screen| screen.contains(text));
}

/// Waits for this, and for the prompt behind it: what is typed before is not yet the prompt's.
fn answers(terminal: &mut Terminal, text: &str) {
    sees(terminal, text, |screen| screen.contains(text) && screen.trim_end().ends_with("\nA>"));
}

fn sees(terminal: &mut Terminal, what: &str, is_so: impl Fn(&str) -> bool) {
    terminal.until(what, |running| {
        let mut parser = vt100::Parser::new(24.try_into().unwrap(), 80.try_into().unwrap(), 0);
        parser.process(running.out().as_bytes());
        is_so(&parser.screen().contents())
    });
}

fn ends(terminal: Terminal) {
    let finished = terminal.into_running().finish();
    finished.assert_exited(0);
    assert_nothing_left(&finished);
}

/// Does the same on the model, and where this system allows it on the kernel.
fn on_both_kernels(check: impl Fn(&str)) {
    check("--kernel=model");
    if namespaces("the prompt on this kernel") {
        check("--kernel=linux");
    }
}

#[test]
fn tab_completes_calls_flags_variables_and_words() {
    let folder = tempfile::tempdir().unwrap();
    let mut terminal = play(&folder, &["--kernel=model"]);
    terminal.send("int segment = shmg\t(IPC_PRIV\t, 1, 0600)\r");
    answers(&mut terminal, "shmget(IPC_PRIVATE, 1, 0600) = 0");
    terminal.send("shmctl(segm\t, IPC_RM\t, NULL)\r");
    answers(&mut terminal, "shmctl(0, IPC_RMID, NULL) = 0");
    terminal.send("resta\t\r");
    answers(&mut terminal, "restart: shmctl(segment, IPC_RMID, NULL)");
    // Where several names begin so, they are listed; a field is completed as any name.
    terminal.send("struct shmid_ds buf\r");
    answers(&mut terminal, "A new struct holds zeros here");
    terminal.send("buf.shm_na\t + 40\r");
    answers(&mut terminal, "= 40");
    terminal.send("buf.shm_perm.\t\t");
    sees(&mut terminal, "the fields", |screen| {
        screen.contains("buf.shm_perm.cuid") && screen.contains("buf.shm_perm.mode")
    });
    terminal.send("mode\r");
    answers(&mut terminal, "= 0");
    terminal.send("\x04");
    ends(terminal);
}

/// What a person sees in a window of so many columns after these lines on the model.
fn seen_in(columns: u16, lines: &[&str], last: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let program = Program { name: "play", path: program_file("play") };
    let run = Run::new(&program).args(["--kernel=model"]).env("XDG_STATE_HOME", folder.path());
    let mut terminal = Terminal::start(run, 60, columns);
    terminal.until("the prompt", |running| running.out().contains("A> "));
    terminal.send(&format!("\x1b[200~{}\x1b[201~\r", lines.join("\n")));
    terminal.until(last, |running| running.out().contains(last));
    terminal.send("\x04");
    let out = terminal.into_running().finish().out;
    String::from_utf8_lossy(&out).lines().map(|line| line.trim_end().to_owned() + "\n").collect()
}

/// Lines are broken between words, under what they belong to; a table stays whole.
#[test]
fn answers_are_broken_at_the_width_of_the_window() {
    let lines = ["shmget(0x1234567, 1, 0600)", "help EINVAL", "ipcs -m", "40 + 2"];
    for (columns, broken) in [(50, true), (80, false)] {
        let seen = seen_in(columns, &lines, "= 42");
        let answers = seen.lines().filter(|line| line.starts_with("    ") && !line.contains("shmid"));
        for line in answers {
            assert!(line.chars().count() <= columns.into(), "{line}\n{seen}");
        }
        let whole = "Why   No segment has this key, and IPC_CREAT is not given.";
        assert_eq!(!seen.contains(whole), broken, "{seen}");
        assert!(
            seen.contains("key        shmid      owner      perms      bytes      nattch     status"),
            "{seen}"
        );
    }
}

#[test]
fn history_is_kept_between_runs() {
    let folder = tempfile::tempdir().unwrap();
    let mut terminal = play(&folder, &["--kernel=model"]);
    terminal.send("sizeof(struct semid_ds)\r");
    answers(&mut terminal, "= 104");
    terminal.send("quit\r");
    ends(terminal);
    let mut terminal = play(&folder, &["--kernel=model"]);
    terminal.send("\x1b[A\x1b[A");
    shows(&mut terminal, "A> sizeof(struct semid_ds)");
    terminal.send("\r");
    answers(&mut terminal, "= 104");
    terminal.send("\x04");
    ends(terminal);
}

#[test]
fn undo_takes_back_on_both_kernels() {
    on_both_kernels(|kernel| {
        let folder = tempfile::tempdir().unwrap();
        let mut terminal = play(&folder, &[kernel]);
        terminal.send("int id = shmget(IPC_PRIVATE, 1, 0600)\r");
        answers(&mut terminal, "= 0");
        terminal.send("fork()\r");
        answers(&mut terminal, "B   begins");
        terminal.send("undo 2\r");
        answers(&mut terminal, "undo: int id");
        terminal.send("shmget(IPC_PRIVATE, 4096, 0600)\r");
        answers(&mut terminal, "shmget(IPC_PRIVATE, 4096, 0600) = 0");
        terminal.send("\x04");
        ends(terminal);
    });
}

#[test]
fn ctrl_c_takes_a_wait_back_and_leaves_the_rest() {
    on_both_kernels(|kernel| {
        let folder = tempfile::tempdir().unwrap();
        let mut terminal = play(&folder, &[kernel]);
        terminal.send("int s = semget(IPC_PRIVATE, 1, 0600)\r");
        answers(&mut terminal, "set 0 is new");
        terminal.send("semop(s, &(struct sembuf){0, -1, 0}, 1)\r");
        answers(&mut terminal, "waits");
        terminal.send("\x03");
        answers(&mut terminal, "undo: semop");
        terminal.send("semctl(s, 0, GETVAL) + 40\r");
        answers(&mut terminal, "= 40");
        // Where something is typed, it only gives a new line.
        terminal.send("half a li\x03");
        answers(&mut terminal, "half a li");
        terminal.send("getuid()\r");
        answers(&mut terminal, "= 0   int");
        terminal.send("\x04");
        ends(terminal);
    });
}

/// The prompt is not reading then: the terminal makes a signal of the key.
#[test]
fn ctrl_c_between_two_prompts_ends_nothing() {
    on_both_kernels(|kernel| {
        let folder = tempfile::tempdir().unwrap();
        let mut terminal = play(&folder, &[kernel]);
        terminal.send("int kept = 40\r");
        answers(&mut terminal, "int kept = 40");
        terminal.signal_group(Signal::SIGINT);
        terminal.send("kept + 2\r");
        answers(&mut terminal, "= 42");
        terminal.send("\x04");
        ends(terminal);
    });
}

#[test]
fn ctrl_c_stops_a_file_of_lines_and_not_the_session() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("many");
    fs::write(&file, "int n = 0\n".to_owned() + &"n++; n\n".repeat(20_000)).unwrap();
    let mut terminal = play(&folder, &["--kernel=model"]);
    terminal.send(&format!("source {}\r", file.display()));
    shows(&mut terminal, "A> n++; n");
    terminal.signal_group(Signal::SIGINT);
    answers(&mut terminal, "Ctrl-C: this line and those behind it were not done");
    terminal.send("1000000 + (n < 20000)\r");
    answers(&mut terminal, "= 1000001 ");
    terminal.send("\x04");
    ends(terminal);
}

#[test]
fn lines_that_are_pasted_are_done_one_by_one() {
    let folder = tempfile::tempdir().unwrap();
    let mut terminal = play(&folder, &["--kernel=model"]);
    terminal.send("\x1b[200~int a = 40\nint b = 2\na + b\x1b[201~\r");
    answers(&mut terminal, "= 42");
    terminal.send("\x04");
    ends(terminal);
}

#[test]
fn a_terminal_that_is_closed_ends_it_and_nothing_is_left() {
    on_both_kernels(|kernel| {
        let folder = tempfile::tempdir().unwrap();
        let mut terminal = play(&folder, &[kernel]);
        terminal.send("shmget(IPC_PRIVATE, 1, 0600)\r");
        answers(&mut terminal, "segment 0 is new");
        let kept = fs::read_to_string(folder.path().join("shm-playground/history")).unwrap();
        assert!(kept.contains("shmget(IPC_PRIVATE, 1, 0600)"), "{kept}");
        terminal.close();
        let finished = terminal.into_running().finish();
        use std::os::unix::process::ExitStatusExt;
        let by_signal = finished.status.signal() == Some(Signal::SIGHUP as i32);
        assert!(by_signal || finished.status.success(), "{}", finished.seen());
        assert_nothing_left(&finished);
    });
}

/// What ends the prompt's line at the end of a step.
const PLAY: &str = "[p] play   [q] quit >";

/// A lesson at the prompt behind its first step, however many parts that has.
fn lesson(name: &'static str, options: &[&str]) -> Terminal {
    // It looks for the prompt beside itself.
    program_file("play");
    let mut terminal = Terminal::start(Run::new(&program(name)).args(options), 24, 80);
    let mut prompt = 1;
    terminal.until_prompt(prompt);
    while !terminal.screen().contains(PLAY) {
        terminal.send("\n");
        prompt += 1;
        terminal.until_prompt(prompt);
    }
    terminal
}

/// Leaves the learner's own prompt for the lesson's.
fn back_in_the_lesson(terminal: &mut Terminal) {
    terminal.send("quit\r");
    sees(terminal, "the lesson's prompt", |screen| {
        screen.rsplit_once("Back in the lesson").is_some_and(|(_, after)| after.contains(PLAY))
    });
}

#[test]
fn p_in_a_lesson_leads_to_a_world_of_ones_own_and_back() {
    on_both_kernels(|kernel| {
        let mut terminal = lesson("lesson03", &[kernel]);
        terminal.send("p\n");
        shows(&mut terminal, "in this world of your own");
        answers(&mut terminal, "A>");
        terminal.send("shmctl(id, IPC_RMID, NULL)\r");
        answers(&mut terminal, "shmctl(0, IPC_RMID, NULL) = 0");
        terminal.send("buf.shm_segsz\r");
        answers(&mut terminal, "= 25600");
        back_in_the_lesson(&mut terminal);
        terminal.send("\n");
        // What is typed before it asks is not an answer.
        sees(&mut terminal, "the question of step 2", |screen| {
            screen.rsplit_once("Step 2").is_some_and(|(_, after)| after.contains("or Enter>"))
        });
        terminal.send("q\n");
        ends(terminal);
    });
}

#[test]
fn p_at_a_question_leads_to_a_world_before_its_call_and_the_question_is_asked_again() {
    on_both_kernels(|kernel| {
        let mut terminal = lesson("lesson03", &[kernel]);
        terminal.send("\n");
        shows(&mut terminal, "or Enter>");
        terminal.send("p\n");
        shows(&mut terminal, "in this world of your own");
        answers(&mut terminal, "A>");
        // The lesson has asked for this record, and for nothing since.
        terminal.send("buf.shm_segsz\r");
        answers(&mut terminal, "= 25600");
        terminal.send("quit\r");
        sees(&mut terminal, "the question again", |screen| {
            screen.rsplit_once("Back in the lesson").is_some_and(|(_, after)| {
                after.contains("Predict") && after.contains("a) ") && after.contains("or Enter>")
            })
        });
        terminal.send("a\n");
        shows(&mut terminal, "Answer");
        terminal.send("q\n");
        ends(terminal);
    });
}

#[test]
fn i_in_a_lesson_has_the_steps_call_typed_already() {
    let mut terminal = lesson("lesson03", &["--kernel=model"]);
    terminal.send("i\n");
    shows(&mut terminal, "A> struct shmid_ds buf; shmctl(id, IPC_STAT, &buf)");
    // What if the argument were NULL?
    terminal.send("\x7f\x7f\x7f\x7f\x7fNULL)\r");
    answers(&mut terminal, "EFAULT");
    back_in_the_lesson(&mut terminal);
    terminal.send("q\n");
    ends(terminal);
}

/// The same program, which finds where `play` would be one that only writes down what it is given. Nothing is written
/// that is to be run: a process that another test forks at that moment would hold it open.
fn with_a_scribe(program: &Program, folder: &Path) -> Program {
    let path = folder.join(program.name);
    fs::hard_link(&program.path, &path).unwrap();
    let scribe = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/scribe");
    symlink(scribe, folder.join("play")).unwrap();
    Program { name: program.name, path }
}

/// Presses p wherever that is possible, until the lesson ends; returns the lines of the last time.
fn lines_so_far(program: &Program) -> String {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let mut terminal = Terminal::start(Run::new(&with_a_scribe(program, folder.path())), 500, 80);
    let (mut prompt, mut played) = (1, false);
    while terminal.until_prompt_or_end(prompt) {
        played = !played && terminal.screen().trim_end().ends_with(PLAY);
        terminal.send(if played { "p\n" } else { "\n" });
        prompt += 1;
    }
    // What others have made is not looked at: other lessons run at the same time.
    terminal.into_running().finish().assert_exited(0);
    fs::read_to_string(folder.path().join("play.lines")).unwrap_or_default()
}

/// Why the prompt does not understand these lines; nothing, where it does.
fn misunderstood(lines: &str) -> Option<String> {
    let mut play = Command::new(program_file("play"));
    play.args(["--kernel=model", "--color=never"]);
    let mut play = play.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    // A prompt that stops at a line reads no more of them.
    let _ = play.stdin.take().unwrap().write_all(lines.as_bytes());
    let output = play.wait_with_output().unwrap();
    (!output.status.success()).then(|| String::from_utf8_lossy(&output.stderr).into_owned())
}

/// What a lesson has done, the prompt can do again: no line of it is one that it does not understand.
#[test]
fn the_prompt_understands_what_every_lesson_has_done() {
    with_every_program(|program| {
        let lines = lines_so_far(program);
        assert!(lines.contains("shmget("), "{} has done nothing: {lines}", program.name);
        assert_eq!(misunderstood(&lines), None, "{}: {lines}", program.name);
    });
}
