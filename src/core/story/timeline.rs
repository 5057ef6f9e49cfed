//! How a segment's record changed while processes came and went: a row a moment.
//!
//! **Invariant:** what a moment shows is what `IPC_STAT` answered then.

use std::time::Duration;

use super::Story;
use crate::call::ShmidDs;

/// By how much the time that a process reads may be ahead of the one that the kernel writes down: one of its ticks.
const TICK: Duration = Duration::from_millis(20);

impl Story {
    /// Shows the fields of a record that processes move, at each of the moments.
    ///
    /// Times are told in seconds after `shm_ctime`, processes by their names in this story.
    pub fn show_timeline(&self, moments: &[(&str, ShmidDs)]) {
        let heading = ["moment", "nattch", "cpid", "lpid", "atime", "dtime"];
        let row = |(moment, record): &(&str, ShmidDs)| {
            let since = |time: i64| match time {
                0 => "never".to_owned(),
                time => format!("+{} s", time - record.ctime),
            };
            [
                (*moment).to_owned(),
                record.nattch.to_string(),
                self.name_of(record.cpid),
                self.name_of(record.lpid),
                since(record.atime),
                since(record.dtime),
            ]
        };
        let rows: Vec<_> = moments.iter().map(row).collect();
        self.table("the record from moment to moment; times in seconds after shm_ctime", heading, &rows);
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
