//! Programs that attack: each ends in a finding, in bounded time, with nothing left, and the next one is judged as if
//! it had never been.

use crate::examined;
use crate::support;

use std::env;
use std::fs;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use check::exercise;
use examined::{Workspace, cc, codes, root};
use nix::pty::openpty;
use playground::call::{Answer, Call, Cmd, Key, ShmgetFlags, Shmid};
use playground::kernel::{Linux, Process};
use serde_json::Value;
use support::{Namespace, namespaces, table};

/// Longer than this no judgement takes here, however busy the machine is; without limits most would take for ever.
const BOUND: Duration = Duration::from_secs(150);

/// A folder with the hostile program, which it could delete if it were let.
struct Attack {
    workspace: Workspace,
    program: PathBuf,
}

impl Attack {
    fn new(name: &str) -> Attack {
        Attack::with(name, &[])
    }

    fn with(name: &str, options: &[&str]) -> Attack {
        let workspace = Workspace::new();
        let solutions = format!("-DSOLUTIONS=\"{}\"", root().join("tests/solutions").display());
        let source = root().join("tests/hostile").join(name).with_extension("c");
        let program = cc(&source, workspace.path(), &[&["-w", &solutions], options].concat());
        Attack { workspace, program }
    }

    /// What is found; and that nothing is left, and the next one passes.
    fn verdict(&self) -> Value {
        let (begun, before) = (Instant::now(), table());
        let program = self.program.display().to_string();
        let mut check = self.workspace.command(&["--format", "json", "1", "--", &program]);
        let output = check.current_dir(self.workspace.path()).output().expect("check runs");
        let verdict: Value = serde_json::from_slice(&output.stdout).expect("a verdict");
        assert_eq!(output.status.code(), Some(1), "{verdict}");
        assert!(begun.elapsed() < BOUND, "{program} took {:?}", begun.elapsed());
        assert_eq!(running(&self.program), Vec::<String>::new(), "processes are left");
        let is_its = |id: &Shmid| !before.iter().any(|row| row.shmid == *id);
        let left = table().into_iter().filter(|row| is_its(&row.shmid) && gone(row.cpid));
        assert_eq!(left.filter(|row| row.size == 1 << 20).count(), 0, "segments are left");
        assert!(self.program.exists(), "{program} is gone");
        self.next_passes();
        verdict
    }

    fn next_passes(&self) {
        let next = cc(&root().join("tests/solutions/exercise01.c"), self.workspace.path(), &[]);
        let verdict = self.workspace.verdict(&["1", "--", &next.display().to_string()]);
        assert_eq!(verdict["passed"], true, "the next one: {verdict}");
    }
}

/// Processes that run this program, wherever they are.
fn running(program: &Path) -> Vec<String> {
    let entries = fs::read_dir("/proc").expect("/proc").flatten();
    let exe = |path: PathBuf| fs::read_link(path.join("exe")).ok();
    let is_it = |path: &PathBuf| exe(path.clone()).is_some_and(|exe| exe == program);
    entries.map(|entry| entry.path()).filter(is_it).map(|path| path.display().to_string()).collect()
}

fn gone(pid: i32) -> bool {
    !Path::new(&format!("/proc/{pid}")).exists()
}

/// Attacks that only namespaces hold off are not made where there are none: they would succeed.
fn found(name: &str) -> Vec<String> {
    if !namespaces(name) {
        return Vec::new();
    }
    codes(&Attack::new(name).verdict())
}

fn is_found(name: &str, code: &str) {
    let found = found(name);
    assert!(found.is_empty() || found[0] == code, "{name}: {found:?}");
}

#[test]
fn one_that_loops_for_ever_and_ignores_signals_is_ended() {
    is_found("loops", "timed-out");
}

#[test]
fn one_that_stops_itself_is_ended() {
    is_found("stops", "timed-out");
}

#[test]
fn one_that_forks_without_end_is_ended() {
    is_found("forks", "over-limit");
}

#[test]
fn one_that_fills_memory_is_ended() {
    is_found("memory", "over-limit");
}

#[test]
fn one_that_fills_memory_that_nobody_has_mapped_is_ended() {
    is_found("memfds", "over-limit");
}

#[test]
fn one_that_fills_memory_by_segments_meets_a_limit() {
    let found = found("segments");
    assert!(found.is_empty() || found.iter().any(|code| code == "never-removed"), "{found:?}");
}

#[test]
fn one_that_leaves_semaphores_leaves_none() {
    let found = found("semaphores");
    assert!(found.is_empty() || found.iter().any(|code| code == "never-removed"), "{found:?}");
}

#[test]
fn one_that_fills_disks_writes_to_none() {
    is_found("disk", "not-allocated");
    for place in ["/tmp/hostile-file", "/var/tmp/hostile-file", "/dev/shm/hostile-file"] {
        assert!(!Path::new(place).exists(), "{place}");
    }
}

#[test]
fn one_that_prints_gigabytes_is_ended() {
    is_found("output", "over-limit");
}

#[test]
fn one_that_kills_its_group_kills_itself() {
    is_found("killgroup", "not-allocated");
}

#[test]
fn one_that_kills_its_tracer_does_not() {
    is_found("killtracer", "not-allocated");
}

#[test]
fn one_that_kills_its_judge_does_not() {
    // It has no parent that it could name: 0 is its own process group.
    is_found("killjudge", "leaked-on-error");
}

#[test]
fn one_that_slips_away_from_the_tracer_is_ended() {
    is_found("untraced", "timed-out");
}

#[test]
fn one_that_leaves_a_daemon_is_found_out() {
    is_found("daemon", "timed-out");
}

#[test]
fn one_that_deletes_its_own_file_does_not() {
    is_found("deletes", "not-allocated");
}

#[test]
fn one_that_looks_for_the_solutions_finds_none() {
    is_found("solutions", "not-allocated");
}

#[test]
fn one_that_forges_a_verdict_is_not_believed() {
    is_found("forges", "not-allocated");
}

#[test]
fn one_that_draws_on_the_screen_only_has_its_words_quoted() {
    let workspace = Workspace::new();
    let program = cc(&root().join("tests/hostile/draws.c"), workspace.path(), &[]).display().to_string();
    let file = workspace.path().join("junit.xml");
    let output = workspace.check(&["1", "--junit", &file.display().to_string(), "--", &program]);
    for text in [String::from_utf8(output.stdout).unwrap(), fs::read_to_string(file).unwrap()] {
        assert!(text.contains(r"\u{1b}[HExercise 1 passed"), "{text}");
        assert!(!text.contains(|letter: char| letter.is_control() && letter != '\n'), "{text:?}");
    }
}

#[test]
fn one_that_draws_on_the_screen_when_it_is_compiled_only_has_its_words_quoted() {
    let workspace = Workspace::new();
    let student = workspace.path().join("class/eve");
    fs::create_dir_all(&student).unwrap();
    fs::write(student.join("exercise01.c"), "#error \u{1b}[2J\u{9b}8m passed\n").unwrap();
    let class = workspace.path().join("class").display().to_string();
    let output = workspace.check(&["--csv", "--class", &class]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("compile-error") && text.contains("passed"), "{text}");
    assert!(!text.contains(|letter: char| letter.is_control() && letter != '\n'), "{text:?}");
}

#[test]
fn one_that_has_no_end_when_it_is_compiled_is_ended() {
    let workspace = Workspace::new();
    let student = workspace.path().join("class/eve");
    fs::create_dir_all(&student).unwrap();
    let sources =
        ["#include \"/dev/zero\"\n", "char big[1 << 30] = { 1 };\nint main(void) { return big[1]; }\n"];
    for (number, source) in (1..).zip(sources) {
        fs::write(student.join(format!("exercise{number:02}.c")), source).unwrap();
    }
    let class = workspace.path().join("class").display().to_string();
    let begun = Instant::now();
    let output = workspace.check(&["--format", "json", "--class", &class]);
    let marked: Value = serde_json::from_slice(&output.stdout).unwrap();
    for verdict in marked["verdicts"].as_array().unwrap() {
        assert_eq!(codes(verdict), ["over-limit"], "{marked}");
    }
    assert!(begun.elapsed() < BOUND, "{:?}", begun.elapsed());
}

#[test]
fn one_that_includes_a_solution_when_it_is_compiled_finds_none() {
    if !namespaces("include") {
        return;
    }
    let workspace = Workspace::new();
    let student = workspace.path().join("class/eve");
    fs::create_dir_all(&student).unwrap();
    for number in [1, 8] {
        let exercise = exercise(number).unwrap();
        let solution = root().join(exercise.solution("c"));
        let file = student.join(exercise.name()).with_extension("c");
        fs::write(file, format!("#include \"{}\"\n", solution.display())).unwrap();
    }
    let output = workspace.check(&[
        "--format",
        "json",
        "--class",
        &workspace.path().join("class").display().to_string(),
    ]);
    let marked: Value = serde_json::from_slice(&output.stdout).unwrap();
    for verdict in [&marked["verdicts"][0], &marked["verdicts"][1]] {
        assert_eq!(codes(verdict), ["compile-error"], "{marked}");
    }
}

#[test]
fn one_that_looks_for_others_sockets_terminals_and_disks_finds_none() {
    if !namespaces("outside") {
        return;
    }
    let _terminal = openpty(None, None).unwrap();
    // In a temporary folder of somebody else's, and in one that is not covered: that of the programs.
    for parent in [env::temp_dir(), examined::CHECK.parent().unwrap().to_owned()] {
        let place = tempfile::tempdir_in(parent).unwrap();
        let socket = place.path().join("socket");
        let listener = UnixListener::bind(&socket).unwrap();
        let attack = Attack::with("outside", &[&format!("-DSOCKET=\"{}\"", socket.display())]);
        assert_eq!(codes(&attack.verdict()), ["not-allocated"], "{}", socket.display());
        listener.set_nonblocking(true).unwrap();
        assert!(listener.accept().is_err(), "somebody came to {}", socket.display());
    }
}

#[test]
fn one_that_copies_from_another_student_finds_nothing() {
    if !namespaces("copies") {
        return;
    }
    let workspace = Workspace::new();
    let class = workspace.path().join("class");
    for student in ["ada", "eve"] {
        fs::create_dir_all(class.join(student)).unwrap();
    }
    for name in ["exercise01.c", "exercise04.c"] {
        fs::copy(root().join("tests/solutions").join(name), class.join("ada").join(name)).unwrap();
    }
    let script = "cc -o /dev/shm/copied ../ada/exercise01.c && exec /dev/shm/copied\n";
    fs::write(class.join("eve/exercise01.sh"), format!("export TMPDIR=/dev/shm; {script}")).unwrap();
    fs::write(class.join("eve/exercise04.c"), "#include \"../ada/exercise04.c\"\n").unwrap();
    let output = workspace.check(&["--format", "json", "--class", &class.display().to_string()]);
    let marked: Vec<Value> = String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).expect(line))
        .collect();
    let found = |student: usize| [0, 1].map(|number| codes(&marked[student]["verdicts"][number]));
    assert_eq!(found(0), [[""; 0]; 2], "{marked:?}");
    assert_eq!(found(1), [["not-allocated"], ["compile-error"]], "{marked:?}");
}

#[test]
fn one_that_removes_foreign_segments_finds_none() {
    if !namespaces("foreign") {
        return;
    }
    let mut process = Linux::new();
    let call = Call::Shmget {
        key: Key::PRIVATE,
        size: 1,
        flags: ShmgetFlags::IPC_CREAT,
        mode: playground_core::Mode::S_IRUSR,
    };
    let Ok(Ok(Answer::Id(shmid))) = process.perform(&call) else { panic!("a segment of our own") };
    let codes = codes(&Attack::new("foreign").verdict());
    let removed = process.perform(&Call::Shmctl { shmid, cmd: Cmd::IpcRmid });
    assert_eq!(codes, ["not-allocated"]);
    assert_eq!(removed.unwrap(), Ok(Answer::Done), "it was still there");
}

/// What is left where namespaces are forbidden; attacks on other people's processes are not tried.
#[test]
fn without_namespaces_limits_still_hold() {
    thread::scope(|scope| {
        for (name, code) in [("loops", "timed-out"), ("forks", "over-limit"), ("output", "over-limit")] {
            scope.spawn(move || is_found_without_walls(name, code));
        }
    });
}

#[test]
#[ignore = "slow by nature: only the end of its time ends it; .ci/run tries it"]
fn without_namespaces_one_that_slips_away_from_the_tracer_is_ended() {
    let verdict = is_found_without_walls("untraced", "timed-out");
    assert!(verdict.to_string().contains("had slipped away from the tracer"), "{verdict}");
}

fn is_found_without_walls(name: &str, code: &str) -> Value {
    let attack = Attack::new(name);
    let program = attack.program.display().to_string();
    let mut check = attack.workspace.command(&["--without-walls", "--format", "json", "1", "--", &program]);
    let output = check.stderr(Stdio::null()).output().expect("check runs");
    let verdict: Value = serde_json::from_slice(&output.stdout).expect("a verdict");
    assert_eq!(codes(&verdict), [code], "{name}: {verdict}");
    assert_eq!(running(&attack.program), Vec::<String>::new(), "{name}: processes are left");
    attack.next_passes();
    verdict
}

/// Everything that the kernel's tables hold in a namespace, where nobody else makes anything.
fn tables(namespace: &Namespace) -> (String, String) {
    let rows = |name: &str| {
        let text = namespace.output(Command::new("cat").arg(format!("/proc/sysvipc/{name}")));
        text.lines().skip(1).map(|line| format!("{line}\n")).collect()
    };
    (rows("shm"), rows("sem"))
}

/// As above, with the tables looked through. Attacks on files and on foreign processes are not tried here, either.
#[test]
fn without_namespaces_nothing_is_left_in_the_kernels_tables() {
    if !namespaces("tables") {
        return;
    }
    thread::scope(|scope| {
        for name in ["segments", "semaphores", "killjudge", "stops", "daemon", "memory", "forges"] {
            scope.spawn(move || leaves_nothing_without_walls(name));
        }
    });
}

fn leaves_nothing_without_walls(name: &str) {
    let (attack, namespace) = (Attack::new(name), Namespace::new());
    let temporary = tempfile::tempdir().unwrap();
    let program = attack.program.display().to_string();
    let mut check = attack.workspace.command(&["--without-walls", "--format", "json", "1", "--", &program]);
    check.env("TMPDIR", temporary.path()).stderr(Stdio::null());
    namespace.around_command(&mut check);
    let output = check.output().expect("check runs");
    assert_eq!(output.status.code(), Some(1), "{name}: {}", String::from_utf8_lossy(&output.stdout));
    assert_eq!(running(&attack.program), Vec::<String>::new(), "{name}: processes are left");
    assert_eq!(tables(&namespace), (String::new(), String::new()), "{name}");
    assert_eq!(fs::read_dir(temporary.path()).unwrap().count(), 0, "{name}: files are left");
}

#[test]
fn an_attack_in_a_class_harms_nobody_beside_it() {
    if !namespaces("class") {
        return;
    }
    let workspace = Workspace::new();
    let class = workspace.path().join("class");
    let attacks = ["forks", "killgroup", "killtracer", "segments", "semaphores", "disk"];
    for (number, attack) in attacks.into_iter().enumerate() {
        for (student, source) in
            [("eve", format!("hostile/{attack}.c")), ("ada", "solutions/exercise01.c".into())]
        {
            let folder = class.join(format!("{number}-{student}"));
            fs::create_dir_all(&folder).unwrap();
            fs::copy(root().join("tests").join(source), folder.join("exercise01.c")).unwrap();
        }
    }
    let output = workspace.check(&["--format", "json", "--class", &class.display().to_string()]);
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let marked: Value = serde_json::from_str(line).expect(line);
        let is_honest = marked["student"].as_str().unwrap().ends_with("ada");
        assert_eq!(marked["verdicts"][0]["passed"], is_honest, "{marked}");
    }
}

#[test]
fn without_namespaces_solutions_pass_all_the_same_and_the_learner_is_told() {
    let workspace = Workspace::new();
    for number in ["05", "09", "10", "16"] {
        let source = root().join(format!("tests/solutions/exercise{number}.c"));
        let program = cc(&source, workspace.path(), &[]).display().to_string();
        let arguments = ["--without-walls", "--format", "json", number, "--", &program];
        let output = workspace.command(&arguments).output().expect("check runs");
        let verdict: Value = serde_json::from_slice(&output.stdout).expect("a verdict");
        assert_eq!(verdict["passed"], true, "{verdict}");
        assert!(verdict["notes"][0].as_str().unwrap().starts_with("No walls"), "{verdict}");
    }
}

#[test]
fn a_judge_that_is_killed_leaves_nothing() {
    let attack = Attack::new("loops");
    let program = attack.program.display().to_string();
    let mut check =
        attack.workspace.command(&["1", "--", &program]).stdout(Stdio::null()).spawn().expect("check runs");
    let end = Instant::now() + BOUND;
    while running(&attack.program).is_empty() {
        assert!(Instant::now() < end, "it never ran");
    }
    check.kill().expect("killed");
    check.wait().expect("waited for");
    while !running(&attack.program).is_empty() {
        assert!(Instant::now() < end, "it runs on");
    }
    let _ = Command::new("true").status();
}
