//! Bounds that hold without a judge: what the kernel counts by itself, and that nothing lives on when any of those who
//! look on is killed by the one signal that nobody can catch.

use crate::examined;
use crate::support;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use examined::{Workspace, root};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use support::namespaces;

fn hostile(name: &str) -> String {
    fs::read_to_string(root().join("tests/hostile").join(name).with_extension("c")).unwrap()
}

fn pid_max() -> String {
    fs::read_to_string("/proc/sys/kernel/pid_max").unwrap()
}

#[test]
fn a_hand_in_has_bounds_that_the_kernel_keeps_and_the_machine_has_its_own() {
    if !namespaces("bounds of a sandbox's own") {
        return;
    }
    let (workspace, before) = (Workspace::new(), pid_max());
    let source = workspace.path().join("exercise01.c");
    fs::write(&source, hostile("bounds")).unwrap();
    let program = examined::cc(&source, workspace.path(), &[]);
    let verdict = workspace.verdict(&["1", "--", &program.display().to_string()]);
    assert_eq!(verdict["passed"], true, "{verdict}");
    assert_eq!(pid_max(), before, "a sandbox has changed the machine's own setting");
}

/// The processes that sleep for so many seconds.
fn sleeping(seconds: &str) -> Vec<i32> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let words = |pid: &i32| fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    numbers.filter(|pid| words(pid) == format!("sleep\0{seconds}\0")).collect()
}

fn children(pid: i32) -> Vec<i32> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let lists = tasks.map(|task| fs::read_to_string(task.path().join("children")).unwrap_or_default());
    lists
        .flat_map(|list| list.split_whitespace().map(|pid| pid.parse().unwrap()).collect::<Vec<_>>())
        .collect()
}

/// The children of a process, theirs, and so on: in a sandbox the examiner's judge, its keeper and the program.
fn descendants(pid: i32) -> Vec<i32> {
    let own = children(pid);
    own.iter().copied().chain(own.iter().flat_map(|child| descendants(*child))).collect()
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < end, "{what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// A class with one hand-in, which outlives all that it can.
struct Attack {
    workspace: Workspace,
    seconds: String,
    check: Child,
}

impl Attack {
    /// Returns when both of its processes are there.
    fn begin(name: usize, options: &[&str]) -> Attack {
        let (workspace, seconds) = (Workspace::new(), format!("{}{name:03}", std::process::id()));
        let folder = workspace.path().join("class/eve");
        fs::create_dir_all(&folder).unwrap();
        let source = format!("#define SECONDS \"{seconds}\"\n{}", hostile("outlives"));
        fs::write(folder.join("exercise01.c"), source).unwrap();
        let mut command = workspace.command(&[options, &["--class", &class(&workspace)]].concat());
        let check = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("check runs");
        let mut attack = Attack { workspace, seconds, check };
        until("the hand-in runs", || {
            sleeping(&attack.seconds).len() == 2 || attack.check.try_wait().unwrap().is_some()
        });
        attack
    }

    fn pid(&self) -> i32 {
        self.check.id() as i32
    }

    fn is_running(&self) -> bool {
        !sleeping(&self.seconds).is_empty()
    }

    /// Another run, after this one was killed.
    fn next_passes(&self) {
        let folder = self.workspace.path().join("class/ada");
        fs::create_dir_all(&folder).unwrap();
        fs::remove_dir_all(self.workspace.path().join("class/eve")).unwrap();
        fs::copy(root().join("tests/solutions/exercise01.c"), folder.join("exercise01.c")).unwrap();
        let output = self.workspace.check(&[
            "--format",
            "json",
            "--without-walls",
            "--class",
            &class(&self.workspace),
        ]);
        let marked: Value = serde_json::from_slice(&output.stdout).expect("a verdict");
        assert_eq!(marked["verdicts"][0]["passed"], true, "{marked}");
    }
}

impl Drop for Attack {
    /// A failed test leaves nothing, either.
    fn drop(&mut self) {
        let _ = self.check.kill();
        let _ = self.check.wait();
        for pid in sleeping(&self.seconds) {
            let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
        }
    }
}

fn class(workspace: &Workspace) -> String {
    workspace.path().join("class").display().to_string()
}

#[test]
fn whichever_of_those_who_look_on_is_killed_the_hand_in_ends() {
    if !namespaces("what is left when a judge is killed") {
        return;
    }
    // The examiner itself, and those between it and the hand-in, in the order in which they started each other.
    for place in 0..4 {
        let attack = Attack::begin(place, &[]);
        let watching: Vec<i32> = [attack.pid()].into_iter().chain(descendants(attack.pid())).collect();
        kill(Pid::from_raw(watching[place]), Signal::SIGKILL).unwrap();
        until(&format!("the hand-in ends with process {place} of {}", watching.len()), || {
            !attack.is_running()
        });
        attack.next_passes();
    }
}

/// The folder of the control group of version 2 that this process is in. Where none can be made in it, this says loudly
/// what falls away.
fn groups(test: &str) -> Option<PathBuf> {
    let folder = try_group();
    if folder.is_none() {
        let _ = writeln!(io::stderr(), "NOT RUN: {test}: no control group can be made here");
    }
    folder
}

fn try_group() -> Option<PathBuf> {
    let text = fs::read_to_string("/proc/self/cgroup").ok()?;
    let own = text.lines().find_map(|line| line.strip_prefix("0::/"))?.to_owned();
    let mounts = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"].map(|place| Path::new(place).join(&own));
    let folder = mounts.into_iter().find(|folder| folder.join("cgroup.procs").exists())?;
    let tried = folder.join(format!("tried-{}", std::process::id()));
    fs::create_dir(&tried).ok()?;
    let mut child = Command::new("sleep").arg("60").spawn().ok()?;
    let is_taken = fs::write(tried.join("cgroup.procs"), child.id().to_string()).is_ok();
    let _ = child.kill();
    let _ = child.wait();
    let _ = fs::remove_dir(&tried);
    is_taken.then_some(folder)
}

/// The control groups that an examiner has made.
fn groups_of(pid: i32, folder: &Path) -> usize {
    let entries = fs::read_dir(folder).unwrap().flatten();
    entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(&format!("check-{pid}-"))).count()
}

#[test]
fn without_walls_the_next_run_ends_what_a_killed_one_has_left() {
    let Some(folder) = groups("control groups that a dead examiner has left") else { return };
    let mut attack = Attack::begin(10, &["--without-walls"]);
    assert_eq!(groups_of(attack.pid(), &folder), 1);
    kill(Pid::from_raw(attack.pid()), Signal::SIGKILL).unwrap();
    // On a busy machine a killed process still takes its time to go.
    attack.check.wait().unwrap();
    attack.next_passes();
    until("the next run ends it", || !attack.is_running() && groups_of(attack.pid(), &folder) == 0);
}

#[test]
fn a_signal_ends_what_has_slipped_away_without_walls() {
    let Some(folder) = groups("control groups that a signal ends") else { return };
    let mut attack = Attack::begin(20, &["--without-walls"]);
    kill(Pid::from_raw(attack.pid()), Signal::SIGTERM).unwrap();
    attack.check.wait().unwrap();
    assert!(!attack.is_running());
    assert_eq!(groups_of(attack.pid(), &folder), 0);
}
