//! Whether a rule of Linux explains a refusal: the [`Machine`] is told whose the thing is and who asked, and decides.
//!
//! **Invariant:** what cannot be known speaks for the rules. A capability may be one over another user namespace than
//! the thing's, so that none counts here; and who has no name in our user namespace is nobody that could be compared.

use playground_core::machine::{Action, Capabilities, Credentials, Host, Machine, Reply, Space};
use playground_core::{Errno, Mode};

use super::permission;
use super::procfs;
use super::value::What;
use crate::call::{Answer, Call, Cmd, Key, Ownership, SemCmd, ShmgetFlags};
use crate::error::Reason;
use crate::evidence::rights::{self, Permissions};

/// How the kernel shows a user that a user namespace does not have: as nobody.
const UNMAPPED: u32 = 65534;
/// The two processes of the small world: who made the thing, and who asked.
const MAKER: i32 = 1;
const ASKER: i32 = 2;

/// What is to be said of a refusal that no rule explains.
pub(super) fn unexplained(call: &Call, errno: Errno, pid: i32) -> Option<Reason> {
    if !matches!(errno, Errno::EACCES | Errno::EPERM) || depends_on_limits(call) {
        return None;
    }
    let process = procfs::credentials(pid)?;
    let is_there = permission::found(call);
    if rules_allow(call, is_there, &process) { Some(words(call, errno)) } else { None }
}

/// `RLIMIT_MEMLOCK` and `vm.mmap_min_addr` forbid, too, and huge pages are for some groups only.
fn depends_on_limits(call: &Call) -> bool {
    match call {
        Call::Shmctl { cmd, .. } => matches!(cmd, Cmd::ShmLock | Cmd::ShmUnlock),
        Call::Shmget { flags, .. } => flags.contains(ShmgetFlags::SHM_HUGETLB),
        Call::Shmat { address, .. } => address.0 != 0,
        _ => false,
    }
}

fn words(call: &Call, errno: Errno) -> Reason {
    Reason {
        why: format!(
            "No rule of Linux explains this {errno:?}. By owner and mode the kernel would let {} through, and no seccomp \
             filter has answered it. Does a security module stand in front (SELinux, AppArmor)?",
            call.name()
        ),
        advice: "`cat /sys/kernel/security/lsm` names the modules; what they refuse is in the audit log, or in `dmesg`."
            .to_owned(),
    }
}

/// Whether the call would be let through by whose the thing is and what its mode allows.
fn rules_allow(call: &Call, found: Option<(What, Permissions)>, process: &rights::Credentials) -> bool {
    let ids = found.iter().flat_map(|(_, theirs)| [theirs.uid, theirs.cuid, theirs.gid, theirs.cgid]);
    if ids.chain([process.euid]).any(|id| id == UNMAPPED) {
        return false;
    }
    let mut machine = Machine::new(Host::x86_64(u64::MAX >> 12));
    if let Some((what, permissions)) = found {
        add(&mut machine, what, permissions, call);
    }
    let groups = process.groups.clone();
    let nobody_special = Credentials::user(process.euid, process.egid);
    let asker = Credentials { groups, effective: Capabilities::empty(), ..nobody_special };
    machine.begin(ASKER, asker, Space::new([], machine.host.task_size));
    matches!(machine.decide(ASKER, &Action::Call(call.clone())), Reply::Returns(Ok(_)) | Reply::Waits)
}

/// Lets the thing be made, and be given to its owner. It is as large as the call wants it: had it been smaller, the
/// kernel would have said so.
fn add(machine: &mut Machine, what: What, theirs: Permissions, call: &Call) {
    machine.begin(MAKER, Credentials::user(theirs.cuid, theirs.cgid), Space::default());
    let (key, flags, mode) = (key(call), ShmgetFlags::IPC_CREAT, Mode::from_bits_truncate(theirs.mode));
    let new = Ownership { uid: theirs.uid, gid: theirs.gid, mode };
    let (make, answer, give) = match what {
        What::Segment(shmid) => (
            Call::Shmget { key, size: size(call), flags, mode },
            Answer::Id(shmid),
            Call::Shmctl { shmid, cmd: Cmd::IpcSet(new) },
        ),
        What::Set(semid) => (
            Call::Semget { key, nsems: nsems(call), flags, mode },
            Answer::Set(semid),
            Call::Semctl { semid, semnum: 0, cmd: SemCmd::IpcSet(new) },
        ),
    };
    machine.effect(MAKER, &Action::Call(make), &Ok(answer).into());
    machine.effect(MAKER, &Action::Call(give), &Ok(Answer::Done).into());
}

fn key(call: &Call) -> Key {
    match call {
        Call::Shmget { key, .. } | Call::Semget { key, .. } => *key,
        _ => Key::PRIVATE,
    }
}

fn size(call: &Call) -> u64 {
    match call {
        Call::Shmget { size, .. } => (*size).max(1),
        _ => 1,
    }
}

fn nsems(call: &Call) -> i32 {
    match call {
        Call::Semget { nsems, .. } => (*nsems).max(1),
        Call::Semctl { semnum, .. } => (*semnum).max(0) + 1,
        Call::Semop { ops, .. } | Call::Semtimedop { ops, .. } => {
            ops.iter().map(|op| i32::from(op.number)).max().unwrap_or_default() + 1
        }
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::{Address, SemFlags, SemOp, Semid, ShmatFlags, Shmid};

    const USER: &str = "Uid:\t1\t1000\t1\t1\nGid:\t1\t100\t1\t1\nGroups:\t7 \n";

    /// Whether the rules let user 1000 of the groups 100 and 7 do it.
    fn allow(call: &Call, what: What, uid: u32, gid: u32, mode: u32) -> bool {
        let theirs = Permissions { uid, gid, cuid: uid, cgid: gid, mode };
        let process = rights::Credentials::of(USER).expect("all three lines");
        rules_allow(call, Some((what, theirs)), &process)
    }

    fn shmat(flags: ShmatFlags) -> Call {
        Call::Shmat { shmid: Shmid(5), address: Address::NULL, flags }
    }

    #[test]
    fn a_segment_is_denied_by_the_class_that_counts_and_by_nothing_else() {
        let (write, read) = (shmat(ShmatFlags::empty()), shmat(ShmatFlags::SHM_RDONLY));
        let segment = What::Segment(Shmid(5));
        for (uid, gid, mode, writes, reads) in [
            (1000, 1, 0o600, true, true),
            (1000, 1, 0o066, false, false),
            (1, 7, 0o640, false, true),
            (1, 100, 0o660, true, true),
            (1, 1, 0o664, false, true),
            (1, 1, 0o600, false, false),
        ] {
            assert_eq!(allow(&write, segment, uid, gid, mode), writes, "{uid} {gid} {mode:o}");
            assert_eq!(allow(&read, segment, uid, gid, mode), reads, "{uid} {gid} {mode:o}");
        }
    }

    #[test]
    fn only_owner_and_creator_remove() {
        let remove = Call::Shmctl { shmid: Shmid(5), cmd: Cmd::IpcRmid };
        assert!(allow(&remove, What::Segment(Shmid(5)), 1000, 1, 0));
        assert!(!allow(&remove, What::Segment(Shmid(5)), 1, 100, 0o666));
    }

    #[test]
    fn a_set_that_would_be_waited_for_is_let_through() {
        let ops = vec![SemOp { number: 3, change: -1, flags: SemFlags::empty() }];
        let take = Call::Semop { semid: Semid(9), ops };
        assert!(allow(&take, What::Set(Semid(9)), 1000, 1, 0o200));
        assert!(!allow(&take, What::Set(Semid(9)), 1000, 1, 0o400));
    }

    #[test]
    fn a_new_segment_is_nobodys_to_forbid() {
        let process = rights::Credentials::of(USER).expect("all three lines");
        let (size, flags, mode) = (100, ShmgetFlags::IPC_CREAT, Mode::from_bits_truncate(0o600));
        assert!(rules_allow(&Call::Shmget { key: Key::PRIVATE, size, flags, mode }, None, &process));
        let reason = words(&shmat(ShmatFlags::empty()), Errno::EACCES);
        assert!(reason.why.starts_with("No rule of Linux explains this EACCES"), "{reason:?}");
    }

    #[test]
    fn nobody_cannot_be_compared_with_nobody() {
        let segment = What::Segment(Shmid(5));
        assert!(!allow(&shmat(ShmatFlags::empty()), segment, UNMAPPED, 1, 0o666));
    }

    #[test]
    fn what_a_limit_may_forbid_is_left_to_the_limits() {
        let lock = Call::Shmctl { shmid: Shmid(5), cmd: Cmd::ShmLock };
        let low = Call::Shmat { shmid: Shmid(5), address: Address(4096), flags: ShmatFlags::empty() };
        assert!(depends_on_limits(&lock) && depends_on_limits(&low));
        assert!(!depends_on_limits(&shmat(ShmatFlags::empty())));
    }
}
