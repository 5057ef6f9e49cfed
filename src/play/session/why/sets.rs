//! Why a call on a set of semaphores was refused.
//!
//! **Invariant:** what is said is read off the world in which the call was made, as in all of [`super`].

use std::time::Duration;

use playground_core::Errno;
use playground_core::call::{SemCmd, SemFlags, SemOp};
use playground_core::machine::Set;

use super::{Explained, View, because, counted, explain, there_are};

impl View<'_> {
    pub(super) fn semget(&self, found: Option<&Set>, nsems: i32, errno: Errno) -> Explained {
        match (errno, found) {
            (Errno::ENOENT, _) => {
                explain("No set has this key, and IPC_CREAT is not given.", "Add IPC_CREAT.")
            }
            (Errno::EEXIST, Some(set)) => explain(
                format!("Set {} has this key already, and IPC_EXCL asks for a new one.", set.permissions.id),
                "Leave IPC_EXCL out to open it.",
            ),
            (Errno::EINVAL, Some(set)) => because(format!(
                "Set {} has this key, and only {}.",
                set.permissions.id,
                counted(set.semaphores.len() as u64, "semaphore")
            )),
            (Errno::EINVAL, None) => because(format!(
                "A set has 1 to {} semaphores, and not {nsems}.",
                self.namespace.limits.semmsl
            )),
            (Errno::EACCES, Some(set)) => self.permission(set.permissions.uid, set.permissions.mode),
            _ => because("The limits of this namespace (kernel.sem) are reached."),
        }
    }

    fn no_set(&self, id: i32) -> Explained {
        if let Some(set) = self.namespace.sets.iter().find(|set| set.permissions.key.0 == id && id != 0) {
            return explain(
                format!("{id} is the key of set {}, and no id.", set.permissions.id),
                "Pass what semget returned.",
            );
        }
        let ids = self.namespace.sets.iter().map(|set| set.permissions.id);
        because(format!("No set has the id {id}. {}", there_are("set", ids)))
    }

    pub(super) fn semop(&self, id: i32, errno: Errno) -> Explained {
        match (errno, self.set(id)) {
            (Errno::EINVAL, None) => self.no_set(id),
            (Errno::EINVAL, Some(_)) => because("semop wants at least one operation."),
            (Errno::EACCES, Some(set)) => self.permission(set.permissions.uid, set.permissions.mode),
            (Errno::EFBIG, Some(set)) => because(numbered(set)),
            (Errno::EAGAIN, _) => because("It would have to wait, and IPC_NOWAIT forbids it."),
            (Errno::EIDRM, _) => because("The set was removed while the call waited."),
            (Errno::ERANGE, _) => because("A value would grow above 32767."),
            (Errno::E2BIG, _) => {
                because(format!("At most {} operations go into one call.", self.namespace.limits.semopm))
            }
            _ => because("The kernel refused it."),
        }
    }

    pub(super) fn semctl(&self, id: i32, cmd: &SemCmd, errno: Errno) -> Explained {
        match (errno, self.set(id)) {
            (Errno::EINVAL, _) if matches!(cmd, SemCmd::Other(_)) => {
                because(format!("semctl knows no command {}.", cmd.number()))
            }
            (Errno::EINVAL, None) => self.no_set(id),
            (Errno::EINVAL, Some(set)) if is_of_one(cmd) => because(numbered(set)),
            (Errno::EACCES, Some(set)) => self.permission(set.permissions.uid, set.permissions.mode),
            (Errno::EPERM, Some(set)) => because(format!(
                "Only the owner (user {}), the creator (user {}) and root may do this.",
                set.permissions.uid, set.permissions.cuid
            )),
            (Errno::ERANGE, _) => because("A value is from 0 to 32767."),
            _ => because(format!("semctl does not take {cmd} so.")),
        }
    }
}

/// Why a call with a time limit gave up: an operation forbade to wait, or the time was over.
pub(super) fn too_late(ops: &[SemOp], timeout: Duration) -> String {
    let may_wait = ops.iter().all(|op| !op.flags.contains(SemFlags::IPC_NOWAIT));
    match may_wait {
        true => format!("It has waited for {} s, and may not wait longer.", seconds(timeout)),
        false => "It would have to wait, and IPC_NOWAIT or the time limit forbids it.".to_owned(),
    }
}

/// A number of seconds, as short as it can be. From whole numbers: the module's pages load no table for others.
fn seconds(time: Duration) -> String {
    let digits = format!("{}.{:09}", time.as_secs(), time.subsec_nanos());
    digits.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Which semaphores a set has.
fn numbered(set: &Set) -> String {
    match set.semaphores.len() {
        1 => "The set has 1 semaphore: its number is 0.".to_owned(),
        count => format!("The set has {count} semaphores: their numbers are 0 to {}.", count - 1),
    }
}

/// Whether a command is about one semaphore of the set, by its number.
fn is_of_one(cmd: &SemCmd) -> bool {
    use SemCmd::{GetNcnt, GetPid, GetVal, GetZcnt, SetVal};
    matches!(cmd, SetVal(_) | GetVal | GetPid | GetNcnt | GetZcnt)
}
