//! `trace`: any program, its calls, its processes, its mistakes, its end.

use crate::traced;

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use insta::assert_snapshot;
use nix::libc;
use nix::sys::signal::{SigHandler, Signal, kill, signal};
use nix::unistd::Pid;
use playground::call::{Answer, Call};
use trace::{self, Code, Ending, How, Limits, Step, StopReason};
use traced::{TRACE, built, built_from, traced, traced_here, traced_with};

/// What differs from run to run, by name.
fn masked(text: &str) -> String {
    let masks = [
        (r"(shmget\([^)]*\)) = \d+", "$1 = [shmid]"),
        (r"(shmat|shmctl)\(\d+,", "$1([shmid],"),
        (r"segment \d+", "segment [shmid]"),
        (r"ipcrm -m \d+", "ipcrm -m [shmid]"),
        (r"\[(process |child )?\d+\]", "[$1[pid]]"),
        (r"(shm_[cl]pid +)\d+ +", "$1[pid]         "),
        (r"(shm_perm\.c?[ug]id +)\d+ +", "$1[uid]         "),
        (r"\d\d:\d\d:\d\d, \d+ (s|min) ago", "[time], [n] s ago"),
        (r"0x[0-9a-f]{9,}", "[address]"),
        (r"\./traced-\S+", "[program]"),
    ];
    masks.iter().fold(text.to_owned(), |text, (pattern, name)| {
        regex::Regex::new(pattern).expect("a pattern").replace_all(&text, *name).into_owned()
    })
}

/// The story as text, as a file would hold it.
fn told(program: &Path) -> String {
    let story = tempfile::NamedTempFile::new().expect("a temporary file");
    let mut trace = Command::new(&*TRACE);
    trace.arg("--output").arg(story.path()).env("LANG", "C.UTF-8").env_remove("LC_ALL");
    // By a short name, so that no line wraps because of where this project lies.
    let name = program.file_name().expect("a name").to_string_lossy();
    trace.arg(format!("./{name}")).current_dir(program.parent().expect("a folder"));
    assert!(trace.output().expect("trace runs").status.success());
    masked(&fs::read_to_string(story.path()).expect("the story"))
}

#[test]
fn the_articles_program_is_told_as_a_lesson_would() {
    assert_snapshot!(told(&built("shm", &[])), @r"
      Runs     [process [pid]] exec [program]

        shmget(IPC_PRIVATE, 25600, IPC_CREAT|IPC_EXCL|0600) = [shmid]
          segment [shmid]: key 0x00000000, 25600 bytes, perms 600, nattch 0
        shmat([shmid], NULL, 0) = [address]
          segment [shmid]: nattch 0 → 1
        shmctl([shmid], IPC_STAT, &buf) = 0

      struct shmid_ds of segment [shmid]
        shm_perm.__key 0x00000000           the key; 0 is IPC_PRIVATE
        shm_perm.uid   [uid]         the owner's user id
        shm_perm.gid   [uid]         the owner's group id
        shm_perm.cuid  [uid]         the creator's user id
        shm_perm.cgid  [uid]         the creator's group id
        shm_perm.mode  0600                 permission bits, in octal, and flags
        shm_segsz      25600                bytes, as they were asked for
        shm_atime      [time], [n] s ago    last attach
        shm_dtime      0, never             last detach
        shm_ctime      [time], [n] s ago    made, or changed with IPC_SET
        shm_cpid       [pid]         the process that made it
        shm_lpid       [pid]         the last process to attach or detach
        shm_nattch     1                    mappings now, in all processes

        shmdt([address]) = 0
          segment [shmid]: nattch 1 → 0, rss 0 → 4096
        shmat([shmid], 0x5000000, 0) = 0x5000000
          segment [shmid]: nattch 0 → 1
        shmdt(0x5000000) = 0
          segment [shmid]: nattch 1 → 0
        shmctl([shmid], IPC_RMID, NULL) = 0
          segment [shmid] is gone

      Ends     [process [pid]] exited with status 0

    7 System V calls by 1 process. Nothing that they made is left in the kernel. No
    mistake was seen.
    ");
}

#[test]
fn without_its_detaches_it_is_told_what_it_forgot() {
    let text = include_str!("c/shm.c").replace("    detach(memory);\n", "");
    let source = Path::new(env!("CARGO_TARGET_TMPDIR")).join("undetached.c");
    fs::write(&source, text.replace("static void detach", "void detach")).expect("write");
    let run = traced(&built_from(&source, "undetached", &[]), &[]);
    assert_eq!(run.codes(), ["never-detached", "never-detached"]);
    assert!(run.status.success() && run.all("left").is_empty());
    let finding = run.all("finding")[0].clone();
    assert_eq!(finding["pid"], run.all("begin")[0]["pid"]);
    assert!(finding["call"].as_str().expect("call").starts_with("shmat("), "{finding}");
}

#[test]
fn limits_and_usage_are_told_with_what_they_say() {
    let source = Path::new(env!("CARGO_TARGET_TMPDIR")).join("figures.c");
    let text = "
        #define _GNU_SOURCE
        #include <sys/shm.h>
        int main(void)
        {
            struct shminfo limits;
            struct shm_info usage;
            shmctl(0, IPC_INFO, (struct shmid_ds *)&limits);
            shmctl(0, SHM_INFO, (struct shmid_ds *)&usage);
        }";
    fs::write(&source, text).expect("write");
    let run = traced(&built_from(&source, "figures", &[]), &[]);
    let said: Vec<_> = run.all("say").into_iter().map(|say| say["text"].as_str().expect("text")).collect();
    let shmmni = fs::read_to_string("/proc/sys/kernel/shmmni").expect("a limit");
    assert!(said[0].contains(&format!("shmmni {} segments", shmmni.trim())), "{said:?}");
    assert!(said[1].contains("used_ids "), "{said:?}");
}

#[test]
fn the_seven_calls_take_no_more_than_twenty_stops() {
    let run = traced(&built("shm", &[]), &[]);
    assert_eq!(run.calls().len(), 7);
    let stops = run.total()["stops"].as_u64().expect("stops");
    assert!(stops <= 20, "{stops} stops");
}

#[test]
fn other_calls_do_not_stop_it() {
    let run = traced(&built("ends", &[]), &["calls"]);
    assert!(run.status.success());
    let stops = run.total()["stops"].as_u64().expect("stops");
    assert!(stops <= 5, "{stops} stops for 100000 calls that are none of ours");
}

#[test]
fn each_mistake_is_found_and_no_other() {
    let program = built("mistakes", &[]);
    for code in [
        "never-removed",
        "leaked-on-error",
        "never-detached",
        "detached-twice",
        "wrong-address",
        "null-checked-instead-of-minus-one",
        "error-ignored",
        "used-after-detach",
        "read-only-written",
        "removed-too-early",
        "removed-twice",
        "fixed-address-without-fallback",
    ] {
        assert_eq!(traced(&program, &[code]).codes(), [code], "{code}");
    }
    assert_eq!(traced(&program, &["set-never-removed"]).codes(), ["never-removed"]);
    assert_eq!(traced(&program, &["set-removed-too-early"]).codes(), ["removed-too-early"]);
}

#[test]
fn what_failed_is_not_forgotten_when_another_call_succeeds() {
    let program = built("mistakes", &[]);
    let null = "null-checked-instead-of-minus-one";
    assert_eq!(traced(&program, &["null-checked-after-all"]).codes(), [null]);
    assert_eq!(traced(&program, &["error-ignored-after-all"]).codes(), ["error-ignored"]);
}

#[test]
fn what_is_only_unusual_is_no_mistake() {
    let program = built("mistakes", &[]);
    for way in ["unusual", "no-such-segment", "jump", "daemon"] {
        let run = traced(&program, &[way]);
        assert_eq!(run.codes(), [""; 0], "{way}: {:?}", run.all("finding"));
    }
    // What is wrong with it is told, and nothing else.
    let early = traced(&program, &["removed-too-early-at-an-address"]);
    assert_eq!(early.codes(), ["removed-too-early"]);
    assert_eq!(traced(&program, &["never-detached-in-daemon"]).codes(), ["never-detached"]);
}

#[test]
fn what_is_left_is_told_with_the_command_that_removes_it() {
    let run = traced_here(&built("mistakes", &[]), &["never-removed"]);
    let left = run.all("left")[0].clone();
    assert_eq!((&left["what"], &left["size"], &left["nattch"]), (&"segment".into(), &100.into(), &0.into()));
    assert_eq!(left["remove"], format!("ipcrm -m {}", left["id"]));
    let remove = Command::new("ipcrm").args(["-m", &left["id"].to_string()]).status().expect("ipcrm");
    assert!(remove.success(), "it was really there");
}

#[test]
fn who_still_has_it_attached_is_named() {
    let command = trace::Command::new(built("mistakes", &[])).arguments(["never-removed"]);
    let mut holder = Holder(std::ptr::null_mut());
    let run = trace::run(&command, &Limits::default(), &mut holder).expect("traced");
    let left = run.left.clone();
    // SAFETY: this is what the holder attached, and nothing refers to it.
    unsafe { libc::shmdt(holder.0) };
    let words = left[0].what.removal();
    assert!(Command::new("sh").args(["-c", &words]).status().expect("sh").success());
    // Another test may fork this process at any moment, and its child has the segment, too, until it runs a program.
    assert!(left[0].nattch >= Some(1) && left[0].holders.contains(&(std::process::id() as i32)), "{left:?}");
}

/// Attaches what a traced process has made, from outside, before that process ends.
struct Holder(*mut libc::c_void);

impl trace::Observer for Holder {
    fn see(&mut self, step: &Step<'_>, state: &trace::State) -> std::ops::ControlFlow<()> {
        if let Step::Ending { .. } = step {
            let id = state.segments().next().expect("a segment").shmid;
            // SAFETY: the kernel chooses an address where nothing is.
            self.0 = unsafe { libc::shmat(id.0, std::ptr::null(), 0) };
        }
        std::ops::ControlFlow::Continue(())
    }
}

#[test]
fn forks_are_followed_to_the_grandchild() {
    let run = traced(&built("family", &["-pthread"]), &["fork"]);
    let begun: Vec<_> = run.all("begin").iter().map(|begin| begin["how"].clone()).collect();
    assert_eq!(begun, ["program", "fork", "fork"]);
    let grandchild = &run.all("begin")[2]["pid"];
    let attach = run.all("call").into_iter().find(|call| call["name"] == "shmat").expect("shmat").clone();
    assert_eq!((&attach["pid"], &attach["who"]), (grandchild, &"child".into()));
    assert_eq!(run.codes(), [""; 0]);
    assert_eq!(run.all("signal").len(), 3);
}

#[test]
fn a_vfork_borrows_and_an_exec_begins_anew() {
    let run = traced(&built("family", &["-pthread"]), &["vfork"]);
    assert_eq!(run.all("begin")[1]["how"], "vfork");
    assert_eq!(run.all("exec").len(), 2);
    // Both programs make, use, ask about, change and remove a segment of their own.
    assert_eq!(run.calls().len(), 4 + 6);
    assert_eq!(run.codes(), [""; 0]);
}

#[test]
fn threads_are_told_apart_by_their_own_numbers() {
    let run = traced(&built("family", &["-pthread"]), &["threads"]);
    let threads: Vec<_> = run.all("begin").into_iter().filter(|begin| begin["how"] == "thread").collect();
    assert_eq!(threads.len(), 3);
    let pid = &run.all("begin")[0]["pid"];
    let of_threads = run.all("call").into_iter().filter(|call| !call["who"].is_null());
    assert!(of_threads.clone().all(|call| &call["pid"] == pid) && of_threads.count() == 6);
}

#[test]
fn a_thread_that_runs_a_program_ends_the_others() {
    let run = traced(&built("family", &["-pthread"]), &["exec-in-thread"]);
    assert!(run.status.success());
    assert_eq!((run.all("exec").len(), run.all("signal").len()), (2, 1));
}

#[test]
fn semaphores_are_told_with_their_operations() {
    let run = traced(&built("family", &["-pthread"]), &["semaphores"]);
    let calls: Vec<_> = run.calls().iter().map(|call| masked_sets(call)).collect();
    for expected in [
        "semget(IPC_PRIVATE, 2, IPC_CREAT|0600) = [semid]",
        "semctl([semid], 1, SETVAL, 0) = 0",
        "semop([semid], [{0, -1, SEM_UNDO}], 1) = 0",
        "semtimedop([semid], [{1, -1, 0}], 1, {1, 0}) = 0",
        "semctl([semid], 0, IPC_RMID) = 0",
    ] {
        assert!(calls.iter().any(|call| call == expected), "{expected} in {calls:#?}");
    }
}

fn masked_sets(call: &str) -> String {
    let call = regex::Regex::new(r"^(sem\w+)\(\d+").expect("a pattern").replace(call, "$1([semid]");
    regex::Regex::new(r"^(semget.*) = \d+").expect("a pattern").replace(&call, "$1 = [semid]").into_owned()
}

#[test]
fn who_made_a_segment_is_told_apart_from_who_found_it() {
    let command = trace::Command::new(built("family", &["-pthread"])).arguments(["create-or-open"]);
    let run = trace::run(&command, &Limits::default(), &mut ()).expect("traced");
    let created: Vec<_> = run.calls[1..4].iter().map(|made| made.created).collect();
    assert_eq!(created, [true, false, false], "{:?}", run.calls);
}

#[test]
fn a_segment_of_another_namespace_goes_with_it() {
    let program = built("mistakes", &[]);
    let program = program.to_string_lossy();
    let run = traced(Path::new("unshare"), &["-r", "-i", &program, "never-removed"]);
    if !run.status.success() {
        assert!(run.calls().is_empty(), "where namespaces are forbidden, nothing is run");
        return;
    }
    assert_eq!(run.calls().len(), 3);
    assert!(run.all("changed").is_empty() && run.all("left").is_empty(), "our own table tells nothing of it");
    assert_eq!(run.codes(), [""; 0]);
}

#[test]
fn a_static_program_makes_the_same_calls() {
    let run = traced(&built("shm", &["-static"]), &[]);
    assert_eq!(run.calls().len(), 7);
    assert_eq!(run.codes(), [""; 0]);
}

#[test]
#[cfg(target_arch = "x86_64")]
fn a_32_bit_program_is_decoded_by_both_of_its_ways() {
    let options = ["-m32", "-nostdlib", "-static", "-fno-pie", "-fno-stack-protector"];
    let run = traced(&built("narrow", &options), &[]);
    if run.calls().is_empty() {
        assert!(!run.status.success(), "a kernel without 32-bit programs runs none");
        return;
    }
    assert!(run.status.success());
    let calls: Vec<_> =
        run.calls().iter().map(|call| masked(call).replace("= 0xf", "= [address] //")).collect();
    let names: Vec<_> = run.all("call").iter().map(|call| call["name"].clone()).collect();
    assert_eq!(names[..5], ["shmget", "shmat", "shmctl", "shmdt", "shmctl"], "{calls:#?}");
    assert_eq!(names[..5], names[5..]);
    assert_eq!(calls[0], "shmget(IPC_PRIVATE, 25600, IPC_CREAT|0600) = [shmid]");
    assert_eq!(calls[4], "shmctl([shmid], IPC_RMID, NULL) = 0");
    let mapped = |place: usize| run.all("call")[place]["result"].as_u64().expect("an address");
    assert!(mapped(1) > 0x1000 && mapped(1) < 1 << 32 && mapped(6) < 1 << 32);
    let size = &run.all("record")[0]["fields"][6];
    assert_eq!((&size["name"], &size["values"][0]), (&"shm_segsz".into(), &"25600".into()));
    assert_eq!(run.codes(), [""; 0]);
}

/// Builds a program from text.
fn built_of(name: &str, text: &str) -> std::path::PathBuf {
    let source = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.c"));
    fs::write(&source, text).expect("write");
    built_from(&source, name, &[])
}

#[test]
fn one_that_moves_to_another_namespace_is_seen_to() {
    let text = "\
        #define _GNU_SOURCE\n\
        #include <sched.h>\n\
        #include <sys/shm.h>\n\
        int main(void)\n\
        {\n\
            shmctl(shmget(IPC_PRIVATE, 100, IPC_CREAT | 0600), IPC_RMID, NULL);\n\
            if (unshare(CLONE_NEWUSER | CLONE_NEWIPC) == -1)\n\
                return 77;\n\
            return shmget(IPC_PRIVATE, 100, IPC_CREAT | 0600) == -1;\n\
        }\n";
    let command = trace::Command::new(built_of("moves", text));
    let run = trace::run(&command, &Limits::default(), &mut ()).expect("traced");
    // Where such namespaces are forbidden there is nothing to see.
    if run.ending != Ending::Exited(77) {
        let elsewhere: Vec<_> = run.calls.iter().map(|call| call.elsewhere).collect();
        assert_eq!(elsewhere, [false, false, true]);
        assert!(run.left.is_empty(), "what is left there goes with the namespace: {:?}", run.left);
    }
}

#[test]
#[cfg(target_arch = "x86_64")]
fn a_call_by_its_x32_number_is_seen() {
    let text = "\
        #define _GNU_SOURCE\n\
        #include <sys/shm.h>\n\
        #include <sys/syscall.h>\n\
        #include <unistd.h>\n\
        int main(void)\n\
        {\n\
            long id = syscall(SYS_shmget | 0x40000000, IPC_PRIVATE, 100, IPC_CREAT | 0600);\n\
            return id >= 0 && shmctl(id, IPC_RMID, NULL);\n\
        }\n";
    // Most kernels know no such numbers, and say so; the call is told all the same.
    let run = traced(&built_of("x32", text), &[]);
    assert!(run.calls()[0].starts_with("shmget(IPC_PRIVATE, 100, IPC_CREAT|0600) = "), "{:?}", run.calls());
}

#[test]
fn exit_status_and_signals_are_passed_on() {
    let program = built("ends", &[]);
    assert_eq!(traced(&program, &["exit"]).status.code(), Some(42));
    let killed = |way| traced(&program, &[way]).status.signal();
    assert_eq!(killed("segv"), Some(libc::SIGSEGV));
    assert_eq!(killed("term"), Some(libc::SIGTERM));
    assert_eq!(killed("realtime"), Some(libc::SIGRTMIN() + 3));
    assert!(traced(&program, &["hear-realtime"]).status.success(), "a real-time signal reaches its handler");
    assert!(traced(&program, &["pipe"]).status.success(), "SIGPIPE is as it would be untraced");
}

#[test]
fn a_fault_is_told_with_its_address() {
    let run = traced(&built("ends", &[]), &["segv"]);
    let fault = run.all("fault")[0].clone();
    assert_eq!((&fault["signal"], &fault["address"]), (&"SIGSEGV".into(), &16.into()));
    assert_eq!(run.all("signal")[0]["signal"], "SIGSEGV");
}

#[test]
fn output_is_unharmed_byte_for_byte() {
    let run = traced(&built("ends", &[]), &["bytes"]);
    let bytes: Vec<u8> = (0..=255).collect();
    assert_eq!((&run.stdout, &run.stderr), (&bytes, &bytes));
}

#[test]
fn job_control_works_as_untraced() {
    let program = built("ends", &[]);
    let untraced = Command::new(&program).arg("jobs").output().expect("runs").stdout;
    assert_eq!(traced(&program, &["jobs"]).stdout, untraced);
}

/// Starts a program that waits for a signal, and returns the tracer once the program is ready.
fn waiting(way: &str) -> (std::process::Child, BufReader<std::process::ChildStdout>) {
    let mut trace = Command::new(&*TRACE);
    trace.arg(built("ends", &[])).arg(way).stdout(Stdio::piped()).stderr(Stdio::null());
    // Whoever runs the tests in the background may have had signals ignored, which is inherited.
    let as_usual = || {
        for ends in [Signal::SIGINT, Signal::SIGTERM] {
            // SAFETY: the default action runs no code of ours.
            unsafe { signal(ends, SigHandler::SigDfl) }?;
        }
        Ok(())
    };
    // SAFETY: what the child does before it is `trace` is one system call a signal.
    let mut trace = unsafe { trace.pre_exec(as_usual) }.spawn().expect("trace runs");
    let mut lines = BufReader::new(trace.stdout.take().expect("stdout"));
    let mut ready = String::new();
    lines.read_line(&mut ready).expect("a line");
    assert_eq!(ready, "ready\n");
    (trace, lines)
}

#[test]
fn a_signal_for_the_tracer_goes_to_the_program() {
    for (way, signal) in [("int", Signal::SIGINT), ("term-heard", Signal::SIGTERM)] {
        let (mut trace, mut lines) = waiting(way);
        kill(Pid::from_raw(trace.id() as i32), signal).expect("kill");
        let mut rest = String::new();
        lines.read_to_string(&mut rest).expect("text");
        assert_eq!(rest, format!("signal {}\n", signal as i32), "once, and only once");
        assert_eq!(trace.wait().expect("wait").code(), Some(7));
    }
}

#[test]
fn when_the_tracer_is_killed_nothing_is_left_running() {
    let (mut trace, mut lines) = waiting("int");
    trace.kill().expect("kill");
    trace.wait().expect("wait");
    // The pipe ends when the last process that holds it is gone.
    let mut rest = String::new();
    lines.read_to_string(&mut rest).expect("text");
    assert_eq!(rest, "");
}

#[test]
fn whom_it_waits_for_is_told_and_a_signal_ends_them() {
    let text = "\
        #define _DEFAULT_SOURCE\n\
        #include <unistd.h>\n\
        int main(void)\n\
        {\n\
            return daemon(1, 1) || pause();\n\
        }\n";
    let mut trace = Command::new(&*TRACE);
    trace.args(["--format", "json"]).arg(built_of("lingers", text)).stderr(Stdio::piped());
    let mut trace = trace.spawn().expect("trace runs");
    let lines = BufReader::new(trace.stderr.take().expect("stderr")).lines();
    let mut events =
        lines.map(|line| serde_json::from_str::<serde_json::Value>(&line.expect("UTF-8")).expect("JSON"));
    let lingers = events.find(|event| event["event"] == "lingers").expect("told before its end");
    let process = &lingers["processes"][0];
    assert!(process["command"].as_str().expect("command").contains("lingers"), "{lingers}");
    kill(Pid::from_raw(trace.id() as i32), Signal::SIGTERM).expect("kill");
    let rest: Vec<_> = events.collect();
    let of_it = |event: &&serde_json::Value| event["event"] == "signal" && event["pid"] == process["pid"];
    assert_eq!(rest.iter().find(of_it).expect("its end")["signal"], "SIGTERM");
    assert!(rest.last().expect("an end")["cut"].is_string(), "{rest:?}");
    assert_eq!(trace.wait().expect("wait").code(), Some(1));
}

#[test]
fn who_is_waited_for_by_the_program_itself_is_not_told() {
    let run = traced(&built("family", &["-pthread"]), &["fork"]);
    assert!(run.all("lingers").is_empty());
    let cut = traced_with(&["--tasks", "40"], &built("ends", &[]), &["forever"]);
    assert!(cut.all("lingers").is_empty(), "they are being killed");
}

#[test]
fn one_that_forks_for_ever_is_stopped_at_the_bound() {
    let run = traced_with(&["--tasks", "40"], &built("ends", &[]), &["forever"]);
    assert_eq!(run.status.code(), Some(1));
    let cut = run.total()["cut"].as_str().expect("cut").to_owned();
    assert!(cut.contains("More than 40 processes"), "{cut}");
}

#[test]
fn what_cannot_be_run_is_said_with_the_status_of_a_shell() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("file");
    fs::write(&file, "#!/no/such/interpreter\n").expect("write");
    let said = |path: &Path| {
        let output = Command::new(&*TRACE).arg(path).output().expect("trace runs");
        (output.status.code(), String::from_utf8(output.stderr).expect("UTF-8").replace('\n', " "))
    };
    let (status, words) = said(Path::new("no-such-program"));
    assert_eq!(status, Some(127));
    assert!(words.contains("no-such-program cannot be run: No such file"), "{words}");
    assert_eq!(said(folder.path()).0, Some(126), "a directory");
    assert_eq!(said(&file).0, Some(126), "without the x bit");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("chmod");
    let (status, words) = said(&file);
    assert_eq!(status, Some(127));
    assert!(words.contains("first line names the interpreter") && words.contains("/no/such"), "{words}");
    let nothing = Command::new(&*TRACE).output().expect("trace runs");
    assert_eq!(nothing.status.code(), Some(2), "without a command");
}

/// A script that is run by another script, and a compiled program: each is there, and what it needs is not.
#[test]
fn what_a_program_needs_and_is_not_there_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let [inner, outer] = ["inner", "outer"].map(|name| folder.path().join(name));
    for (script, interpreter) in [(&inner, Path::new("/no/such")), (&outer, &inner)] {
        fs::write(script, format!("#! {} -x\n", interpreter.display())).expect("write");
        fs::set_permissions(script, fs::Permissions::from_mode(0o755)).expect("chmod");
    }
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/c/ends.c");
    let compiled = built_from(&source, "loaderless", &["-Wl,--dynamic-linker=/no/such"]);
    for (program, words) in [(outer, "the interpreter /no/such"), (compiled, "the loader /no/such")] {
        let failure = trace::run(&trace::Command::new(program), &Limits::default(), &mut ()).unwrap_err();
        assert!(failure.advice().ends_with(&format!("{words}.")), "{}", failure.advice());
        assert_eq!(failure.status(), 127);
    }
}

#[test]
fn no_word_of_a_command_commands_the_terminal() {
    for (program, status) in [("true", 0), ("no-such-program\x1b[2J", 127)] {
        let words = [program, "\x1b[2J\n\u{9b}"];
        let output =
            Command::new(&*TRACE).args(["--color", "never"]).args(words).output().expect("trace runs");
        let text = String::from_utf8(output.stderr).expect("UTF-8");
        assert_eq!(output.status.code(), Some(status), "{text}");
        assert!(!text.contains(['\x1b', '\u{9b}']) && text.contains(r"\u{1b}[2J"), "{text:?}");
    }
    let run = traced(Path::new("true"), &["\x1b"]);
    assert_eq!(run.all("exec")[0]["command"], "true \x1b");
}

#[test]
fn a_broken_pipe_does_not_disturb_the_program() {
    let (reader, writer) = nix::unistd::pipe().expect("pipe");
    drop(reader);
    let mut trace = Command::new(&*TRACE);
    let output = trace.arg(built("shm", &[])).stderr(writer).output().expect("trace runs");
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stdout).contains("THIS IS A TEST"));
}

#[test]
fn where_ptrace_is_forbidden_the_words_say_so() {
    use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};
    use std::os::unix::process::CommandExt;
    let rules = [(libc::SYS_ptrace, vec![])].into_iter().collect();
    let here = std::env::consts::ARCH.try_into().expect("a known architecture");
    let deny = SeccompAction::Errno(libc::EPERM as u32);
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, deny, here).expect("a filter");
    let filter = BpfProgram::try_from(filter).expect("a program");
    let mut trace = Command::new(&*TRACE);
    trace.arg("true");
    // SAFETY: the filter was made before the fork; applying it makes system calls only.
    unsafe { trace.pre_exec(move || seccompiler::apply_filter(&filter).map_err(std::io::Error::other)) };
    let output = trace.output().expect("trace runs");
    let words = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!(output.status.code(), Some(1), "{words}");
    assert!(words.contains("tracing is forbidden here") && words.contains("ptrace_scope"), "{words}");
}

#[test]
fn a_set_uid_program_is_named() {
    use nix::unistd::{chown, geteuid};
    if !geteuid().is_root() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let program = folder.path().join("program");
    fs::copy(built("ends", &[]), &program).expect("copy");
    chown(&program, Some(nix::unistd::Uid::from_raw(65534)), None).expect("chown");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o4755)).expect("chmod");
    let run = traced(&program, &["exit"]);
    assert_eq!(run.status.code(), Some(42));
    let words = run.all("missing")[0]["text"].as_str().expect("text").to_owned();
    assert!(words.contains("set-uid program") && words.contains("user 65534"), "{words}");
}

#[test]
fn many_calls_are_told_one_by_one() {
    let run = traced(&built("ends", &[]), &["loop"]);
    assert_eq!(run.calls().len(), 2000);
    assert_eq!(run.codes(), [""; 0]);
}

#[test]
fn a_library_that_looks_on_sees_memory_as_the_program_left_it() {
    let program = built("shm", &[]);
    let command = trace::Command::new(&program).stream(1, fs::File::create("/dev/null").expect("/dev/null"));
    let mut seen = Looker::default();
    let run = trace::run(&command, &Limits::default(), &mut seen).expect("traced");
    assert_eq!((run.ending, run.cut, run.calls.len()), (Ending::Exited(0), None, 7));
    assert_eq!(run.processes[0].start.how, How::First);
    assert_eq!(run.processes[0].ending, Some(Ending::Exited(0)));
    assert!(run.findings.is_empty() && run.left.is_empty());
    assert_eq!(seen.text, b"THIS IS A TEST\0");
    let Ok(Answer::Record(record)) = &run.calls[2].performed.outcome else { panic!("{:?}", run.calls[2]) };
    assert_eq!((record.size, record.nattch), (25600, 1));
}

/// Reads the segment when the program is about to detach it for the first time.
#[derive(Default)]
struct Looker {
    text: Vec<u8>,
}

impl trace::Observer for Looker {
    fn see(&mut self, step: &Step<'_>, state: &trace::State) -> std::ops::ControlFlow<()> {
        if let Step::Asks { pid, call: Call::Shmdt { address }, .. } = step
            && self.text.is_empty()
        {
            assert_eq!(state.attached(*pid).count(), 1);
            let memory = fs::File::open(format!("/proc/{pid}/mem")).expect("its memory");
            let mut text = [0; 15];
            std::os::unix::fs::FileExt::read_exact_at(&memory, &mut text, address.0).expect("read");
            self.text = text.to_vec();
        }
        std::ops::ControlFlow::Continue(())
    }
}

#[test]
fn a_limit_on_time_ends_what_hangs() {
    let program = built("ends", &[]);
    let limits = Limits { time: Some(Duration::from_millis(200)), ..Limits::default() };
    let run =
        trace::run(&trace::Command::new(program).arguments(["hang"]), &limits, &mut ()).expect("traced");
    assert_eq!((run.cut, run.ending), (Some(StopReason::Time), Ending::Killed(libc::SIGKILL)));
}

#[test]
fn several_threads_trace_at_once() {
    let program = built("mistakes", &[]);
    std::thread::scope(|scope| {
        let run = |code: &'static str| {
            let command = trace::Command::new(&program).arguments([code]);
            trace::run(&command, &Limits::default(), &mut ()).expect("traced")
        };
        let one = scope.spawn(move || run("detached-twice"));
        let other = scope.spawn(move || run("removed-twice"));
        let (one, other) = (one.join().expect("one"), other.join().expect("other"));
        assert_eq!((one.findings.len(), one.findings[0].code), (1, Code::DetachedTwice));
        assert_eq!((other.findings.len(), other.findings[0].code), (1, Code::RemovedTwice));
    });
}
