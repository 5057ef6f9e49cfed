//! `shmdt`: what it takes away, and what it will not.

use playground_core::Errno::EINVAL;

use super::process::{NULL, Proc, is, is_now, shmdt};
use crate::runner::Needs::Any;
use crate::runner::{Row, row};

pub const ROWS: &[Row<Proc>] = &[
    row("DT-01", Any, "the record after shmdt: one attachment less, our lpid, dtime", |p| {
        let id = p.segment(100, 0o600);
        let (one, _) = (p.attach(id), p.attach(id));
        is("shm_nattch before", p.nattch(id), 2);
        p.detach(one);
        let record = p.stat(id);
        is("shm_nattch", record.nattch, 1);
        is("shm_lpid", record.lpid, p.pid());
        is_now("shm_dtime", record.dtime);
    }),
    row("DT-02", Any, "the same address twice: EINVAL", |p| {
        let id = p.segment(100, 0o600);
        let address = p.attach(id);
        p.detach(address);
        p.fails(shmdt(address), EINVAL);
    }),
    row("DT-03", Any, "an address within the attachment: EINVAL, and it stays", |p| {
        let id = p.segment(0x6400, 0o600);
        let address = p.attach(id);
        p.fails(shmdt(address.offset(1)), EINVAL);
        p.fails(shmdt(address.offset(p.page())), EINVAL);
        is("shm_nattch", p.nattch(id), 1);
    }),
    row("DT-04", Any, "a mapping that is no attachment, the program's own: EINVAL", |p| {
        let program = p.maps()[0].start;
        p.fails(shmdt(program), EINVAL);
    }),
    row("DT-06", Any, "NULL: EINVAL", |p| p.fails(shmdt(NULL), EINVAL)),
];
