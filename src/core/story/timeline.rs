//! How a segment's record changed while processes came and went: a row a moment.
//!
//! **Invariant:** what a moment shows is what `IPC_STAT` answered then.

use std::time::Duration;

use super::Story;
use super::event::{Event, Moment, Timeline};
use crate::call::{Shmid, ShmidDs};

/// By how much the time that a process reads may be ahead of the one that the kernel writes down: one of its ticks.
const TICK: Duration = Duration::from_millis(20);

impl Story {
    /// Shows the fields of a segment's record that processes move, at each of the moments. Processes are told by their
    /// names in this story.
    pub fn show_timeline(&self, shmid: Shmid, moments: &[(&str, ShmidDs)]) {
        let moment = |(name, record): &(&str, ShmidDs)| Moment {
            moment: (*name).to_owned(),
            nattch: record.nattch,
            creator: self.name_of(record.cpid),
            last: self.name_of(record.lpid),
            atime: record.atime,
            dtime: record.dtime,
        };
        let ctime = moments.first().map_or(0, |(_, record)| record.ctime);
        let moments = moments.iter().map(moment).collect();
        self.tell(Event::Timeline(Timeline { shmid, ctime, moments }));
    }

    /// What this story calls a process; its number, if it knows none.
    pub fn name_of(&self, pid: i32) -> String {
        let narrator = self.narrator.borrow();
        match narrator.names.iter().rev().find(|(known, _)| *known == pid) {
            Some((_, name)) => name.clone(),
            None if pid == 0 => "nobody".to_owned(),
            None => pid.to_string(),
        }
    }

    /// Waits until the kernel's clock shows a later second than this: its records know no smaller unit.
    pub fn wait_past(&self, second: i64) {
        let later = Duration::from_secs(second.max(0) as u64 + 1) + TICK;
        let rest = later.checked_sub(self.process.borrow().now());
        // A clock that was set back must not keep the learner waiting.
        if let Some(rest) = rest.filter(|rest| *rest < Duration::from_secs(2)) {
            self.process.borrow().rest(rest);
        }
    }
}
