//! Memory: when pages come, what they cost, how long they stay, and what the maps say of them.

use playground::call::{Address, Shmid};

use super::process::{Proc, RDWR, is, rss_shmem};
use crate::runner::Needs::Any;
use crate::runner::{Row, row};

/// The size of the article's segment: seven pages of 4096 bytes.
const SIZE: usize = 0x6400;

/// Where the article attaches it.
const ARTICLES_ADDRESS: Address = Address(0x500_0000);

pub const ROWS: &[Row<Proc>] = &[
    row("MEM-01", Any, "after shmget no byte is in memory", |p| {
        let id = p.segment(SIZE, 0o600);
        is("rss", p.rss(id), 0);
    }),
    row("MEM-02", Any, "after shmat no byte is in memory", |p| {
        let id = p.segment(SIZE, 0o600);
        p.attach(id);
        is("rss", p.rss(id), 0);
    }),
    row("MEM-03", Any, "three pages written: three pages in memory", |p| {
        let (id, _) = three_pages_written(p);
        is("rss", p.rss(id), 3 * p.page());
    }),
    row("MEM-04", Any, "three first touches: three minor faults", |p| {
        let (_, address) = ten_pages(p);
        // The code and the byte to write have come into memory before they are counted.
        touch(p, address, 9);
        let faults: u64 = (0..3).map(|page| touch(p, address, page)).sum();
        is("minor faults", faults, 3);
    }),
    row("MEM-05", Any, "three thousand further writes: no fault", |p| {
        let (_, address) = three_pages_written(p);
        let faults: u64 = (0..3000).map(|time| touch(p, address, time % 3)).sum();
        is("minor faults", faults, 0);
    }),
    row("MEM-06", Any, "a read of an untouched page brings it into memory, too", |p| {
        let (id, address) = three_pages_written(p);
        p.read(address.offset(5 * p.page()), 1);
        is("rss", p.rss(id), 4 * p.page());
    }),
    row("MEM-07", Any, "after shmdt the pages stay in memory", |p| {
        let (id, address) = three_pages_written(p);
        p.detach(address);
        is("rss", p.rss(id), 3 * p.page());
    }),
    row("MEM-08", Any, "the last byte outlives shmdt and is there after the next shmat", |p| {
        let id = p.segment(SIZE, 0o600);
        let address = p.attach(id);
        p.write(address.offset(SIZE - 1), b"x");
        p.detach(address);
        let address = p.attach(id);
        is("the last byte", p.read(address.offset(SIZE - 1), 1), b"x".to_vec());
    }),
    row(
        "MEM-09",
        Any,
        "the line in the maps: whole pages, rw-s, offset 0, the id as inode, /SYSV and the key",
        |p| {
            let id = p.segment(SIZE, 0o600);
            let address = p.attach(id);
            let mapping = p.mapping(id);
            is("start", mapping.start, address);
            is("length", mapping.length(), SIZE.next_multiple_of(p.page()));
            is("permissions", &*mapping.perms, "rw-s");
            is("offset", mapping.offset, 0);
            is("inode", mapping.inode, id.0 as u64);
            is("name", &*mapping.name, "/SYSV00000000 (deleted)");
        },
    ),
    row("MEM-10", Any, "0x6400 bytes at 0x5000000: mapped there, in whole pages", |p| {
        let id = p.segment(SIZE, 0o600);
        is("the address", p.attach_with(id, ARTICLES_ADDRESS, RDWR), ARTICLES_ADDRESS);
        let mapping = p.mapping(id);
        is("start", mapping.start, ARTICLES_ADDRESS);
        is("end", mapping.end, ARTICLES_ADDRESS.offset(SIZE.next_multiple_of(p.page())));
    }),
    row("MEM-11", Any, "the name in the maps keeps the key after IPC_RMID", |p| {
        let (key, id) = p.keyed(SIZE, 0o600);
        p.attach(id);
        p.remove(id);
        is("the key in the record", p.stat(id).key.0, 0);
        is("name", p.mapping(id).name, format!("/SYSV{:08x} (deleted)", key.0));
    }),
    row("EX-07", Any, "64 MiB touched: RssShmem grows by as much", |p| {
        const MIB_64: usize = 64 << 20;
        p.needs_linux("RssShmem in /proc/PID/status");
        let id = p.segment(MIB_64, 0o600);
        let address = p.attach(id);
        let before = rss_shmem();
        let lags = [0, 1].map(|page| !shows_at_once(p, address, page)).contains(&true);
        for page in 2..MIB_64 / p.page() {
            touch(p, address, page);
        }
        let grown = rss_shmem() - before;
        let lag = if lags { (LAG * p.page() as u64) >> 10 } else { 0 };
        let whole = 64 << 10;
        is("RssShmem, in KiB, no more", grown.max(whole), whole);
        is("RssShmem, in KiB, no less", grown.min(whole - lag), whole - lag);
        is("rss", p.rss(id), MIB_64);
    }),
];

/// How many pages Linux 6.1 and before may not have counted yet: each task adds what it has counted to the process's
/// sum once in so many faults.
const LAG: u64 = 65;

/// Whether the first touch of a page shows in `RssShmem` before the next one.
fn shows_at_once(p: &mut Proc, address: Address, page: usize) -> bool {
    let before = rss_shmem();
    touch(p, address, page);
    (rss_shmem() - before) << 10 == p.page() as u64
}

fn ten_pages(p: &mut Proc) -> (Shmid, Address) {
    let id = p.segment(10 * p.page(), 0o600);
    let address = p.attach(id);
    (id, address)
}

fn three_pages_written(p: &mut Proc) -> (Shmid, Address) {
    let (id, address) = ten_pages(p);
    for page in 0..3 {
        touch(p, address, page);
    }
    (id, address)
}

/// Writes a byte to a page; returns the faults that it took.
fn touch(p: &mut Proc, address: Address, page: usize) -> u64 {
    let start = page * p.page();
    p.write(address.offset(start), b"x")
}
