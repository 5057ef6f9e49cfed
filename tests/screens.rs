//! Snapshots: what each program tells, as text and as JSON, from a real run.
//!
//! What differs from run to run is masked by name, and what wraps differently because of it is unwrapped; that no
//! line is too long is tested elsewhere. The runs are a plain user's: root is let past permission bits, which
//! lesson 3 shows.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::sync::{LazyLock, OnceLock};

use caps::{CapSet, Capability};
use insta::{assert_snapshot, with_settings};
use nix::unistd::geteuid;
use playground::course::LESSONS;
use regex::Regex;
use serde_json::Value;

use crate::support::program_file;

/// The user that runs lessons for the tests of root.
const NOBODY: u32 = 65534;

/// What differs from run to run, and the name that stands for it.
const MASKS: &[(&str, &str)] = &[
    // Whether the segment gets a place between two libraries, or below all of them, is the machine's: it depends on how
    // much a signal's stack takes, and on the list of all libraries. How the parts are drawn is tested with the drawing.
    (
        r"(?m)^(  the address space, drawn from the maps\n +before +now *\n)(.*[┌│├└┆].*\n)+",
        "$1    [the parts, as in JSON]\n",
    ),
    (r#"(\{"what":"segment"[^}]*\}),\{"what":"libraries"[^}]*\}"#, "$1"),
    (r"(?m)^    where +number +today +what it did$", "    where  number  today  what it did"),
    (r"(?m)^    (shm_perm\.c?uid) +\d+ +\S.*?  +(\w.*)$", "    $1  [uid]  [owner]  $2"),
    (r"(?m)^    (shm_[cl]pid|/proc/\*/maps) +\d+ +(\S.*?)  +(\w.*)$", "    $1  [pid]  $2  $3"),
    (r#"\["(shm_perm\.c?uid)","\d+","[^"]*""#, "[\"$1\",\"[uid]\",\"[owner]\""),
    (r#"\["(shm_[cl]pid|/proc/\*/maps)","\d+""#, "[\"$1\",\"[pid]\""),
    (r"(IPC_INFO, &info\)) = \d+", "$1 = [index]"),
    (r#"("cmd":"IPC_INFO".*?"result"):\d+"#, "$1:\"[index]\""),
    (r"(?m)^    kernel\. +limit +of$", "    kernel.  limit  of"),
    (r"(?m)^    (shm[a-z]{3}) +\d+ +([a-z])", "    $1  [limit]  $2"),
    (r#"\["(shm[a-z]{3})","\d+""#, "[\"$1\",\"[limit]\""),
    (r"(argument: |ipcrm )\d+", "$1[shmid]"),
    (r"sudo \S*/lesson11", "sudo [path]/lesson11"),
    (r"nsenter -t \d+", "nsenter -t [pid]"),
    (r"( -p )\d+", "$1[pid]"),
    (r"\[([AB]) \d+\]", "[$1 [pid]]"),
    (r"(ipcs -s -i |ipcrm -s |Semaphore Array semid=)\d+", "$1[semid]"),
    (r"(semop|semctl)\(\d{1,10},", "$1([semid],"),
    (r"(semget\([^)]*\)) = \d+", "$1 = [semid]"),
    (r#"("name":"semget","args":\{[^}]*\},"result"):\d+"#, "$1:\"[semid]\""),
    (r#"("semid"):\d+"#, "$1:\"[semid]\""),
    (r"([oc]time = )\w+ \w+ +\d+ [\d:]+ \d+", "$1[time]"),
    (r"((?:\b|\\n)[01] +0 +1 +0 +)\d+ *", "$1[pid]"),
    (r"(0100: +)[0-9a-f ]+ {3}.*", "$1[pid and the highest bit]"),
    (r#"("offset":256,"bytes":)\[[^\]]*\]"#, "$1\"[pid and the highest bit]\""),
    (r#"(sleeps in: |"function":")[^"\n]*"#, "$1[function]"),
    (
        r"races +increments made +counter +updates lost\n.*",
        "races, increments made, counter, updates lost: [race]",
    ),
    (
        r"way +increments +lost +system calls +nanoseconds +ratio",
        "way, increments, lost, system calls, nanoseconds, ratio",
    ),
    (r"(?m)^    (bare|atomic|futex|semaphore) +\d{3,}.*$", "    $1: [cost]"),
    (r#"("title":"(?:the last race|what one increment costs).*"rows":)\[\[.*\]\]"#, "$1\"[race]\""),
    (r"(?m)^    and \d+ that others made, which we do not touch\n", ""),
    (r#""others":\d+"#, r#""others":"[others]""#),
    (r"(0x[0-9a-f]{8}) \d+ +\S+ +(\d{3} )", "$1 [shmid]    [owner]    $2"),
    (r#""owner":"[^"]*""#, r#""owner":"[owner]""#),
    (r"(shm(?:get|ctl)\([^)]*\)) = [1-9]\d*", "$1 = [shmid]"),
    (r"(shmget\([^)]*\)) = 0", "$1 = [shmid]"),
    (r#"("name":"shmget","args":\{[^}]*\},"result"):\d+"#, "$1:\"[shmid]\""),
    (r"(shmat|shmctl)\((?:\d{1,9}|1\d{9}|20\d{8}|21[0-3]\d{7}|214[0-6]\d{6}),", "$1([shmid],"),
    (r"segment \d+ *│", "segment [shmid]   │"),
    (
        r"([Ss]egment |id |-i |-m |shmid=)((?:\d{1,9}|1\d{9}|20\d{8}|21[0-3]\d{7}|214[0-6]\d{6}))\b",
        "$1[shmid]",
    ),
    (r#""bytes":\[(\d+,){5}12[5-7],0,0\]"#, "\"bytes\":\"[address]\""),
    (r"00:01 \d+ /SYSV", "00:01 [shmid] /SYSV"),
    (r#"("shmid"|"inode"):\d+"#, "$1:\"[shmid]\""),
    (r"(Process|shows it: process|we are process) \d+", "$1 [pid]"),
    (r"\[([a-z]+) \d+\]", "[$1 [pid]]"),
    // Lesson 0: descriptors, sets of semaphores, a file's name, and the processes of a pipeline.
    (r"/(?:dev/shm|tmp)/shm_playground_[0-9_]+", "[file]"),
    (r"((?:pipe2|socketpair)\([^)]*\)) = 0 // \d+, \d+", "$1 = 0 // [fd], [fd]"),
    (r"([^.\w])(read|write|ftruncate)\(\d+,", "$1$2([fd],"),
    (r"close\(\d+\)", "close([fd])"),
    (r"(open\([^)]*\)) = \d+", "$1 = [fd]"),
    (r"MAP_SHARED, \d+,", "MAP_SHARED, [fd],"),
    (r#""fd":\d+"#, r#""fd":"[fd]""#),
    (r"In this process \d+ is no descriptor", "In this process [fd] is no descriptor"),
    (r#"("name":"open","args":\{[^}]*\},"result"):\d+"#, "$1:\"[fd]\""),
    // Lesson 21: names of shm_open, and descriptors that are passed on.
    (r"/shm_playground_[0-9_]+", "/[name]"),
    (r"((?:shm_open|memfd_create)\([^)]*\)) = \d+", "$1 = [fd]"),
    (r#"("name":"(?:shm_open|memfd_create)","args":\{[^}]*\},"result"):\d+"#, "$1:\"[fd]\""),
    (r"\b(fcntl|sendmsg|recvmsg)\(\d+", "$1([fd]"),
    (r"SCM_RIGHTS, \[\d+\]", "SCM_RIGHTS, [[fd]]"),
    (r#""socket":\d+"#, r#""socket":"[fd]""#),
    (r"/fd/\d+", "/fd/[fd]"),
    (r"(semop|semctl)\(\d+,", "$1([semid],"),
    (r"-s -i \d+", "-s -i [semid]"),
    (r#""semid":\d+"#, r#""semid":"[semid]""#),
    (
        r"process +pid +its parent +standard input +standard output",
        "process [pid] its parent standard input standard output",
    ),
    (r"(?m)^    sh +\d+ +\d+$", "    sh [pid] [pid]"),
    (r"(?m)^    (cat|xargs|ping) +\d+ +\d+ +(\S+) +(\S+)$", "    $1 [pid] [pid] $2 $3"),
    (r#"\["(sh|cat|xargs|ping)","\d+","\d+""#, r#"["$1","[pid]","[pid]""#),
    (r"pipe:\[\d+\]", "pipe:[pipe]"),
    // Lesson 12: the files of a program, as its maps name them.
    (r#"([0-9a-f]{12}-[0-9a-f]{12} r--p [0-9a-f]+) \S+ \d+ /[^"\n]*"#, "$1 [file]"),
    // Lesson 14: when the moments of a record were.
    (r"\d\d:\d\d:\d\d \(\+\d+ s\)", "[time] (+[n] s)"),
    (r"(shm_ctime is )\d\d:\d\d:\d\d( UTC)?", "$1[time]"),
    (r"(?m)^    0040:   .* {20,}\S+$", "    0040: [pid]"),
    (r#"("offset":64,"bytes":)\[[^\]]*\]"#, "$1\"[pid]\""),
    (r"\[sealed \d+\]", "[sealed [pid]]"),
    (r"/proc/\d+/", "/proc/[pid]/"),
    (r"\b\d+, us\b *", "[pid], us     "),
    (r"([cl]pid=| -p )\d+", "$1[pid]"),
    (r#"("[cl]?pid"):\d+"#, "$1:\"[pid]\""),
    (r"([cg]?[ug]id=)\d+", "$1[uid]"),
    (r"(shm_perm\.c?[ug]id +)\d+ +\d+ *\n", "$1[uid]         [uid]\n"),
    (r"(shm_perm\.c?[ug]id +)\d+ +", "$1[uid]         "),
    (r#"("[ug]id"):\d+"#, "$1:\"[uid]\""),
    (r#"("name":"shm_perm.c?[ug]id","values":)\[[^]]*\]"#, "$1\"[uid]\""),
    (r"\b(0x)?[0-9a-f]{12}\b", "$1[address]"),
    (
        r#"("name":"ftok","args":\{)[^}]*(\},"result"):-?\d+"#,
        "$1\"path\":\"[file]\",\"project\":\"[project]\"$2:\"[key]\"",
    ),
    (r#"("(?:address|start|end|result)"):\d{10,}"#, "$1:\"[address]\""),
    (r#"ftok\((\\?")[^"]*", \d+\)"#, "ftok(${1}[file]$1, [project])"),
    (r"0x(?:0[1-9a-f]|[1-9a-f][0-9a-f])[0-9a-f]{6}\b", "[key]"),
    (r"/SYSV(?:0[1-9a-f]|[1-9a-f][0-9a-f])[0-9a-f]{6}\b", "/SYSV[key]"),
    (r#""key":-?[1-9]\d*"#, "\"key\":\"[key]\""),
    (r"(the lowest \d+ bits of the \w+ ?\w+?'?s? number +)[0-9a-f]{2,4}\b", "$1[part]"),
    (r#"(the lowest \d+ bits of [^"]*",)"[0-9a-f]{2,4}""#, "$1\"[part]\""),
    (r"(until [a-z ]*: )\d+", "$1[times]"),
    (r#"("what":"[^"]* until [^"]*","times"):\d+"#, "$1:\"[times]\""),
    (r"(the old one|the new one|the one after) +\d+ +\d+ +\d+", "$1  [shmid]  [sequence]  [index]"),
    (r"segment +id +sequence +index", "segment  id  sequence  index"),
    (
        r#"("the old one"|"the new one"|"the one after"),"\d+","\d+","\d+""#,
        "$1,\"[shmid]\",\"[sequence]\",\"[index]\"",
    ),
    (r"\d\d:\d\d:\d\d, \d+ (s|min) ago", "[time], [n] s ago"),
    (r"\b1[789]\d{8}\b", "[time]"),
    (r"(_time=).*", "$1[time]"),
];

/// What lesson 20 measures, and what it is measured on.
const MEASURED: [(&str, &str); 20] = [
    (r"logarithmic: \+\d+ columns? for twice the\s+time", "logarithmic: [columns]"),
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
    (r"(?m)^  Missing  The rounds of this run (.*\n)+?\n", "  Answer  [as measured]\n\n"),
    (r#"(?m)^\{"event":"answer".*"#, r#"{"event":"answer","value":"[as measured]"}"#),
    (
        r#"(?m)^\{"event":"missing","text":"The rounds of this run [^"]*"\}"#,
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
    for name in names() {
        let arguments = [&["--pace", "run"], own_arguments(name)].concat();
        snapshot(name, &unwrapped(&told(name, &arguments)));
        snapshot(&format!("{name}.json"), told_in_json(name));
    }
}

fn names() -> impl Iterator<Item = &'static str> {
    LESSONS.iter().map(|lesson| lesson.name).chain(["walkthrough"])
}

/// What a program tells a plain user in JSON. Two tests look at that, and it runs once.
fn told_in_json(name: &str) -> &'static str {
    static RUNS: LazyLock<BTreeMap<&str, OnceLock<String>>> =
        LazyLock::new(|| names().map(|name| (name, OnceLock::new())).collect());
    RUNS[name].get_or_init(|| told(name, &in_json(name)))
}

fn in_json(name: &str) -> Vec<&'static str> {
    [&["--pace", "run", "--format", "json"], own_arguments(name)].concat()
}

/// However busy the machine is, second processes take their turns in the same order. Ten runs at once are the load.
#[cfg(feature = "tools")]
#[test]
fn lessons_with_second_processes_tell_the_same_ten_times_on_a_loaded_machine() {
    for name in LESSONS[9..=16].iter().map(|lesson| lesson.name) {
        let run = || masked(&unwrapped(&told(name, &["--pace", "run"])));
        let runs: Vec<_> = std::thread::scope(|scope| {
            let running: Vec<_> = (0..10).map(|_| scope.spawn(run)).collect();
            running.into_iter().map(|run| run.join().expect("it was told")).collect()
        });
        assert!(runs.iter().all(|run| *run == runs[0]), "{name} tells different things");
    }
}

/// Lesson 20 measures as shortly as it can and answers its questions: its figures are masked, and whether they are
/// plausible is tested elsewhere.
fn own_arguments(name: &str) -> &'static [&'static str] {
    if name == "lesson20" { &["--time", "200", "--rounds", "5"] } else { &[] }
}

#[test]
fn the_readme_shows_a_real_screen() {
    let readme =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).expect("README.md");
    let (_, rest) = readme.split_once("<!-- screen:lesson03 -->\n```text\n").expect("the screen begins");
    let (shown, _) = rest.split_once("```\n").expect("the screen ends");
    let told = masked(&unwrapped(&told("lesson03", &["--pace", "run"])));
    let shown = masked(&unwrapped(shown.trim_end()));
    assert!(
        told.starts_with(&shown),
        "README.md shows what lesson03 does not tell:\n{shown}\n\nIt tells:\n{told}"
    );
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
    let masked = masked(text);
    let masked = if name.starts_with("lesson20") { put_on(&MEASURED_MASKS, &masked) } else { masked };
    with_settings!({
        snapshot_path => "../snapshots",
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, {
        assert_snapshot!(name, masked);
    });
}

/// A mask, compiled: that takes far longer than to put it on.
type Mask = (Regex, &'static str);

static USUAL_MASKS: LazyLock<Vec<Mask>> = LazyLock::new(|| compiled(MASKS));
static MEASURED_MASKS: LazyLock<Vec<Mask>> = LazyLock::new(|| compiled(&MEASURED));

fn compiled(masks: &[(&str, &'static str)]) -> Vec<Mask> {
    masks.iter().map(|(pattern, name)| (Regex::new(pattern).expect("a pattern"), *name)).collect()
}

fn put_on(masks: &[Mask], text: &str) -> String {
    masks.iter().fold(text.to_owned(), |text, (pattern, name)| pattern.replace_all(&text, *name).into_owned())
}

fn masked(text: &str) -> String {
    put_on(&USUAL_MASKS, text)
}

/// A claim that the process which asks has a capability; and a claim that it has none.
static PRIVILEGED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(it|process|child)( still)? has CAP_").expect("a pattern"));
static UNPRIVILEGED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"it has no privilege|does not have it").expect("a pattern"));

/// What is said to an answer: the reason for it, and the reasons against the other options.
fn reasons(lesson: &str, answer: &Value) -> String {
    let options = answer["options"].as_array().expect("options");
    let why = options.iter().map(|option| {
        option["why"].as_str().unwrap_or_else(|| panic!("{lesson} did not expect this answer: {answer}"))
    });
    why.collect::<Vec<_>>().join("\n")
}

/// What is said to each of the answers that were told in JSON.
fn answers(lesson: &str, told: &str) -> Vec<String> {
    let lines = told.lines().filter(|line| line.starts_with("{\"event\":\"answer\""));
    let answers = lines.map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    // What a machine is too small or too busy for has no answer among those that lesson 20 expects.
    let expected = answers.filter(|answer| lesson != "lesson20" || !answer["right"].is_null());
    expected.map(|answer| reasons(lesson, &answer)).collect()
}

#[test]
fn the_reasons_agree_with_the_answer_whoever_asks() {
    let mut privileged = 0;
    for lesson in LESSONS.iter().map(|lesson| lesson.name) {
        for reasons in answers(lesson, told_in_json(lesson)) {
            assert!(!PRIVILEGED.is_match(&reasons), "{lesson} as a plain user:\n{reasons}");
        }
        // How long lesson 18 races is no matter here.
        let shortly: &[&str] = if lesson == "lesson18" { &["--race", "1000"] } else { &[] };
        let told = told_to(User::Same, lesson, &[&in_json(lesson), shortly].concat());
        for reasons in answers(lesson, &told) {
            denies_no_option(lesson, &reasons);
            let claims = [&PRIVILEGED, &UNPRIVILEGED].map(|claim| claim.is_match(&reasons));
            assert_ne!(claims, [true, true], "{lesson}:\n{reasons}");
            privileged += usize::from(claims[0]);
        }
    }
    if caps::has_cap(None, CapSet::Effective, Capability::CAP_IPC_OWNER).unwrap_or(false) {
        assert_eq!(privileged, 2, "lessons 3 and 11 tell root that it is let past the bits");
    }
}

/// Which option of lesson 20 is right depends on the machine: a reason says what is so, and not that its option is wrong.
fn denies_no_option(lesson: &str, reasons: &str) {
    let denies = ["more than", "less than", "that is so", "that takes", "only with", "but "];
    let denial = reasons.lines().find(|why| denies.iter().any(|words| why.starts_with(words)));
    assert!(lesson != "lesson20" || denial.is_none(), "{denial:?}");
}

/// Who runs a program: a plain user, or whoever runs the tests.
#[derive(Clone, Copy, PartialEq, Eq)]
enum User {
    Plain,
    Same,
}

/// What a program prints when a plain user runs it.
fn told(name: &str, arguments: &[&str]) -> String {
    told_to(User::Plain, name, arguments)
}

fn told_to(user: User, name: &str, arguments: &[&str]) -> String {
    let built = program_file(name);
    let mut command = Command::new(&built);
    let folder = tempfile::tempdir().expect("a temporary folder");
    if user == User::Plain && geteuid().is_root() {
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

/// The letter of an option; a call that is wrapped may go on with a digit and a parenthesis.
fn is_letter(text: &str) -> bool {
    text.len() == 1 && text.starts_with(|first: char| first.is_ascii_lowercase())
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
            body.starts_with("Not ") || body.split_once(") ").is_some_and(|(letter, _)| is_letter(letter));
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
