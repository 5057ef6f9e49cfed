//! `fork`, `exec`, and every end of a process: what becomes of attachments and segments.

use playground::call::Cmd;

use super::process::{Proc, is, shmctl};
use crate::runner::Needs::Any;
use crate::runner::{Row, row};

pub const ROWS: &[Row<Proc>] = &[
    row("LIFE-01", Any, "after fork: two attachments, and lpid is not the child's", |p| {
        let id = p.segment(100, 0o600);
        p.attach(id);
        let _child = p.fork();
        is("shm_nattch", p.nattch(id), 2);
        is("shm_lpid", p.stat(id).lpid, p.pid());
    }),
    row("LIFE-02", Any, "after exec in the child: its attachment is gone, lpid is the child's", |p| {
        let id = p.segment(100, 0o600);
        p.attach(id);
        let mut child = p.fork();
        child.exec("sleep", &["60"]);
        is("shm_nattch", p.nattch(id), 1);
        is("shm_lpid", p.stat(id).lpid, child.pid());
    }),
    row("LIFE-03", Any, "a child that inherits and attaches again: three attachments", |p| {
        let id = p.segment(100, 0o600);
        p.attach(id);
        let mut child = p.fork();
        child.attach(id);
        is("shm_nattch", p.nattch(id), 3);
    }),
    row("LIFE-04", Any, "after SIGKILL of the child: one attachment, lpid is the child's", |p| {
        let id = p.segment(100, 0o600);
        p.attach(id);
        let mut child = p.fork();
        child.kill();
        is("shm_nattch", p.nattch(id), 1);
        is("shm_lpid", p.stat(id).lpid, child.pid());
    }),
    row("LIFE-05", Any, "after exit of the child: one attachment", |p| {
        let id = p.segment(100, 0o600);
        p.attach(id);
        let mut child = p.fork();
        is("shm_nattch before", p.nattch(id), 2);
        child.exit();
        is("shm_nattch", p.nattch(id), 1);
    }),
    row("LIFE-06", Any, "SIGKILL of the creator: the segment and its bytes stay, cpid names the dead", |p| {
        let mut child = p.fork();
        let id = child.segment(100, 0o600);
        let address = child.attach(id);
        child.write(address, b"left behind");
        child.kill();
        let record = p.stat(id);
        is("shm_nattch", record.nattch, 0);
        is("shm_cpid", record.cpid, child.pid());
        let address = p.attach(id);
        is("the bytes", p.read(address, 11), b"left behind".to_vec());
    }),
    row("EX-03", Any, "fork alone: atime moves, lpid is the parent's, one attachment more", |p| {
        let id = p.segment(100, 0o600);
        p.attach(id);
        let before = p.stat(id);
        p.wait_a_second();
        let _child = p.fork();
        let after = p.stat(id);
        assert!(
            after.atime > before.atime,
            "shm_atime: expected more than {}, got {}",
            before.atime,
            after.atime
        );
        is("shm_lpid", after.lpid, p.pid());
        is("shm_nattch", after.nattch, before.nattch + 1);
    }),
    row("EX-17", Any, "attached and marked at once, then SIGKILL: the segment is gone", |p| {
        let mut child = p.fork();
        let id = child.segment(100, 0o600);
        child.attach(id);
        child.succeeds(shmctl(id, Cmd::IpcRmid));
        child.kill();
        p.misses(id);
    }),
    row(
        "EX-19",
        Any,
        "the article's program, which never detaches: two attachments, dest until it exits",
        |p| {
            let mut child = p.fork();
            let id = child.segment(0x6400, 0o600);
            child.attach(id);
            child.attach(id);
            is("shm_nattch", p.nattch(id), 2);
            child.remove(id);
            is("status", p.row(id).status(), "dest".to_owned());
            child.exit();
            p.misses(id);
        },
    ),
];
