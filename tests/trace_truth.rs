//! `trace` where it is tempted to say what is not so: it accuses nobody wrongly, and names who or what was the cause.

use crate::support;
use crate::traced;

use std::fs;
use std::io::{self, BufRead, BufReader, Lines, Read};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};

use nix::libc;
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, geteuid};
use playground::call::Call;
use playground_core::Errno;
use serde_json::Value;
use support::{Namespace, namespaces};
use trace::{self, Limits, Trace};
use traced::{TRACE, Traced, built, built_from, traced, traced_here};

/// Runs a situation in the library, with reasons, as `check` does.
fn known(way: &str) -> Trace {
    struct Looker;
    impl trace::Observer for Looker {
        fn see(&mut self, _: &trace::Step<'_>, _: &trace::State) -> std::ops::ControlFlow<()> {
            std::ops::ControlFlow::Continue(())
        }
    }
    let command = trace::Command::new(built("told", &[])).arguments([way]);
    trace::run(&command, &Limits::default(), &mut Looker).expect("traced")
}

/// Why the refused calls of a situation failed, in order.
fn reasons(way: &str) -> Vec<String> {
    let run = known(way);
    run.calls.iter().filter_map(|made| Some(made.reason.as_ref()?.why.clone())).collect()
}

#[test]
fn each_situation_has_its_verdict() {
    let told = built("told", &[]);
    for (way, codes) in [
        ("marked", &[][..]),
        ("refused-unseen", &[]),
        ("removed-under-it", &["removed-too-early"]),
        ("unmapped", &["detached-twice"]),
        ("mapped-over", &["detached-twice"]),
        ("moved", &["wrong-address"]),
        ("freed", &["detached-twice"]),
        ("attached-over", &[]),
        ("touched-after-munmap", &["used-after-detach"]),
        ("key-as-id", &["key-used-as-id"]),
        ("key-as-set", &["key-used-as-id"]),
        ("id-detached", &["wrong-address"]),
        ("pointer", &["pointer-of-another-process"]),
        ("late-parent", &[]),
        ("not-waited-for", &[]),
        ("waited-for", &["never-detached"]),
    ] {
        let run = traced(&told, &[way]);
        assert_eq!(run.codes(), codes, "{way}: {:?}", run.all("finding"));
    }
}

#[test]
fn a_lost_race_of_returns_changes_no_verdict() {
    let told = built("told", &[]);
    let verdicts: Vec<_> = (0..20).map(|_| traced(&told, &["removed-under-it"]).codes().join(" ")).collect();
    assert!(verdicts.iter().all(|codes| codes == "removed-too-early"), "{verdicts:?}");
}

#[test]
fn what_took_an_attachment_away_is_named() {
    for (way, words) in [
        ("unmapped", "munmap has taken it away"),
        ("freed", "munmap has taken it away"),
        ("mapped-over", "something else was mapped over it"),
        ("moved", "mremap has moved it to 0x"),
        ("id-detached", "is the id of segment"),
    ] {
        let reasons = reasons(way);
        assert!(reasons.last().expect("a refused shmdt").contains(words), "{way}: {reasons:?}");
    }
}

#[test]
fn what_was_taken_for_an_id_or_is_gone_is_named() {
    let [key, set, gone] = ["key-as-id", "key-as-set", "removed-key"].map(reasons);
    assert!(key[0].contains("is no id: it is the key 0x") && key[0].contains("of segment"), "{key:?}");
    assert!(set[0].contains("is no id: it is the key 0x") && set[0].contains("of semaphore set"), "{set:?}");
    assert!(
        gone[0].contains("any more: this process itself removed the one that had it, segment"),
        "{gone:?}"
    );
    let under = known("removed-under-it");
    let removal = under.findings[0].call.pid;
    assert_eq!(removal, under.pid, "the remover is named, and not who waited");
}

#[test]
fn what_is_there_already_is_named_with_the_command_that_removes_it() {
    let run = known("older");
    let refused: Vec<_> = run.calls.iter().filter_map(|made| made.reason.as_ref()).collect();
    let words = [
        ("has the key", "64 bytes, fewer than the 6400 asked for", "`ipcrm -m "),
        ("has the key", "IPC_CREAT|IPC_EXCL asks for a new one", "`ipcrm -m "),
        ("has the key", "2 semaphores, fewer than the 5 asked for", "`ipcrm -s "),
        ("has the key", "IPC_CREAT|IPC_EXCL asks for a new one", "`ipcrm -s "),
    ];
    assert_eq!(refused.len(), words.len());
    for (reason, (one, other, command)) in refused.iter().zip(words) {
        assert!(reason.why.contains(one) && reason.why.contains(other), "{reason:?}");
        assert!(reason.advice.contains(command), "{reason:?}");
    }
}

#[test]
fn numbers_out_of_range_are_named_with_the_range() {
    let reasons = reasons("numbers");
    let expected = [
        "SETVAL was given 40000: a semaphore's value goes from 0 to 32767",
        "is 32767, and 1 more is above 32767",
        "has the semaphores 0 to 2, and the call names number 3",
        "has the semaphores 0 to 2, and the call names number 8",
        "is 0, and the call wants to take 2. No process has ever operated on it",
    ];
    assert_eq!(reasons.len(), expected.len(), "{reasons:#?}");
    for (why, words) in reasons.iter().zip(expected) {
        assert!(why.contains(words), "{why}");
    }
}

#[test]
fn a_pointer_to_nowhere_is_told_as_it_was_passed() {
    let run = known("nowhere");
    let refused = run.calls.iter().filter(|made| made.performed.outcome.is_err());
    let refused: Vec<String> = refused.map(|made| made.performed.call.to_string()).collect();
    let ends = [
        "IPC_STAT, NULL)",
        "IPC_STAT, 0x10)",
        "shmctl(-5, IPC_STAT, NULL)",
        "IPC_SET, NULL)",
        "0, IPC_STAT, NULL)",
        "GETALL, 0x20)",
    ];
    assert_eq!(refused.len(), ends.len(), "{refused:#?}");
    for (call, end) in refused.iter().zip(ends) {
        assert!(call.ends_with(end), "{call}");
    }
}

#[test]
fn a_pointer_to_what_cannot_be_written_is_told_as_it_was_passed_and_why_that_is_no_place_for_an_answer() {
    let run = known("not-writable");
    let refused: Vec<_> = run.calls.iter().filter(|made| made.performed.outcome.is_err()).collect();
    assert_eq!(refused.len(), 3, "{refused:#?}");
    for made in refused {
        let (call, reason) = (made.performed.call.to_string(), made.reason.as_ref().expect("a reason"));
        assert!(call.contains(", 0x") && !call.contains("&buf"), "{call}");
        assert!(reason.why.contains("may not write (r-"), "{call}: {reason:?}");
    }
}

#[test]
fn who_is_denied_is_told_the_mode_and_the_owner() {
    let denied = |way| {
        let run = known(way);
        let made = run.calls.iter().find(|made| made.performed.outcome == Err(Errno::EACCES));
        made.and_then(|made| made.reason.clone()).unwrap_or_else(|| panic!("{way}: {:?}", run.calls))
    };
    let decimal = denied("denied-decimal");
    assert!(
        decimal.why.contains("has the mode 0232. This process runs as the owner: it gets -w-"),
        "{decimal:?}"
    );
    assert!(decimal.advice.contains("a decimal 666 gives: write 0666"), "{decimal:?}");
    let none = denied("denied-no-bits");
    assert!(none.why.contains("has the mode 0000") && none.advice.contains("IPC_CREAT | 0600"), "{none:?}");
    // Only root can make something for another user and be denied it then.
    if geteuid().is_root() {
        let other = denied("denied-other");
        assert!(other.why.contains("belongs to user 0 and has the mode 0644"), "{other:?}");
        assert!(other.why.contains("user 12345") && other.advice.contains("SHM_RDONLY"), "{other:?}");
        assert!(!other.advice.contains("ipcrm"), "it is not his to remove: {other:?}");
    }
}

#[test]
fn what_owner_and_mode_forbid_is_explained_by_a_rule() {
    let run = traced_here(&built("refused", &[]), &[]);
    let refused = |errno: &str| -> Vec<&Value> {
        let calls = run.all("call").into_iter();
        calls.filter(|call| call["c"].as_str().is_some_and(|c| c.contains(errno))).collect()
    };
    let (denied, forbidden) = (refused("-1 EACCES"), refused("-1 EPERM"));
    // Root is denied nothing; the two others who try are there only where it can make them.
    match geteuid().is_root() {
        true => assert!(denied.len() > 60 && forbidden.len() == 6, "{} {}", denied.len(), forbidden.len()),
        false => assert!(denied.len() > 20 && forbidden.is_empty(), "{} {}", denied.len(), forbidden.len()),
    }
    for call in denied.into_iter().chain(forbidden) {
        let why = call["why"].as_str().expect("why");
        assert!(!why.contains("No rule"), "{}: {why}", call["c"]);
    }
}

#[test]
fn a_call_that_a_filter_answers_is_told_and_blamed_on_nobody() {
    let filtered = built("filtered", &[]);
    let refused = |way| traced(&filtered, &[way]);
    let answered = refused("errno");
    assert!(answered.calls()[0].starts_with("shmget(IPC_PRIVATE, 100, IPC_CREAT|0600) = -1 EPERM"));
    let why = answered.all("call")[0]["why"].as_str().expect("why").to_owned();
    assert!(why.starts_with("A seccomp filter answered shmget with EPERM"), "{why}");
    assert_eq!(answered.codes(), [""; 0], "what came of it is no mistake of the program");
    for way in ["trap", "kill", "handled"] {
        let run = refused(way);
        assert_eq!(run.all("refused")[0]["c"], "shmget(IPC_PRIVATE, 100, IPC_CREAT|0600)", "{way}");
        assert!(run.calls().is_empty() && run.codes().is_empty(), "{way}: it never returned");
        assert_eq!(run.total()["calls"], 1);
    }
    let listener = refused("listener").all("filters")[0]["text"].as_str().expect("text").to_owned();
    assert!(listener.contains("another process may answer them"), "{listener}");
}

#[test]
fn who_is_kept_from_tidying_up_is_not_accused_of_what_is_left() {
    let filtered = built("filtered", &[]);
    for way in ["removal-errno", "removal-trap", "removal-kill"] {
        let run = traced(&filtered, &[way]);
        assert_eq!(run.all("left").len(), 1, "{way}");
        assert_eq!(run.codes(), [""; 0], "{way}");
    }
    let detaching = traced(&filtered, &["detaching"]);
    assert_eq!(detaching.codes(), [""; 0], "{:?}", detaching.calls());
}

/// `trace` of the article's program, or a lesson, under a filter that both inherit.
fn under_a_filter(
    program: impl AsRef<std::ffi::OsStr>,
    arguments: &[&Path],
    action: seccompiler::SeccompAction,
) -> (Option<i32>, String) {
    use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};
    let rules = [(libc::SYS_shmget, vec![])].into_iter().collect();
    let here = std::env::consts::ARCH.try_into().expect("a known architecture");
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, action, here).expect("a filter");
    let filter = BpfProgram::try_from(filter).expect("a program");
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null());
    // SAFETY: the filter was made before the fork; applying it makes system calls only.
    unsafe { command.pre_exec(move || seccompiler::apply_filter(&filter).map_err(std::io::Error::other)) };
    let output = command.output().expect("it runs");
    (output.status.code(), String::from_utf8(output.stderr).expect("UTF-8"))
}

#[test]
fn an_inherited_filter_is_no_different_and_does_not_kill_the_tracer() {
    use seccompiler::SeccompAction;
    let shm = built("shm", &[]);
    let (_, words) = under_a_filter(&*TRACE, &[&shm], SeccompAction::Errno(libc::ENOSYS as u32));
    assert!(words.contains("= -1 ENOSYS") && words.contains("A seccomp filter answered shmget"), "{words}");
    let (_, words) = under_a_filter(&*TRACE, &[&shm], SeccompAction::Trap);
    assert!(words.contains("Refused") && words.contains("No\nmistake was seen."), "{words}");
}

#[test]
fn a_lesson_that_a_filter_would_kill_ends_with_words() {
    use seccompiler::SeccompAction;
    for action in [SeccompAction::Trap, SeccompAction::KillProcess] {
        let (status, words) = under_a_filter(env!("CARGO_BIN_EXE_lesson01"), &[], action);
        assert_eq!(status, Some(1), "{words}");
        assert!(words.contains("shmget") && words.contains("seccomp filter"), "{words}");
    }
}

#[test]
fn a_call_that_waits_is_told_with_who_keeps_it_waiting() {
    let run = traced(&built("told", &[]), &["taken"]);
    let waits =
        run.all("waits").into_iter().find(|waits| waits["seconds"] == 1).expect("a long wait").clone();
    let taker = run.all("begin")[1]["pid"].to_string();
    let why = waits["why"].as_str().expect("why");
    assert!(why.contains(&format!("not given back, by process {taker}, which has ended")), "{why}");
    assert!(waits["try"].as_str().expect("advice").contains("SEM_UNDO"), "{waits}");
}

/// A run under `trace` that has to be ended. Where that may be had it has a namespace of its own, with which all that it
/// has made goes, also when a test is ended in the midst.
struct Lasting {
    trace: Child,
    lines: Lines<BufReader<ChildStderr>>,
    namespace: Option<Namespace>,
}

impl Lasting {
    /// Starts a situation, and waits until it is ready.
    fn start(way: &str) -> Lasting {
        let mut trace = Command::new(&*TRACE);
        trace.args(["--format", "json"]).arg(built("told", &[])).arg(way);
        let namespace = namespaces("a namespace for what may be left").then(Namespace::new);
        if let Some(namespace) = &namespace {
            namespace.around_command(&mut trace);
        }
        let mut trace = trace.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("trace runs");
        let mut ready = String::new();
        BufReader::new(trace.stdout.take().expect("stdout")).read_line(&mut ready).expect("a line");
        assert_eq!(ready, "ready\n");
        let lines = BufReader::new(trace.stderr.take().expect("stderr")).lines();
        Lasting { trace, lines, namespace }
    }

    /// The next event of this kind.
    fn next(&mut self, kind: &str) -> Value {
        let events = self.lines.by_ref().map(event);
        events.into_iter().find(|event| event["event"] == kind).expect(kind)
    }

    /// Sends a signal to the tracer, and waits for its end.
    fn end(mut self, signal: Signal) -> Traced {
        kill(Pid::from_raw(self.trace.id() as i32), signal).expect("kill");
        let events = self.lines.map(event).collect();
        let status = self.trace.wait().expect("wait");
        Traced { status, stdout: Vec::new(), stderr: Vec::new(), events, namespace: self.namespace }
    }
}

fn event(line: io::Result<String>) -> Value {
    serde_json::from_str(&line.expect("UTF-8")).expect("JSON")
}

#[test]
fn a_hang_is_explained_when_a_signal_ends_it() {
    let mut hanging = Lasting::start("hangs");
    let waits = hanging.next("waits");
    assert!(waits["why"].as_str().expect("why").contains("All that is traced waits"), "{waits}");
    let run = hanging.end(Signal::SIGINT);
    let call = run.all("call")[0].clone();
    assert_eq!(call["errno"], "EINTR");
    let why = call["why"].as_str().expect("why");
    assert!(why.starts_with("A signal came while the process waited. Semaphore 0 of set"), "{why}");
}

#[test]
fn what_was_left_running_may_tidy_up_and_what_we_kill_is_not_its_mistake() {
    for (way, left) in [("lingers-tidily", 0), ("lingers-stubbornly", 1)] {
        let mut lingering = Lasting::start(way);
        lingering.next("lingers");
        let run = lingering.end(Signal::SIGTERM);
        assert_eq!((run.all("left").len(), run.codes()), (left, vec![]), "{way}");
        assert!(run.total()["cut"].is_string() && run.status.code() == Some(1), "{way}");
    }
}

#[test]
fn what_was_there_before_is_told_with_its_maker() {
    let key = 0x6000_0000 + std::process::id() as i32;
    // SAFETY: shmget takes numbers.
    let id = unsafe { libc::shmget(key, 5000, libc::IPC_CREAT | 0o600) };
    let text = format!(
        "#include <sys/shm.h>\nint main(void) {{ return shmctl(shmget({key}, 100, IPC_CREAT | 0600), IPC_RMID, 0); }}\n"
    );
    let run = traced_here(&built_of("finder", &text), &[]);
    // The program has removed it, or has failed to: then nothing may be left of this test.
    // SAFETY: IPC_RMID takes no buffer, and the segment is ours.
    unsafe { libc::shmctl(id, libc::IPC_RMID, std::ptr::null_mut()) };
    let changed = run.all("changed")[0];
    assert_eq!((&changed["shmid"], &changed["how"]), (&id.into(), &"found".into()));
    assert_eq!(
        (&changed["row"]["cpid"], &changed["row"]["size"]),
        (&std::process::id().into(), &5000.into())
    );
    assert_eq!(run.codes(), [""; 0]);
}

#[test]
fn another_namespace_is_named() {
    let text = "
        #define _GNU_SOURCE
        #include <sched.h>
        #include <sys/shm.h>
        #include <sys/wait.h>
        #include <unistd.h>
        int main(void)
        {
            int id = shmget(IPC_PRIVATE, 100, IPC_CREAT | 0600);
            if (fork() == 0)
                _exit(unshare(CLONE_NEWUSER | CLONE_NEWIPC) ? 77 : (shmat(id, 0, 0), 0));
            wait(0);
            shmctl(id, IPC_RMID, 0);
        }";
    let run = traced(&built_of("namespaces", text), &[]);
    // Where such namespaces are forbidden there is nothing to see.
    if let Some(attach) = run.all("call").into_iter().find(|call| call["name"] == "shmat") {
        assert!(attach["why"].as_str().expect("why").contains("is in another IPC namespace"), "{attach}");
    }
}

/// Builds a program from text.
fn built_of(name: &str, text: &str) -> std::path::PathBuf {
    let source = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("truth-{name}.c"));
    fs::write(&source, text).expect("write");
    built_from(&source, name, &["-rdynamic"])
}

#[test]
fn a_program_with_a_leak_sanitizer_is_named_before_it_fails() {
    // It is known by the function by which the sanitizer begins.
    let program = built_of("sanitized", "void __asan_init(void) {}\nint main(void) { return 0; }\n");
    let run = traced(&program, &[]);
    let words = run.all("missing")[0]["text"].as_str().expect("text").to_owned();
    assert!(words.contains("LeakSanitizer") && words.contains("detect_leaks=0"), "{words}");
    let off =
        Command::new(&*TRACE).arg(&program).env("ASAN_OPTIONS", "x=1:detect_leaks=0").output().expect("runs");
    assert!(!String::from_utf8_lossy(&off.stderr).contains("LeakSanitizer"));
}

#[test]
#[cfg(target_arch = "x86_64")]
fn the_oldest_record_is_read_as_what_it_is() {
    let options = ["-m32", "-nostdlib", "-static", "-fno-pie", "-fno-stack-protector", "-DOLDEST"];
    let run = traced(&built("narrow", &options), &[]);
    if run.calls().is_empty() {
        assert!(!run.status.success(), "a kernel without 32-bit programs runs none");
        return;
    }
    let asked = run.calls().iter().filter(|call| call.contains("IPC_STAT")).count();
    // A record is told again only where it says something else than before.
    let of_the_first =
        run.all("record").iter().filter(|record| record["moments"] == serde_json::json!(["now"])).count();
    assert_eq!((asked, run.all("record").len(), of_the_first), (3, 2, 2), "{:#?}", run.all("record"));
}

#[expect(clippy::zombie_processes, reason = "wait4 waits for it, and tells what it took")]
/// What it takes to be told of so many segments, in seconds of processor time: others may run meanwhile.
fn cost(count: usize) -> f64 {
    let story = tempfile::NamedTempFile::new().expect("a temporary file");
    let told = built("told", &[]);
    let mut trace = Command::new(&*TRACE);
    trace
        .args(["--format", "json", "--output"])
        .arg(story.path())
        .arg(told)
        .args(["many", &count.to_string()]);
    let child = trace.spawn().expect("trace runs");
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::uninit();
    let mut status = 0;
    // SAFETY: both are written by the kernel before the call returns, and nothing else is.
    let waited = unsafe { libc::wait4(child.id() as i32, &mut status, 0, usage.as_mut_ptr()) };
    // SAFETY: the call has succeeded, and so has written all of it.
    let user = unsafe { usage.assume_init() }.ru_utime;
    assert_eq!((waited, status), (child.id() as i32, 0));
    let mut text = String::new();
    fs::File::open(story.path()).and_then(|mut file| file.read_to_string(&mut text)).expect("the story");
    let events: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let kinds = |kind: &str| events.iter().filter(|event| event["event"] == kind).count();
    assert_eq!((kinds("left"), kinds("left_many"), kinds("finding")), (0, 1, 1), "one block for all");
    let all = events.iter().find(|event| event["event"] == "left_many").expect("one").clone();
    assert_eq!(all["ids"].as_array().expect("ids").len(), count);
    // The command that is offered removes them all.
    let remove = all["remove"].as_str().expect("a command");
    assert!(Command::new("sh").args(["-c", remove]).status().expect("sh").success(), "{remove}");
    user.tv_sec as f64 + user.tv_usec as f64 / 1e6
}

#[test]
fn many_segments_are_told_in_linear_time_and_left_in_one_block() {
    let (few, many) = (cost(300), cost(2400));
    assert!(many < 20.0 * few, "8 times as many took {:.1} times as long", many / few);
}

#[test]
fn a_reason_is_found_by_the_call_that_was_refused() {
    let run = known("older");
    let refused = run.calls.iter().find(|made| made.performed.outcome.is_err()).expect("one");
    assert_eq!(run.reason(&refused.performed), refused.reason.as_ref());
    assert!(matches!(refused.performed.call, Call::Shmget { .. }));
}
