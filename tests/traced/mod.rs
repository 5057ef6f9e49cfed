//! Programs in C, built once, and run under `trace`.

#![allow(dead_code, reason = "each test file uses a part of it")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::LazyLock;

use serde_json::Value;

use crate::support::{Namespace, program_file};

/// The tracer.
pub static TRACE: LazyLock<PathBuf> = LazyLock::new(|| program_file("trace"));

/// Builds `tests/c/NAME.c`; each test has its own, since they may run at once.
pub fn built(name: &str, options: &[&str]) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/c/{name}.c"));
    built_from(&source, &format!("{name}{}", options.join("")), options)
}

/// Builds a source file into a program of this name.
pub fn built_from(source: &Path, name: &str, options: &[&str]) -> PathBuf {
    let unique = format!("traced-{:?}-{name}", std::thread::current().id());
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join(unique.replace(['(', ')'], ""));
    let mut cc = Command::new("cc");
    cc.args(["-Wall", "-Wextra", "-Werror", "-Wno-unused-result", "-o"])
        .arg(&program)
        .args(options)
        .arg(source);
    let output = cc.output().expect("cc: install gcc");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    program
}

/// What came of a traced run. What it left in the kernel goes when this is dropped: with its namespace, or by name.
pub struct Traced {
    pub status: ExitStatus,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    pub events: Vec<Value>,
    pub namespace: Option<Namespace>,
}

/// Runs a program under `trace --format json`.
pub fn traced(program: &Path, arguments: &[&str]) -> Traced {
    traced_with(&[], program, arguments)
}

/// The same, with options for `trace`. It runs in an IPC namespace of its own, where one can be had: then nothing is left
/// of it, even if this test is killed.
pub fn traced_with(options: &[&str], program: &Path, arguments: &[&str]) -> Traced {
    run(options, program, arguments, Namespace::hold().ok())
}

/// The same in the namespace of this test: for a program that meets what others have made, or that becomes another user.
pub fn traced_here(program: &Path, arguments: &[&str]) -> Traced {
    run(&[], program, arguments, None)
}

fn run(options: &[&str], program: &Path, arguments: &[&str], namespace: Option<Namespace>) -> Traced {
    let story = tempfile::NamedTempFile::new().expect("a temporary file");
    let mut trace = Command::new(&*TRACE);
    trace.args(["--format", "json", "--output"]).arg(story.path()).args(options).arg(program).args(arguments);
    if let Some(namespace) = &namespace {
        namespace.around_command(&mut trace);
    }
    let output = trace.output().expect("trace runs");
    let story = fs::read_to_string(story.path()).expect("the story");
    let events = story.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    Traced { status: output.status, stdout: output.stdout, stderr: output.stderr, events, namespace }
}

impl Traced {
    /// The events of this kind.
    pub fn all(&self, kind: &str) -> Vec<&Value> {
        self.events.iter().filter(|event| event["event"] == kind).collect()
    }

    /// The calls in C notation.
    pub fn calls(&self) -> Vec<&str> {
        self.all("call").into_iter().map(|call| call["c"].as_str().expect("c")).collect()
    }

    /// The codes of the mistakes.
    pub fn codes(&self) -> Vec<&str> {
        self.all("finding").into_iter().map(|finding| finding["code"].as_str().expect("code")).collect()
    }

    /// The last event, which sums up.
    pub fn total(&self) -> &Value {
        self.events.last().expect("events")
    }
}

impl Drop for Traced {
    fn drop(&mut self) {
        // Its ids mean other segments here.
        if self.namespace.is_some() {
            return;
        }
        for left in self.all("left").into_iter().chain(self.all("left_many")) {
            let _ = Command::new("sh").args(["-c", left["remove"].as_str().expect("remove")]).output();
        }
    }
}
