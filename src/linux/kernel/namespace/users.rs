//! Which users a user namespace has: user_namespaces(7).
//!
//! Root of the machine writes what it likes. Anyone else may map itself, and more with the help of `newuidmap`, where the
//! system's administrator has set ids aside for it (subuid(5)).

use std::fs;
use std::io;
use std::process::{Command, Stdio};

use nix::unistd::{Pid, User, getegid, geteuid};

/// The users and groups of a namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Users {
    /// 0 and 65534.
    RootAndNobody,
    /// 0 alone.
    RootOnly,
}

/// The user that owns nothing.
const NOBODY: u32 = 65534;

/// Maps users and groups into the namespace of a process: two, where that is allowed.
///
/// # Errors
///
/// Those of writing the map.
pub(super) fn map(process: Pid) -> io::Result<Users> {
    if map_two(process).is_ok() {
        return Ok(Users::RootAndNobody);
    }
    // A gid may be mapped only by one who has given up setgroups.
    write(process, "setgroups", "deny")?;
    write(process, "uid_map", &format!("0 {} 1", geteuid()))?;
    write(process, "gid_map", &format!("0 {} 1", getegid()))?;
    Ok(Users::RootOnly)
}

fn map_two(process: Pid) -> io::Result<()> {
    if geteuid().is_root() {
        let map = format!("0 0 1\n{NOBODY} {NOBODY} 1");
        write(process, "uid_map", &map)?;
        return write(process, "gid_map", &map);
    }
    let user = User::from_uid(geteuid())?.ok_or(io::ErrorKind::NotFound)?.name;
    let (uid, gid) = (set_aside("/etc/subuid", &user)?, set_aside("/etc/subgid", &user)?);
    run("newuidmap", process, geteuid().as_raw(), uid)?;
    run("newgidmap", process, getegid().as_raw(), gid)
}

fn write(process: Pid, file: &str, text: &str) -> io::Result<()> {
    fs::write(format!("/proc/{process}/{file}"), text)
}

/// The first id that a file sets aside for a user: `name:first:count`.
fn set_aside(file: &str, user: &str) -> io::Result<u32> {
    let text = fs::read_to_string(file)?;
    let own = |line: &str| line.strip_prefix(user)?.strip_prefix(':')?.split(':').next()?.parse().ok();
    text.lines().find_map(own).ok_or_else(|| io::ErrorKind::NotFound.into())
}

fn run(program: &str, process: Pid, own: u32, other: u32) -> io::Result<()> {
    let numbers = [process.as_raw().to_string(), "0".into(), own.to_string(), "1".into()];
    let more = [NOBODY.to_string(), other.to_string(), "1".to_owned()];
    let (null, silent) = (Stdio::null(), Stdio::null());
    let status = Command::new(program).args(numbers).args(more).stdout(null).stderr(silent).status()?;
    if status.success() { Ok(()) } else { Err(io::ErrorKind::PermissionDenied.into()) }
}
