//! What is there already, and so is not as a call wants it: an older segment or set under the same key, a set of fewer
//! semaphores, a value that has no room.
//!
//! **Invariant:** every number is of the kernel's table as it is now, or of the call.

use nix::libc;
use playground_core::Errno;

use super::procfs;
use super::value::What;
use crate::call::{Call, Key, SemCmd, Semid};
use crate::error::Reason;
use crate::evidence::segments::Row;
use crate::evidence::sets::SetRow;

/// The largest value of a semaphore (`SEMVMX`, `linux/sem.h`).
const LARGEST: i32 = 32767;

fn reason(why: String, advice: String) -> Option<Reason> {
    Some(Reason { why, advice })
}

/// Why a call was refused, if what is there tells.
pub(super) fn why(call: &Call, errno: Errno) -> Option<Reason> {
    match (call, errno) {
        (Call::Shmget { key, size, .. }, Errno::EINVAL) => smaller(&older(*key)?, *size),
        (Call::Shmget { key, .. }, Errno::EEXIST) => exists(What::Segment(older(*key)?.shmid), *key),
        (Call::Semget { key, nsems, .. }, Errno::EINVAL) => fewer(&older_set(*key)?, *nsems),
        (Call::Semget { key, .. }, Errno::EEXIST) => exists(What::Set(older_set(*key)?.semid), *key),
        (Call::Semop { semid, ops } | Call::Semtimedop { semid, ops, .. }, Errno::EFBIG) => {
            let set = set(*semid)?;
            let number = ops.iter().map(|op| op.number).find(|number| u64::from(*number) >= set.nsems)?;
            no_such_number(&set, i32::from(number))
        }
        (Call::Semctl { semid, semnum, .. }, Errno::EINVAL) => {
            let set = set(*semid)?;
            let is_there = *semnum >= 0 && (*semnum as u64) < set.nsems;
            (!is_there).then(|| no_such_number(&set, *semnum))?
        }
        (Call::Semctl { cmd, .. }, Errno::ERANGE) => out_of_range(cmd),
        (Call::Semop { semid, ops } | Call::Semtimedop { semid, ops, .. }, Errno::ERANGE) => {
            let raised = ops.iter().find_map(|op| {
                let value = procfs::semaphore(*semid, op.number, SemCmd::GetVal)?;
                (value + i32::from(op.change) > LARGEST).then_some((op.number, value, op.change))
            });
            let (number, value, change) = raised?;
            reason(
                format!(
                    "Semaphore {number} of set {semid} is {value}, and {change} more is above {LARGEST}, the largest \
                     value (SEMVMX)."
                ),
                "Give back no more than was taken: is a semop called once too often, or an old value left?"
                    .to_owned(),
            )
        }
        _ => None,
    }
}

fn older(key: Key) -> Option<Row> {
    procfs::segment(procfs::segment_of(key)?)
}

fn older_set(key: Key) -> Option<SetRow> {
    set(procfs::set_of(key)?)
}

fn set(id: Semid) -> Option<SetRow> {
    procfs::sets()?.into_iter().find(|row| row.semid == id)
}

fn smaller(Row { key, shmid, size: has, cpid, .. }: &Row, wants: u64) -> Option<Reason> {
    if *has as u64 >= wants {
        return None;
    }
    reason(
        format!(
            "Segment {shmid} has the key {key} already, and {has} bytes, fewer than the {wants} asked for. Process \
             {cpid} made it: it may be left of an earlier run."
        ),
        format!(
            "If nobody needs it any more, remove it (`ipcrm -m {shmid}`), and the next shmget makes a new one. To use \
             it, ask for no more than it has, or for 0."
        ),
    )
}

fn fewer(SetRow { key, semid, nsems: has, .. }: &SetRow, wants: i32) -> Option<Reason> {
    if wants < 0 || *has >= wants as u64 {
        return None;
    }
    reason(
        format!(
            "Set {semid} has the key {key} already, and {has} semaphores, fewer than the {wants} asked for. It may be \
             left of an earlier run."
        ),
        format!(
            "If nobody needs it any more, remove it (`ipcrm -s {semid}`), and the next semget makes a new one. To use \
             it, ask for no more than it has, or for 0."
        ),
    )
}

fn exists(what: What, key: Key) -> Option<Reason> {
    let (name, id, removal) = (what.name(), what.id(), what.removal());
    reason(
        format!(
            "The {name} {id} has the key {key} already, and IPC_CREAT|IPC_EXCL asks for a new one. It may be left of an \
             earlier run."
        ),
        format!(
            "To use it, leave out IPC_EXCL. If nobody needs it any more, remove it: `{removal}`. Or choose another key."
        ),
    )
}

fn no_such_number(SetRow { semid, nsems, .. }: &SetRow, number: i32) -> Option<Reason> {
    let last = nsems.saturating_sub(1);
    reason(
        format!("Set {semid} has the semaphores 0 to {last}, and the call names number {number}."),
        format!(
            "Semaphores are counted from 0; semget makes as many as it is asked for. See `ipcs -s -i {semid}`."
        ),
    )
}

fn out_of_range(cmd: &SemCmd) -> Option<Reason> {
    let what = match cmd {
        SemCmd::SetVal(value) => format!("SETVAL was given {value}: a semaphore's"),
        SemCmd::SetAll(_) | SemCmd::Other(libc::SETALL) => {
            "One of the values for SETALL is out of range: a semaphore's".to_owned()
        }
        _ => return None,
    };
    reason(
        format!("{what} value goes from 0 to {LARGEST} (SEMVMX)."),
        "Give it how many may go on at once, 1 for a lock. The fourth argument is a union semun by value: an address or \
         a variable that was never set makes such numbers, too."
            .to_owned(),
    )
}
