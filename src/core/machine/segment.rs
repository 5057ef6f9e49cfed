//! A shared memory segment: its record, and the pages behind it.
//!
//! **Invariant:** the record holds what `shmctl(IPC_STAT)` tells, and a page is there once somebody has touched it.

use crate::sorted::SortedMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::ids::Entry;
use super::permission::Permissions;
use crate::call::{Key, ShmidDs};

/// A segment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    /// Its id, key, owners and mode.
    pub permissions: Permissions,
    /// The key that it was made with. `/proc/PID/maps` names it by that key, also after `IPC_RMID` took the key away.
    #[serde(default = "private")]
    pub made_with: Key,
    /// Its size as it was asked for, in bytes.
    pub size: u64,
    /// How many mappings lead to it, in all processes.
    pub attached: u64,
    /// The process that made it.
    pub cpid: i32,
    /// The process that attached or detached it last; 0 for none.
    pub lpid: i32,
    /// When it was attached last, in seconds; 0 for never.
    pub atime: i64,
    /// When it was detached last.
    pub dtime: i64,
    /// When it was made, or changed by `IPC_SET`.
    pub ctime: i64,
    /// Whether its creator lives, and is still in the namespace: `kernel.shm_rmid_forced` asks for that.
    pub has_creator: bool,
    /// The user whose share of locked memory it takes.
    pub locked_for: Option<u32>,
    /// The pages that have been touched, by number.
    pub pages: SortedMap<u64, Arc<[u8]>>,
}

/// A machine that was stored before its segments had names.
fn private() -> Key {
    Key::PRIVATE
}

impl Entry for Segment {
    fn permissions(&self) -> &Permissions {
        &self.permissions
    }
}

impl Segment {
    /// A new segment: nobody has attached it, and none of its pages is there.
    pub(super) fn new(permissions: Permissions, size: u64, cpid: i32, now: i64) -> Segment {
        Segment {
            made_with: permissions.key,
            permissions,
            size,
            attached: 0,
            cpid,
            lpid: 0,
            atime: 0,
            dtime: 0,
            ctime: now,
            has_creator: true,
            locked_for: None,
            pages: SortedMap::default(),
        }
    }

    /// Whether `IPC_RMID` was called on it.
    pub fn is_marked(&self) -> bool {
        self.permissions.mode & ShmidDs::SHM_DEST != 0
    }

    /// The record that `IPC_STAT` copies out.
    pub fn record(&self) -> ShmidDs {
        let Permissions { key, uid, gid, cuid, cgid, mode, .. } = self.permissions;
        ShmidDs {
            key,
            uid,
            gid,
            cuid,
            cgid,
            mode,
            size: self.size as usize,
            atime: self.atime,
            dtime: self.dtime,
            ctime: self.ctime,
            cpid: self.cpid,
            lpid: self.lpid,
            nattch: self.attached,
        }
    }

    /// A page, with zeros in it if it is touched for the first time.
    pub(super) fn page_mut(&mut self, number: u64, page_size: u64) -> &mut [u8] {
        let page = self.pages.entry(number).or_insert_with(|| vec![0; page_size as usize].into());
        Arc::make_mut(page)
    }
}
