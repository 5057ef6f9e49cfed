//! The programs that `c` and `rust` print at the prompt: each compiles, and makes the session's calls.
//!
//! Every puzzle is played to its solution, its session is written as a program in both languages, and the program is
//! run under the tracer in a new namespace. Each process has to make the calls that it made in the session.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::support;
use crate::traced::TRACE;

use support::{Namespace, namespaces, program_file};

/// A call as it is compared: its name, and its errno, if it was refused.
type Made = (String, Option<String>);

#[test]
fn the_program_of_each_level_makes_the_sessions_calls_in_c() {
    programs("c", "c", 1);
}

#[test]
fn the_program_of_some_levels_makes_the_sessions_calls_in_rust() {
    programs("rust", "rs", 5);
}

#[test]
#[ignore = "slow by nature: each program is compiled by rustc; .ci/run tries it"]
fn the_program_of_each_level_makes_the_sessions_calls_in_rust() {
    programs("rust", "rs", 1);
}

/// Compiles a program in its folder as its first line says, and with these options.
fn compile(source: &Path, options: &[&str]) -> Output {
    let text = fs::read_to_string(source).expect("a program");
    let line = text.lines().next().expect("a first line");
    let command =
        line.split_once(": ").and_then(|(_, command)| command.split_once(" && ")).expect("a command").0;
    let mut words = command.split(' ');
    let mut compiler = Command::new(words.next().expect("a compiler"));
    compiler.args(words).args(options).current_dir(source.parent().expect("a folder"));
    compiler.output().expect("a compiler")
}

/// A session of one process, what it prints, and the status that it exits with.
const PRINTS: [&str; 9] = [
    "char *p = shmat(shmget(IPC_PRIVATE, 4096, 0600), NULL, 0); strcpy(p, \"THIS IS A TEST\"); int n = 5",
    "struct shmid_ds buf; shmctl(0, IPC_STAT, &buf)",
    "printf(\"%lu attached %s\\n\", buf.shm_nattch, p)",
    "printf(\"<%s> %d\\n\", p, n); printf(\"%d,\", p[0]); printf(\"%c\", p[1])",
    "puts(p + 5); printf(\"%s\", p); printf(\"%.4s|%s\\n\", p, p + 10)",
    "printf(\"%.4s\\n\", p); puts(\"\"); puts(\"grün \\\"{}\\\" %s\")",
    "memset(p, 'm', 70); puts(p)",
    "printf(\"a%cb\\n\", 0)",
    "exit(7)",
];

#[test]
fn a_program_prints_what_its_session_printed_and_exits_as_it_did() {
    if !namespaces("what the programs of sessions print") {
        return;
    }
    let lines = PRINTS.map(str::to_owned);
    for (language, extension) in [("c", "c"), ("rust", "rs")] {
        let folder = tempfile::tempdir().expect("a folder");
        let session = folder.path().join("session");
        let events = written(&session.with_extension(extension), language, "prints", &lines);
        let prints = events.iter().filter(|event| event["event"] == "prints");
        let printed: String = prints.map(|event| event["text"].as_str().expect("text")).collect();
        let mut program = Command::new(&session);
        Namespace::new().around_command(&mut program);
        let output = program.output().expect("the program runs");
        assert_eq!(String::from_utf8_lossy(&output.stdout), printed, "{language}");
        assert_eq!(output.status.code(), Some(7), "{language}");
    }
}

/// Plays a session, writes its program, and compiles it. Returns the session's events.
fn written(source: &Path, language: &str, name: &str, lines: &[String]) -> Vec<Value> {
    let events = played(name, lines, language);
    let program = events.iter().rev().find(|event| event["event"] == "lines").expect("a program");
    let lines = program["lines"].as_array().expect("lines").iter().map(|line| line.as_str().expect("text"));
    fs::write(source, lines.fold(String::new(), |text, line| text + line + "\n")).expect("written");
    let options: &[&str] =
        if language == "c" { &["-std=gnu11", "-Wall", "-Wextra", "-Werror"] } else { &["-D", "warnings"] };
    let compiled = compile(source, options);
    assert!(compiled.status.success(), "{name}: {}", String::from_utf8_lossy(&compiled.stderr));
    events
}

/// Of so many sessions one.
fn programs(language: &str, extension: &str, of: usize) {
    if !namespaces("the programs of sessions") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    for (name, lines) in sessions().into_iter().step_by(of) {
        let session = folder.path().join("session");
        let events = written(&session.with_extension(extension), language, &name, &lines);
        let (session, traced) = (by_process(&events, "who"), by_process(&traced(&session), "pid"));
        assert_eq!(session, traced, "{name} in {language}");
    }
}

/// The lines of sessions, each with a name.
fn sessions() -> Vec<(String, Vec<String>)> {
    let mut sessions = levels();
    sessions.push(("buffers".to_owned(), BUFFERS.map(str::to_owned).to_vec()));
    sessions.push(("waits".to_owned(), WAITS.map(str::to_owned).to_vec()));
    sessions.push(("zombies".to_owned(), ZOMBIES.map(str::to_owned).to_vec()));
    sessions
}

/// A call stands behind each signal: where a signal that was sent in the session is refused, the program ends before it.
const ZOMBIES: [&str; 7] = [
    "fork(); new",
    "B: exit(0)",
    "C: exit(0)",
    "kill(B, 0); shmget(1, 1, IPC_CREAT)",
    "kill(B, SIGKILL); shmget(2, 1, IPC_CREAT)",
    "kill(C, 0); shmget(3, 1, IPC_CREAT)",
    "fork(); shmget(4, 1, IPC_CREAT)",
];

/// A parent that waits for its children. A call stands behind each wait, as above.
const WAITS: [&str; 9] = [
    "wait(NULL); shmget(1, 1, IPC_CREAT); fork()",
    "B: exit(3)",
    "int st; wait(&st); shmget(WEXITSTATUS(st), 1, IPC_CREAT); wait(&st); shmget(4, 1, IPC_CREAT)",
    "fork(); fork()",
    "waitpid(D, NULL, WNOHANG); wait(NULL)",
    "C: shmget(5, 1, IPC_CREAT); exit(0)",
    "A: shmget(6, 1, IPC_CREAT); waitpid(D, &st, 0)",
    "D: exit(1)",
    "A: shmget(7, 1, IPC_CREAT)",
];

/// Calls with a buffer that the kernel can copy nothing from, or to.
const BUFFERS: [&str; 11] = [
    "int id = shmget(IPC_PRIVATE, 4096, 0600)",
    "memset(shmat(id, NULL, 0), 'A', 4096)",
    "char *p = shmat(id, NULL, SHM_RDONLY)",
    "shmctl(id, IPC_STAT, NULL); shmctl(id, IPC_STAT, p); shmctl(id, IPC_SET, NULL)",
    "shmctl(id, SHM_INFO, NULL); shmctl(id, IPC_SET, p + 4090); shmctl(7, IPC_STAT, NULL)",
    "int s = semget(IPC_PRIVATE, 2, 0600)",
    "semctl(s, 0, IPC_STAT, NULL); semctl(s, 0, GETALL, p); semctl(s, 0, SETALL, NULL)",
    "semctl(s, 0, IPC_SET, NULL); semctl(s, 0, SEM_STAT, NULL)",
    "semop(s, NULL, 1); semop(s, p + 4095, 1); semop(s, NULL, 501)",
    "struct sembuf op = {0, -1, 0}; struct timespec t = {0, 1000000000}; semtimedop(s, &op, 1, &t)",
    "semtimedop(s, &op, 1, (void *)1); t.tv_sec = -1; semtimedop(s, &op, 1, &t); semtimedop(s, &op, 501, &t)",
];

/// The puzzles whose namespace needs no more than one user: start and solution.
fn levels() -> Vec<(String, Vec<String>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("lessons/levels");
    let files = fs::read_dir(folder).expect("levels").map(|entry| entry.expect("an entry").path());
    let level = |path: PathBuf| {
        let stem = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).expect("a level");
        (stem.split_once('-').expect("a number").1.to_owned(), text.parse().expect("a level"))
    };
    let mut levels: Vec<(String, toml::Table)> = files.map(level).collect();
    levels.retain(|(_, level)| level.get("users").is_none());
    levels.sort_by(|(one, _), (other, _)| one.cmp(other));
    levels.into_iter().map(|(name, level)| (name, lines_of(&level))).collect()
}

fn lines_of(level: &toml::Table) -> Vec<String> {
    let parts = ["start", "solution"].into_iter().flat_map(|part| level[part].as_array().expect("lines"));
    parts.map(|line| line.as_str().expect("text").to_owned()).collect()
}

/// Plays a session, and asks for its program.
fn played(name: &str, lines: &[String], language: &str) -> Vec<Value> {
    let lines = lines.iter().map(String::as_str);
    let script: String = lines.chain([language]).fold(String::new(), |text, line| text + line + "\n");
    let mut play = Command::new(program_file("play"));
    play.args(["--kernel", "model", "--format", "json"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut play = play.spawn().expect("play runs");
    play.stdin.take().expect("a pipe").write_all(script.as_bytes()).expect("it reads");
    let output = play.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{name}");
    String::from_utf8(output.stdout)
        .expect("text")
        .lines()
        .map(|line| serde_json::from_str(line).expect(line))
        .collect()
}

/// What the tracer says of a program, in a namespace that is as new as the session's.
fn traced(program: &Path) -> Vec<Value> {
    let story = tempfile::NamedTempFile::new().expect("a file");
    let mut trace = Command::new(&*TRACE);
    trace.args(["--format", "json", "--output"]).arg(story.path()).arg(program);
    Namespace::new().around_command(trace.stdout(Stdio::null()).stderr(Stdio::null()));
    trace.status().expect("trace runs");
    let story = fs::read_to_string(story.path()).expect("the story");
    story.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
}

/// The System V calls of each process, in its order; which process is which does not count.
fn by_process(events: &[Value], who: &str) -> Vec<Vec<Made>> {
    let mut processes: BTreeMap<String, Vec<Made>> = BTreeMap::new();
    for event in events {
        let name = event["name"].as_str().unwrap_or_default();
        if event["event"] == "call" && (name.starts_with("shm") || name.starts_with("sem")) {
            let errno = event["errno"].as_str().map(str::to_owned);
            processes.entry(event[who].to_string()).or_default().push((name.to_owned(), errno));
        }
        // What the shell was asked for is a call, too: of the process that gives the others their turns.
        if event["event"] == "ran"
            && event["command"].as_str().is_some_and(|command| command.starts_with("ipcrm"))
        {
            processes.entry("shell".to_owned()).or_default().push(("shmctl".to_owned(), None));
        }
    }
    let mut calls: Vec<_> = processes.into_values().collect();
    calls.sort();
    calls
}
