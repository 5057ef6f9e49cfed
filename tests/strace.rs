//! strace's own decoding of the same programs agrees with ours, call by call; and so does a program in Python.
//!
//! Needs strace, python3 and a C compiler, so it belongs to the group `tools`: `cargo test --features tools`.

use crate::support::program_file;
use crate::traced;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use regex::Regex;
use traced::{built, traced};

/// The calls of each process and thread, without what differs from run to run; the order of processes does.
type Calls = Vec<Vec<String>>;

#[test]
fn the_articles_program() {
    agree(&built("shm", &[]), &[]);
}

#[test]
fn every_mistake() {
    let program = built("mistakes", &[]);
    for code in ["detached-twice", "wrong-address", "error-ignored", "read-only-written", "removed-too-early"]
    {
        agree(&program, &[code]);
    }
    for code in ["set-removed-too-early", "fixed-address-without-fallback", "unusual", "used-after-detach"] {
        agree(&program, &[code]);
    }
}

#[test]
fn forks_threads_programs_and_semaphores() {
    let program = built("family", &["-pthread"]);
    for kind in ["fork", "vfork", "threads", "exec-in-thread", "semaphores"] {
        agree(&program, &[kind]);
    }
}

#[test]
fn pointers_that_lead_nowhere() {
    agree(&built("nowhere", &["-w"]), &[]);
}

#[test]
fn a_static_program() {
    agree(&built("shm", &["-static"]), &[]);
}

#[test]
#[cfg(target_arch = "x86_64")]
fn a_32_bit_program() {
    agree(&built("narrow", &["-m32", "-nostdlib", "-static", "-fno-pie", "-fno-stack-protector"]), &[]);
}

#[test]
fn a_program_in_python() {
    let script = "\
import ctypes
c = ctypes.CDLL(None, use_errno=True)
c.shmat.restype = ctypes.c_void_p
c.shmdt.argtypes = [ctypes.c_void_p]
id = c.shmget(0, 25600, 0o1600)
memory = c.shmat(id, None, 0)
ctypes.memmove(memory, b'THIS IS A TEST', 15)
c.shmdt(memory)
c.shmdt(memory)
c.shmctl(id, 0, None)
";
    // Under its own name a version manager would start it through a shell, and that through others.
    let python =
        Command::new("python3").args(["-c", "import sys; print(sys.executable)"]).output().expect("python3");
    let python = String::from_utf8(python.stdout).expect("UTF-8");
    agree(Path::new(python.trim()), &["-c", script]);
}

/// strace slows a pipe several times, and spinning not at all: there are no figures then, and a word why.
#[test]
fn lesson_20_measures_nothing_under_a_tracer() {
    let output = Command::new("strace")
        .args(["-f", "-o", "/dev/null"])
        .arg(program_file("lesson20"))
        .args(["--pace", "run", "--format", "json"])
        .output()
        .expect("strace runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let events = String::from_utf8(output.stdout).expect("UTF-8");
    let count = |event: &str| events.matches(&format!("{{\"event\":\"{event}\"")).count();
    assert_eq!([count("speeds"), count("predict"), count("missing"), count("end")], [0, 0, 1, 1], "{events}");
}

/// Every call for shared memory that a lesson's processes make is told, but for one: at the end the clean-up registry
/// removes what the lesson has left to it. The commands of other programs, such as `ipcrm`, are told as commands.
#[test]
fn a_lesson_tells_every_record_that_it_asks_for() {
    for lesson in ["lesson08", "lesson09", "lesson10", "lesson11", "lesson14", "lesson15"] {
        let folder = tempfile::tempdir().expect("a folder");
        let seen = folder.path().join("calls");
        let mut strace = Command::new("strace");
        strace.args(["-f", "-qq", "-e", "trace=shmctl", "-e", "signal=none", "-o"]).arg(&seen);
        strace.arg(program_file(lesson)).args(["--pace", "run", "--format", "json"]);
        let output = strace.output().expect("strace runs");
        assert!(output.status.success(), "{lesson}: {}", String::from_utf8_lossy(&output.stderr));
        let told = String::from_utf8(output.stdout).expect("UTF-8");
        let told = told.lines().filter(|line| line.starts_with("{\"event\":\"call\""));
        let made = fs::read_to_string(seen).expect("the calls");
        let asks = |line: &&str| line.contains("IPC_STAT, ");
        assert_eq!(told.filter(asks).count(), made.lines().filter(asks).count(), "{lesson}:\n{made}");
    }
}

fn agree(program: &Path, arguments: &[&str]) {
    let (ours, theirs) = (ours(program, arguments), theirs(program, arguments));
    assert!(!ours.is_empty());
    assert_eq!(ours, theirs, "{} {arguments:?}", program.display());
}

fn ours(program: &Path, arguments: &[&str]) -> Calls {
    let run = traced(program, arguments);
    let mut calls: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for call in run.all("call") {
        let who = format!("{} {}", call["who"], call["pid"]);
        calls.entry(who).or_default().push(masked(call["c"].as_str().expect("c")));
    }
    sorted(calls.into_values())
}

fn theirs(program: &Path, arguments: &[&str]) -> Calls {
    let folder = tempfile::tempdir().expect("a folder");
    let mut strace = Command::new("strace");
    strace.args(["-ff", "-qq", "-a", "1", "-e", "trace=%ipc", "-e", "signal=none", "-o"]);
    strace.arg(folder.path().join("calls")).arg(program).args(arguments);
    strace.stdout(Stdio::null()).status().expect("strace runs");
    let files = fs::read_dir(folder.path()).expect("the folder");
    let texts = files.map(|file| fs::read_to_string(file.expect("a file").path()).expect("text"));
    let call = |line: &&str| line.starts_with("shm") || line.starts_with("sem");
    let lists = texts.map(|text| text.lines().filter(call).map(|line| masked(&as_we_say(line))).collect());
    sorted(lists.collect::<Vec<_>>())
}

fn sorted(calls: impl IntoIterator<Item = Vec<String>>) -> Calls {
    let mut calls: Calls = calls.into_iter().filter(|list| !list.is_empty()).collect();
    calls.sort();
    calls
}

/// What strace words otherwise: records by their fields, operations with names, `semop` as the C library makes it.
fn as_we_say(line: &str) -> String {
    let words = [
        // A pointer to somewhere is shown as such when the call was refused; one to nowhere we show as well.
        (r"IPC_STAT, (\{.*\}|0x[0-9a-f]{8,})\)", "IPC_STAT, &buf)"),
        (
            r"IPC_SET, \{shm_perm=\{uid=(\d+), gid=(\d+), mode=(\d+).*\}\)",
            "IPC_SET, {uid=$1, gid=$2, mode=$3})",
        ),
        (r"\{sem_num=(\d+), sem_op=(-?\d+), sem_flg=(\w+)\}", "{$1, $2, $3}"),
        (r"^semtimedop\((.*), NULL\) =", "semop($1) ="),
        (r"\{tv_sec=(\d+), tv_nsec=(\d+)\}", "{$1, $2}"),
        (r"^(semctl.*, (?:GETVAL|IPC_RMID)), [^)]*\)", "$1)"),
        (r"^(semctl.*, SETVAL), NULL\)", "$1, 0)"),
        (r"^(semctl.*, SETVAL), 0x([0-9a-f])\)", "$1, $2)"),
        // With the old call `ipc`, strace shows the bit that asks for the newer record, and the pointers behind.
        (r"IPC_64\|", ""),
        (r"^(shmctl\(.*, IPC_RMID), .*\) =", "$1, NULL) ="),
        (r"^(shmat\(.*)\) = (0x[0-9a-f]+)$", "$1) = $2"),
    ];
    words.iter().fold(line.to_owned(), |line, (pattern, word)| replaced(&line, pattern, word))
}

fn masked(call: &str) -> String {
    let masks = [
        (r"^(shmget|semget)(\(.*\)) = \d+", "$1$2 = [id]"),
        (r"^(shmat|shmctl|sem(?:op|timedop|ctl))\(\d+,", "$1([id],"),
        (r"0x[0-9a-f]{8,}", "[address]"),
    ];
    masks.iter().fold(call.to_owned(), |call, (pattern, mask)| replaced(&call, pattern, mask))
}

fn replaced(text: &str, pattern: &str, by: &str) -> String {
    Regex::new(pattern).expect("a pattern").replace_all(text, by).into_owned()
}
