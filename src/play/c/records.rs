//! The kernel's records as bytes of C's structures, and back.

use playground_core::call::{
    Answer, Cmd, Ownership, SemCmd, SemLimits, SemidDs, ShmInfo, ShmLimits, ShmidDs,
};

use super::structs::{IPC_PERM, SEMID_DS, SEMINFO, SHM_INFO, SHMID_DS, SHMINFO, Struct};

/// What a call copies to its caller, if it copies anything.
pub(super) fn bytes(answer: &Answer) -> Option<Vec<u8>> {
    match answer {
        Answer::Record(record) | Answer::Found(_, record) => Some(segment(record)),
        Answer::SetRecord(record) | Answer::SetFound(_, record) => Some(set(record)),
        Answer::Limits(_, limits) => Some(limits_of_segments(limits)),
        Answer::Usage(_, usage) => Some(usage_of_segments(usage)),
        Answer::SemLimits(_, limits) => Some(limits_of_sets(limits)),
        Answer::Values(values) => Some(values.iter().flat_map(|value| value.to_le_bytes()).collect()),
        _ => None,
    }
}

/// How many bytes a command of `shmctl` copies to its caller.
pub(super) fn size_for_segments(cmd: Cmd) -> u64 {
    match cmd {
        Cmd::IpcInfo => SHMINFO.size,
        Cmd::ShmInfo => SHM_INFO.size,
        _ => SHMID_DS.size,
    }
}

/// How many bytes a command of `semctl` copies to its caller, of a set with so many semaphores.
pub(super) fn size_for_sets(cmd: &SemCmd, semaphores: u64) -> u64 {
    match cmd {
        SemCmd::GetAll => 2 * semaphores,
        SemCmd::IpcInfo | SemCmd::SemInfo => SEMINFO.size,
        _ => SEMID_DS.size,
    }
}

/// A structure with these fields; the others are zeros.
fn filled(of: &Struct, fields: &[(&str, i64)]) -> Vec<u8> {
    let mut bytes = vec![0; of.size as usize];
    for (name, value) in fields {
        let Some(field) = of.field(name) else { continue };
        let (start, size) = (field.offset as usize, field.ty().size() as usize);
        bytes[start..start + size].copy_from_slice(&value.to_le_bytes()[..size]);
    }
    bytes
}

fn owners(key: i32, [uid, gid, cuid, cgid, mode]: [u32; 5]) -> Vec<u8> {
    let fields = [
        ("__key", i64::from(key)),
        ("uid", uid.into()),
        ("gid", gid.into()),
        ("cuid", cuid.into()),
        ("cgid", cgid.into()),
        ("mode", mode.into()),
    ];
    filled(&IPC_PERM, &fields)
}

/// Puts the owners to the front, where both records have them.
fn with_owners(owners: Vec<u8>, mut record: Vec<u8>) -> Vec<u8> {
    record[..owners.len()].copy_from_slice(&owners);
    record
}

fn segment(record: &ShmidDs) -> Vec<u8> {
    let owners = owners(record.key.0, [record.uid, record.gid, record.cuid, record.cgid, record.mode]);
    let fields = [
        ("shm_segsz", record.size as i64),
        ("shm_atime", record.atime),
        ("shm_dtime", record.dtime),
        ("shm_ctime", record.ctime),
        ("shm_cpid", record.cpid.into()),
        ("shm_lpid", record.lpid.into()),
        ("shm_nattch", record.nattch as i64),
    ];
    with_owners(owners, filled(&SHMID_DS, &fields))
}

fn set(record: &SemidDs) -> Vec<u8> {
    let owners = owners(record.key.0, [record.uid, record.gid, record.cuid, record.cgid, record.mode]);
    let fields =
        [("sem_otime", record.otime), ("sem_ctime", record.ctime), ("sem_nsems", record.nsems as i64)];
    with_owners(owners, filled(&SEMID_DS, &fields))
}

fn limits_of_segments(limits: &ShmLimits) -> Vec<u8> {
    let fields = [
        ("shmmax", limits.shmmax as i64),
        ("shmmin", limits.shmmin as i64),
        ("shmmni", limits.shmmni as i64),
        ("shmseg", limits.shmmni as i64),
        ("shmall", limits.shmall as i64),
    ];
    filled(&SHMINFO, &fields)
}

fn usage_of_segments(usage: &ShmInfo) -> Vec<u8> {
    let fields = [
        ("used_ids", i64::from(usage.used_ids)),
        ("shm_tot", usage.shm_tot as i64),
        ("shm_rss", usage.shm_rss as i64),
        ("shm_swp", usage.shm_swp as i64),
    ];
    filled(&SHM_INFO, &fields)
}

fn limits_of_sets(limits: &SemLimits) -> Vec<u8> {
    let fields = [
        ("semmni", limits.semmni),
        ("semmns", limits.semmns),
        ("semmsl", limits.semmsl),
        ("semopm", limits.semopm),
        ("semusz", limits.semusz),
        ("semvmx", limits.semvmx),
        ("semaem", limits.semaem),
    ];
    filled(&SEMINFO, &fields.map(|(name, value)| (name, value.into())))
}

/// What `IPC_SET` takes from a record: the owner, the group and the mode. Both records begin alike.
pub(super) fn ownership(bytes: &[u8]) -> Ownership {
    let field = |name| {
        let start = IPC_PERM.field(name).map_or(0, |field| field.offset as usize);
        let number: [u8; 4] = bytes[start..start + 4].try_into().unwrap_or_default();
        u32::from_le_bytes(number)
    };
    let mode = playground_core::Mode::from_bits_truncate(field("mode") & 0o777);
    Ownership { uid: field("uid"), gid: field("gid"), mode }
}
