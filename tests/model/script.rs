//! A step as the processes under test read it: numbers on the board.
//!
//! **Invariant:** what the model expects is not on the board, but for what must be waited for.

use std::ffi::{CStr, CString};
use std::os::unix::ffi::OsStrExt;

use nix::libc;
use playground_core::call::{Call, Cmd, Ownership, SemCmd, SemOp};
use playground_core::machine::{Action, Capabilities, Identity, Resource, Setting};

use super::perform::{KEY_FILES, pack};
use super::process::op;

/// What to do, and with which arguments.
pub struct Order {
    pub op: u64,
    pub args: [u64; 8],
}

fn order<const N: usize>(op: u64, args: [u64; N]) -> Order {
    let mut all = [0; 8];
    all[..N].copy_from_slice(&args);
    Order { op, args: all }
}

fn signed(number: i32) -> u64 {
    i64::from(number) as u64
}

/// An action in numbers; `slot` tells where on the board a process is.
pub fn encode(action: &Action, slot: impl Fn(i32) -> usize) -> Order {
    match action {
        Action::Call(call) => encode_call(call),
        Action::Load { address, length } => order(op::LOAD, [address.0, *length]),
        Action::Store { address, bytes } => {
            let mut word = [0; 8];
            word[..bytes.len()].copy_from_slice(bytes);
            order(op::STORE, [address.0, bytes.len() as u64, u64::from_le_bytes(word)])
        }
        Action::Mmap { address, length } => {
            let fixed = if address.0 == 0 { 0 } else { libc::MAP_FIXED };
            let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | fixed;
            order(op::MMAP, [address.0, *length, 3, flags as u64, u64::MAX, 0])
        }
        Action::Munmap { address, length } => order(op::MUNMAP, [address.0, *length]),
        Action::Mprotect { address, length, protection } => {
            order(op::MPROTECT, [address.0, *length, protection.bits().into()])
        }
        Action::Mremap { address, old_length, new_length, may_move } => {
            order(op::MREMAP, [address.0, *old_length, *new_length, (*may_move).into()])
        }
        Action::Fork { child } => order(op::FORK, [slot(*child) as u64]),
        Action::Vfork { child } => order(op::VFORK, [slot(*child) as u64]),
        Action::Exec { .. } => order(op::EXEC, []),
        Action::Exit => order(op::EXIT, []),
        Action::Kill { target, signal } => order(op::KILL, [slot(*target) as u64, signed(*signal)]),
        Action::SetIdentity(identity) => encode_identity(identity),
        Action::Sysctl(setting) => encode_setting(*setting),
        Action::Setrlimit(Resource::AddressSpace(limit)) => {
            order(op::RLIMIT, [libc::RLIMIT_AS.into(), limit.unwrap_or(u64::MAX)])
        }
        Action::Setrlimit(Resource::LockedMemory(limit)) => {
            order(op::RLIMIT, [libc::RLIMIT_MEMLOCK.into(), limit.unwrap_or(u64::MAX)])
        }
        Action::Unshare => order(op::UNSHARE, []),
    }
}

fn encode_call(call: &Call) -> Order {
    match call {
        Call::Shmget { key, size, flags, mode } => {
            order(op::SHMGET, [signed(key.0), *size, signed(flags.bits() | mode.bits() as i32)])
        }
        Call::Shmat { shmid, address, flags } => {
            order(op::SHMAT, [signed(shmid.0), address.0, signed(flags.bits())])
        }
        Call::Shmdt { address } => order(op::SHMDT, [address.0]),
        Call::Shmctl { shmid, cmd } => {
            let Ownership { uid, gid, mode } = match cmd {
                Cmd::IpcSet(new) => *new,
                _ => Ownership { uid: 0, gid: 0, mode: playground_core::Mode::empty() },
            };
            order(
                op::SHMCTL,
                [signed(shmid.0), signed(cmd.number()), uid.into(), gid.into(), mode.bits().into()],
            )
        }
        Call::Semget { key, nsems, flags, mode } => {
            order(op::SEMGET, [signed(key.0), signed(*nsems), signed(flags.bits() | mode.bits() as i32)])
        }
        Call::Semop { semid, ops } => encode_ops(semid.0, ops, u64::MAX),
        Call::Semtimedop { semid, ops, timeout } => encode_ops(semid.0, ops, timeout.as_nanos() as u64),
        Call::Semctl { semid, semnum, cmd } => encode_semctl(semid.0, *semnum, cmd),
        Call::Ftok { path, project } => {
            let is_it =
                |file: &&CStr| Some(*file) == CString::new(path.as_os_str().as_bytes()).ok().as_deref();
            let number = KEY_FILES.iter().position(is_it).expect("one of the files");
            order(op::FTOK, [number as u64, signed(*project)])
        }
        Call::SemopAt { .. } | Call::File(_) | Call::Lock(_) => {
            unreachable!("no script makes this call: {call}")
        }
    }
}

fn encode_ops(semid: i32, ops: &[SemOp], timeout: u64) -> Order {
    let mut args = [signed(semid), ops.len() as u64, 0, 0, 0, 0, timeout, 0];
    for (arg, op) in args[2..6].iter_mut().zip(ops) {
        *arg = pack(op.number, op.change, op.flags.bits());
    }
    order(op::SEMOP, args)
}

fn encode_semctl(semid: i32, semnum: i32, cmd: &SemCmd) -> Order {
    let more = match cmd {
        SemCmd::SetVal(value) => [signed(*value), 0, 0],
        SemCmd::SetAll(values) => {
            [values.iter().rev().fold(0, |word, value| word << 16 | u64::from(*value)), 0, 0]
        }
        SemCmd::IpcSet(new) => [new.uid.into(), new.gid.into(), new.mode.bits().into()],
        _ => [0; 3],
    };
    order(op::SEMCTL, [signed(semid), signed(semnum), signed(cmd.number()), more[0], more[1], more[2]])
}

fn encode_identity(identity: &Identity) -> Order {
    match identity {
        Identity::User(uid) => order(op::BECOME, [0, (*uid).into()]),
        Identity::Group(gid) => order(op::BECOME, [1, (*gid).into()]),
        Identity::Groups(groups) => order(op::BECOME, [2, groups[0].into()]),
        Identity::Without(capabilities) => order(op::BECOME, [3, bits(*capabilities)]),
    }
}

/// Capabilities as the kernel numbers them (`linux/capability.h`).
const NUMBERS: [(Capabilities, u64); 8] = [
    (Capabilities::IPC_OWNER, 15),
    (Capabilities::SYS_ADMIN, 21),
    (Capabilities::IPC_LOCK, 14),
    (Capabilities::SYS_RAWIO, 17),
    (Capabilities::SETUID, 7),
    (Capabilities::SETGID, 6),
    (Capabilities::KILL, 5),
    (Capabilities::SYS_RESOURCE, 24),
];

fn bits(capabilities: Capabilities) -> u64 {
    NUMBERS
        .iter()
        .filter(|(capability, _)| capabilities.contains(*capability))
        .map(|(_, number)| 1 << number)
        .sum()
}

/// The capabilities among the bits of a line in `/proc/PID/status`.
pub fn capabilities(bits: u64) -> Capabilities {
    NUMBERS.iter().filter(|(_, number)| bits >> number & 1 == 1).map(|(capability, _)| *capability).collect()
}

fn encode_setting(setting: Setting) -> Order {
    let (file, text) = match setting {
        Setting::Shmmax(bytes) => (0, bytes.to_string()),
        Setting::Shmall(pages) => (1, pages.to_string()),
        Setting::Shmmni(segments) => (2, segments.to_string()),
        Setting::ShmNextId(id) => (3, id.to_string()),
        Setting::ShmRmidForced(on) => (4, on.to_string()),
        Setting::Sem([a, b, c, d]) => (5, format!("{a} {b} {c} {d}")),
        Setting::SemNextId(id) => (6, id.to_string()),
    };
    let mut bytes = [0; 32];
    bytes[..text.len()].copy_from_slice(text.as_bytes());
    let words = bytes.as_chunks::<8>().0;
    let word = |at: usize| u64::from_le_bytes(words[at]);
    order(op::SYSCTL, [file, text.len() as u64, word(0), word(1), word(2), word(3)])
}
