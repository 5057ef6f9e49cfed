//! The flags of `shmget` and `shmat`: combinable, and printed by name.

use std::fmt;

use bitflags::{Flags, bitflags};
use serde::{Deserialize, Serialize};

use crate::Mode;

bitflags! {
    /// The flags of `shmget`, without the nine permission bits that C passes along with them.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
    pub struct ShmgetFlags: i32 {
        /// Make the segment if no segment has this key.
        const IPC_CREAT = 0o1000;
        /// With `IPC_CREAT`: fail with `EEXIST` if a segment has this key. Alone it does nothing.
        const IPC_EXCL = 0o2000;
        /// Back the segment with huge pages.
        const SHM_HUGETLB = 0o4000;
        /// Reserve no swap space: a promise that may be broken with `SIGBUS` later.
        const SHM_NORESERVE = 0o10000;
        const _ = !0;
    }
}

bitflags! {
    /// The flags of `shmat`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
    pub struct ShmatFlags: i32 {
        /// Map the segment for reading only.
        const SHM_RDONLY = 0o10000;
        /// Round the address down to a multiple of `SHMLBA`.
        const SHM_RND = 0o20000;
        /// Replace what is mapped at the address.
        const SHM_REMAP = 0o40000;
        /// Let code in the segment be executed.
        const SHM_EXEC = 0o100000;
        const _ = !0;
    }
}

impl ShmgetFlags {
    /// The flags by name, as JSON lists them.
    pub fn names(self) -> Vec<String> {
        names(self)
    }
}

impl ShmatFlags {
    /// The flags by name, as JSON lists them.
    pub fn names(self) -> Vec<String> {
        names(self)
    }
}

impl fmt::Display for ShmatFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&or_zero(self.names()))
    }
}

/// The third argument of `shmget` as C programmers write it: `IPC_CREAT|IPC_EXCL|0600`. A number that begins
/// with 0 is octal in C.
pub(super) fn with_mode(flags: ShmgetFlags, mode: Mode) -> String {
    let mut names = flags.names();
    if !mode.is_empty() {
        names.push(format!("0{:03o}", mode.bits()));
    }
    or_zero(names)
}

fn names<F: Flags<Bits = i32> + Copy>(flags: F) -> Vec<String> {
    let mut names = flags.iter_names();
    let mut list: Vec<String> = names.by_ref().map(|(name, _)| name.to_owned()).collect();
    let anonymous = names.remaining().bits();
    if anonymous != 0 {
        list.push(format!("{anonymous:#x}"));
    }
    list
}

fn or_zero(names: Vec<String>) -> String {
    if names.is_empty() { "0".to_owned() } else { names.join("|") }
}
