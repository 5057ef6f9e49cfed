//! Actions, answers and values, as they are shown.

use playground_core::Signal;
use playground_core::call::{Call, Outcome, Performed};
use playground_core::machine::{Action, Fatal, Identity};

use crate::c::{Ty, Value};
use crate::language::{Does, Expr, Kind, Unary};

/// The name of the function that an action is.
pub(super) fn name(action: &Action) -> &'static str {
    match action {
        Action::Call(call) => call.name(),
        Action::Load { .. } => "load",
        Action::Store { .. } => "store",
        Action::Mmap { .. } => "mmap",
        Action::Munmap { .. } => "munmap",
        Action::Mprotect { .. } => "mprotect",
        Action::Mremap { .. } => "mremap",
        Action::Fork { .. } => "fork",
        Action::Vfork { .. } => "vfork",
        Action::Exec { .. } => "execlp",
        Action::Exit => "exit",
        Action::Kill { .. } => "kill",
        Action::SetIdentity(Identity::User(_)) => "setuid",
        Action::SetIdentity(Identity::Group(_)) => "setgid",
        Action::SetIdentity(Identity::Groups(_)) => "setgroups",
        Action::SetIdentity(Identity::Without(_)) => "capset",
        Action::Sysctl(_) => "sysctl",
        Action::Setrlimit(_) => "setrlimit",
        Action::Unshare => "unshare",
    }
}

/// An action in C notation, without its answer.
pub(super) fn action(action: &Action) -> String {
    let arguments = match action {
        Action::Call(call) => return call.to_string(),
        Action::Kill { target, signal } => match signal {
            0 => format!("{target}, 0"),
            signal => format!("{target}, {}", playground_core::Signal::from_raw(*signal)),
        },
        Action::SetIdentity(Identity::User(id) | Identity::Group(id)) => id.to_string(),
        Action::Munmap { address, length } => format!("{address}, {length}"),
        Action::Mprotect { address, length, protection } => {
            format!("{address}, {length}, {}", pages_may(protection.bits()))
        }
        _ => String::new(),
    };
    format!("{}({arguments})", name(action))
}

/// What may be done with pages, by the names of mprotect(2).
fn pages_may(bits: u8) -> String {
    const NAMES: [(u8, &str); 3] = [(1, "PROT_READ"), (2, "PROT_WRITE"), (4, "PROT_EXEC")];
    let named: Vec<&str> = NAMES.iter().filter(|(bit, _)| bits & bit != 0).map(|(_, name)| *name).collect();
    if named.is_empty() { "PROT_NONE".to_owned() } else { named.join("|") }
}

/// A string as C writes it; what is no control character stands as it is.
fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' | '\0'..='\x1f' => quoted.extend(c.escape_default()),
            c => quoted.push(c),
        }
    }
    quoted + "\""
}

/// An action and its answer; `words` are those of a program that it starts, or the exit status.
pub(super) fn performed(action: &Action, words: &[String], outcome: &Outcome) -> String {
    match action {
        Action::Exec { .. } => {
            let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
            let call = format!("execlp({}, NULL)", words.join(", "));
            match outcome {
                Ok(_) => call,
                Err(errno) => format!("{call} = -1 {errno}"),
            }
        }
        Action::Call(call) => Performed { pid: 0, call: call.clone(), outcome: outcome.clone() }.to_string(),
        Action::Exit if outcome.is_ok() => format!("exit({})", words.concat()),
        _ => match outcome {
            Ok(answer) => format!("{} = {}", self::action(action), answer.value()),
            Err(errno) => format!("{} = -1 {errno}", self::action(action)),
        },
    }
}

/// The first argument of a System V call: a key or an id.
pub(super) fn first_argument(call: &Call) -> i64 {
    match call {
        Call::Shmget { key, .. } | Call::Semget { key, .. } => key.0.into(),
        Call::Shmat { shmid, .. } | Call::Shmctl { shmid, .. } => shmid.0.into(),
        Call::Shmdt { address } => address.0 as i64,
        Call::Semop { semid, .. }
        | Call::SemopAt { semid, .. }
        | Call::Semtimedop { semid, .. }
        | Call::Semctl { semid, .. } => semid.0.into(),
        Call::File(_) | Call::Lock(_) | Call::Ftok { .. } => 0,
    }
}

/// The signal that ends a process for an access.
pub(super) fn signal(signal: Fatal) -> Signal {
    match signal {
        Fatal::Sigsegv => Signal::SIGSEGV,
        Fatal::Sigbus => Signal::SIGBUS,
    }
}

/// Functions that are called for their value alone, and tell nothing themselves.
const ASKING: [&str; 7] =
    ["getpid", "getuid", "strlen", "WIFEXITED", "WEXITSTATUS", "WIFSIGNALED", "WTERMSIG"];

/// Whether the value of a statement is what was asked for: not where it is an assignment or a call, which tell it
/// themselves.
pub(super) fn is_asked_for(does: &Does) -> bool {
    let Does::Evaluate(Expr { kind, .. }) = does else { return false };
    match kind {
        Kind::Call(name, _) => ASKING.contains(&name.as_str()),
        Kind::Assign(..) => false,
        Kind::Unary(unary, _) => !matches!(
            unary,
            Unary::Increment | Unary::Decrement | Unary::IncrementAfter | Unary::DecrementAfter
        ),
        _ => true,
    }
}

/// Whether a statement makes a structure of which it says nothing.
pub(super) fn declares_a_struct(does: &Does) -> bool {
    let Does::Declare(declared) = does else { return false };
    let is_struct = |name: &str| name.starts_with("struct");
    declared.iter().any(|one| is_struct(one.of.name) && one.of.stars == 0 && one.initial.is_none())
}

/// A value, with its type and, where that is easier to read, in another notation.
pub(super) fn value(value: &Value) -> String {
    let text = match &value.ty {
        Ty::Void => return "no value".to_owned(),
        ty if ty.is_pointer() => match value.bits() {
            0 => "NULL".to_owned(),
            u64::MAX => "(void *) -1".to_owned(),
            address => format!("{address:#x}"),
        },
        _ => number(value.in_decimal(), value),
    };
    format!("{text}   {}", value.ty)
}

/// The fields of the kernel's records that hold seconds since 1970.
const TIMES: [&str; 5] = ["shm_atime", "shm_dtime", "shm_ctime", "sem_otime", "sem_ctime"];

/// The value of a statement; the number of a time has it by the clock beside it, as `told_time` says it.
pub(super) fn result(does: &Does, result: &Value, told_time: impl Fn(i64) -> String) -> String {
    let Does::Evaluate(Expr { kind: Kind::Member { field, .. }, .. }) = does else { return value(result) };
    if !is_time(field) {
        return value(result);
    }
    let (number, told) = (result.in_decimal(), told_time(result.bits() as i64));
    // Where there is no clock, the number is in the words already.
    let number = if told.starts_with(&number) { String::new() } else { format!("{number}   ") };
    format!("{number}{told}   {}", result.ty)
}

fn is_time(name: &str) -> bool {
    TIMES.iter().any(|time| name.ends_with(time))
}

/// The fields of a structure, one a line; times are told by `told_time`.
pub(super) fn fields(fields: &[(String, Value)], told_time: impl Fn(i64) -> String) -> Vec<String> {
    let value = |name: &str, field: &Value| {
        if is_time(name) {
            format!("{}   {}", told_time(field.bits() as i64), field.ty)
        } else {
            value(field)
        }
    };
    let widest = fields.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    fields.iter().map(|(name, field)| format!("{name:<widest$} = {}", value(name, field))).collect()
}

/// A number above 9 is shown in octal and hexadecimal, too: a mode or a key is read so.
fn number(decimal: String, value: &Value) -> String {
    let bits = value.bits() & (u64::MAX >> (64 - 8 * value.ty.size().clamp(1, 8)));
    match (bits, value.ty.size()) {
        (0..10, _) => decimal,
        (32..127, 1) => format!("{decimal}   '{}'", bits as u8 as char),
        _ => format!("{decimal}   {bits:#x}   0{bits:o}"),
    }
}
