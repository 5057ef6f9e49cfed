//! However a program ends, at whatever step: nothing of it is left, and its parent is told the truth.

use crate::support;

use std::fs::{self, File};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::sleep;
use std::time::Duration;

use nix::errno::Errno;
use nix::libc;
use nix::sys::signal::{SigHandler, Signal, kill, signal};
use nix::unistd::Pid;
use serde_json::Value;
use support::{
    Finished, Format, Preload, Program, Run, Running, assert_nothing_left, clean_up, forbidding, namespaces,
    program, programs, remove_names, with_every_program,
};

const FORMATS: [Format; 2] = [Format::Text, Format::Json];

/// Lets every program come to each of its prompts in turn, ends it there, and looks at what came of it.
fn at_every_step(end: impl Fn(&mut Running) + Sync, judge: impl Fn(&Finished) + Sync) {
    with_every_program(|program| {
        // Its prompts are the same in both formats.
        for prompt in 1..=prompts(program, Format::Json) {
            let mut running = Run::stepping(program, FORMATS[prompt % 2]).start().go_to_prompt(prompt);
            end(&mut running);
            let finished = running.finish();
            judge(&finished);
            assert_nothing_left(&finished);
        }
    });
}

/// How many prompts a program has, counted in a run that goes to the end.
fn prompts(program: &Program, format: Format) -> usize {
    let mut running = Run::stepping(program, format).start();
    let mut prompts = 0;
    while running.until_prompt_or_end(prompts + 1) {
        running.send("\n");
        prompts += 1;
    }
    assert_ended_well(&running.finish());
    assert!(prompts > 0, "{} never waits", program.name);
    prompts
}

fn assert_ended_well(finished: &Finished) {
    finished.assert_exited(0);
    assert_eq!(finished.err, "", "{}", finished.seen());
}

fn assert_killed_by(finished: &Finished, signal: Signal) {
    use std::os::unix::process::ExitStatusExt;
    assert_eq!(finished.status.signal(), Some(signal as i32), "{}", finished.seen());
    assert_eq!(finished.err, "", "{}", finished.seen());
}

#[test]
fn a_normal_end_leaves_nothing() {
    with_every_program(|program| {
        for finished in [Run::through(program, Format::Json), Run::stepping(program, Format::Json)] {
            let finished = finished.finish();
            assert_ended_well(&finished);
            assert_nothing_left(&finished);
            let end = finished.told("end").pop().expect("an end is told");
            assert_eq!((&end["outcome"], &end["left"]), (&"complete".into(), &Vec::<i32>::new().into()));
        }
    });
}

#[test]
fn a_strangers_queue_is_no_lessons() {
    // SAFETY: a queue of our own, which takes two numbers.
    let queue = || unsafe { libc::msgget(libc::IPC_PRIVATE, 0o600) };
    // SAFETY: IPC_RMID takes no buffer, and the queue is ours.
    let remove = |queue| unsafe { libc::msgctl(queue, libc::IPC_RMID, std::ptr::null_mut()) };
    let running = Run::through(&program("lesson01"), Format::Json).start();
    let queue = queue();
    let finished = running.finish();
    let judged = std::panic::catch_unwind(|| assert_nothing_left(&finished));
    assert_eq!(remove(queue), 0, "it was there all the time");
    assert!(judged.is_ok());
}

#[test]
fn sigint_at_every_step_kills_and_leaves_nothing() {
    at_every_step(|it| it.signal(Signal::SIGINT), |it| assert_killed_by(it, Signal::SIGINT));
}

#[test]
fn sigterm_at_every_step_kills_and_leaves_nothing() {
    at_every_step(|it| it.signal(Signal::SIGTERM), |it| assert_killed_by(it, Signal::SIGTERM));
}

#[test]
fn sighup_at_every_step_kills_and_leaves_nothing() {
    at_every_step(|it| it.signal(Signal::SIGHUP), |it| assert_killed_by(it, Signal::SIGHUP));
}

#[test]
fn a_signal_to_the_whole_group_at_every_step_leaves_nothing() {
    at_every_step(|it| it.signal_group(Signal::SIGINT), |it| assert_killed_by(it, Signal::SIGINT));
}

#[test]
fn q_at_every_step_leaves_the_lesson_and_nothing_else() {
    at_every_step(|it| it.send("q\n"), assert_left_by_choice);
}

#[test]
fn a_closed_stdin_at_every_step_leaves_the_lesson_and_nothing_else() {
    at_every_step(|it| it.stdin = None, assert_left_by_choice);
}

fn assert_left_by_choice(finished: &Finished) {
    assert_ended_well(finished);
    let words = ["\"outcome\":\"quit\"", "You left the lesson."];
    assert!(words.iter().any(|words| finished.text().contains(words)), "{}", finished.seen());
}

#[test]
fn a_closed_stdout_at_every_step_ends_quietly_and_leaves_nothing() {
    // A program that another test is starting at this moment holds a copy of the pipe until its exec, so that the
    // first words after the prompt may still be written: there is an Enter for every later prompt, too.
    let close_and_go_on = |it: &mut Running| {
        it.stdout = None;
        it.send(&"\n".repeat(100));
    };
    at_every_step(close_and_go_on, assert_ended_well);
}

/// Lesson 20 takes seconds to its later prompts: at each of them it meets one of the ends, and each end comes at some.
#[test]
fn every_end_of_the_measuring_lesson_leaves_nothing() {
    let program = program("lesson20");
    for prompt in 1..=prompts(&program, Format::Json) {
        let mut running = Run::stepping(&program, Format::Json).start().go_to_prompt(prompt);
        let finished = match ENDS[prompt % ENDS.len()] {
            End::Signal(signal) => {
                running.signal(signal);
                let finished = running.finish();
                assert_killed_by(&finished, signal);
                finished
            }
            End::Choice => {
                running.send("q\n");
                let finished = running.finish();
                assert_left_by_choice(&finished);
                finished
            }
            End::ClosedStdout => {
                running.stdout = None;
                running.send(&"\n".repeat(100));
                let finished = running.finish();
                assert_ended_well(&finished);
                finished
            }
        };
        assert_nothing_left(&finished);
    }
}

#[derive(Clone, Copy)]
enum End {
    Signal(Signal),
    Choice,
    ClosedStdout,
}

const ENDS: [End; 5] = [
    End::Signal(Signal::SIGINT),
    End::Signal(Signal::SIGTERM),
    End::Signal(Signal::SIGHUP),
    End::Choice,
    End::ClosedStdout,
];

/// At twenty moments while it measures, when queues, segments of other processes and files come and go.
#[test]
fn a_signal_in_the_midst_of_measuring_kills_and_leaves_nothing() {
    let program = program("lesson20");
    for moment in 0..20 {
        let run = Run::new(&program).args(["--pace", "run", "--time", "2000"]);
        let mut running = run.start();
        running.until("the measuring", |running| running.out().contains("c) slower"));
        sleep(Duration::from_millis(10 + 67 * moment));
        let signal = [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP][moment as usize % 3];
        running.signal_group(signal);
        let finished = running.finish();
        assert_killed_by(&finished, signal);
        assert_nothing_left(&finished);
    }
}

/// Which children that were told of are not told to have ended.
fn children(running: &Running) -> Vec<i32> {
    let events = running.events();
    let pids = |name: &str| -> Vec<i64> {
        events
            .iter()
            .filter(|event| event["event"] == name)
            .filter_map(|event| event["pid"].as_i64())
            .collect()
    };
    let ended = pids("signal");
    pids("fork").into_iter().filter(|pid| !ended.contains(pid)).map(|pid| pid as i32).collect()
}

#[test]
fn the_death_of_a_child_at_any_step_is_told_in_words_and_leaves_nothing() {
    let killed = AtomicUsize::new(0);
    with_every_program(|program| {
        for prompt in 1..=prompts(program, Format::Json) {
            let mut running = Run::stepping(program, Format::Json).start().go_to_prompt(prompt);
            for pid in children(&running) {
                // It may have ended by itself meanwhile.
                let is_killed = kill(Pid::from_raw(pid), Signal::SIGKILL).is_ok();
                killed.fetch_add(usize::from(is_killed), Ordering::Relaxed);
            }
            running.send(&"\n".repeat(100));
            let finished = running.finish();
            assert!(matches!(finished.status.code(), Some(0 | 1)), "{}", finished.seen());
            assert!(!finished.err.contains("panicked"), "{}", finished.seen());
            assert_nothing_left(&finished);
        }
    });
    assert!(killed.into_inner() > 0, "no child was ever there to be killed");
}

/// One that is stopped gives no answer, and is not waited for without end.
#[test]
fn a_child_that_hangs_is_killed_and_told() {
    let mut running = Run::stepping(&program("lesson16"), Format::Json).start();
    let mut prompt = 1;
    while children(&running).is_empty() {
        running.until_prompt(prompt);
        running.send("\n");
        prompt += 1;
    }
    running.until_prompt(prompt);
    for pid in children(&running) {
        kill(Pid::from_raw(pid), Signal::SIGSTOP).expect("the child is there");
    }
    running.send(&"\n".repeat(100));
    let finished = running.finish();
    finished.assert_exited(1);
    assert!(finished.words().contains("gave no answer in time and was killed"), "{}", finished.seen());
    let never_happened = |event: &Value| event["event"] == "memory" && event["faults"].is_null();
    for event in finished.events().iter().filter(|event| never_happened(event)) {
        assert!(event["access"] == "write" || event["bytes"].is_null(), "{event}");
    }
    assert_nothing_left(&finished);
}

/// The kernel ends them with it. The segments are left then, as README says: only `--isolated` rules that out.
#[test]
fn sigkill_of_the_parent_at_any_step_leaves_no_child() {
    with_every_program(|program| {
        let begins = Run::through(program, Format::Json).finish().told("fork").len();
        let prompts = if begins == 0 { 0 } else { prompts(program, Format::Json) };
        for prompt in 1..=prompts {
            let running = Run::stepping(program, Format::Json).start().go_to_prompt(prompt);
            running.signal(Signal::SIGKILL);
            let finished = running.finish();
            assert_killed_by(&finished, Signal::SIGKILL);
            clean_up(&finished);
            assert_nothing_left(&finished);
        }
    });
}

#[test]
fn a_reader_who_has_had_enough_of_a_story_is_no_failure() {
    with_every_program(|program| {
        for format in FORMATS {
            let mut running = Run::through(program, format).start();
            running.until("a first line", |running| running.out().contains('\n'));
            running.stdout = None;
            let finished = running.finish();
            assert_ended_well(&finished);
            assert_nothing_left(&finished);
        }
    });
}

/// Between two prompts the story is in the midst of a call, a fork, a line of output.
#[test]
fn a_signal_between_the_steps_kills_and_leaves_nothing() {
    with_every_program(|program| {
        let length = Run::through(program, Format::Json).finish().out.len();
        for place in (0..length).step_by(length / 16) {
            let mut running = Run::through(program, Format::Json).start_with_small_pipe();
            running.until("more events", |it| it.stdout.is_none() || it.out().len() >= place);
            running.signal(Signal::SIGTERM);
            let finished = running.finish();
            // Where the rest of the story fits into the pipe, the program may have ended before.
            if finished.status.code() != Some(0) {
                assert_killed_by(&finished, Signal::SIGTERM);
            }
            assert_nothing_left(&finished);
        }
    });
}

#[test]
fn a_hangup_that_is_ignored_stays_ignored_as_nohup_wants_it() {
    with_every_program(|program| {
        let run = Run::stepping(program, Format::Json).before_exec(|| {
            // SAFETY: ignoring a signal runs no code of ours.
            Ok(unsafe { signal(Signal::SIGHUP, SigHandler::SigIgn) }.map(drop)?)
        });
        let mut running = run.start().go_to_prompt(1);
        running.signal(Signal::SIGHUP);
        let mut prompts = 1;
        running.send("\n");
        while running.until_prompt_or_end(prompts + 1) {
            running.signal(Signal::SIGHUP);
            running.send("\n");
            prompts += 1;
        }
        let finished = running.finish();
        assert_ended_well(&finished);
        assert_nothing_left(&finished);
    });
}

#[test]
fn sigkill_at_every_step_leaves_nothing_of_an_isolated_lesson() {
    if !namespaces("sigkill_at_every_step_leaves_nothing_of_an_isolated_lesson") {
        return;
    }
    with_every_program(|program| {
        for prompt in 1..=prompts(program, Format::Json) {
            let run = Run::stepping(program, Format::Json).args(["--isolated"]);
            let running = run.start().go_to_prompt(prompt);
            let namespace = ipc_namespace(running.pid()).expect("the program runs");
            // The kernel gives the number of a namespace that is gone to the next one, perhaps another test's.
            let _held = File::open(format!("/proc/{}/ns/ipc", running.pid())).expect("the program runs");
            assert_ne!(Some(&namespace), ipc_namespace(std::process::id() as i32).as_ref());
            running.signal(Signal::SIGKILL);
            let finished = running.finish();
            assert_killed_by(&finished, Signal::SIGKILL);
            // A name lies in a folder, which no IPC namespace takes along: nobody was left to remove it.
            remove_names(&finished);
            assert_nothing_left(&finished);
            assert_eq!(processes_in(&namespace), [0; 0], "the namespace, and what is in it, is held");
        }
    });
}

fn ipc_namespace(pid: i32) -> Option<PathBuf> {
    fs::read_link(format!("/proc/{pid}/ns/ipc")).ok()
}

/// The kernel removes a namespace, with every segment in it, when no process is in it any more.
fn processes_in(namespace: &PathBuf) -> Vec<i32> {
    let entries = fs::read_dir("/proc").expect("/proc is mounted").flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid| ipc_namespace(*pid).as_ref() == Some(namespace)).collect()
}

#[test]
fn a_kernel_that_contradicts_a_lesson_is_told_in_words_and_leaves_nothing() {
    let liar = Preload::build("liar");
    let mut contradicted = 0;
    for program in programs() {
        let finished = liar.before(Run::through(&program, Format::Text)).finish();
        assert_nothing_left(&finished);
        if finished.status.code() != Some(0) {
            contradicted += 1;
            finished.assert_exited(1);
            assert!(finished.words().contains("The run contradicts the lesson"), "{}", finished.seen());
        }
        assert_no_backtrace(&finished);
    }
    assert!(contradicted > 0, "no lesson asserts what IPC_STAT answers");
}

#[test]
fn an_error_in_the_midst_is_told_in_words_and_leaves_nothing() {
    let mut failed = 0;
    for program in programs() {
        for (call, errno) in [(libc::SYS_shmat, Errno::EPERM), (libc::SYS_shmdt, Errno::ENOSYS)] {
            let finished = forbidding(call, errno, Run::through(&program, Format::Text)).finish();
            assert_nothing_left(&finished);
            if finished.status.code() != Some(0) {
                failed += 1;
                finished.assert_exited(1);
                assert!(finished.err.contains("The run"), "{}", finished.seen());
            }
            assert_no_backtrace(&finished);
        }
    }
    assert!(failed > 0, "no lesson attaches a segment");
}

fn assert_no_backtrace(finished: &Finished) {
    for words in ["panicked at", "RUST_BACKTRACE", "stack backtrace"] {
        assert!(!finished.seen().contains(words), "{}", finished.seen());
    }
}
