//! `semget`: a new set of semaphores, or the one with a key. Source: semget(2).

use super::Machine;
use super::caller::Caller;
use super::permission::Permissions;
use super::set::Set;
use crate::Errno;
use crate::call::{Key, Semid, ShmgetFlags};

/// The arguments of `semget`.
#[derive(Clone, Copy)]
pub(super) struct Semget {
    pub key: Key,
    pub nsems: i32,
    pub flags: ShmgetFlags,
    pub mode: u32,
}

impl Caller<'_> {
    /// As `shmget`, with the number of semaphores for a size; but a number above SEMMSL fails whatever the key.
    pub fn semget(&self, ask: Semget) -> Result<Semid, Errno> {
        if ask.nsems < 0 || ask.nsems > self.namespace.limits.semmsl {
            return Err(Errno::EINVAL);
        }
        match self.namespace.sets.with_key(ask.key) {
            Some(set) => self.existing_set(set, ask),
            None if ask.key == Key::PRIVATE || ask.flags.contains(ShmgetFlags::IPC_CREAT) => {
                self.new_set(ask)
            }
            None => Err(Errno::ENOENT),
        }
    }

    fn existing_set(&self, set: &Set, ask: Semget) -> Result<Semid, Errno> {
        if ask.flags.contains(ShmgetFlags::IPC_CREAT | ShmgetFlags::IPC_EXCL) {
            return Err(Errno::EEXIST);
        }
        if ask.nsems as usize > set.semaphores.len() {
            return Err(Errno::EINVAL);
        }
        set.permissions.grant(self.credentials(), ask.mode)?;
        Ok(Semid(set.permissions.id))
    }

    fn new_set(&self, ask: Semget) -> Result<Semid, Errno> {
        self.allow_set_of(ask.nsems)?;
        self.namespace.sets.next_id(self.namespace.limits.semmni).map(Semid)
    }

    /// A set has at least one semaphore, and all sets together have no more than SEMMNS.
    fn allow_set_of(&self, nsems: i32) -> Result<(), Errno> {
        match nsems {
            0 => Err(Errno::EINVAL),
            _ if self.namespace.used_sems.saturating_add(nsems) > self.namespace.limits.semmns => {
                Err(Errno::ENOSPC)
            }
            _ => Ok(()),
        }
    }
}

impl Machine {
    /// A set that is new gets its record. One that was there stays as it is.
    pub(super) fn semget(&mut self, pid: i32, ask: Semget, Semid(id): Semid) {
        let now = self.seconds();
        let Some(process) = self.processes.get(&pid) else { return };
        let permissions = Permissions::new(id, ask.key, ask.mode, &process.credentials);
        let Some(namespace) = self.namespace_mut(process.namespace) else { return };
        if namespace.sets.find(id).is_err() {
            namespace.sets.insert(Set::new(permissions, ask.nsems, now));
            namespace.used_sems += ask.nsems;
        }
    }

    /// As for a segment: a wish for an id is used up even where no place is free.
    pub(super) fn semget_failed(&mut self, pid: i32, ask: Semget) {
        let Some(caller) = Caller::new(self, pid) else { return };
        let is_new = caller.namespace.sets.with_key(ask.key).is_none();
        if is_new
            && caller.allow_set_of(ask.nsems).is_ok()
            && let Some(namespace) = self.namespace_of(pid)
        {
            namespace.sets.refuse(namespace.limits.semmni);
        }
    }
}
