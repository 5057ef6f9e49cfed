//! How ids are dealt and found: one table of segments and one of sets in each IPC namespace.
//!
//! An id is `sequence × 32768 + index`. The index is a place in the table; the sequence number tells those apart who
//! had the place one after the other, so that an old id finds nothing where somebody else has moved in.
//!
//! **Invariant:** the place of an entry is the index of its id.

use crate::sorted::SortedMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::permission::Permissions;
use crate::Errno;
use crate::call::Key;

/// How many places a table has (`IPCMNI`).
pub const PLACES: i32 = 32768;
/// After this sequence number comes 0.
const LAST_SEQUENCE: i32 = i32::MAX / PLACES - 1;
/// So many places are gone through before one is used again, however few are taken.
const SHORTEST_ROUND: i32 = 64;

/// What a table can hold.
pub trait Entry: Clone {
    /// Its id, key, owners and mode.
    fn permissions(&self) -> &Permissions;
}

/// A table of what has ids.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table<T> {
    entries: SortedMap<i32, Arc<T>>,
    /// The sequence number of the last id that was dealt.
    pub sequence: i32,
    /// Where the next free place is looked for.
    pub next_place: i32,
    /// The place that was dealt last.
    pub last_place: i32,
    /// The id that the next entry is to have (`kernel.shm_next_id`), once.
    pub wanted: Option<i32>,
}

impl<T> Default for Table<T> {
    fn default() -> Table<T> {
        Table { entries: SortedMap::default(), sequence: 0, next_place: 0, last_place: -1, wanted: None }
    }
}

impl<T: Entry> Table<T> {
    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// All entries, by place.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.entries.values().map(|entry| &**entry)
    }

    /// The highest place in use, and 0 in an empty table: what `IPC_INFO` returns.
    pub fn highest_place(&self) -> i32 {
        self.entries.keys().next_back().copied().unwrap_or(0)
    }

    /// The entry with an id.
    ///
    /// # Errors
    ///
    /// `EINVAL`: there is none; its place may be somebody else's now.
    pub fn find(&self, id: i32) -> Result<&T, Errno> {
        let entry = self.at(id)?;
        if id >= 0 && entry.permissions().id == id { Ok(entry) } else { Err(Errno::EINVAL) }
    }

    /// The entry at a place, which is what `SHM_STAT` is given. Of an id, its place counts.
    ///
    /// # Errors
    ///
    /// `EINVAL`: the place is free.
    pub fn at(&self, place: i32) -> Result<&T, Errno> {
        let entry = if place < 0 { None } else { self.entries.get(&(place % PLACES)) };
        entry.map(|entry| &**entry).ok_or(Errno::EINVAL)
    }

    /// The entry with a key. None has [`Key::PRIVATE`].
    pub fn with_key(&self, key: Key) -> Option<&T> {
        if key == Key::PRIVATE { None } else { self.iter().find(|entry| entry.permissions().key == key) }
    }

    /// The same entry as [`Table::find`] finds, to be changed.
    pub fn find_mut(&mut self, id: i32) -> Option<&mut T> {
        let entry = if id < 0 { None } else { self.entries.get_mut(&(id % PLACES)) };
        entry.filter(|entry| entry.permissions().id == id).map(Arc::make_mut)
    }

    /// The id that the next new entry gets.
    ///
    /// Places are dealt in a circle. It is one and a half times as long as the table is full, and no shorter than
    /// 64 places. Each time the circle begins anew the sequence number grows by one. So an id comes back only after
    /// 65535 rounds. An id that was wished for is given as soon as its place, or a later one, is free.
    ///
    /// # Errors
    ///
    /// `ENOSPC`: there are `most` entries already, or no place is free.
    pub fn next_id(&self, most: i32) -> Result<i32, Errno> {
        if self.is_full(most) {
            return Err(Errno::ENOSPC);
        }
        if let Some(wanted) = self.wanted {
            let place = self.first_free(wanted % PLACES, PLACES).ok_or(Errno::ENOSPC)?;
            return Ok(wanted - wanted % PLACES + place);
        }
        let round = (self.len() as i32 * 3 / 2).clamp(SHORTEST_ROUND, PLACES);
        let onward = self.first_free(self.next_place, round);
        let place = onward.or_else(|| self.first_free(0, round)).ok_or(Errno::ENOSPC)?;
        Ok(self.sequence_at(place) * PLACES + place)
    }

    fn is_full(&self, most: i32) -> bool {
        self.entries.len() as i32 >= most.min(PLACES)
    }

    /// Something found no place. A wish for an id is used up by that, too, unless the table was full anyway.
    pub(super) fn refuse(&mut self, most: i32) {
        if !self.is_full(most) {
            self.wanted = None;
        }
    }

    fn sequence_at(&self, place: i32) -> i32 {
        match self.sequence {
            sequence if place > self.last_place => sequence,
            LAST_SEQUENCE => 0,
            sequence => sequence + 1,
        }
    }

    fn first_free(&self, from: i32, to: i32) -> Option<i32> {
        (from..to).find(|place| !self.entries.contains_key(place))
    }

    /// Enters something under the id that was dealt to it. A wish for an id is used up by that; the circle goes on
    /// where it was.
    pub(super) fn insert(&mut self, entry: T) {
        let id = entry.permissions().id;
        let place = id % PLACES;
        if self.wanted.take().is_none() {
            (self.sequence, self.last_place, self.next_place) = (id / PLACES, place, place + 1);
        }
        self.entries.insert(place, Arc::new(entry));
    }

    /// Takes the entry with an id out.
    pub(super) fn remove(&mut self, id: i32) -> Option<Arc<T>> {
        self.find(id).ok()?;
        self.entries.remove(&(id % PLACES))
    }
}
