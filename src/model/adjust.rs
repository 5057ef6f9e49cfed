//! What a second process may become: another user, one without privileges, one in a namespace of its own.

use std::sync::Arc;

use playground_core::error::{Error, Result};
use playground_core::machine::{Action, Capabilities, Credentials, Identity, Resource, Setting};
use playground_core::process::Adjustment;

use crate::world::World;

impl World {
    /// Makes the change to a process.
    pub(crate) fn adjust(&mut self, pid: i32, adjustment: &Adjustment) -> Result<()> {
        match adjustment {
            Adjustment::RenouncePrivilege => self.change(
                pid,
                Action::SetIdentity(Identity::Without(Capabilities::IPC_OWNER)),
                "give up CAP_IPC_OWNER",
            ),
            Adjustment::SetIdentity(id) => self.become_user(pid, *id),
            Adjustment::Isolate => self.isolate(pid),
            Adjustment::Set(name, value) => {
                let asked = format!("write {value} to /proc/sys/kernel/{name}");
                let unknown =
                    || Error::environment(asked.clone(), "the model has no such setting", "See proc(5).");
                let setting = setting(name, *value).ok_or_else(unknown)?;
                self.change(pid, Action::Sysctl(setting), &asked)
            }
            Adjustment::LimitLocked(bytes) => {
                let resource = Resource::LockedMemory(Some(*bytes));
                self.change(pid, Action::Setrlimit(resource), &format!("setrlimit(RLIMIT_MEMLOCK, {bytes})"))
            }
            // The umask is for files, and there are none: no rule asks for it.
            Adjustment::Umask(_) => Ok(()),
        }
    }

    fn become_user(&mut self, pid: i32, id: u32) -> Result<()> {
        let asked = format!("become user {id}");
        [Identity::Groups(Vec::new()), Identity::Group(id), Identity::User(id)]
            .into_iter()
            .try_for_each(|identity| self.change(pid, Action::SetIdentity(identity), &asked))
    }

    /// `unshare(CLONE_NEWUSER|CLONE_NEWIPC)`: anyone may become the root of a user namespace of its own, and as its
    /// root leave the IPC namespace.
    fn isolate(&mut self, pid: i32) -> Result<()> {
        if let Some(process) = self.machine.processes.get_mut(&pid) {
            Arc::make_mut(process).credentials = Credentials::root_of_namespace();
        }
        self.change(pid, Action::Unshare, "unshare(CLONE_NEWUSER|CLONE_NEWIPC)")
    }

    fn change(&mut self, pid: i32, action: Action, asked: &str) -> Result<()> {
        let refused =
            |errno| Error::environment(asked, errno, "Only root may. The model's user is who runs it.");
        self.outcome(pid, &action, asked)?.map(drop).map_err(refused)
    }
}

fn setting(name: &str, value: u64) -> Option<Setting> {
    let number = i32::try_from(value).ok();
    Some(match name {
        "shmmax" => Setting::Shmmax(value),
        "shmall" => Setting::Shmall(value),
        "shmmni" => Setting::Shmmni(number?),
        "shm_next_id" => Setting::ShmNextId(number?),
        "shm_rmid_forced" => Setting::ShmRmidForced(number?),
        "sem_next_id" => Setting::SemNextId(number?),
        _ => return None,
    })
}
