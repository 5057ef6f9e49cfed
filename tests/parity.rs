//! The walk beside a C program: the same calls in the same order with the same arguments, and the same four lines.
//!
//! Needs strace and a C compiler, so it belongs to the group `tools`: `cargo test --features tools`.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use insta::assert_snapshot;
use regex::Regex;

/// The system calls of a program under strace, and what it printed.
struct Traced {
    calls: Vec<String>,
    printed: String,
}

#[test]
fn the_quiet_walk_is_the_c_program() {
    let c = traced(&built_c_program(), &[]);
    let rust = traced(Path::new(env!("CARGO_BIN_EXE_walkthrough")), &["--quiet"]);
    assert_eq!(rust.calls, c.calls);
    assert_eq!(rust.printed, c.printed);
    assert_snapshot!(c.calls.join("\n"), @r#"
    shmget(IPC_PRIVATE, 25600, IPC_CREAT|IPC_EXCL|0600) = [shmid]
    shmat([shmid], NULL, 0) = [address]
    shmctl([shmid], IPC_STAT, [record]) = 0
    shmdt([address]) = 0
    shmat([shmid], 0x5000000, 0) = 0x5000000
    shmdt(0x5000000) = 0
    shmctl([shmid], IPC_RMID, NULL) = 0
    "#);
    assert_snapshot!(c.printed, @r"
    Attached at address [address]
    Segment size: 25600
    Reattached at address 0x5000000
    THIS IS A TEST
    ");
}

fn built_c_program() -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/c/shm.c");
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("parity-shm");
    let mut cc = Command::new("cc");
    let output = run(cc.args(["-Wall", "-Wextra", "-Werror", "-o"]).arg(&program).arg(source), "install gcc");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    program
}

fn traced(program: &Path, arguments: &[&str]) -> Traced {
    let mut strace = Command::new("strace");
    strace.args(["-qq", "-f", "-a", "1", "-e", "trace=shmget,shmat,shmdt,shmctl", "-e", "signal=none"]);
    let output = run(strace.arg(program).args(arguments), "install strace");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let trace = String::from_utf8(output.stderr).expect("UTF-8");
    let printed = String::from_utf8(output.stdout).expect("UTF-8");
    Traced { calls: trace.lines().map(masked).collect(), printed: masked(printed.trim_end()) }
}

fn run(command: &mut Command, advice: &str) -> Output {
    command.output().unwrap_or_else(|error| panic!("{:?}: {error}; {advice}", command.get_program()))
}

/// What differs from run to run, by name.
fn masked(text: &str) -> String {
    let masks = [
        (r"(shmget\(.*\)) = \d+", "$1 = [shmid]"),
        (r"(shmat|shmctl)\(\d+,", "$1([shmid],"),
        (r"IPC_STAT, .*\)", "IPC_STAT, [record])"),
        (r"0x[0-9a-f]{9,}", "[address]"),
    ];
    masks.iter().fold(text.to_owned(), |text, (pattern, name)| {
        Regex::new(pattern).expect("a pattern").replace_all(&text, *name).into_owned()
    })
}
