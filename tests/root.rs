//! What only root can show: that owner, group and others are three, and root a fourth.

use crate::support;

use std::fs;
use std::io::{self, Write};

use caps::{CapSet, Capability};
use support::{Format, Run, assert_nothing_left, program};

/// What the lessons show root needs these.
const PRIVILEGES: [Capability; 4] =
    [Capability::CAP_SETUID, Capability::CAP_SETGID, Capability::CAP_IPC_OWNER, Capability::CAP_IPC_LOCK];

/// Whether this is root, with all its privileges and with users to become: a container may lack the ones, a user
/// namespace the others. Where not, this says loudly what falls away, and the test that asked returns at once.
fn is_root(test: &str) -> bool {
    let privileged =
        PRIVILEGES.iter().all(|one| caps::has_cap(None, CapSet::Effective, *one).unwrap_or(false));
    let users = fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    let everyone = users.split_whitespace().eq(["0", "0", "4294967295"]);
    if !privileged || !everyone {
        // Not `eprintln!`, which the test harness would keep to itself while the test passes.
        let _ = writeln!(io::stderr(), "NOT RUN: {test}: only root can become other users: run it with sudo");
    }
    privileged && everyone
}

#[test]
fn root_sees_what_owner_group_others_and_root_are_answered() {
    if !is_root("lesson11 as root") {
        return;
    }
    let finished = Run::through(&program("lesson11"), Format::Text).finish();
    finished.assert_exited(0);
    let text = finished.text();
    let table = "\
    who     IPC_STAT  read     read, write  execute
    owner   success   success  success      EACCES
    member  success   success  EACCES       EACCES
    other   EACCES    EACCES   EACCES       EACCES
    root    success   success  success      success
";
    assert!(text.contains(table), "{text}");
    assert!(!text.contains("Missing"), "{text}");
    let members: Vec<_> = text.lines().filter(|line| line.contains("[member ")).collect();
    let refused = |call| members.iter().any(|line| line.contains(call));
    assert!(refused("IPC_SET") && refused("IPC_RMID"), "{members:#?}");
    assert_nothing_left(&finished);
}

#[test]
fn root_without_a_capability_is_a_user_like_others() {
    if !is_root("lesson13 as root") {
        return;
    }
    let finished = Run::through(&program("lesson13"), Format::Json).finish();
    finished.assert_exited(0);
    let locks: Vec<_> =
        finished.told("call").into_iter().filter(|call| call["args"]["cmd"] == "SHM_LOCK").collect();
    let answers: Vec<_> = locks.iter().map(|call| (call["who"].as_str(), call["errno"].as_str())).collect();
    assert_eq!(answers, [(None, None), (Some("somebody"), Some("ENOMEM"))]);
    assert_nothing_left(&finished);
}
