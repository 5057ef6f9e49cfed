//! `EACCES`: whose the thing is, what its mode allows, which three of the bits hold for this process, and what helps.
//!
//! **Invariant:** the bits are compared as the kernel compares them (`ipcperms`, `ipc/util.c`): the owner's for owner and
//! creator, the group's for their groups, the last three for all others.

use nix::libc;

use super::procfs;
use super::reason::capital;
use super::value::What;
use crate::call::{Call, ShmatFlags};
use crate::error::Reason;
use crate::evidence::rights::{Credentials, Permissions};

const READ: u32 = 4;
const WRITE: u32 = 2;
const EXECUTE: u32 = 1;

/// Modes as people type them, in octal digits. Without a 0 before them C reads them as decimal numbers.
const TYPED: [u32; 7] = [600, 644, 660, 664, 666, 700, 777];

/// What a process was refused.
struct Refused {
    what: What,
    mode: u32,
    /// Those of the mode that hold for the process.
    bits: u32,
    is_owner: bool,
    is_made_here: bool,
}

/// Why a call was denied, where the tables and the process can be read.
pub(super) fn why(call: &Call, pid: i32, is_made_here: impl Fn(What) -> bool) -> Option<Reason> {
    let wanted = wanted(call)?;
    let (what, permissions) = found(call)?;
    let process = procfs::credentials(pid)?;
    let (class, bits) = granted(&permissions, &process);
    let (name, id, uid) = (capital(what.name()), what.id(), permissions.uid);
    let mode = permissions.mode & 0o777;
    let why = format!(
        "{name} {id} belongs to user {uid} and has the mode {mode:04o}. This process runs as {class}: it gets {}, and \
         the call wants {}.",
        letters(bits),
        letters(wanted)
    );
    let refused =
        Refused { what, mode, bits, is_owner: process.euid == uid, is_made_here: is_made_here(what) };
    Some(Reason { why, advice: advice(&refused, call) })
}

/// What a call asks for, in the three bits of a class.
fn wanted(call: &Call) -> Option<u32> {
    let of_any_class = |mode: u32| (mode >> 6 | mode >> 3 | mode) & 7;
    Some(match call {
        Call::Shmget { mode, .. } | Call::Semget { mode, .. } => of_any_class(mode.bits()),
        Call::Shmat { flags, .. } => {
            let write = if flags.contains(ShmatFlags::SHM_RDONLY) { 0 } else { WRITE };
            READ | write | if flags.contains(ShmatFlags::SHM_EXEC) { EXECUTE } else { 0 }
        }
        Call::Shmctl { cmd, .. } if cmd.is_stat() => READ,
        Call::Semop { ops, .. } | Call::Semtimedop { ops, .. } => {
            if ops.iter().any(|op| op.change != 0) {
                WRITE
            } else {
                READ
            }
        }
        Call::Semctl { cmd, .. } if [libc::SETVAL, libc::SETALL].contains(&cmd.number()) => WRITE,
        Call::Semctl { .. } => READ,
        _ => return None,
    })
}

/// What a call is about, and who may do what with it.
pub(super) fn found(call: &Call) -> Option<(What, Permissions)> {
    match call {
        Call::Shmget { key, .. } => {
            let id = procfs::segment_of(*key)?;
            Some((What::Segment(id), procfs::permissions("shm", "shmid", id.0)?))
        }
        Call::Semget { key, .. } => {
            let id = procfs::set_of(*key)?;
            Some((What::Set(id), procfs::permissions("sem", "semid", id.0)?))
        }
        Call::Shmat { shmid, .. } | Call::Shmctl { shmid, .. } => {
            Some((What::Segment(*shmid), procfs::permissions("shm", "shmid", shmid.0)?))
        }
        Call::Semop { semid, .. } | Call::Semtimedop { semid, .. } | Call::Semctl { semid, .. } => {
            Some((What::Set(*semid), procfs::permissions("sem", "semid", semid.0)?))
        }
        _ => None,
    }
}

/// The class that a process is of, in words, and the bits that hold for it.
fn granted(permissions: &Permissions, process: &Credentials) -> (String, u32) {
    let Permissions { uid, cuid, gid, cgid, mode } = *permissions;
    let euid = process.euid;
    if euid == uid || euid == cuid {
        let class = if euid == uid { "the owner" } else { "the creator" };
        return (class.to_owned(), mode >> 6 & 7);
    }
    if process.is_in(gid) || process.is_in(cgid) {
        return (format!("user {euid}, who is in the group"), mode >> 3 & 7);
    }
    (format!("user {euid}, neither the owner nor in the group"), mode & 7)
}

/// `rw-`, as `ls -l` writes it.
fn letters(bits: u32) -> String {
    let letter = |bit, letter| if bits & bit != 0 { letter } else { '-' };
    [letter(READ, 'r'), letter(WRITE, 'w'), letter(EXECUTE, 'x')].iter().collect()
}

/// What helps depends on who chose the mode: the program itself, an earlier run of the same user, or somebody else.
fn advice(refused: &Refused, call: &Call) -> String {
    let Refused { what, is_owner, is_made_here, .. } = *refused;
    let get = if matches!(what, What::Segment(_)) { "shmget" } else { "semget" };
    let for_less = for_less(refused, call).map(|words| format!("{words} ")).unwrap_or_default();
    let rest = match (is_made_here, is_owner) {
        (true, true) => of_its_own(refused, get),
        (false, true) => {
            let earlier =
                mistyped(refused).map(|words| format!(" If that was an earlier run of yours: {words}"));
            format!(
                "Another program made it, and chose its mode: that one may change it with IPC_SET, or make it with other \
                 bits.{}",
                earlier.unwrap_or_default()
            )
        }
        (_, false) => format!(
            "Run both programs as one user; or have the owner give others the bits, with IPC_SET or as it makes it \
             ({get} … | 0666)."
        ),
    };
    for_less + &rest
}

/// What is granted already, if that may be enough.
fn for_less(Refused { mode, bits, .. }: &Refused, call: &Call) -> Option<String> {
    match call {
        Call::Shmat { flags, .. } if bits & READ != 0 && !flags.contains(ShmatFlags::SHM_RDONLY) => {
            Some("Reading is allowed: pass SHM_RDONLY.".to_owned())
        }
        Call::Shmget { .. } | Call::Semget { .. } if *bits != 0 => Some(format!(
            "To find it, ask for no more than is granted: 0 instead of the bits, or 0{mode:03o} itself."
        )),
        _ => None,
    }
}

fn of_its_own(refused: &Refused, get: &str) -> String {
    let none = if refused.mode == 0 { " None were given: IPC_CREAT alone lets nobody in." } else { "" };
    mistyped(refused).unwrap_or_else(|| {
        format!(
            "Give {get} the bits when it makes it: IPC_CREAT | 0600.{none} The one that is there keeps its mode: remove \
             it (`{}`), or change it with IPC_SET.",
            refused.what.removal()
        )
    })
}

/// A mode that was typed in decimal.
fn mistyped(Refused { what, mode, .. }: &Refused) -> Option<String> {
    let typed = TYPED.iter().find(|typed| **typed & 0o777 == *mode)?;
    Some(format!(
        "{mode:04o} is what a decimal {typed} gives: write 0{typed}, with the 0 of an octal number. Then remove this one \
         (`{}`), or the old mode stays.",
        what.removal()
    ))
}
