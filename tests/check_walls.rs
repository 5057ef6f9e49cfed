//! The walls around a hand-in: what it sees, what its compiler sees, whom it can touch; and that no hand-in takes them
//! away, neither from itself nor from those after it.

use crate::examined;
use crate::support;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use examined::{Workspace, codes, root, text};
use nix::sched::CloneFlags;
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, geteuid};
use serde_json::Value;
use support::{namespaces, new_namespaces};
use tempfile::TempDir;

/// A line that no finding may show.
const SECRET: &str = "the-marker-only-knows-this";

/// A class in a folder that everybody may enter.
struct Class {
    folder: TempDir,
}

impl Class {
    fn in_folder(parent: &Path) -> Class {
        let folder = tempfile::tempdir_in(parent).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(folder.path(), mode).unwrap();
        Class { folder }
    }

    fn new() -> Class {
        Class::in_folder(&std::env::temp_dir())
    }

    fn student(&self, name: &str) -> PathBuf {
        let folder = self.folder.path().join(name);
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    fn hand_in(&self, student: &str, file: &str, content: impl AsRef<[u8]>) {
        fs::write(self.student(student).join(file), content).unwrap();
    }

    fn solves(&self, student: &str) {
        self.hand_in(student, "exercise01.c", fs::read(root().join("tests/solutions/exercise01.c")).unwrap());
    }

    fn command(&self, workspace: &Workspace, arguments: &[&str]) -> Command {
        let class = self.folder.path().display().to_string();
        workspace.command(&[arguments, &["--class", &class]].concat())
    }

    fn marked(&self) -> BTreeMap<String, Value> {
        verdicts(&self.command(&Workspace::new(), &["--format", "json"]).output().expect("check runs"))
    }
}

/// The first verdict of each student.
fn verdicts(output: &Output) -> BTreeMap<String, Value> {
    let student = |line: &str| {
        let marked: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        (marked["student"].as_str().unwrap().to_owned(), marked["verdicts"][0].clone())
    };
    text(output).lines().map(student).collect()
}

fn hostile(name: &str) -> String {
    fs::read_to_string(root().join("tests/hostile").join(name).with_extension("c")).unwrap()
}

/// What a hand-in is given, each with all that is in it.
fn given(student: &Path) -> Vec<String> {
    let sysroot = Command::new("rustc").args(["--print", "sysroot"]).output().expect("rustc");
    let system = "/usr/local/bin /usr/local/lib /usr/local/include /usr/bin /usr/sbin /usr/include /usr/lib /usr/lib32 \
                  /usr/lib64 /usr/libx32 /usr/libexec /nix/store /gnu/store /bin /sbin /lib /lib32 /lib64 /libx32 \
                  /etc/alternatives /etc/ld.so.cache /etc/passwd /etc/group /proc /dev/null /dev/zero /dev/full \
                  /dev/random /dev/urandom /dev/pts /dev/shm /built";
    let own = [student.display().to_string(), text(&sysroot).trim().to_owned()];
    system.split_whitespace().map(str::to_owned).chain(own).collect()
}

fn lists(student: &Path) -> String {
    let places = given(student).iter().map(|place| format!("{place:?}")).collect::<Vec<_>>().join(", ");
    format!("#define PLACES {places}\n{}", hostile("lists"))
}

/// That the system's own Python is found, and not one in somebody's home, which would be given, too.
const SYSTEM_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

#[test]
fn a_hand_in_sees_what_is_on_the_list_and_nothing_else_wherever_its_class_lies() {
    if !namespaces("the list of what a hand-in sees") {
        return;
    }
    for parent in [std::env::temp_dir(), Path::new(env!("CARGO_TARGET_TMPDIR")).to_owned(), "/dev/shm".into()]
    {
        let class = Class::in_folder(&parent);
        class.solves("other");
        let student = class.student("one");
        class.hand_in("one", "exercise01.c", lists(&student));
        let workspace = Workspace::new();
        let output =
            class.command(&workspace, &["--format", "json"]).env("PATH", SYSTEM_PATH).output().unwrap();
        let message = verdicts(&output)["one"]["findings"][0]["message"].to_string();
        assert!(message.contains("found 0 others"), "in {}: {message}", parent.display());
    }
}

#[test]
fn an_ordinary_users_walls_are_the_same() {
    const NOBODY: u32 = 65534;
    if !namespaces("the walls of an ordinary user") || !geteuid().is_root() {
        return;
    }
    // Where the program can be reached by everybody; its folder is hidden from hand-ins all the same.
    let place = Class::new();
    let check = place.folder.path().join("check");
    fs::copy(&*examined::CHECK, &check).unwrap();
    let class = Class::new();
    class.solves("a");
    class.hand_in("b", "exercise01.c", lists(&class.student("b")));
    class.hand_in("c", "exercise01.c", hostile("meddles"));
    class.hand_in("d", "exercise01.c", hostile("supervises"));
    symlink("../a/exercise01.c", class.student("e").join("exercise01.c")).unwrap();
    class.solves("f");
    let mut command = Command::new(&check);
    command
        .args(["--format", "json", "--home"])
        .arg(place.folder.path())
        .arg("--class")
        .arg(class.folder.path());
    command.uid(NOBODY).gid(NOBODY).env("PATH", SYSTEM_PATH).env("HOME", "/nonexistent");
    let output = command.output().expect("check runs");
    let marked = verdicts(&output);
    let passed = |student: &str| marked[student]["passed"] == true;
    assert!(passed("a") && passed("c") && passed("f"), "{marked:#?}");
    assert!(marked["b"].to_string().contains("found 0 others"), "{marked:#?}");
    assert!(marked["d"].to_string().contains("found 0 ways"), "{marked:#?}");
    assert_eq!(codes(&marked["e"]), ["not-run"]);
}

#[test]
fn no_hand_in_reaches_its_judge_or_hides_from_it() {
    if !namespaces("what a hand-in can do to its judge") {
        return;
    }
    let class = Class::new();
    class.hand_in("meddles", "exercise01.c", hostile("meddles"));
    class.hand_in("supervises", "exercise01.c", hostile("supervises"));
    class.solves("z");
    let marked = class.marked();
    assert_eq!(marked["meddles"]["passed"], true, "{marked:#?}");
    assert!(marked["supervises"].to_string().contains("found 0 ways"), "{marked:#?}");
    assert_eq!(marked["z"]["passed"], true, "{marked:#?}");
}

#[test]
fn a_compiler_sees_no_more_than_a_hand_in() {
    if !namespaces("what a compiler sees") {
        return;
    }
    let (class, outside) = (Class::new(), Class::new());
    let secret = outside.folder.path().join("secret");
    fs::write(&secret, format!("{SECRET}\n")).unwrap();
    let secret = secret.display();
    class.hand_in("ada", "exercise01.c", format!("/* {SECRET} */\n"));
    let solution = root().join("tests/solutions/exercise01.c");
    let sources = [
        ("c", format!("#include \"{secret}\"\n")),
        ("c", "#include \"../ada/exercise01.c\"\n".to_owned()),
        ("c", format!("#include \"{}\"\n", solution.display())),
        ("c", "#include \"/etc/shadow\"\n".to_owned()),
        ("c", "#include \"/etc/services\"\n".to_owned()),
        ("c", "#include \"/proc/self/environ\"\n".to_owned()),
        ("c", format!("__asm__(\".incbin \\\"{secret}\\\"\");\nint main(void) {{ return 0; }}\n")),
        ("c", format!("#if __has_include(\"{secret}\")\n#error {SECRET}\n#endif\n")),
        ("rs", format!("fn main() {{ let text: u8 = include_str!(\"{secret}\"); }}\n")),
        ("rs", format!("include!(\"{secret}\");\nfn main() {{}}\n")),
        ("rs", "const TEXT: &str = env!(\"CHECK_WALLS_SECRET\");\nfn main() { TEXT.nothing() }\n".to_owned()),
        ("rs", format!("#[path = \"{secret}\"] mod secret;\nfn main() {{}}\n")),
    ];
    for (number, (ending, source)) in sources.iter().enumerate() {
        class.hand_in(&format!("s{number:02}"), &format!("exercise01.{ending}"), source);
    }
    let workspace = Workspace::new();
    let mut command = class.command(&workspace, &["--format", "json"]);
    let marked = verdicts(&command.env("CHECK_WALLS_SECRET", SECRET).output().expect("check runs"));
    for (number, (_, source)) in sources.iter().enumerate() {
        let verdict = &marked[&format!("s{number:02}")];
        assert_eq!(codes(verdict), ["compile-error"], "{source}: {verdict}");
        assert!(!verdict.to_string().contains(SECRET), "{source}: {verdict}");
        assert!(!verdict.to_string().contains("root:"), "{source}: {verdict}");
    }
}

#[test]
fn what_cannot_be_laid_out_is_its_own_fault_and_nobody_elses() {
    if !namespaces("hand-ins that are no plain files") {
        return;
    }
    let class = Class::new();
    class.solves("a");
    let link = |student: &str, target: &str| {
        symlink(target, class.student(student).join("exercise01.c")).unwrap();
    };
    link("b-other", "../a/exercise01.c");
    link("c-chain", "second");
    symlink("../a/exercise01.c", class.student("c-chain").join("second")).unwrap();
    link("d-dangling", "/nowhere/at/all");
    link("e-loop", "exercise01.c");
    link("f-shadow", "/etc/shadow");
    class.hand_in("g-named", "python3", "#!/bin/sh\nexit 3\n");
    class.hand_in("g-named", "sh", "#!/bin/sh\nexit 3\n");
    class.hand_in("g-named", "exercise01.py", "import sys\nsys.exit('python itself')\n");
    class.solves("h odd \\040 \"name\"\n,é");
    nix::unistd::mkfifo(&class.student("i-fifo").join("exercise01.c"), nix::sys::stat::Mode::S_IRWXU)
        .unwrap();
    fs::create_dir(class.student("j-folder").join("exercise01.c")).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(class.student("k").join("exercise01.c")).unwrap();
    let escaped = class.folder.path().join("escaped");
    let escape = format!("int main(void) {{ creat({:?}, 0666); return 0; }}\n", escaped.display());
    class.hand_in("y-escape", "exercise01.c", format!("#include <fcntl.h>\n{escape}"));
    class.solves("z");
    let marked = class.marked();
    for (student, verdict) in &marked {
        let honest = ["a", "z"].contains(&&**student) || student.starts_with('h');
        assert_eq!(verdict["passed"] == true, honest, "{student}: {verdict}");
        let notes = verdict["notes"].as_array().map_or(0, Vec::len);
        assert_eq!(notes, 0, "somebody was marked without walls: {student}: {verdict}");
    }
    for student in ["b-other", "c-chain", "f-shadow"] {
        assert_eq!(codes(&marked[student]), ["not-run"], "{student}: {marked:#?}");
    }
    assert!(marked["g-named"].to_string().contains("python itself"), "{marked:#?}");
    assert!(!escaped.exists(), "a hand-in wrote outside");
}

fn forbid_namespaces() -> io::Result<()> {
    new_namespaces(CloneFlags::empty(), 0)?;
    fs::write("/proc/sys/user/max_user_namespaces", "0")
}

#[test]
fn where_there_are_no_walls_a_class_is_not_marked_unless_that_is_said() {
    if !namespaces("a setting that forbids namespaces") {
        return;
    }
    let (class, workspace) = (Class::new(), Workspace::new());
    class.solves("a");
    let run = |arguments: &[&str]| {
        let mut command = class.command(&workspace, arguments);
        // SAFETY: the function makes system calls and allocates, which the C library allows after a fork.
        unsafe { command.pre_exec(forbid_namespaces) }.output().expect("check runs")
    };
    let refused = run(&[]);
    assert_eq!((refused.status.code(), text(&refused)), (Some(2), String::new()));
    let words = String::from_utf8_lossy(&refused.stderr).replace("-\n", "-");
    assert!(
        ["sandbox", "ENOSPC", "sysctl", "--without-walls"].iter().all(|word| words.contains(word)),
        "{words}"
    );
    let marked = run(&["--without-walls"]);
    assert_eq!(marked.status.code(), Some(0), "{}", text(&marked));
    assert!(text(&marked).starts_with("No walls ("), "{}", text(&marked));
}

#[test]
fn a_learner_without_namespaces_is_marked_and_told_first() {
    if !namespaces("a setting that forbids namespaces, for a learner") {
        return;
    }
    let workspace = Workspace::new();
    let program = examined::cc(&root().join("tests/solutions/exercise01.c"), workspace.path(), &[]);
    let mut command = workspace.command(&["1", "--", &program.display().to_string()]);
    // SAFETY: as above.
    let output = unsafe { command.pre_exec(forbid_namespaces) }.output().expect("check runs");
    let text = text(&output);
    assert!(text.starts_with("No walls (unshare gave ENOSPC)") && text.contains("passed"), "{text}");
    assert_eq!(text.matches("No walls").count(), 1, "{text}");
}

#[test]
fn a_class_that_is_interrupted_leaves_no_folder_and_no_process() {
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        for walls in [&[][..], &["--without-walls"]] {
            let (class, workspace, temporary) = (Class::new(), Workspace::new(), Class::new());
            let name = format!("/loops-{signal}-{}", walls.len());
            class.hand_in("a", "exercise01.sh", format!("exec sleep 77{}{}\n", signal as i32, walls.len()));
            let mut command = class.command(&workspace, walls);
            command.env("TMPDIR", temporary.folder.path()).stdout(Stdio::null()).stderr(Stdio::null());
            let mut check = command.spawn().expect("check runs");
            let sleeps = || sleeping(&format!("77{}{}", signal as i32, walls.len()));
            until(&name, || sleeps() || check.try_wait().unwrap().is_some());
            kill(Pid::from_raw(check.id() as i32), signal).unwrap();
            let status = check.wait().unwrap();
            assert!(!status.success(), "{name}: {status}");
            until(&name, || !sleeps());
            assert_eq!(fs::read_dir(temporary.folder.path()).unwrap().count(), 0, "{name}: folders are left");
        }
    }
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < end, "{what}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// Whether a process sleeps for so many seconds.
fn sleeping(seconds: &str) -> bool {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let words = entries.filter_map(|entry| fs::read_to_string(entry.path().join("cmdline")).ok());
    words.into_iter().any(|words| words == format!("sleep\0{seconds}\0"))
}

#[test]
fn a_junit_file_that_cannot_be_written_is_named_before_anything_is_marked() {
    let (class, workspace) = (Class::new(), Workspace::new());
    class.solves("a");
    for path in ["/nonexistent/marks.xml", "/proc/marks.xml", "/"] {
        let output = class.command(&workspace, &["--junit", path]).output().expect("check runs");
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((output.status.code(), text(&output)), (Some(2), String::new()), "{words}");
        assert!(words.contains(path), "{words}");
    }
    let full = class.command(&workspace, &["--junit", "/dev/full"]).output().expect("check runs");
    assert_eq!(full.status.code(), Some(1));
    assert!(text(&full).contains("passed"), "the marks are lost: {}", text(&full));
    let both = class.command(&workspace, &["--csv", "--format", "json"]).output().expect("check runs");
    assert_eq!((both.status.code(), text(&both)), (Some(2), String::new()));
}
