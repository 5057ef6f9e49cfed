//! Performs an action: the system call that it stands for, made by this very process.

use std::fs;
use std::io;

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Gid, Pid, Uid, setgid, setuid};
use playground_core::call::{Address, Answer, Outcome};
use playground_core::machine::{Action, Identity, Reply, Setting};

use crate::kernel::linux::{Use, is_the_programs, memory, portable};
use crate::kernel::{Linux, Process};

/// Why something is not done.
const HARMFUL: &str =
    "outside of the attached segments lies the program that plays this process, and it is left alone";

/// Performs an action of this process.
///
/// # Errors
///
/// Why it is not done: it would harm the program itself, or it is none that a worker performs.
pub(super) fn perform(process: &mut Linux, action: &Action, checked: bool) -> Result<Reply, String> {
    if checked && touches_the_program(action) {
        return Err(HARMFUL.to_owned());
    }
    let outcome = match action {
        Action::Call(call) => process.perform(call).map_err(|error| error.to_string())?,
        Action::Load { address, length } => load(process, *address, *length)?,
        Action::Store { address, bytes } => done(process.store(*address, bytes).map_err(|e| e.to_string())?),
        Action::Munmap { address, length } => {
            // SAFETY: it was found out above that no memory of the program lies there, and no worker keeps references.
            returned(unsafe { memory::unmap(*address, *length) })
        }
        Action::Mprotect { address, length, protection } => {
            // SAFETY: as above.
            returned(unsafe { memory::protect(*address, *length, protection.bits().into()) })
        }
        Action::Kill { target, signal } => returned(send(*target, *signal)),
        Action::SetIdentity(Identity::User(uid)) => returned(setuid(Uid::from_raw(*uid))),
        Action::SetIdentity(Identity::Group(gid)) => returned(setgid(Gid::from_raw(*gid))),
        Action::Sysctl(setting) => written(*setting),
        other => return Err(format!("a worker does not perform {other:?}")),
    };
    Ok(Reply::Returns(outcome))
}

fn touches_the_program(action: &Action) -> bool {
    let (address, length, what) = match action {
        Action::Load { address, length } => (*address, *length, Use::Load),
        Action::Store { address, bytes } => (*address, bytes.len() as u64, Use::Store),
        Action::Munmap { address, length } | Action::Mprotect { address, length, .. } => {
            (*address, *length, Use::Remap)
        }
        _ => return false,
    };
    is_the_programs(address, length as usize, what)
}

fn load(process: &mut Linux, address: Address, length: u64) -> Result<Outcome, String> {
    let mut bytes = vec![0; length as usize];
    process.load(address, &mut bytes).map_err(|error| error.to_string())?;
    Ok(Ok(Answer::Bytes(bytes)))
}

fn done<T>(_: T) -> Outcome {
    Ok(Answer::Done)
}

fn returned(result: nix::Result<()>) -> Outcome {
    result.map(|()| Answer::Done).map_err(portable)
}

fn send(target: i32, signal: i32) -> nix::Result<()> {
    let signal = if signal == 0 { None } else { Some(Signal::try_from(signal)?) };
    kill(Pid::from_raw(target), signal)
}

/// Writes to a file of `/proc/sys/kernel`: it counts for the namespaces of who writes.
fn written(setting: Setting) -> Outcome {
    let (name, text) = match setting {
        Setting::Shmmax(bytes) => ("shmmax", bytes.to_string()),
        Setting::Shmall(pages) => ("shmall", pages.to_string()),
        Setting::Shmmni(count) => ("shmmni", count.to_string()),
        Setting::ShmNextId(id) => ("shm_next_id", id.to_string()),
        Setting::ShmRmidForced(on) => ("shm_rmid_forced", on.to_string()),
        Setting::SemNextId(id) => ("sem_next_id", id.to_string()),
        Setting::Sem([msl, mns, opm, mni]) => ("sem", format!("{msl} {mns} {opm} {mni}")),
    };
    let errno = |error: io::Error| portable(Errno::from_raw(error.raw_os_error().unwrap_or(0)));
    fs::write(format!("/proc/sys/kernel/{name}"), text).map(|()| Answer::Done).map_err(errno)
}
