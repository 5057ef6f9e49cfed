//! The rows of the kernel's table that a traced program has to do with, and what changed in them.
//!
//! A call may change other rows than that of its own segment, and stores change them without any call; so the whole
//! table is looked at. But a table of thousands of rows, looked at after each of thousands of calls, would take
//! minutes: of a large one, the row of the call's own segment is asked for, and the whole only every so many calls.
//!
//! **Invariant:** to look takes a bounded number of rows a call, however many there are; and when the last process has
//! ended, all are looked at.

use std::collections::HashMap;

use super::procfs;
use crate::call::{Shmid, ShmidDs};
use crate::evidence::segments::Row;
use crate::story::{CellChange as Change, Traced, changes};

/// How many rows of a large table are looked at for one call, in the long run.
const ROWS_A_CALL: usize = 4;
/// A table of no more rows than this is small, and looked at after each call.
const SMALL: usize = 128;

/// What the table said of the segments that the program has to do with.
#[derive(Default)]
pub(super) struct Rows {
    known: HashMap<Shmid, Option<Row>>,
    /// How many rows the table had when it was looked at last.
    length: usize,
    /// How many rows might have been looked at since.
    saved: usize,
}

impl Rows {
    /// Looks after a call about a segment; `found` says that the call has found it, and another program made it.
    pub fn after_call(&mut self, id: Shmid, found: bool) -> Vec<Traced> {
        let is_new = !self.known.contains_key(&id);
        self.known.entry(id).or_insert(None);
        let mut news = match self.may_look_at_all() {
            true => self.look_at_all(),
            false => self.look_at(id),
        };
        for changed in &mut news {
            if let Traced::Changed { shmid, how, .. } = changed
                && *shmid == id
                && is_new
                && found
            {
                *how = "found";
            }
        }
        news
    }

    /// Looks after something else that may change rows: a fork, an exec, an end, a detach. After the last end nothing
    /// may be missed.
    pub fn after(&mut self, is_last: bool) -> Vec<Traced> {
        match !self.known.is_empty() && (self.may_look_at_all() || is_last) {
            true => self.look_at_all(),
            false => Vec::new(),
        }
    }

    fn may_look_at_all(&mut self) -> bool {
        self.saved += ROWS_A_CALL;
        self.length <= SMALL || self.saved >= self.length
    }

    fn look_at_all(&mut self) -> Vec<Traced> {
        let Some(table) = procfs::segments() else { return Vec::new() };
        (self.length, self.saved) = (table.len(), 0);
        let mut now: HashMap<_, _> = table.into_iter().map(|row| (row.shmid, row)).collect();
        let mut ids: Vec<_> = self.known.keys().copied().collect();
        ids.sort();
        ids.into_iter().filter_map(|id| self.is_now(id, now.remove(&id))).collect()
    }

    fn look_at(&mut self, id: Shmid) -> Vec<Traced> {
        let before = self.known.get(&id).cloned().flatten();
        match procfs::record(id) {
            // It may not be read: then the whole table will tell.
            None => Vec::new(),
            Some(None) => self.is_now(id, None).into_iter().collect(),
            Some(Some(record)) => {
                self.is_now(id, Some(row(&record, id, before.as_ref()))).into_iter().collect()
            }
        }
    }

    fn is_now(&mut self, id: Shmid, row: Option<Row>) -> Option<Traced> {
        let before = match row {
            Some(_) => self.known.insert(id, row.clone()),
            None => self.known.remove(&id),
        };
        change(id, before.flatten().as_ref(), row)
    }
}

/// A record as a row. How many of its bytes are in memory only the table tells.
fn row(record: &ShmidDs, shmid: Shmid, before: Option<&Row>) -> Row {
    let &ShmidDs { key, uid, gid, mode, size, cpid, lpid, nattch, .. } = record;
    let (rss, swap) = before.map_or((0, 0), |row| (row.rss, row.swap));
    Row { key, shmid, perms: mode, size, cpid, lpid, nattch, uid, gid, rss, swap }
}

/// What is new in a row, if anything is.
fn change(shmid: Shmid, before: Option<&Row>, row: Option<Row>) -> Option<Traced> {
    let (how, changes) = match (before, &row) {
        (None, Some(_)) => ("new", Vec::new()),
        (Some(before), Some(now)) => {
            ("moved", changes(before, now).into_iter().chain(memory(before, now)).collect())
        }
        (Some(_), None) => ("gone", Vec::new()),
        (None, None) => return None,
    };
    (how != "moved" || !changes.is_empty()).then_some(Traced::Changed { shmid, how, changes, row })
}

/// Pages come when they are first touched: stores make no system call, and yet they show here.
fn memory(before: &Row, now: &Row) -> Option<Change> {
    let (was, now) = (before.rss, now.rss);
    (was != now).then(|| Change { column: "rss".into(), was: was.to_string(), now: now.to_string() })
}
