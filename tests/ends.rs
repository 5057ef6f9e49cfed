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

/// How a program is ended, and what has to come of it.
struct End {
    act: fn(&mut Running),
    judge: fn(&Finished),
}

const SIGINT: End =
    End { act: |it| it.signal(Signal::SIGINT), judge: |it| assert_killed_by(it, Signal::SIGINT) };
const SIGTERM: End =
    End { act: |it| it.signal(Signal::SIGTERM), judge: |it| assert_killed_by(it, Signal::SIGTERM) };
const SIGHUP: End =
    End { act: |it| it.signal(Signal::SIGHUP), judge: |it| assert_killed_by(it, Signal::SIGHUP) };
const SIGINT_TO_ALL: End =
    End { act: |it| it.signal_group(Signal::SIGINT), judge: |it| assert_killed_by(it, Signal::SIGINT) };
const CHOICE: End = End { act: |it| it.send("q\n"), judge: assert_left_by_choice };
const CLOSED_STDIN: End = End { act: |it| it.stdin = None, judge: assert_left_by_choice };
/// A program that another test is starting at this moment holds a copy of the pipe until its exec, so that the first
/// words after the prompt may still be written: there is an Enter for every later prompt, too.
const CLOSED_STDOUT: End = End {
    act: |it| {
        it.stdout = None;
        it.send(&"\n".repeat(100));
    },
    judge: assert_ended_well,
};

const ENDS: [End; 7] = [SIGINT, SIGTERM, SIGHUP, SIGINT_TO_ALL, CHOICE, CLOSED_STDIN, CLOSED_STDOUT];

/// Lets a program come to a prompt, ends it there, and looks at what came of it.
fn end_at(program: &Program, prompt: usize, end: &End) {
    let mut running = Run::stepping(program, FORMATS[prompt % 2]).start().go_to_prompt(prompt);
    (end.act)(&mut running);
    let finished = running.finish();
    (end.judge)(&finished);
    assert_nothing_left(&finished);
}

/// At each of its prompts a program meets so many of the ends, and each end comes at some.
fn ends_at_each_prompt(program: &Program, count: usize) {
    // Its prompts are the same in both formats.
    for prompt in 1..=prompts(program, Format::Json) {
        for end in ENDS.iter().cycle().skip(prompt).take(count) {
            end_at(program, prompt, end);
        }
    }
}

/// How many prompts a program has, counted in a run that goes to the end.
fn prompts(program: &Program, format: Format) -> usize {
    prompts_where(program, format, |_| true).len()
}

/// At which prompts a child is there, or could not be seen to have ended.
fn prompts_with_children(program: &Program) -> Vec<usize> {
    prompts_where(program, Format::Json, |running| !children(running).is_empty())
}

/// At which prompts this holds, looked at in a run that goes to the end.
fn prompts_where(program: &Program, format: Format, holds: impl Fn(&Running) -> bool) -> Vec<usize> {
    let mut running = Run::stepping(program, format).start();
    let (mut prompt, mut found) = (1, Vec::new());
    while running.until_prompt_or_end(prompt) {
        if holds(&running) {
            found.push(prompt);
        }
        running.send("\n");
        prompt += 1;
    }
    assert_ended_well(&running.finish());
    assert!(prompt > 1, "{} never waits", program.name);
    found
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
fn an_end_at_each_step_leaves_nothing() {
    with_every_program(|program| ends_at_each_prompt(program, 1));
}

#[test]
#[ignore = "slow by nature: each step of each program is gone to for each end; .ci/run tries it"]
fn every_end_at_every_step_leaves_nothing() {
    with_every_program(|program| ends_at_each_prompt(program, ENDS.len()));
}

fn assert_left_by_choice(finished: &Finished) {
    assert_ended_well(finished);
    let words = ["\"outcome\":\"quit\"", "You left the lesson."];
    assert!(words.iter().any(|words| finished.text().contains(words)), "{}", finished.seen());
}

/// Lesson 20 takes seconds to its later prompts.
#[test]
#[ignore = "slow by nature: lesson 20 measures anew before each of its prompts; .ci/run tries it"]
fn every_end_of_the_measuring_lesson_leaves_nothing() {
    ends_at_each_prompt(&program("lesson20"), 1);
}

#[test]
fn a_signal_in_the_midst_of_measuring_kills_and_leaves_nothing() {
    signal_while_measuring((0..20).step_by(4));
}

#[test]
#[ignore = "slow by nature: the measuring goes on meanwhile; .ci/run tries it"]
fn a_signal_at_any_of_twenty_moments_of_measuring_kills_and_leaves_nothing() {
    signal_while_measuring(0..20);
}

/// At these moments while it measures, when queues, segments of other processes and files come and go.
fn signal_while_measuring(moments: impl Iterator<Item = u64>) {
    let program = program("lesson20");
    for moment in moments {
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
    let pids = |name: &str| running.told(name).into_iter().filter_map(|event| event["pid"].as_i64());
    let ended: Vec<i64> = pids("signal").collect();
    pids("fork").filter(|pid| !ended.contains(pid)).map(|pid| pid as i32).collect()
}

#[test]
fn the_death_of_a_child_at_any_step_is_told_in_words_and_leaves_nothing() {
    let killed = AtomicUsize::new(0);
    with_every_program(|program| {
        for prompt in prompts_with_children(program) {
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
    // What it waits for an answer by itself is longer.
    let hasty = Preload::build("hasty");
    let mut running = hasty.before(Run::stepping(&program("lesson16"), Format::Json)).start();
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
        for prompt in prompts_with_children(program) {
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

#[test]
fn a_signal_between_the_steps_kills_and_leaves_nothing() {
    signal_between_the_steps(3);
}

#[test]
#[ignore = "slow by nature: every program is begun anew for each of many places; .ci/run tries it"]
fn a_signal_at_any_place_between_the_steps_kills_and_leaves_nothing() {
    signal_between_the_steps(16);
}

/// Between two prompts the story is in the midst of a call, a fork, a line of output.
fn signal_between_the_steps(places: usize) {
    with_every_program(|program| {
        let length = Run::through(program, Format::Json).finish().out.len();
        for place in (0..length).step_by(length / places) {
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
fn sigkill_at_a_few_steps_leaves_nothing_of_an_isolated_lesson() {
    kill_isolated_lessons(5);
}

#[test]
#[ignore = "slow by nature: each step of each program is gone to anew; .ci/run tries it"]
fn sigkill_at_every_step_leaves_nothing_of_an_isolated_lesson() {
    kill_isolated_lessons(1);
}

/// At each step whose number is so much higher.
fn kill_isolated_lessons(apart: usize) {
    if !namespaces("SIGKILL of an isolated lesson") {
        return;
    }
    with_every_program(|program| {
        for prompt in (1..=prompts(program, Format::Json)).step_by(apart) {
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
