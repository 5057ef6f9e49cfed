//! Environments that stand in the way: a kernel, a sandbox or a neighbour. Each is told with what was asked, what was
//! answered, why, and what to try; and nothing is left.

use crate::support;

use std::collections::BTreeSet;
use std::fs;
use std::io;

use nix::errno::Errno;
use nix::libc;
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::resource::{Resource, setrlimit};
use nix::unistd::{geteuid, setgid, setuid};
use serde_json::Value;
use support::{
    Finished, Format, Namespace, Preload, Program, Run, assert_nothing_left, can_be_laid, clean_up,
    forbidding, forbidding_command, namespaces, new_namespaces, program, programs,
};

/// The segment's size, in pages.
fn pages() -> u64 {
    (playground::course::SIZE as u64).div_ceil(page_size())
}

/// Fails unless the program failed with these words on standard error, and without others on top.
fn assert_refused(finished: &Finished, words: &[&str]) {
    finished.assert_exited(1);
    let told: String = finished.err.split_whitespace().collect::<Vec<_>>().join(" ");
    for expected in words {
        assert!(told.contains(expected), "{expected:?} is not said: {}", finished.seen());
    }
    assert!(finished.err.lines().all(|line| line.chars().count() <= 80), "{}", finished.seen());
    assert!(!finished.seen().contains("panicked"), "{}", finished.seen());
    assert!(!finished.seen().contains("contradicts the lesson"), "{}", finished.seen());
}

/// Runs every program in a namespace with a limit of the test's choosing, where it must be refused.
fn refused_within(limit: &str, value: u64, foreign: usize, words: &[&str]) {
    if !namespaces(&format!("a limit on {limit}")) {
        return;
    }
    let namespace = Namespace::new();
    namespace.fill(foreign);
    namespace.set(limit, value);
    let before = namespace.table();
    for program in programs() {
        let finished = namespace.around(Run::through(&program, Format::Text)).finish();
        assert_refused(&finished, &[", 25600, IPC_CREAT|IPC_EXCL|0600) = -1"]);
        assert_refused(&finished, words);
        assert_eq!(namespace.table(), before, "{}", finished.seen());
    }
}

#[test]
fn no_segment_allowed_at_all_is_told_with_the_limit() {
    refused_within("shmmni", 0, 0, &["ENOSPC", "shmmni allows 0 segments", "--isolated"]);
}

#[test]
fn a_full_table_is_told_with_the_limit() {
    let words = ["ENOSPC", "/proc/sys/kernel/shmmni allows 3 segments", "ipcrm"];
    refused_within("shmmni", 3, 3, &words);
}

/// Where this is set, a segment goes with its last attachment: most lessons cannot go on then, and say why.
#[test]
fn a_kernel_that_removes_at_the_last_detach_is_told_with_the_setting() {
    if !namespaces("a_kernel_that_removes_at_the_last_detach_is_told_with_the_setting") {
        return;
    }
    let namespace = Namespace::new();
    namespace.set("shm_rmid_forced", 1);
    let mut refused = 0;
    for program in programs() {
        let finished = namespace.around(Run::through(&program, Format::Text)).finish();
        assert!(finished.words().contains("kernel.shm_rmid_forced is 1 here"), "{}", finished.seen());
        assert!(!finished.words().contains("Please report it"), "{}", finished.seen());
        if finished.status.code() != Some(0) {
            refused += 1;
            finished.assert_exited(1);
            assert!(finished.err.contains("--isolated"), "{}", finished.seen());
        }
        assert_eq!(namespace.table().len(), 0, "{}", finished.seen());
        let isolated = Run::through(&program, Format::Text).args(["--isolated"]);
        namespace.around(isolated).finish().assert_exited(0);
    }
    assert!(refused > 0, "no lesson detaches and goes on");
}

#[test]
fn a_full_table_is_no_hindrance_to_an_isolated_run_as_the_advice_says() {
    if !namespaces("a_full_table_is_no_hindrance_to_an_isolated_run_as_the_advice_says") {
        return;
    }
    let namespace = Namespace::new();
    namespace.set("shmmni", 0);
    for program in programs() {
        let run = Run::through(&program, Format::Text).args(["--isolated"]);
        namespace.around(run).finish().assert_exited(0);
    }
}

#[test]
fn a_limit_on_the_size_is_told_with_the_limit() {
    let words = ["EINVAL", "25600 bytes are more than /proc/sys/kernel/shmmax allows", "25599"];
    refused_within("shmmax", 25599, 0, &words);
}

#[test]
fn a_limit_on_all_pages_is_told_with_the_limit() {
    let allowed = format!("/proc/sys/kernel/shmall allows {}", pages() - 1);
    let asked = format!("{} asked for", pages());
    refused_within("shmall", pages() - 1, 0, &["ENOSPC", &asked, &allowed, "kernel.shmall"]);
}

#[test]
fn a_kernel_without_system_v_ipc_is_told() {
    refused_by_sandbox(Errno::ENOSYS, &["ENOSYS", "CONFIG_SYSVIPC", "a sandbox hides it"]);
}

#[test]
fn a_sandbox_that_forbids_the_call_is_told() {
    refused_by_sandbox(Errno::EPERM, &["EPERM", "a sandbox forbids the call", "outside the container"]);
}

fn refused_by_sandbox(errno: Errno, words: &[&str]) {
    for program in programs() {
        let run = forbidding(libc::SYS_shmget, errno, Run::through(&program, Format::Text));
        let finished = run.finish();
        assert_refused(&finished, &[", 25600, IPC_CREAT|IPC_EXCL|0600) = -1"]);
        assert_refused(&finished, words);
        assert_nothing_left(&finished);
    }
}

/// Each of the other calls, in a lesson that makes it: the kernel has no reason of its own to forbid it there.
#[test]
fn a_sandbox_that_forbids_another_call_is_told_too() {
    let refused = |name, run: &dyn Fn(Run) -> Run| {
        let finished = run(Run::through(&program(name), Format::Text)).finish();
        // A call that removes may be among the forbidden ones.
        clean_up(&finished);
        assert_refused(&finished, &["EPERM", "so a sandbox forbids the call", "outside the container"]);
        for false_reason in ["Addresses", "It belongs to user", "not explained"] {
            assert!(!finished.words().contains(false_reason), "{}", finished.seen());
        }
    };
    let eperm = Errno::EPERM;
    refused("lesson02", &|run| forbidding(libc::SYS_shmat, eperm, run));
    refused("lesson05", &|run| forbidding(libc::SYS_shmdt, eperm, run));
    refused("lesson03", &|run| forbidding(libc::SYS_shmctl, eperm, run));
    refused("lesson08", &|run| forbidding_command(libc::SYS_shmctl, (1, libc::IPC_RMID), eperm, run));
    refused("lesson18", &|run| forbidding(libc::SYS_semget, eperm, run));
    refused("lesson18", &|run| forbidding(libc::SYS_semctl, eperm, run));
    refused("lesson18", &|run| forbidding_command(libc::SYS_semctl, (2, libc::IPC_RMID), eperm, run));
}

#[test]
fn without_proc_the_calls_are_told_and_the_evidence_is_said_to_be_missing() {
    if !can_be_laid("without_proc_the_calls_are_told_and_the_evidence_is_said_to_be_missing", hide_proc) {
        return;
    }
    for program in programs() {
        let finished = Run::through(&program, Format::Text).before_exec(hide_proc).finish();
        finished.assert_exited(0);
        assert_nothing_left(&finished);
        assert_eq!(finished.err, "", "{}", finished.seen());
        assert!(finished.words().contains("cannot be shown here. Is /proc mounted?"), "{}", finished.seen());
        // A namespace needs /proc, too, to say who is root there.
        assert!(!finished.words().contains("kernel may be built without"), "{}", finished.seen());
    }
}

/// An empty file system over `/proc`, which only this process and its children see.
fn hide_proc() -> io::Result<()> {
    if unshare(CloneFlags::CLONE_NEWNS).is_err() {
        new_namespaces(CloneFlags::CLONE_NEWNS, geteuid().as_raw())?;
    }
    let nothing = None::<&str>;
    mount(nothing, "/", nothing, MsFlags::MS_REC | MsFlags::MS_PRIVATE, nothing)?;
    Ok(mount(Some("none"), "/proc", Some("tmpfs"), MsFlags::empty(), nothing)?)
}

#[test]
fn a_user_whose_id_is_above_65535_is_shown_as_any_other() {
    if !can_be_laid("a_user_whose_id_is_above_65535_is_shown_as_any_other", become_user_70000) {
        return;
    }
    for program in programs() {
        let run = Run::through(&program, Format::Json).before_exec(become_user_70000);
        let finished = run.finish();
        finished.assert_exited(0);
        assert_nothing_left(&finished);
        let tables = finished.told("segments");
        let rows = tables.iter().flat_map(|table| table["rows"].as_array().expect("rows"));
        let owners: Vec<_> = rows.map(|row| (row["uid"].as_u64(), row["owner"].as_str())).collect();
        assert!(owners.iter().all(|owner| *owner == (Some(70000), Some("70000"))), "{owners:?}");
        // A lesson may miss a second user; what the kernel shows must not be missing.
        assert!(!finished.text().contains("cannot be shown"), "{}", finished.seen());
    }
}

/// Root becomes another user; anyone else, or a root that has no other user's id to give, takes a namespace in which
/// its own id is that number.
fn become_user_70000() -> io::Result<()> {
    const USER: u32 = 70000;
    match setgid(USER.into()).and_then(|()| setuid(USER.into())) {
        Ok(()) => Ok(()),
        Err(_) => new_namespaces(CloneFlags::CLONE_NEWIPC, USER),
    }
}

#[test]
fn three_hundred_foreign_segments_are_counted_and_not_touched() {
    if !namespaces("three_hundred_foreign_segments_are_counted_and_not_touched") {
        return;
    }
    let namespace = Namespace::new();
    namespace.fill(300);
    let before = namespace.table();
    assert_eq!(before.len(), 300);
    for program in programs() {
        let finished = namespace.around(Run::through(&program, Format::Json)).finish();
        finished.assert_exited(0);
        assert_eq!(namespace.table(), before, "{}", finished.seen());
        let others = finished.told("segments").into_iter().map(|table| table["others"].clone());
        assert!(others.into_iter().all(|others| others == 300), "{}", finished.seen());
    }
}

/// From the sixth lesson on the article's program attaches at 0x5000000.
#[test]
fn a_taken_address_is_told_with_who_takes_it_and_another_one_is_used() {
    let library = Preload::build("occupied_address");
    for program in programs() {
        let finished = library.before(Run::through(&program, Format::Json)).finish();
        finished.assert_exited(0);
        assert_eq!(finished.err, "", "{}", finished.seen());
        assert_nothing_left(&finished);
        assert_is_no_program(&finished, 0x5000000);
        let calls = finished.told("call");
        let refused =
            calls.iter().find(|call| call["errno"] == "EINVAL" && call["args"]["address"] == 0x5000000);
        let Some(refused) = refused else {
            assert!(!["lesson06", "lesson07", "lesson08", "walkthrough"].contains(&program.name));
            continue;
        };
        let why = refused["why"].to_string();
        assert!(why.contains("0x5000000 is taken by: 05000000-05001000 r--p"), "{why}");
        assert!(why.contains(library.path().to_str().expect("a path in UTF-8")), "{why}");
    }
}

/// What begins at the address is another file than the program's, and is not drawn or listed as the program.
fn assert_is_no_program(finished: &Finished, address: u64) {
    let spaces = finished.told("space");
    let now = spaces.iter().flat_map(|space| space["now"]["parts"].as_array().expect("parts"));
    let here: Vec<_> = now.filter(|part| part["start"] == address).map(|part| &part["what"]).collect();
    assert_eq!(here.len(), spaces.len(), "{}", finished.seen());
    assert!(here.iter().all(|what| *what == "libraries"), "{}", finished.seen());
    let hexadecimal = format!("{address:#x}");
    let tables = finished.told("table");
    let mut rows = tables.iter().flat_map(|table| table["rows"].as_array().expect("rows"));
    assert!(!rows.any(|row| row[0] == "program" && row[1] == hexadecimal), "{}", finished.seen());
}

#[test]
fn where_namespaces_are_forbidden_isolated_names_the_setting() {
    let allowed = namespaces("a setting that forbids namespaces (the system's own is tried instead)");
    for program in programs() {
        let run = Run::through(&program, Format::Text).args(["--isolated"]);
        let run = if allowed { run.before_exec(forbid_namespaces) } else { run };
        let finished = run.finish();
        assert_refused(
            &finished,
            &["unshare(CLONE_NEWUSER|CLONE_NEWIPC)", "sysctl", "namespaces", "--isolated"],
        );
        assert_eq!(finished.text(), "", "nothing is told before");
        let run = Run::through(&program, Format::Json).args(["--isolated"]);
        let finished = if allowed { run.before_exec(forbid_namespaces) } else { run }.finish();
        finished.assert_exited(1);
        let events: Vec<_> = finished.events().iter().map(|event| event["event"].clone()).collect();
        assert_eq!(events, ["lesson", "end"], "{}", finished.seen());
        let end = &finished.told("end")[0];
        assert_eq!((&end["outcome"], &end["left"]), (&"failed".into(), &Value::Array(vec![])), "{end}");
        assert!(end["error"].to_string().contains("unshare("), "{end}");
    }
}

#[test]
fn where_namespaces_are_forbidden_a_lesson_says_what_falls_away_and_what_would_allow_it() {
    let allowed = namespaces("a setting that forbids namespaces, in lessons that need one");
    let lost: [(_, &[&str]); 2] = [
        ("lesson09", &["we do not ask shmget for the key -1"]),
        ("lesson15", &["three steps", "Make a fifth", "Go one byte too far", "Let the kernel remove"]),
    ];
    for (name, lost) in lost {
        let run = Run::through(&program(name), Format::Json);
        let finished = if allowed { run.before_exec(forbid_namespaces) } else { run }.finish();
        finished.assert_exited(0);
        assert_nothing_left(&finished);
        let missing = finished.told("missing");
        let told = |words: &str| missing.iter().any(|event| event["text"].to_string().contains(words));
        for words in lost.iter().chain(&["sysctl"]) {
            assert!(told(words), "{words:?} is not said: {}", finished.seen());
        }
    }
}

/// The child of lesson 8 becomes another program, by execvp.
#[test]
fn a_program_that_is_not_installed_is_named() {
    let finished = Run::through(&program("lesson08"), Format::Text).env("PATH", "/nonexistent").finish();
    let words = ["was to run `sleep`", "ENOENT (No such file or directory)", "Is sleep installed"];
    assert_refused(&finished, &words);
    assert_nothing_left(&finished);
}

fn forbid_namespaces() -> io::Result<()> {
    new_namespaces(CloneFlags::empty(), 0)?;
    fs::write("/proc/sys/user/max_user_namespaces", "0")
}

#[test]
fn an_id_of_the_kernels_choice_is_the_id_on_the_screen() {
    if !namespaces("an_id_of_the_kernels_choice_is_the_id_on_the_screen") {
        return;
    }
    for program in programs() {
        let namespace = Namespace::new();
        namespace.set("shm_next_id", 163844);
        let finished = namespace.around(Run::through(&program, Format::Text)).finish();
        finished.assert_exited(0);
        let call = ", 25600, IPC_CREAT|IPC_EXCL|0600) = 163844";
        assert!(finished.words().contains(call), "{}", finished.seen());
        assert!(namespace.table().is_empty());
    }
}

/// The limit is lowered while the program waits before its first `shmat`: there is room for its own small needs, and
/// none for the segment's pages.
#[test]
fn an_address_space_without_room_for_the_segment_is_told() {
    let mut refused = 0;
    for program in programs() {
        let Some(prompt) = last_prompt_before_attaching(&program) else { continue };
        let mut running = Run::stepping(&program, Format::Text).start().go_to_prompt(prompt);
        limit_address_space(running.pid(), address_space(running.pid()) + (pages() - 2) * page_size());
        running.send(&"\n".repeat(100));
        let finished = running.finish();
        let words = ["shmat(", "NULL, 0) = -1 ENOMEM", "no room for the segment", "`ulimit -v`"];
        assert_refused(&finished, &words);
        assert_nothing_left(&finished);
        refused += 1;
    }
    assert!(refused > 0, "no program waits before it attaches");
}

/// The last prompt before the first `shmat`, if nothing comes in between for which the process gives back memory.
fn last_prompt_before_attaching(program: &Program) -> Option<usize> {
    let events = Run::stepping(program, Format::Json).finish().events();
    let attaches = events.iter().position(|event| event["name"] == "shmat")?;
    let is_prompt = |event: &Value| event["event"] == "wait";
    let prompts = events[..attaches].iter().filter(|event| is_prompt(event)).count();
    let since = events[..attaches].iter().rev().take_while(|event| !is_prompt(event));
    let at_once = since.filter(|event| event["event"] == "fork" || event["event"] == "call").count() < 3;
    (prompts > 0 && at_once).then_some(prompts)
}

/// From too little for the loader to enough for the whole walk: nothing is left at any limit.
#[test]
fn whatever_the_limit_on_the_address_space_nothing_is_left() {
    let walk = program("walkthrough");
    let mut statuses = BTreeSet::new();
    let running = Run::stepping(&walk, Format::Json).start().go_to_prompt(2);
    let enough = address_space(running.pid()) + (1 << 20);
    drop(running);
    for limit in (0..=enough).rev().step_by(1 << 15).take(100) {
        let run = Run::through(&walk, Format::Json)
            .before_exec(move || Ok(setrlimit(Resource::RLIMIT_AS, limit, limit)?));
        let finished = run.finish();
        statuses.insert(finished.status.code());
        assert_nothing_left(&finished);
        // Before `main` it is the loader and the runtime that speak.
        assert!(finished.out.is_empty() || !finished.seen().contains("panicked"), "{}", finished.seen());
    }
    assert!(statuses.contains(&Some(0)) && statuses.len() > 1, "no limit made a difference: {statuses:?}");
}

fn page_size() -> u64 {
    let page = nix::unistd::sysconf(nix::unistd::SysconfVar::PAGE_SIZE).expect("a page has a size");
    page.expect("a page has a size") as u64
}

/// How much address space a process has, in bytes.
fn address_space(pid: i32) -> u64 {
    let statm = fs::read_to_string(format!("/proc/{pid}/statm")).expect("the process runs");
    statm.split(' ').next().and_then(|pages| pages.parse::<u64>().ok()).expect("pages") * page_size()
}

fn limit_address_space(pid: i32, bytes: u64) {
    let limit = libc::rlimit { rlim_cur: bytes, rlim_max: bytes };
    // SAFETY: prlimit reads one rlimit, and is given nowhere to write the old one.
    let done = unsafe { libc::prlimit(pid, libc::RLIMIT_AS, &limit, std::ptr::null_mut()) };
    Errno::result(done).expect("a process of ours can be limited");
}
