//! A recorded call as the value that it was: the way back from [`Call::arguments`].
//!
//! **Invariant:** a call that cannot be read back whole is none. Nothing is put in for what a recording leaves out.

use playground::call::{
    Address, Answer, Call, Cmd, Key, Ownership, SemCmd, SemFlags, SemOp, Semid, ShmatFlags, ShmgetFlags,
    Shmid,
};
use playground::story::event::CallEvent;
use playground_core::Mode;
use regex::Regex;
use serde_json::Value;
use std::sync::LazyLock;

static OWNERSHIP: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\{uid=(\d+), gid=(\d+), mode=0([0-7]+)\}").expect("a pattern"));
static OPERATION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^semop\((\d+), \[\{(\d+), (-?\d+), ([A-Z_|0]+)\}\], 1\)$").expect("a pattern")
});

/// The call, if the rules of segments and sets know it.
pub fn call(event: &CallEvent) -> Option<Call> {
    let args = &event.args;
    Some(match &*event.name {
        "shmget" => Call::Shmget {
            key: key(args)?,
            size: args["size"].as_u64()?,
            flags: ShmgetFlags::from_bits_retain(bits(&args["flags"], |name| {
                ShmgetFlags::from_name(name).map(|flag| flag.bits())
            })?),
            mode: mode(args)?,
        },
        "shmat" => Call::Shmat {
            shmid: Shmid(number(&args["shmid"])?),
            address: Address(args["address"].as_u64()?),
            flags: ShmatFlags::from_bits_retain(bits(&args["flags"], |name| {
                ShmatFlags::from_name(name).map(|flag| flag.bits())
            })?),
        },
        "shmdt" => Call::Shmdt { address: Address(args["address"].as_u64()?) },
        "shmctl" => Call::Shmctl { shmid: Shmid(number(&args["shmid"])?), cmd: command(event)? },
        "semget" => Call::Semget {
            key: key(args)?,
            nsems: number(&args["nsems"])?,
            flags: ShmgetFlags::from_bits_retain(bits(&args["flags"], |name| {
                ShmgetFlags::from_name(name).map(|flag| flag.bits())
            })?),
            mode: mode(args)?,
        },
        "semop" => Call::Semop { semid: Semid(number(&args["semid"])?), ops: operations(&args["ops"])? },
        "semctl" => Call::Semctl {
            semid: Semid(number(&args["semid"])?),
            semnum: number(&args["semnum"])?,
            cmd: set_command(args["cmd"].as_str()?)?,
        },
        _ => return None,
    })
}

/// What the kernel answered, as far as it changes anything: an answer that only tells is a number here.
pub fn answer(call: &Call, result: i64) -> Answer {
    match call {
        Call::Shmget { .. } => Answer::Id(Shmid(result as i32)),
        Call::Shmat { .. } => Answer::Mapped(Address(result as u64)),
        Call::Semget { .. } => Answer::Set(Semid(result as i32)),
        _ => Answer::Done,
    }
}

/// `semop(0, [{1, -1, SEM_UNDO}], 1)`, which a process was started on.
pub fn operation(c: &str) -> Option<Call> {
    let found = OPERATION.captures(c)?;
    let flags = found[4].split('|').filter_map(SemFlags::from_name);
    let op = SemOp { number: found[2].parse().ok()?, change: found[3].parse().ok()?, flags: flags.collect() };
    Some(Call::Semop { semid: Semid(found[1].parse().ok()?), ops: vec![op] })
}

fn number<T: TryFrom<i64>>(value: &Value) -> Option<T> {
    value.as_i64()?.try_into().ok()
}

fn key(args: &Value) -> Option<Key> {
    number(&args["key"]).map(Key)
}

fn mode(args: &Value) -> Option<Mode> {
    u32::from_str_radix(args["mode"].as_str()?, 8).ok().map(Mode::from_bits_truncate)
}

/// Flags by name; one without a name is written as `0x8000`.
fn bits(names: &Value, of_name: impl Fn(&str) -> Option<i32>) -> Option<i32> {
    let bit = |name: &Value| {
        let name = name.as_str()?;
        let plain = || i32::from_str_radix(name.strip_prefix("0x")?, 16).ok();
        of_name(name).or_else(plain)
    };
    names.as_array()?.iter().try_fold(0, |all, name| Some(all | bit(name)?))
}

fn command(event: &CallEvent) -> Option<Cmd> {
    Some(match event.args["cmd"].as_str()? {
        "IPC_STAT" => Cmd::IpcStat,
        "IPC_RMID" => Cmd::IpcRmid,
        "SHM_LOCK" => Cmd::ShmLock,
        "SHM_UNLOCK" => Cmd::ShmUnlock,
        // The arguments name the command alone; what it sets stands in the C text.
        "IPC_SET" => Cmd::IpcSet(ownership(&event.c)?),
        _ => return None,
    })
}

fn ownership(c: &str) -> Option<Ownership> {
    let found = OWNERSHIP.captures(c)?;
    let mode = Mode::from_bits_truncate(u32::from_str_radix(&found[3], 8).ok()?);
    Some(Ownership { uid: found[1].parse().ok()?, gid: found[2].parse().ok()?, mode })
}

fn set_command(told: &str) -> Option<SemCmd> {
    let (name, value) = told.split_once(", ").unwrap_or((told, ""));
    Some(match name {
        "SETVAL" => SemCmd::SetVal(value.parse().ok()?),
        "GETVAL" => SemCmd::GetVal,
        "GETNCNT" => SemCmd::GetNcnt,
        "IPC_RMID" => SemCmd::IpcRmid,
        _ => return None,
    })
}

fn operations(told: &Value) -> Option<Vec<SemOp>> {
    let one = |op: &Value| {
        let flags = op["sem_flg"].as_array()?.iter().filter_map(|name| SemFlags::from_name(name.as_str()?));
        Some(SemOp {
            number: number(&op["sem_num"])?,
            change: number(&op["sem_op"])?,
            flags: flags.collect(),
        })
    };
    told.as_array()?.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use playground::story::event::Event;

    use super::*;
    use crate::recording::{Recording, told_lessons};

    /// The calls of all runs that are about segments and sets, each as it was printed.
    #[test]
    fn a_recorded_call_is_read_back_as_it_was() {
        let mut read = 0;
        for lesson in told_lessons().expect("the lessons") {
            for told in Recording::load(lesson.number).expect("a recording").events {
                let Event::Call(event) = &told.event else { continue };
                let asks = ["IPC_INFO"].contains(&event.args["cmd"].as_str().unwrap_or_default());
                // `shm_open` and `sem_wait` are POSIX's, and of no segment and no set.
                let is_posix = event.name.contains('_');
                if asks || is_posix || !(event.name.starts_with("shm") || event.name.starts_with("sem")) {
                    continue;
                }
                let call = call(event).unwrap_or_else(|| panic!("{} is not read", event.c));
                assert!(event.c.starts_with(&format!("{call} = ")), "{} is read as {call}", event.c);
                read += 1;
            }
        }
        assert!(read > 300, "{read} calls");
    }

    #[test]
    fn what_a_process_was_started_on_is_read_from_its_c() {
        let call = operation("semop(3, [{1, -1, SEM_UNDO}], 1)").expect("an operation");
        assert_eq!(call.to_string(), "semop(3, [{1, -1, SEM_UNDO}], 1)");
        assert_eq!(operation("for (i = 0; i < 9; i++) *(unsigned *) 0x7f00 += 1"), None);
    }
}
