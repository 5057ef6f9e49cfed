//! `shmat`: where a segment may be mapped, by whom, and what can be done with it there.

use playground::call::{Address, Shmid};
use playground_core::Errno::{EACCES, EINVAL, ENOMEM};

use super::process::{EXEC, NULL, Proc, RDONLY, RDWR, REMAP, RND, is, is_now, shmat};
use crate::runner::Needs::{Any, Root, RootAndNobody, User};
use crate::runner::{Row, row};

pub const ROWS: &[Row<Proc>] = &[
    row("AT-01", Any, "NULL and no flags: mapped, for reading and writing", |p| {
        let id = p.segment(100, 0o600);
        let address = p.attach(id);
        p.write(address, b"x");
        is("the byte", p.read(address, 1), b"x".to_vec());
    }),
    row("AT-02", Any, "the address that the kernel chooses is a multiple of the page size", |p| {
        let id = p.segment(100, 0o600);
        is("the remainder", p.attach(id).0 % p.page() as u64, 0);
    }),
    row("AT-03", Any, "the record after shmat: one attachment, our lpid, atime, no dtime", |p| {
        let id = p.segment(100, 0o600);
        p.attach(id);
        let record = p.stat(id);
        is("shm_nattch", record.nattch, 1);
        is("shm_lpid", record.lpid, p.pid());
        is_now("shm_atime", record.atime);
        is("shm_dtime", record.dtime, 0);
    }),
    row("AT-04", Any, "a new segment is filled with zeros", |p| {
        let id = p.segment(0x6400, 0o600);
        let address = p.attach(id);
        is("a byte other than 0", p.read(address, 0x6400).into_iter().find(|&byte| byte != 0), None);
    }),
    row("AT-05", Any, "id -1: EINVAL", |p| p.fails(shmat(Shmid(-1), NULL, RDWR), EINVAL)),
    row("AT-06", Any, "an id never used, 12345: EINVAL", |p| {
        p.fails(shmat(Shmid(12345), NULL, RDWR), EINVAL)
    }),
    row("AT-07", Any, "the right index in another sequence, id ^ 32768: EINVAL", |p| {
        let id = p.segment(100, 0o600);
        p.fails(shmat(Shmid(id.0 ^ 32768), NULL, RDWR), EINVAL);
    }),
    row("AT-09", Any, "a misaligned address without SHM_RND: EINVAL; with it: the page's start", |p| {
        let id = p.segment(100, 0o600);
        let room = p.room();
        p.fails(shmat(id, room.offset(1), RDWR), EINVAL);
        is("the address", p.attach_with(id, room.offset(1), RND), room);
    }),
    row("AT-11", Any, "an address that is taken by the segment itself: EINVAL", |p| {
        let id = p.segment(100, 0o600);
        let address = p.attach(id);
        p.fails(shmat(id, address, RDWR), EINVAL);
    }),
    row("AT-14", Any, "SHM_REMAP with NULL: EINVAL", |p| {
        let id = p.segment(100, 0o600);
        p.fails(shmat(id, NULL, REMAP), EINVAL);
    }),
    row(
        "AT-17",
        Any,
        "SHM_RND with address 1, which is NULL for the kernel: the library makes no such call",
        |p| {
            let id = p.segment(100, 0o600);
            p.is_kept_from(shmat(id, Address(1), RND));
            p.is_kept_from(shmat(id, Address::from(p.page() - 1), RND));
            is("attachments", p.nattch(id), 0);
        },
    ),
    row(
        "AT-18",
        Any,
        "an address where the program lies: EINVAL; with SHM_REMAP the library makes no such call",
        |p| {
            let id = p.segment(100, 0o600);
            let taken = p.maps()[0].start;
            p.fails(shmat(id, taken, RDWR), EINVAL);
            p.is_kept_from(shmat(id, taken, REMAP));
        },
    ),
    row("AT-19b", Any, "the last page of all addresses: ENOMEM", |p| {
        let id = p.segment(100, 0o600);
        p.fails(shmat(id, Address::from(p.page().wrapping_neg()), RDWR), ENOMEM);
    }),
    row("AT-20", Any, "SHM_RDONLY: can be read", |p| {
        let id = p.segment(100, 0o600);
        let address = p.attach_with(id, NULL, RDONLY);
        is("the byte", p.read(address, 1), vec![0]);
        is("permissions in the maps", p.mapping(id).perms, "r--s".to_owned());
    }),
    row("AT-21", Any, "SHM_RDONLY: a write kills with SIGSEGV", |p| {
        let id = p.segment(100, 0o600);
        let mut child = p.fork();
        let address = child.attach_with(id, NULL, RDONLY);
        child.dies_writing(address);
    }),
    row("AT-22", Any, "two attachments of one segment show the same bytes", |p| {
        let id = p.segment(100, 0o600);
        let (one, other) = (p.attach(id), p.attach(id));
        assert!(one != other, "expected two addresses, got {one} twice");
        p.write(one, b"THIS IS A TEST");
        is("the bytes", p.read(other, 14), b"THIS IS A TEST".to_vec());
    }),
    row(
        "AT-25",
        RootAndNobody,
        "root's segment of mode 0600, nobody attaches it with SHM_RDONLY: EACCES",
        |p| {
            let id = p.segment(100, 0o600);
            p.as_nobody(|p| p.fails(shmat(id, NULL, RDONLY), EACCES));
        },
    ),
    row("AT-26", User, "own segment of mode 0400: EACCES; with SHM_RDONLY it succeeds", |p| {
        let id = p.segment(100, 0o400);
        p.fails(shmat(id, NULL, RDWR), EACCES);
        p.succeeds(shmat(id, NULL, RDONLY));
    }),
    row("AT-27", User, "own segment of mode 0200: EACCES, with SHM_RDONLY and without", |p| {
        let id = p.segment(100, 0o200);
        p.fails(shmat(id, NULL, RDWR), EACCES);
        p.fails(shmat(id, NULL, RDONLY), EACCES);
    }),
    row("AT-28", User, "SHM_EXEC on an own segment of mode 0600: EACCES", |p| {
        let id = p.segment(100, 0o600);
        p.fails(shmat(id, NULL, EXEC), EACCES);
    }),
    row("AT-29", User, "SHM_EXEC on an own segment of mode 0700: succeeds", |p| {
        let id = p.segment(100, 0o700);
        p.succeeds(shmat(id, NULL, EXEC));
    }),
    row("AT-30", Root, "SHM_EXEC on a segment of mode 0600, as root: succeeds", |p| {
        let id = p.segment(100, 0o600);
        p.succeeds(shmat(id, NULL, EXEC));
    }),
    row("AT-32", Any, "an address space limited to 64 MiB more, a segment of 256 MiB: ENOMEM", |p| {
        let id = p.segment(256 << 20, 0o600);
        p.limit_growth(64 << 20);
        p.fails(shmat(id, NULL, RDWR), ENOMEM);
    }),
    row("AT-33", Any, "beyond the size of 100, within the page: can be read", |p| {
        let id = p.segment(100, 0o600);
        let address = p.attach(id);
        is("byte 100", p.read(address.offset(100), 1), vec![0]);
    }),
    row("AT-34", Any, "beyond the size of 100, within the page: can be written", |p| {
        let id = p.segment(100, 0o600);
        let address = p.attach(id);
        p.write(address.offset(100), b"x");
        is("byte 100", p.read(address.offset(100), 1), b"x".to_vec());
    }),
    row("AT-35", Any, "the first byte past the last page: a read or a write kills with SIGSEGV", |p| {
        let id = p.segment(100, 0o600);
        let room = p.room();
        p.attach_with(id, room, RDWR);
        let beyond = room.offset(p.page());
        p.fork().dies_reading(beyond);
        p.fork().dies_writing(beyond);
    }),
    row("AT-36", Any, "the page's last byte, beyond the size, is shared like the others", |p| {
        let id = p.segment(100, 0o600);
        let (one, other) = (p.attach(id), p.attach(id));
        let last = p.page() - 1;
        p.write(one.offset(last), b"x");
        is("the byte", p.read(other.offset(last), 1), b"x".to_vec());
    }),
];
