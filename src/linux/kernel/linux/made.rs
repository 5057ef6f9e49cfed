//! Whether `shmget` or `semget` has made what it returned, or found it: the answer does not tell.
//!
//! **Invariant:** the flags decide where they can; where they cannot, the record does.

use std::time::UNIX_EPOCH;

use nix::libc::{self, c_int};

use super::known::{Known, known};
use crate::call::{Key, Shmid};

/// Whether a successful `shmget` has made the segment, rather than found one.
///
/// With `IPC_CREAT` alone only the record can tell, and a process that leaked a segment long ago may have had
/// the same pid: so the segment must be new, too.
pub fn made_by(pid: i32, key: Key, flags: c_int, id: Shmid) -> bool {
    if is_exclusive(key, flags) {
        return true;
    }
    let is_new =
        |known: Known| known.cpid == pid && !known.was_attached && known.ctime >= seconds_since_1970() - 1;
    flags & libc::IPC_CREAT != 0 && known(id).is_some_and(is_new)
}

/// Whether the flags alone say that whatever was returned is new.
pub fn is_exclusive(key: Key, flags: c_int) -> bool {
    let exclusive = libc::IPC_CREAT | libc::IPC_EXCL;
    key == Key::PRIVATE || flags & exclusive == exclusive
}

fn seconds_since_1970() -> i64 {
    UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs() as i64)
}
