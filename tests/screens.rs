//! Snapshots: what each program tells, as text and as JSON, from a real run.
//!
//! What differs from run to run is masked by name, and what wraps differently because of it is unwrapped; that no
//! line is too long is tested elsewhere. The runs are a plain user's: root is let past permission bits, which
//! lesson 3 shows.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use insta::{assert_snapshot, with_settings};
use nix::unistd::geteuid;
use playground::course::LESSONS;

/// The user that runs lessons for the tests of root.
const NOBODY: u32 = 65534;

/// What differs from run to run, and the name that stands for it.
const MASKS: [(&str, &str); 33] = [
    (r"(semget\([^)]*\)) = \d+", "$1 = [semid]"),
    (r"(semctl|semop)\(\d+,", "$1([semid],"),
    (r#"("semid"):\d+"#, "$1:\"[semid]\""),
    (r#"("name":"semget","args":\{[^}]*\},"result"):\d+"#, "$1:\"[semid]\""),
    (r"(?m)^    and \d+ that others made, which this lesson does not touch\n", ""),
    (r#""others":\d+"#, r#""others":"[others]""#),
    (r"(0x[0-9a-f]{8}) \d+ +\S+ +(\d{3} )", "$1 [shmid]    [owner]    $2"),
    (r#""owner":"[^"]*""#, r#""owner":"[owner]""#),
    (r"(shm(?:get|ctl)\([^)]*\)) = [1-9]\d*", "$1 = [shmid]"),
    (r"(shmget\([^)]*\)) = 0", "$1 = [shmid]"),
    (r#"("name":"shmget","args":\{[^}]*\},"result"):\d+"#, "$1:\"[shmid]\""),
    (r"(shmat|shmctl)\(\d{1,9},", "$1([shmid],"),
    (r"segment \d+ *│", "segment [shmid]   │"),
    (r"([Ss]egment |id |-i |-m |shmid=)(\d{1,9})\b", "$1[shmid]"),
    (r#""bytes":\[(\d+,){5}127,0,0\]"#, "\"bytes\":\"[address]\""),
    (r"00:01 \d+ /SYSV", "00:01 [shmid] /SYSV"),
    (r#"("shmid"|"inode"):\d+"#, "$1:\"[shmid]\""),
    (r"Process \d+", "Process [pid]"),
    (r"\[(child|sealed) \d+\]", "[$1 [pid]]"),
    (r"/proc/\d+/", "/proc/[pid]/"),
    (r"\b\d+, us\b *", "[pid], us     "),
    (r"([cl]pid=| -p )\d+", "$1[pid]"),
    (r#"("[cl]?pid"):\d+"#, "$1:\"[pid]\""),
    (r"([cg]?[ug]id=)\d+", "$1[uid]"),
    (r"(shm_perm\.c?[ug]id +)\d+ +\d+ *\n", "$1[uid]         [uid]\n"),
    (r"(shm_perm\.c?[ug]id +)\d+ +", "$1[uid]         "),
    (r#"("[ug]id"):\d+"#, "$1:\"[uid]\""),
    (r#"("name":"shm_perm.c?[ug]id","values":)\[[^]]*\]"#, "$1\"[uid]\""),
    (r"\b1[789]\d{8} ", "[time]     "),
    (r"\b1[789]\d{8}\b", "[time]"),
    (r"(_time=).*", "$1[time]"),
    (r"\b(0x)?[0-9a-f]{12}\b", "$1[address]"),
    (r#"("(?:address|start|end|result)"):\d{10,}"#, "$1:\"[address]\""),
];

/// What lesson 20 measures, and what it is measured on.
const MEASURED: [(&str, &str); 19] = [
    (r"(?m)^  This is a debug build(.*\n)+?\n", ""),
    (r#"(?m)^\{"event":"warning".*\n"#, ""),
    (r"(?m)^    (build|rounds|processors|frequency|other load|steal time) .*", "    $1  [as it was]"),
    (r"(?m)^    by +64 B .*", "    by  64 B  1 KiB  8 KiB  64 KiB  1 MiB"),
    (
        r"(?m)^    (segment, \w+|in place, spin|one each time|file, spin|pipe|Unix socket|TCP, loopback|POSIX queue|System V queue)  +(█.*|[-<\d].*|refused.*|not measured|unclear.*)$",
        "    $1  [figures]",
    ),
    (r"(?m)^    by +time$", "    by  time"),
    (r"(?m)^    (64 K?i?B [^:\n]+: .*, .*\w)  +\S.*$", "    $1  [ratio]"),
    (r"(?m)^    (a line of the cache, .*|memcpy of .*B|a system call .*\))  +\S.*$", "    $1  [time]"),
    (r"(?m)^(  Counted  messages that arrived [^:]*): \d+", "$1: [messages]"),
    (r"(?m)^  Answer (.*\n)+?\n", "  Answer  [as measured]\n\n"),
    (r"(?m)^  Missing  What came of it cannot be seen here\.\n", "  Answer  [as measured]\n"),
    (r#"(?m)^\{"event":"answer".*"#, r#"{"event":"answer","value":"[as measured]"}"#),
    (
        r#"(?m)^\{"event":"missing","text":"What came of it cannot be seen here\."\}"#,
        r#"{"event":"answer","value":"[as measured]"}"#,
    ),
    (r#"("times"):\d+"#, "$1:\"[messages]\""),
    (r#"("event":"table".*"rows"):\[\[.*"#, "$1:\"[as measured]\"}"),
    (r#"("time"):(null|\{[^}]*\})"#, "$1:\"[time]\""),
    (r#"("ratio"):(null|\{[^}]*\})"#, "$1:\"[ratio]\""),
    (r#"("ratio_is_told"):(true|false)"#, "$1:\"[told]\""),
    (r"(mq_open|msgsnd): E\w+ \([^)]*\)", "$1: [errno] ([limit])"),
];

#[test]
fn every_program_tells_what_its_snapshot_says() {
    let programs = LESSONS.iter().map(|lesson| lesson.name).chain(["walkthrough"]);
    for name in programs {
        let arguments = [&["--pace", "run"], own_arguments(name)].concat();
        snapshot(name, &unwrapped(&told(name, &arguments)));
        snapshot(&format!("{name}.json"), &told(name, &[&arguments[..], &["--format", "json"]].concat()));
    }
}

/// Lesson 20 measures as shortly as it can: its figures are masked, and whether they are plausible is tested elsewhere.
fn own_arguments(name: &str) -> &'static [&'static str] {
    if name == "lesson20" { &["--time", "200"] } else { &[] }
}

#[test]
fn the_quiet_walk_prints_the_four_lines_of_the_c_program() {
    snapshot("walkthrough-quiet", &told("walkthrough", &["--quiet"]));
}

#[test]
fn the_list_names_every_lesson() {
    snapshot("walkthrough-list", &told("walkthrough", &["--list"]));
}

fn snapshot(name: &str, text: &str) {
    with_settings!({
        snapshot_path => "../snapshots",
        prepend_module_to_snapshot => false,
        omit_expression => true,
        filters => [&MASKS[..], if name.starts_with("lesson20") { &MEASURED } else { &[] }].concat(),
    }, {
        assert_snapshot!(name, text);
    });
}

/// What a program prints when a plain user runs it.
fn told(name: &str, arguments: &[&str]) -> String {
    let built = Path::new(env!("CARGO_BIN_EXE_walkthrough")).with_file_name(name);
    let mut command = Command::new(&built);
    let folder = tempfile::tempdir().expect("a temporary folder");
    if geteuid().is_root() {
        // The project may lie where only root may enter. Another process copies: a file that this one had open
        // for writing could not be run while another thread forks (ETXTBSY).
        let copy = folder.path().join(name);
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("open the folder");
        let copied = Command::new("cp").args([&built, &copy]).status().expect("cp");
        assert!(copied.success(), "{} cannot be copied", built.display());
        command = Command::new(&copy);
        command.uid(NOBODY).gid(NOBODY);
    }
    let output =
        command.args(arguments).env("LANG", "C.UTF-8").env_remove("LC_ALL").env_remove("LC_CTYPE").output();
    let output = output.unwrap_or_else(|error| panic!("{name} cannot be run: {error}"));
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Joins a line with the one that it goes on from.
///
/// Text after a label goes on 11 columns in; evidence goes on 6 columns in. What begins a line of its own there is
/// an option, or a place in a file.
fn unwrapped(text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        let body = line.trim_start();
        let indent = line.len() - body.len();
        let own_line =
            body.starts_with("Not ") || body.split_once(") ").is_some_and(|(letter, _)| letter.len() == 1);
        let place = body.starts_with("lessons/") || body.starts_with("src/");
        match lines.last_mut() {
            Some(last) if matches!(indent, 6 | 11) && !body.is_empty() && !own_line && !place => {
                *last += &format!(" {body}");
            }
            _ => lines.push(line.to_owned()),
        }
    }
    lines.join("\n")
}
