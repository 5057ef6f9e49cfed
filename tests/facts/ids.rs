//! Namespaces: whose ids and keys they are, and the settings that each has of its own.

use std::fs::File;

use nix::sched::{CloneFlags, setns, unshare};
use nix::unistd::{Uid, setresuid};
use playground::call::{Key, Shmid};
use playground_core::Errno::{EINVAL, ENOENT, ENOSPC};

use super::process::{FIND, NEW, NULL, PRIVATE, Proc, RDONLY, is, shmat, shmget};
use crate::runner::Needs::Ipcns;
use crate::runner::{NOBODY, Row, row};

/// The sequence number in an id counts from here (`IPCMNI_SHIFT` in `ipc/util.h`).
const SEQUENCE: i32 = 32768;

pub const ROWS: &[Row<Proc>] = &[
    row("GET-16", Ipcns, "shmmax 8192: 8193 bytes EINVAL, 8192 bytes succeed", |p| {
        p.set("shmmax", 8192);
        p.fails(shmget(PRIVATE, 8193, NEW, 0o600), EINVAL);
        p.succeeds(shmget(PRIVATE, 8192, NEW, 0o600));
    }),
    row("GET-18", Ipcns, "shmall 3 pages: 3 pages succeed, one byte more ENOSPC", |p| {
        p.set("shmall", 3);
        p.succeeds(shmget(PRIVATE, 3 * p.page(), NEW, 0o600));
        p.fails(shmget(PRIVATE, 1, NEW, 0o600), ENOSPC);
    }),
    row(
        "GET-31",
        Ipcns,
        "ids count from 0, go on after a removal, and start over in the next sequence",
        |p| {
            p.answers(shmget(PRIVATE, 1, NEW, 0o600), 0);
            p.answers(shmget(PRIVATE, 1, NEW, 0o600), 1);
            p.remove(Shmid(1));
            let mut last = p.segment(1, 0o600);
            is("the id after 1 was removed", last, Shmid(2));
            while last.0 < SEQUENCE {
                p.remove(last);
                last = p.segment(1, 0o600);
            }
            is("the first id of the next sequence, where index 0 is taken", last, Shmid(SEQUENCE + 1));
        },
    ),
    row("GET-32", Ipcns, "shm_next_id 163844 is the next id, once", |p| {
        p.set("shm_next_id", 163_844);
        p.answers(shmget(PRIVATE, 1, NEW, 0o600), 163_844);
        is("shm_next_id after it was used", p.setting("shm_next_id").as_str(), "-1");
    }),
    row("GET-34", Ipcns, "a key is not known in another IPC namespace: ENOENT", |p| {
        let (key, id) = p.keyed(100, 0o600);
        let mut left_behind = p.fork();
        p.isolate();
        p.fails(shmget(key, 100, FIND, 0o600), ENOENT);
        left_behind.answers(shmget(key, 100, FIND, 0o600), id.0);
    }),
    row("GET-35", Ipcns, "an id is not valid in another IPC namespace: EINVAL", |p| {
        let id = p.segment(100, 0o600);
        let mut left_behind = p.fork();
        p.isolate();
        p.fails(shmat(id, NULL, RDONLY), EINVAL);
        left_behind.attach(id);
    }),
    row(
        "EX-05",
        Ipcns,
        "attached in one IPC namespace, back in another: the bytes stay, key and id do not",
        |p| {
            p.needs_linux("way back into a namespace (setns)");
            let first = File::open("/proc/self/ns/ipc").expect("this namespace");
            unshare(CloneFlags::CLONE_NEWIPC).expect("a namespace within a namespace");
            let key = Key(0x0bad_cafe);
            let id = p.made(shmget(key, 100, NEW, 0o600));
            let address = p.attach(id);
            p.write(address, b"hi");
            setns(first, CloneFlags::CLONE_NEWIPC).expect("the way back");
            is("the bytes", p.read(address, 2), b"hi".to_vec());
            p.fails(shmget(key, 100, FIND, 0o600), ENOENT);
            p.misses(id);
        },
    ),
    row("EX-25", Ipcns, "a user namespace with one uid: setresuid to another, EINVAL", |p| {
        p.needs_linux("setresuid of the process that tells the story");
        let nobody = Uid::from_raw(NOBODY);
        is("setresuid", setresuid(nobody, nobody, nobody), Err(nix::errno::Errno::EINVAL));
    }),
];
