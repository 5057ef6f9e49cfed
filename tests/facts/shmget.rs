//! `shmget`: when it makes a segment, when it finds one, and what it refuses.

use nix::sys::stat::{Mode, umask};
use playground::call::{Key, ShmgetFlags};
use playground_core::Errno::{EACCES, EEXIST, EINVAL, ENOENT, ENOMEM, EPERM};

use super::process::{
    CREAT, EXCL, FIND, HUGETLB, NEW, NORESERVE, NULL, PRIVATE, Proc, RDONLY, is, is_now, mode_is, setting,
    shmat, shmget,
};
use crate::runner::Needs::{Any, Ipcns, Root, RootAndNobody, User};
use crate::runner::{Row, fall_away, row};

const TIB: usize = 1 << 40;

/// Where `SHM_HUGETLB` finds the binary logarithm of the page size, in the flags (`SHM_HUGE_SHIFT`).
const HUGE_SHIFT: i32 = 26;

pub const ROWS: &[Row<Proc>] = &[
    row("GET-02", Any, "IPC_PRIVATE never exists already: IPC_CREAT|IPC_EXCL succeeds twice", |p| {
        let (one, other) = (p.segment(100, 0o600), p.segment(100, 0o600));
        assert!(one != other, "expected two segments, got {one} twice");
    }),
    row("GET-03", Any, "absent key, no flags: ENOENT", |p| {
        let key = p.absent_key();
        p.fails(shmget(key, 100, FIND, 0o600), ENOENT);
    }),
    row("GET-04", Any, "absent key, IPC_EXCL alone: ENOENT", |p| {
        let key = p.absent_key();
        p.fails(shmget(key, 100, EXCL, 0o600), ENOENT);
    }),
    row("GET-05", Any, "existing key, IPC_CREAT|IPC_EXCL: EEXIST", |p| {
        let (key, _) = p.keyed(100, 0o600);
        p.fails(shmget(key, 100, CREAT | EXCL, 0o600), EEXIST);
    }),
    row("GET-08", Any, "existing key, size 0: the same id", |p| {
        let (key, id) = p.keyed(100, 0o600);
        p.answers(shmget(key, 0, FIND, 0o600), id.0);
    }),
    row("GET-09", Any, "existing key, smaller size: the same id, also with IPC_CREAT", |p| {
        let (key, id) = p.keyed(100, 0o600);
        p.answers(shmget(key, 1, FIND, 0o600), id.0);
        p.answers(shmget(key, 1, CREAT, 0o600), id.0);
    }),
    row("GET-10", Any, "existing segment of 100 bytes, 101 asked for: EINVAL", |p| {
        let (key, id) = p.keyed(100, 0o600);
        p.answers(shmget(key, 100, FIND, 0o600), id.0);
        p.fails(shmget(key, 101, FIND, 0o600), EINVAL);
    }),
    row("GET-12", Any, "new segment of size 0: EINVAL", |p| {
        p.fails(shmget(PRIVATE, 0, NEW, 0o600), EINVAL);
    }),
    row("GET-13", Any, "new segment above shmmax: EINVAL", |p| {
        p.fails(shmget(PRIVATE, usize::MAX, NEW, 0o600), EINVAL);
    }),
    row("GET-14", Any, "new segment of 1<<62 bytes, more than the machine has: ENOMEM", |p| {
        needs_an_honest_kernel(1 << 62);
        p.fails(shmget(PRIVATE, 1 << 62, NEW, 0o600), ENOMEM);
    }),
    row("GET-14b", Any, "new segment of 1 TiB, more than the machine has: ENOMEM", |p| {
        needs_an_honest_kernel(TIB);
        p.fails(shmget(PRIVATE, TIB, NEW, 0o600), ENOMEM);
    }),
    row("GET-15", Any, "new segment of 1 TiB with SHM_NORESERVE: succeeds", |p| {
        if setting("vm/overcommit_memory") == 2 {
            fall_away("vm.overcommit_memory is 2: the kernel ignores SHM_NORESERVE");
        }
        needs_shmmax(TIB);
        p.succeeds(shmget(PRIVATE, TIB, NEW | NORESERVE, 0o600));
    }),
    row("GET-19", RootAndNobody, "root's segment of mode 0600, nobody asks for 0400: EACCES", |p| {
        let (key, _) = p.keyed(100, 0o600);
        p.as_nobody(|p| p.fails(shmget(key, 100, FIND, 0o400), EACCES));
    }),
    row("GET-20", RootAndNobody, "root's segment of mode 0600, nobody asks for no permission: the id", |p| {
        let (key, id) = p.keyed(100, 0o600);
        p.as_nobody(|p| p.answers(shmget(key, 100, FIND, 0), id.0));
    }),
    row("GET-20b", RootAndNobody, "... but shmat with SHM_RDONLY: EACCES", |p| {
        let (key, id) = p.keyed(100, 0o600);
        p.as_nobody(|p| {
            p.answers(shmget(key, 100, FIND, 0), id.0);
            p.fails(shmat(id, NULL, RDONLY), EACCES);
        });
    }),
    row("GET-21", User, "own segment of mode 0, 0400 asked for: EACCES", |p| {
        let (key, _) = p.keyed(100, 0);
        p.fails(shmget(key, 100, FIND, 0o400), EACCES);
    }),
    row("GET-23", User, "SHM_HUGETLB with RLIMIT_MEMLOCK 0: EPERM", |p| {
        p.needs_linux("huge pages");
        needs_huge_pages_to_be_known();
        p.limit_locked(0);
        p.fails(shmget(PRIVATE, 1, NEW | HUGETLB, 0o600), EPERM);
    }),
    row("GET-24", Root, "SHM_HUGETLB, no huge pages: ENOMEM", |p| {
        p.needs_linux("huge pages");
        needs_huge_pages_to_be_known();
        if setting("vm/nr_hugepages") + setting("vm/nr_overcommit_hugepages") > 0 {
            fall_away("this machine has huge pages");
        }
        if !caps::has_cap(None, caps::CapSet::Effective, caps::Capability::CAP_IPC_LOCK).unwrap_or(false) {
            fall_away("root has no CAP_IPC_LOCK here");
        }
        p.fails(shmget(PRIVATE, 1, NEW | HUGETLB, 0o600), ENOMEM);
    }),
    row("GET-25", Root, "SHM_HUGETLB with pages of 1<<13 bytes, a size that there is not: EINVAL", |p| {
        p.needs_linux("huge pages");
        let pages_of_8_kib = CREAT.union(HUGETLB).union(ShmgetFlags::from_bits_retain(13 << HUGE_SHIFT));
        p.fails(shmget(PRIVATE, 1, pages_of_8_kib, 0o600), EINVAL);
    }),
    row("GET-26", Ipcns, "key -1, what a failed ftok returns, is a key like any other", |p| {
        let key = Key(-1);
        let id = p.made(shmget(key, 100, NEW, 0o600));
        is("the key", p.stat(id).key, key);
        p.answers(shmget(key, 100, FIND, 0o600), id.0);
    }),
    row("GET-27", Any, "umask 077 takes nothing from mode 0666", |p| {
        umask(Mode::from_bits_truncate(0o077));
        let id = p.segment(100, 0o666);
        mode_is(p.stat(id).mode, 0o666);
    }),
    row("GET-29", Any, "shm_segsz is the size asked for, not rounded to pages", |p| {
        let id = p.segment(100, 0o600);
        is("shm_segsz", p.stat(id).size, 100);
        is("size in /proc/sysvipc/shm", p.row(id).size, 100);
    }),
    row("GET-30", Any, "a fresh record: nothing attached, no lpid, our pid, no times but ctime", |p| {
        let id = p.segment(100, 0o600);
        let record = p.stat(id);
        is("shm_nattch", record.nattch, 0);
        is("shm_lpid", record.lpid, 0);
        is("shm_cpid", record.cpid, p.pid());
        is("shm_atime", record.atime, 0);
        is("shm_dtime", record.dtime, 0);
        is_now("shm_ctime", record.ctime);
    }),
];

/// Segments that no machine can fill are refused only by a kernel that counts what it promises.
fn needs_an_honest_kernel(size: usize) {
    if setting("vm/overcommit_memory") == 1 {
        fall_away("vm.overcommit_memory is 1: the kernel promises any size");
    }
    needs_shmmax(size);
}

fn needs_shmmax(size: usize) {
    let pages = (size / 4096) as u64;
    if setting("kernel/shmmax") < size as u64 || setting("kernel/shmall") < pages {
        fall_away(format!("kernel.shmmax or kernel.shmall is below {size} bytes"));
    }
}

fn needs_huge_pages_to_be_known() {
    let _ = setting("vm/nr_hugepages");
}
