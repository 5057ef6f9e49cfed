//! `EPERM`: the kernel's own, for whoever is neither owner nor creator nor privileged; or a sandbox's, in its stead.

use super::{Look, Words, words};

use crate::call::{Call, Cmd, SemCmd, Shmid};
use crate::evidence::rights::{self, CAP_IPC_LOCK, CAP_SYS_ADMIN, Owners, Person};
use crate::process::ProcFile;

/// `IPC_SET` of `semctl`, which the playground never gives.
const IPC_SET: i32 = 1;

/// A filter has answered, since the kernel would not have: `because` says how that is known.
pub(super) fn sandbox(because: &str) -> Words {
    words(
        format!("{because}, so a sandbox forbids the call (a seccomp filter)."),
        "Run it outside the container, or with a profile that allows System V IPC.",
    )
}

/// Why a call was answered with `EPERM`.
pub(super) fn forbidden(call: &Call, process: &mut dyn Look) -> Words {
    match call {
        Call::Shmctl { shmid, cmd: cmd @ (Cmd::ShmLock | Cmd::ShmUnlock) } => locking(*shmid, *cmd, process),
        Call::Shmctl {
            shmid,
            cmd: cmd @ (Cmd::IpcRmid | Cmd::IpcSet(_) | Cmd::BufferAt { number: IPC_SET, .. }),
        } => {
            let owners = owners(ProcFile::Segments, "shmid", shmid.0, process);
            change(&format!("{cmd} is for the segment's"), "-m", owners, process)
        }
        Call::Semctl { semid, cmd, .. } if [SemCmd::IpcRmid.number(), IPC_SET].contains(&cmd.number()) => {
            let owners = owners(ProcFile::Sets, "semid", semid.0, process);
            let name = cmd.array_or_record().unwrap_or("IPC_RMID");
            change(&format!("{name} is for the set's"), "-s", owners, process)
        }
        _ => sandbox(&format!("The kernel never answers {} with EPERM", asked(call))),
    }
}

/// What was asked: the command, where a call has many.
fn asked(call: &Call) -> String {
    match call {
        Call::Shmctl { cmd, .. } => cmd.to_string(),
        Call::Semctl { cmd, .. } => cmd.to_string(),
        call => call.name().to_owned(),
    }
}

fn change(is_for: &str, kind: &str, owners: Option<Owners>, process: &mut dyn Look) -> Words {
    let advice = format!("`ipcs {kind} -c` names owner and creator.");
    let is_for = format!("{is_for} owner, its creator, or root");
    match owners.zip(person(process)).filter(|(owners, person)| !is_root_of_too_little(*owners, *person)) {
        None => words(format!("{is_for}; or a sandbox forbids the call (a seccomp filter)."), advice),
        Some((owners, person)) => match right(owners, person, CAP_SYS_ADMIN) {
            None => words(
                format!("{is_for}. {}", whose(owners, person)),
                format!("Run it as user {}, or have that user do it. {advice}", owners.uid),
            ),
            Some(right) => sandbox(&format!("{is_for}. This process {right}")),
        },
    }
}

/// Whose the thing is, and who wants to change it.
fn whose(Owners { uid, cuid }: Owners, person: Person) -> String {
    let made = if uid == cuid { String::new() } else { format!(", user {cuid} made it") };
    format!("It belongs to user {uid}{made}, and this process runs as user {}.", person.euid)
}

fn locking(id: Shmid, cmd: Cmd, process: &mut dyn Look) -> Words {
    let is_for = format!(
        "{cmd} is for the segment's owner or creator, if RLIMIT_MEMLOCK is above 0, and for CAP_IPC_LOCK"
    );
    let found = owners(ProcFile::Segments, "shmid", id.0, process).zip(person(process));
    match found.and_then(|(owners, person)| right(owners, person, CAP_IPC_LOCK)) {
        Some(right @ CAPABLE) => sandbox(&format!("{is_for}. This process {right}")),
        Some(right) => words(
            format!("{is_for}. This process {right}: the limit is 0, or a sandbox forbids the call."),
            "See `ulimit -l`, and the container's seccomp profile.",
        ),
        None => {
            words(format!("{is_for}."), "See `ulimit -l`, and `ipcs -m -c`, which names owner and creator.")
        }
    }
}

/// How the kernel shows a user that a user namespace does not have: as nobody.
const UNMAPPED: u32 = 65534;

/// Whether a process has its capability perhaps only in a user namespace, to which the thing does not belong: then
/// the refusal may be either's.
fn is_root_of_too_little(owners: Owners, person: Person) -> bool {
    owners == Owners { uid: UNMAPPED, cuid: UNMAPPED } && person.has(CAP_SYS_ADMIN) && person.euid != UNMAPPED
}

/// What a process is that has the capability which stands for both.
const CAPABLE: &str = "is privileged";

/// By which right a process may do it, if by any. The kernel compares the effective user id.
fn right(owners: Owners, person: Person, capability: u32) -> Option<&'static str> {
    match person.euid {
        _ if person.has(capability) => Some(CAPABLE),
        euid if euid == owners.uid => Some("is the owner's"),
        euid if euid == owners.cuid => Some("is the creator's"),
        _ => None,
    }
}

fn owners(file: ProcFile, column: &str, id: i32, process: &mut dyn Look) -> Option<Owners> {
    rights::owners(&process.shows(file).ok()?, column, id)
}

fn person(process: &mut dyn Look) -> Option<Person> {
    Person::of(&process.shows(ProcFile::Status).ok()?)
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;
    use crate::call::Semid;

    /// A process of user 7, and the tables of a kernel in which user 5 made what user 6 owns.
    struct Seen {
        euid: u32,
        capabilities: u64,
    }

    impl Look for Seen {
        fn page_size(&self) -> usize {
            4096
        }

        fn shows(&mut self, file: ProcFile) -> io::Result<String> {
            let table = |id: &str| Ok(format!("{id} uid cuid\n3 6 5\n8 65534 65534\n"));
            match file {
                ProcFile::Segments => table("shmid"),
                ProcFile::Sets => table("semid"),
                ProcFile::Status => {
                    Ok(format!("Uid:\t1\t{}\t1\t1\nCapEff:\t{:x}\n", self.euid, self.capabilities))
                }
                _ => Err(io::ErrorKind::NotFound.into()),
            }
        }
    }

    fn why(call: &Call, euid: u32, capabilities: u64) -> String {
        forbidden(call, &mut Seen { euid, capabilities }).0
    }

    #[test]
    fn who_may_is_refused_by_a_sandbox_and_who_may_not_by_the_kernel() {
        let remove = Call::Shmctl { shmid: Shmid(3), cmd: Cmd::IpcRmid };
        let remove_set = Call::Semctl { semid: Semid(3), semnum: 0, cmd: SemCmd::IpcRmid };
        for call in [remove, remove_set] {
            for (euid, capabilities, who) in
                [(6, 0, "owner's"), (5, 0, "creator's"), (7, 1 << 21, "privileged")]
            {
                let why = why(&call, euid, capabilities);
                assert!(why.contains(&format!("{who}, so a sandbox forbids the call")), "{why}");
            }
            let why = why(&call, 7, !(1 << 21));
            let whose = "It belongs to user 6, user 5 made it, and this process runs as user 7.";
            assert!(why.ends_with(whose), "{why}");
        }
    }

    #[test]
    fn what_cannot_be_known_is_not_made_up() {
        // The one is not in the table; the other's user has no number in the user namespace.
        for (id, capabilities) in [(4, 0), (8, 1 << 21)] {
            let why = why(&Call::Shmctl { shmid: Shmid(id), cmd: Cmd::IpcRmid }, 0, capabilities);
            assert!(why.contains("owner, its creator, or root; or a sandbox forbids the call"), "{why}");
        }
    }

    #[test]
    fn a_lock_is_refused_for_its_limit_too() {
        let lock = Call::Shmctl { shmid: Shmid(3), cmd: Cmd::ShmLock };
        assert!(why(&lock, 6, 0).ends_with("the limit is 0, or a sandbox forbids the call."));
        assert!(why(&lock, 7, 1 << 14).contains("so a sandbox forbids the call"));
        assert!(why(&lock, 7, 0).ends_with("and for CAP_IPC_LOCK."));
    }

    #[test]
    fn reading_is_never_answered_with_eperm_by_the_kernel() {
        let why = why(&Call::Shmctl { shmid: Shmid(3), cmd: Cmd::IpcStat }, 7, 0);
        assert!(why.starts_with("The kernel never answers IPC_STAT with EPERM, so a sandbox"), "{why}");
    }
}
