//! Which rule answers which system call.
//!
//! **Invariant:** no rule stands here. A call that fails changes nothing, but for the few that are named.

use std::path::Path;
use std::time::Duration;

use super::Machine;
use super::action::{Reply, Woken};
use super::caller::Caller;
use super::semget::Semget;
use super::shmat::Shmat;
use super::shmget::Shmget;
use super::unknown::Unknown;
use crate::Errno;
use crate::call::{Answer, Call, Key, SemOp, Semid};

impl Caller<'_> {
    /// What the call would be answered.
    pub fn call(&self, call: &Call) -> Reply {
        match call {
            &Call::Shmget { key, size, flags, mode } => {
                self.shmget_of_any_pages(Shmget { key, size, flags, mode: mode.bits() })
            }
            &Call::Shmat { shmid, address, flags } => {
                self.shmat(Shmat { shmid, address, flags }).map(Answer::Mapped).into()
            }
            Call::Shmdt { address } => self.shmdt(*address).into(),
            Call::Shmctl { shmid, cmd } => self.shmctl(*shmid, *cmd).into(),
            &Call::Semget { key, nsems, flags, mode } => {
                self.semget(Semget { key, nsems, flags, mode: mode.bits() }).map(Answer::Set).into()
            }
            Call::Semop { semid, ops } => self.semop(*semid, ops, None),
            Call::Semtimedop { semid, ops, timeout } => self.semop(*semid, ops, Some(*timeout)),
            Call::SemopAt { .. } => Reply::Unknown(Unknown::Arguments),
            Call::Semctl { semid, semnum, cmd } => self.semctl(*semid, *semnum, cmd),
            Call::File(_) => Reply::Unknown(Unknown::Descriptors),
            Call::Lock(_) => Reply::Unknown(Unknown::OtherMemory),
            Call::Ftok { path, project } => self.ftok(path, *project),
        }
    }

    /// `ftok` mixes the file's inode, its device and a number: of each it keeps the lowest bits, so that other files
    /// may give the same key. Source: ftok(3).
    fn ftok(&self, path: &Path, project: i32) -> Reply {
        let Some((device, inode)) = path.to_str().and_then(|path| self.machine.files.get(path)) else {
            return Reply::Unknown(Unknown::File);
        };
        let (project, device) = (project as u32 & 0xff, *device as u32 & 0xff);
        let key = project << 24 | device << 16 | *inode as u32 & 0xffff;
        Ok(Answer::Key(Key(key as i32))).into()
    }
}

impl Machine {
    /// The call has succeeded with this answer.
    pub(super) fn called(&mut self, pid: i32, call: &Call, answer: &Answer) -> Vec<Woken> {
        match (call, answer) {
            (&Call::Shmget { key, size, flags, mode }, Answer::Id(id)) => {
                self.shmget(pid, Shmget { key, size, flags, mode: mode.bits() }, *id);
            }
            (&Call::Shmat { shmid, address, flags }, Answer::Mapped(at)) => {
                self.shmat(pid, Shmat { shmid, address, flags }, *at);
            }
            (Call::Shmdt { address }, _) => self.shmdt(pid, *address),
            (Call::Shmctl { shmid, cmd }, _) => self.shmctl(pid, *shmid, *cmd),
            (&Call::Semget { key, nsems, flags, mode }, Answer::Set(id)) => {
                self.semget(pid, Semget { key, nsems, flags, mode: mode.bits() }, *id);
            }
            (Call::Semctl { semid, semnum, cmd }, _) => return self.semctl(pid, *semid, *semnum, cmd),
            (call, _) => {
                if let Some((semid, ops, _)) = operations(call) {
                    self.stop_waiting(pid);
                    self.note_undo(pid, semid, ops);
                    return self.semop(pid, semid, ops);
                }
            }
        }
        Vec::new()
    }

    /// The call has failed. Some failures leave a trace.
    pub(super) fn refused(&mut self, pid: i32, call: &Call, errno: Errno) {
        match (call, errno) {
            (&Call::Shmget { key, size, flags, mode }, Errno::ENOSPC) => {
                self.shmget_failed(pid, Shmget { key, size, flags, mode: mode.bits() });
            }
            (&Call::Semget { key, nsems, flags, mode }, Errno::ENOSPC) => {
                self.semget_failed(pid, Semget { key, nsems, flags, mode: mode.bits() });
            }
            (&Call::Shmat { shmid, address, flags }, _) => {
                self.shmat_failed(pid, Shmat { shmid, address, flags });
            }
            (call, _) => {
                if let Some((semid, ops, _)) = operations(call) {
                    self.stop_waiting(pid);
                    self.note_undo(pid, semid, ops);
                }
            }
        }
    }

    /// The process sleeps in the call.
    pub(super) fn sleeps(&mut self, pid: i32, call: &Call) {
        if let Some((semid, ops, timeout)) = operations(call) {
            self.note_undo(pid, semid, ops);
            self.wait(pid, semid, ops, timeout);
        }
    }
}

/// What `semop` and `semtimedop` have in common.
fn operations(call: &Call) -> Option<(Semid, &[SemOp], Option<Duration>)> {
    match call {
        Call::Semop { semid, ops } => Some((*semid, ops, None)),
        Call::Semtimedop { semid, ops, timeout } => Some((*semid, ops, Some(*timeout))),
        _ => None,
    }
}
