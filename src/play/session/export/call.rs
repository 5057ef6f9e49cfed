//! A System V call as the program writes it.

use playground_core::Mode;
use playground_core::call::{Address, Call, Cmd, Ownership, SemCmd, SemOp, ShmatFlags, ShmgetFlags};

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
            let by_index = matches!(cmd, Cmd::ShmStat | Cmd::ShmStatAny);
            let id = if by_index { shmid.0.to_string() } else { symbols.number(Kind::Segment, shmid.0) };
            format!("shmctl({id}, {}, {})", command(*cmd), language.record(needs_record(*cmd)))
        }
        Call::Semop { semid, ops } => {
            format!("semop({}, {}, {})", set(semid.0), list(language, ops), ops.len())
        }
        Call::Semtimedop { semid, ops, timeout } => {
            let (seconds, nanoseconds) = (timeout.as_secs(), timeout.subsec_nanos());
            let timeout = language.timespec(seconds, nanoseconds);
            format!("semtimedop({}, {}, {}, {timeout})", set(semid.0), list(language, ops), ops.len())
        }
        Call::SemopAt { semid, nsops, .. } => {
            format!("semop({}, {}, {nsops})", set(semid.0), language.null())
        }
        Call::Semctl { semid, semnum, cmd } => {
            let by_index = matches!(cmd, SemCmd::SemStat | SemCmd::SemStatAny);
            let id = if by_index { semid.0.to_string() } else { set(semid.0) };
            format!("semctl({id}, {semnum}, {}{})", semctl_command(cmd), semctl_argument(language, cmd))
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
        Cmd::IpcSet(_) | Cmd::IpcSetAt(_) => "IPC_SET".to_owned(),
        Cmd::IpcStat => "IPC_STAT".to_owned(),
        Cmd::IpcRmid => "IPC_RMID".to_owned(),
        other => other.number().to_string(),
    }
}

fn needs_record(cmd: Cmd) -> bool {
    !matches!(cmd, Cmd::IpcRmid | Cmd::ShmLock | Cmd::ShmUnlock | Cmd::IpcSetAt(_) | Cmd::Unknown(_))
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
        SemCmd::IpcInfo | SemCmd::SemInfo | SemCmd::SemStat | SemCmd::SemStatAny | SemCmd::Other(_) => {
            cmd.number().to_string()
        }
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
