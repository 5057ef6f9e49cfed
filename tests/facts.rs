//! What this library says of System V shared memory, asked of the kernel it runs on: a table of facts.
//!
//! Each row is a situation, a call, and the answer that the kernel is known to give; its id is that of the table of
//! measurements it comes from. A row runs as whoever runs the tests, and as nobody too if that is root. So
//! `cargo test --test kernel facts::` as root tests the most; as a plain user, rows that need root fall away, and where
//! private namespaces are forbidden, those that need one do, each told by name.
//!
//! # What is not here
//!
//! | rows | why |
//! |---|---|
//! | CTL-15, CTL-16 | a bad buffer (`EFAULT`): a [`Call`](playground::call::Call) brings its own buffer, always a good one |
//! | AT-37, AT-39 to AT-42, EX-18 | `mprotect`, `munmap` and `remap_file_pages` on an attachment, which the library never calls |
//! | EX-06 | a race between a million additions each: here every access is a request of its own, and too slow to race |
//! | EX-11 | `ftok` of a file made anew: many file systems give it the inode, and so the key, of the one before |
//! | EX-12 to EX-14 | 0x5000000 over thousands of other programs; for this one, MEM-10 tries it in every run |
//! | EX-26 | `isolate` makes its user root of the namespace, never maps it to itself |
//! | CLI-01 to CLI-06 | `ipcrm` and `ipcs`: other programs, whose words change with their version |
//! | NV-01 to NV-08 | never measured: they need a machine-wide limit, huge pages, 32 bits, another processor or system |
//!
//! Of EX-07, `Shmem:` in `/proc/meminfo` and an empty `/dev/shm` are left out: other programs change them meanwhile.
//! AT-17 is the library's refusal: the kernel's own answer to an address below one page depends on who asks, and
//! for root it is a mapping at NULL.

mod ftok;
mod ids;
mod life;
mod memory;
mod process;
mod shmat;
mod shmctl;
mod shmdt;
mod shmget;

use crate::runner::Group;

pub fn group() -> Group {
    let tables = vec![
        shmget::ROWS,
        shmat::ROWS,
        shmdt::ROWS,
        shmctl::ROWS,
        life::ROWS,
        memory::ROWS,
        ids::ROWS,
        ftok::ROWS,
    ];
    Group::new("facts", tables, process::Proc::this)
}

/// The same rows, asked of the model. `ftok` is the C library's, and has no model here.
pub fn on_the_model() -> Group {
    let tables =
        vec![shmget::ROWS, shmat::ROWS, shmdt::ROWS, shmctl::ROWS, life::ROWS, memory::ROWS, ids::ROWS];
    Group::new("model", tables, process::Proc::on_the_model)
}
