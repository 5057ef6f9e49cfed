//! Whose a segment is: the users and processes that its record names, and who has it attached.
//!
//! **Invariant:** reads `/proc` only, as everything that shows evidence does.

use std::io;

use super::Story;
use super::event::Event;
use crate::call::{Shmid, ShmidDs};
use crate::evidence::maps;
use crate::process::ProcFile;

impl Story {
    /// Shows the users and processes that a segment's record names, each with what it is today, and the processes
    /// whose maps show the segment.
    ///
    /// Returns those processes, as far as `/proc` lets this user see them.
    pub fn show_whose(&self, id: Shmid, record: &ShmidDs) -> Vec<i32> {
        if !self.wants_evidence() {
            return Vec::new();
        }
        let Some(holders) = self.holders(id) else {
            self.missing("Whose the segment is cannot be shown: /proc lists no process. Is it mounted?");
            return Vec::new();
        };
        let mut rows = vec![
            self.user("shm_perm.uid", record.uid, "owns it"),
            self.user("shm_perm.cuid", record.cuid, "made it"),
            self.process("shm_cpid", record.cpid, "made it"),
            self.process("shm_lpid", record.lpid, "came or went last"),
        ];
        rows.extend(holders.iter().map(|pid| self.process("/proc/*/maps", *pid, "has it attached")));
        let heading = ["where", "number", "today", "what it did"].map(str::to_owned).into();
        self.tell(Event::Table { title: format!("whose segment {id} is"), heading, rows });
        holders
    }

    fn user(&self, field: &str, uid: u32, operation: &str) -> Vec<String> {
        let name = self.process.borrow().user_name(uid).unwrap_or_else(|| "no name here".to_owned());
        vec![field.to_owned(), uid.to_string(), name, operation.to_owned()]
    }

    fn process(&self, field: &str, pid: i32, operation: &str) -> Vec<String> {
        let name = match (pid, self.process.borrow_mut().shows(ProcFile::Name(pid))) {
            // That is also how a process of another PID namespace is shown.
            (0, _) => "nobody to be seen".to_owned(),
            (_, Ok(name)) => name.trim_end().to_owned(),
            (_, Err(error)) if error.kind() == io::ErrorKind::NotFound => "no such process".to_owned(),
            (_, Err(_)) => "not shown".to_owned(),
        };
        vec![field.to_owned(), pid.to_string(), name, operation.to_owned()]
    }

    /// Who has the segment attached; nothing, where `/proc` is not there.
    fn holders(&self, id: Shmid) -> Option<Vec<i32>> {
        let mut process = self.process.borrow_mut();
        let pids = process.processes();
        if pids.is_empty() {
            return None;
        }
        let mut holds = |pid: &i32| {
            // A process that ends meanwhile, or that is another user's, shows nothing.
            let lines = process.shows(ProcFile::MapsOf(*pid)).ok().and_then(|text| maps::parse(&text).ok());
            lines.is_some_and(|lines| lines.iter().any(|line| line.shows(id)))
        };
        Some(pids.into_iter().filter(|pid| holds(pid)).collect())
    }
}
