//! What root may set: the limits of an IPC namespace, and who a process is. Source: proc(5), setrlimit(2).
//!
//! **Invariant:** a limit that is lowered takes nothing away. It only stands in the way of what comes.

use super::Machine;
use super::action::{Identity, Resource, Setting};
use super::caller::Caller;
use super::credentials::{Capabilities, UserNamespace};
use super::ids::PLACES;
use crate::Errno;

impl Caller<'_> {
    /// The files in `/proc/sys/kernel` may be written by root of the namespace.
    pub fn sysctl(&self, setting: Setting) -> Result<(), Errno> {
        let is_root_of_too_little =
            self.host().settings_are_the_machines && self.credentials().namespace != UserNamespace::Initial;
        if self.credentials().uid != 0 || is_root_of_too_little {
            return Err(Errno::EACCES);
        }
        if is_in_range(setting) { Ok(()) } else { Err(Errno::EINVAL) }
    }

    /// A limit may be lowered by everybody, and raised by `CAP_SYS_RESOURCE` over the machine.
    pub fn setrlimit(&self, resource: Resource) -> Result<(), Errno> {
        let (now, new) = match resource {
            Resource::AddressSpace(limit) => (self.process.address_space, limit),
            Resource::LockedMemory(limit) => (self.process.locked_memory, limit),
        };
        let raises = new.unwrap_or(u64::MAX) > now.unwrap_or(u64::MAX);
        let may = self.credentials().may_on_the_machine(Capabilities::SYS_RESOURCE);
        if raises && !may { Err(Errno::EPERM) } else { Ok(()) }
    }
}

fn is_in_range(setting: Setting) -> bool {
    match setting {
        Setting::Shmmax(_) | Setting::Shmall(_) => true,
        Setting::Shmmni(number) => (0..=PLACES).contains(&number),
        Setting::ShmRmidForced(number) => (0..=1).contains(&number),
        Setting::ShmNextId(id) | Setting::SemNextId(id) => id >= 0,
        Setting::Sem([.., sets]) => (0..=PLACES).contains(&sets),
    }
}

impl Machine {
    pub(super) fn sysctl(&mut self, pid: i32, setting: Setting) {
        let Some(number) = self.processes.get(&pid).map(|process| process.namespace) else { return };
        let Some(namespace) = self.namespace_mut(number) else { return };
        let limits = &mut namespace.limits;
        match setting {
            Setting::Shmmax(bytes) => limits.shmmax = bytes,
            Setting::Shmall(pages) => limits.shmall = pages,
            Setting::Shmmni(segments) => limits.shmmni = segments,
            Setting::Sem(sem) => [limits.semmsl, limits.semmns, limits.semopm, limits.semmni] = sem,
            Setting::ShmNextId(id) => namespace.segments.wanted = Some(id),
            Setting::SemNextId(id) => namespace.sets.wanted = Some(id),
            Setting::ShmRmidForced(on) => {
                limits.shm_rmid_forced = on == 1;
                self.remove_orphans(number);
            }
        }
    }

    /// `kernel.shm_rmid_forced` takes what is there already, if nobody has it attached and its creator is gone. It
    /// spares what has a creator: proc(5) says that it does not.
    fn remove_orphans(&mut self, number: u64) {
        let Some(namespace) = self.namespaces.get(&number) else { return };
        let orphans = namespace.segments.iter().filter(|segment| !segment.has_creator);
        let orphans: Vec<i32> = orphans.map(|segment| segment.permissions.id).collect();
        orphans.into_iter().for_each(|shmid| self.remove_if_due(number, shmid));
    }

    pub(super) fn setrlimit(&mut self, pid: i32, resource: Resource) {
        let Some(process) = self.process_mut(pid) else { return };
        match resource {
            Resource::AddressSpace(limit) => process.address_space = limit,
            Resource::LockedMemory(limit) => process.locked_memory = limit,
        }
    }

    pub(super) fn become_(&mut self, pid: i32, identity: &Identity) {
        if let Some(process) = self.process_mut(pid) {
            process.credentials.become_(identity);
        }
    }
}
