//! `shmctl`: marking for destruction, changing, locking, and asking about segments.

use std::sync::atomic::{AtomicBool, AtomicI32, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::resource::{Resource, getrlimit};
use nix::unistd::{getegid, getuid};
use playground::call::{Address, Cmd, Shmid, ShmidDs};
use playground_core::Errno::{EACCES, EIDRM, EINVAL, ENOMEM, EPERM};

use super::process::{CREAT, FIND, NULL, Proc, RDWR, ipc_set, is, mode_is, needs_uid, shmat, shmctl, shmget};
use crate::runner::Needs::{Any, Ipcns, Root, RootAndNobody, User};
use crate::runner::{Row, fall_away, row};

/// The low bits of an id, its index in the kernel's table.
const INDEX: i32 = 32767;

pub const ROWS: &[Row<Proc>] = &[
    row("CTL-01", Any, "IPC_RMID while attached: succeeds", |p| {
        attached_and_removed(p);
    }),
    row("CTL-02", Any, "... then IPC_STAT: SHM_DEST, key 0, still one attachment", |p| {
        let (key, id) = p.keyed(100, 0o600);
        p.attach(id);
        is("the key before", p.stat(id).key, key);
        p.remove(id);
        let record = p.stat(id);
        mode_is(record.mode, ShmidDs::SHM_DEST | 0o600);
        is("the key", record.key.0, 0);
        is("shm_nattch", record.nattch, 1);
    }),
    row("CTL-03", Any, "... perms in /proc/sysvipc/shm: 1600, status dest", |p| {
        let (id, _) = attached_and_removed(p);
        mode_is(p.row(id).perms, 0o1600);
        is("status", p.row(id).status(), "dest".to_owned());
    }),
    row("CTL-04", Any, "... the bytes can still be read", |p| {
        let id = p.segment(100, 0o600);
        let address = p.attach(id);
        p.write(address, b"hi");
        p.remove(id);
        is("the bytes", p.read(address, 2), b"hi".to_vec());
    }),
    row("CTL-05", Any, "... a second IPC_RMID succeeds", |p| {
        let (id, _) = attached_and_removed(p);
        p.succeeds(shmctl(id, Cmd::IpcRmid));
    }),
    row("CTL-07", Any, "... the key is free for a new segment", |p| {
        let (key, old) = p.keyed(100, 0o600);
        p.attach(old);
        p.remove(old);
        let new = p.made(shmget(key, 100, CREAT, 0o600));
        assert!(new != old, "expected another id, got {new} again");
        p.answers(shmget(key, 100, FIND, 0o600), new.0);
    }),
    row("CTL-08", Any, "... shmat still succeeds while it is attached (not on every system)", |p| {
        let (id, _) = attached_and_removed(p);
        p.attach(id);
        is("shm_nattch", p.nattch(id), 2);
    }),
    row("CTL-09", Any, "... after the last shmdt it is gone: EINVAL", |p| {
        let (id, address) = attached_and_removed(p);
        p.detach(address);
        p.misses(id);
    }),
    row("CTL-10", Any, "IPC_RMID with nothing attached, then IPC_STAT: EINVAL", |p| {
        let id = p.segment(100, 0o600);
        p.remove(id);
        p.misses(id);
    }),
    row("CTL-11", Any, "... a second IPC_RMID: EINVAL", |p| {
        let id = p.segment(100, 0o600);
        p.remove(id);
        p.fails(shmctl(id, Cmd::IpcRmid), EINVAL);
    }),
    row("CTL-12", Any, "IPC_STAT of id -1: EINVAL", |p| p.fails(shmctl(Shmid(-1), Cmd::IpcStat), EINVAL)),
    row("CTL-13", Any, "command -1: EINVAL", |p| {
        let id = p.segment(100, 0o600);
        p.fails(shmctl(id, Cmd::Unknown(-1)), EINVAL);
    }),
    row("CTL-14", Any, "command 99: EINVAL", |p| {
        let id = p.segment(100, 0o600);
        p.fails(shmctl(id, Cmd::Unknown(99)), EINVAL);
    }),
    row("CTL-19", RootAndNobody, "IPC_SET by nobody on root's segment: EPERM, whatever its mode", |p| {
        let id = p.segment(100, 0o666);
        p.as_nobody(|p| p.fails(shmctl(id, ipc_set(0, 0, 0o600)), EPERM));
    }),
    row("CTL-20", RootAndNobody, "SHM_LOCK by nobody on root's segment: EPERM, whatever its mode", |p| {
        let id = p.segment(100, 0o666);
        p.as_nobody(|p| p.fails(shmctl(id, Cmd::ShmLock), EPERM));
    }),
    row("CTL-21", RootAndNobody, "SHM_UNLOCK by nobody on root's segment: EPERM, whatever its mode", |p| {
        let id = p.segment(100, 0o666);
        p.as_nobody(|p| p.fails(shmctl(id, Cmd::ShmUnlock), EPERM));
    }),
    row("CTL-22", User, "IPC_STAT of an own segment of mode 0: EACCES", |p| {
        let id = p.segment(100, 0);
        p.fails(shmctl(id, Cmd::IpcStat), EACCES);
    }),
    row("CTL-26", User, "SHM_LOCK of 16 KiB with RLIMIT_MEMLOCK 8 KiB: ENOMEM", |p| {
        needs_memlock(8 << 10);
        p.limit_locked(8 << 10);
        let id = p.segment(16 << 10, 0o600);
        p.fails(shmctl(id, Cmd::ShmLock), ENOMEM);
    }),
    row("CTL-27", User, "SHM_LOCK and SHM_UNLOCK of an own segment: SHM_LOCKED comes and goes", |p| {
        needs_memlock(64 << 10);
        locks_and_unlocks(p);
    }),
    row("CTL-28", Root, "SHM_LOCK by root: succeeds", |p| {
        let id = p.segment(100, 0o600);
        p.succeeds(shmctl(id, Cmd::ShmLock));
    }),
    row("CTL-29", Root, "... perms in /proc/sysvipc/shm: 2600", |p| {
        let id = p.segment(100, 0o600);
        p.succeeds(shmctl(id, Cmd::ShmLock));
        mode_is(p.row(id).perms, 0o2600);
    }),
    row("CTL-30", Root, "... SHM_UNLOCK by root: succeeds", locks_and_unlocks),
    row("CTL-31", Root, "IPC_SET of mode, uid and gid: succeeds", |p| {
        needs_uid(1000);
        let id = p.segment(100, 0o600);
        p.succeeds(shmctl(id, ipc_set(1000, 1001, 0o640)));
    }),
    row("CTL-32", Root, "... then IPC_STAT: the new owner, the old creator and size, a later ctime", |p| {
        needs_uid(1000);
        let id = p.segment(100, 0o600);
        let before = p.stat(id);
        p.wait_a_second();
        p.succeeds(shmctl(id, ipc_set(1000, 1001, 0o640)));
        let after = p.stat(id);
        mode_is(after.mode, 0o640);
        is("uid, gid", (after.uid, after.gid), (1000, 1001));
        is("cuid, cgid", (after.cuid, after.cgid), (0, getegid().as_raw()));
        is("shm_segsz", after.size, 100);
        assert!(
            after.ctime > before.ctime,
            "shm_ctime: expected more than {}, got {}",
            before.ctime,
            after.ctime
        );
    }),
    row("CTL-33", Any, "IPC_SET with uid -1: EINVAL", |p| {
        let id = p.segment(100, 0o600);
        p.fails(shmctl(id, ipc_set(u32::MAX, getegid().as_raw(), 0o600)), EINVAL);
    }),
    row("CTL-35", Any, "SHM_STAT of an index that nobody uses: EINVAL", |p| {
        // The kernel gives out the last index only after two thirds of all the others are in use.
        p.fails(shmctl(Shmid(INDEX), Cmd::ShmStat), EINVAL);
    }),
    row(
        "CTL-37",
        RootAndNobody,
        "root's segment of mode 0600, nobody asks: SHM_STAT EACCES, SHM_STAT_ANY the id",
        |p| {
            let id = p.segment(100, 0o600);
            let index = Shmid(id.0 & INDEX);
            p.as_nobody(|p| {
                p.fails(shmctl(index, Cmd::ShmStat), EACCES);
                p.answers(shmctl(index, Cmd::ShmStatAny), id.0);
            });
        },
    ),
    row("CTL-40", Ipcns, "SHM_INFO: a segment of a page and a byte counts as one id and two pages", |p| {
        let before = p.usage();
        p.segment(p.page() + 1, 0o600);
        let after = p.usage();
        is("used_ids", after.used_ids - before.used_ids, 1);
        is("shm_tot", after.shm_tot - before.shm_tot, 2);
    }),
    row("CTL-41", Ipcns, "SHM_INFO: shm_rss counts a page after its first touch", |p| {
        let id = p.segment(100, 0o600);
        let address = p.attach(id);
        is("shm_rss before", p.usage().shm_rss, 0);
        p.write(address, b"x");
        is("shm_rss", p.usage().shm_rss, 1);
    }),
    row(
        "CTL-43",
        Ipcns,
        "shm_rmid_forced 1: a segment lives while attached, unmarked, and goes with its last shmdt",
        |p| {
            p.set("shm_rmid_forced", 1);
            let id = p.segment(100, 0o600);
            let address = p.attach(id);
            mode_is(p.stat(id).mode, 0o600);
            p.detach(address);
            p.misses(id);
        },
    ),
    row("CTL-44", Ipcns, "shm_rmid_forced set to 1: removes a segment whose creator is gone", |p| {
        let mut child = p.fork();
        let id = child.segment(100, 0o600);
        child.exit();
        p.stat(id);
        p.set("shm_rmid_forced", 1);
        p.misses(id);
    }),
    row("CTL-45", Ipcns, "shm_rmid_forced set to 1: a segment whose creator lives stays", |p| {
        let mut child = p.fork();
        let id = child.segment(100, 0o600);
        p.set("shm_rmid_forced", 1);
        p.stat(id);
        child.exit();
        p.misses(id);
    }),
    row(
        "EX-01",
        Any,
        "IPC_STAT while another thread removes the segment: EIDRM for those that find it dying",
        |_| {
            dying_segment_is_found();
        },
    ),
    row("EX-15", User, "given to uid 12345 with IPC_SET: the creator may still shmat and IPC_RMID", |p| {
        needs_uid(12345);
        let id = p.segment(100, 0o600);
        p.succeeds(shmctl(id, ipc_set(12345, getegid().as_raw(), 0o600)));
        is("uid, cuid", (p.stat(id).uid, p.stat(id).cuid), (12345, getuid().as_raw()));
        p.succeeds(shmat(id, NULL, RDWR));
        p.succeeds(shmctl(id, Cmd::IpcRmid));
    }),
    row("EX-20", Any, "the article's timeline, shm_nattch after each call: 0, 1, 1, 0, 1, 0, gone", |p| {
        let id = p.segment(0x6400, 0o600);
        is("after shmget", p.nattch(id), 0);
        let address = p.attach(id);
        is("after shmat", p.nattch(id), 1);
        p.write(address, b"THIS IS A TEST");
        is("after a write", p.nattch(id), 1);
        p.detach(address);
        is("after shmdt", p.nattch(id), 0);
        let address = p.attach(id);
        is("after the second shmat", p.nattch(id), 1);
        p.detach(address);
        is("after the second shmdt", p.nattch(id), 0);
        p.remove(id);
        p.misses(id);
    }),
    row("EX-21", Root, "marked and locked: perms 3600, status dest locked", |p| {
        let (id, _) = attached_and_removed(p);
        p.succeeds(shmctl(id, Cmd::ShmLock));
        mode_is(p.row(id).perms, 0o3600);
        is("status", p.row(id).status(), "dest locked".to_owned());
    }),
    row("EX-23", Root, "root without CAP_IPC_OWNER, own segment of mode 0: EACCES", |p| {
        let mut child = p.fork();
        let id = child.segment(100, 0);
        child.stat(id);
        child.renounce_privilege();
        child.fails(shmat(id, NULL, RDWR), EACCES);
        child.fails(shmctl(id, Cmd::IpcStat), EACCES);
    }),
];

#[track_caller]
fn attached_and_removed(p: &mut Proc) -> (Shmid, Address) {
    let id = p.segment(100, 0o600);
    let address = p.attach(id);
    p.remove(id);
    (id, address)
}

fn locks_and_unlocks(p: &mut Proc) {
    let id = p.segment(100, 0o600);
    p.succeeds(shmctl(id, Cmd::ShmLock));
    mode_is(p.stat(id).mode, ShmidDs::SHM_LOCKED | 0o600);
    p.succeeds(shmctl(id, Cmd::ShmUnlock));
    mode_is(p.stat(id).mode, 0o600);
}

fn needs_memlock(bytes: u64) {
    let (soft, _) = getrlimit(Resource::RLIMIT_MEMLOCK).expect("the limit");
    if soft < bytes {
        fall_away(format!("RLIMIT_MEMLOCK is {soft} bytes, {bytes} are needed"));
    }
}

/// One thread makes and removes segments while another asks for the newest one.
fn dying_segment_is_found() {
    const TIMEOUT: Duration = Duration::from_secs(5);
    let newest = AtomicI32::new(-1);
    let enough = AtomicBool::new(false);
    let outcome = thread::scope(|scope| {
        scope.spawn(|| {
            let mut maker = Proc::this();
            while !enough.load(Relaxed) {
                let id = maker.segment(1, 0o600);
                newest.store(id.0, Relaxed);
                maker.remove(id);
            }
        });
        let mut asker = Proc::this();
        let begun = Instant::now();
        let outcome = loop {
            match asker.asks(&shmctl(Shmid(newest.load(Relaxed)), Cmd::IpcStat)) {
                Ok(_) | Err(EINVAL) if begun.elapsed() < TIMEOUT => {}
                last => break last,
            }
        };
        enough.store(true, Relaxed);
        outcome
    });
    match outcome {
        Err(EIDRM) => {}
        Ok(_) | Err(EINVAL) => {
            fall_away("in five seconds no call met a segment at the moment of its removal")
        }
        Err(errno) => panic!("expected EIDRM, got {errno:?}"),
    }
}
