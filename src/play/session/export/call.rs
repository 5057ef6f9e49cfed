//! A System V call as the program writes it.

use playground_core::Mode;
use playground_core::call::{
    Address, Call, Cmd, Ownership, RefusedTimeout, SemCmd, SemOp, ShmatFlags, ShmgetFlags,
};

use super::notation::Language;
use super::symbols::{Kind, Symbols};

/// What has to be done before the call: its record is filled in.
pub fn before(language: Language, call: &Call) -> Vec<String> {
    match call {
        Call::Shmctl { cmd: Cmd::IpcSet(new), .. } => language.fill(new),
        Call::Semctl { cmd: SemCmd::IpcSet(new), .. } => language.fill(new),
        _ => Vec::new(),
    }
}

/// The call.
pub fn text(language: Language, symbols: &Symbols, call: &Call) -> String {
    let key = |key: i32| match symbols.number(Kind::Key, key) {
        _ if key == 0 => "IPC_PRIVATE".to_owned(),
        number if number == key.to_string() && key > 0 => format!("{key:#x}"),
        name => name,
    };
    let set = |id: i32| symbols.number(Kind::Set, id);
    match call {
        Call::Shmget { key: name, size, flags, mode } => {
            format!("shmget({}, {size}, {})", key(name.0), with_mode(language, *flags, *mode))
        }
        Call::Semget { key: name, nsems, flags, mode } => {
            format!("semget({}, {nsems}, {})", key(name.0), with_mode(language, *flags, *mode))
        }
        Call::Shmat { shmid, address, flags } => {
            let id = symbols.number(Kind::Segment, shmid.0);
            format!("shmat({id}, {}, {})", pointer(language, symbols, *address), at_flags(*flags))
        }
        Call::Shmdt { address } => format!("shmdt({})", pointer(language, symbols, *address)),
        Call::Shmctl { shmid, cmd } => {
            let by_index = matches!(cmd.number(), 13 | 15);
            let id = if by_index { shmid.0.to_string() } else { symbols.number(Kind::Segment, shmid.0) };
            let buffer = match cmd {
                Cmd::BufferAt { buffer, .. } => buffer_at(language, symbols, *buffer),
                cmd => language.record(needs_record(*cmd)),
            };
            format!("shmctl({id}, {}, {buffer})", command(*cmd))
        }
        Call::Semop { semid, ops } => {
            format!("semop({}, {}, {})", set(semid.0), list(language, ops), ops.len())
        }
        Call::Semtimedop { semid, ops, timeout } => {
            let (seconds, nanoseconds) = (timeout.as_secs() as i64, timeout.subsec_nanos().into());
            let timeout = language.timespec(seconds, nanoseconds);
            format!("semtimedop({}, {}, {}, {timeout})", set(semid.0), list(language, ops), ops.len())
        }
        Call::SemopAt { semid, nsops, timeout: Some(timeout), .. } => {
            let timeout = match timeout {
                RefusedTimeout::At(_) => language.nowhere().to_owned(),
                RefusedTimeout::Is { seconds, nanoseconds } => language.timespec(*seconds, *nanoseconds),
            };
            format!("semtimedop({}, {}, {nsops}, {timeout})", set(semid.0), language.blank_sembufs(*nsops))
        }
        Call::SemopAt { semid, sops, nsops, timeout: None } => {
            format!("semop({}, {}, {nsops})", set(semid.0), buffer_at(language, symbols, *sops))
        }
        Call::Semctl { semid, semnum, cmd } => {
            let by_index = matches!(cmd.number(), 18 | 20);
            let id = if by_index { semid.0.to_string() } else { set(semid.0) };
            let argument = match cmd {
                SemCmd::BufferAt { buffer, .. } => format!(", {}", bytes_at(language, symbols, *buffer)),
                cmd => semctl_argument(language, cmd),
            };
            format!("semctl({id}, {semnum}, {}{argument})", semctl_command(cmd))
        }
        Call::Ftok { path, project } => {
            format!("ftok({}, {project})", language.string(&path.display().to_string()))
        }
        Call::File(_) | Call::Lock(_) => String::new(),
    }
}

fn pointer(language: Language, symbols: &Symbols, address: Address) -> String {
    if address == Address::NULL { language.null() } else { symbols.address(address.0) }
}

/// An address from which nothing can be copied, or to which: the functions take it for a record's. Only an attachment that is
/// for reading stays what it is: what lies at any other address in the program, nobody knows, and nothing lies at NULL.
fn buffer_at(language: Language, symbols: &Symbols, address: Address) -> String {
    let attachment = symbols.attachment(address.0);
    attachment.map_or_else(|| language.null(), |attachment| language.untyped(&attachment))
}

/// The same for the last argument of `semctl`, which has no type of its own.
fn bytes_at(language: Language, symbols: &Symbols, address: Address) -> String {
    symbols.attachment(address.0).unwrap_or_else(|| language.null_of_bytes())
}

fn with_mode(language: Language, flags: ShmgetFlags, mode: Mode) -> String {
    let mut parts = flags.names();
    if !mode.is_empty() {
        parts.push(language.octal(mode.bits()));
    }
    or_zero(parts)
}

fn at_flags(flags: ShmatFlags) -> String {
    or_zero(flags.names())
}

fn or_zero(parts: Vec<String>) -> String {
    if parts.is_empty() { "0".to_owned() } else { parts.join(" | ") }
}

fn command(cmd: Cmd) -> String {
    match cmd {
        Cmd::IpcSet(_) | Cmd::BufferAt { number: 1, .. } => "IPC_SET".to_owned(),
        Cmd::IpcStat | Cmd::BufferAt { number: 2, .. } => "IPC_STAT".to_owned(),
        Cmd::IpcRmid => "IPC_RMID".to_owned(),
        other => other.number().to_string(),
    }
}

fn needs_record(cmd: Cmd) -> bool {
    !matches!(cmd, Cmd::IpcRmid | Cmd::ShmLock | Cmd::ShmUnlock | Cmd::Unknown(_))
}

fn list(language: Language, ops: &[SemOp]) -> String {
    let ops = ops.iter().map(|op| {
        let flags: Vec<String> = op.flags.iter_names().map(|(name, _)| name.to_owned()).collect();
        language.sembuf(op.number, op.change, &or_zero(flags))
    });
    language.sembufs(&ops.collect::<Vec<_>>())
}

/// By name, where both languages know it.
fn semctl_command(cmd: &SemCmd) -> String {
    match cmd {
        SemCmd::Other(number) => number.to_string(),
        cmd if matches!(cmd.number(), 3 | 18..=20) => cmd.number().to_string(),
        other => other.to_string().split(',').next().unwrap_or_default().to_owned(),
    }
}

fn semctl_argument(language: Language, cmd: &SemCmd) -> String {
    match cmd {
        SemCmd::SetVal(value) => format!(", {value}"),
        SemCmd::SetAll(values) => format!(", {}", language.shorts(values)),
        SemCmd::GetAll
        | SemCmd::IpcStat
        | SemCmd::IpcSet(Ownership { .. })
        | SemCmd::IpcInfo
        | SemCmd::SemInfo
        | SemCmd::SemStat
        | SemCmd::SemStatAny => format!(", {}", language.buffer()),
        _ => String::new(),
    }
}
