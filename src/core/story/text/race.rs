//! A word that was watched, as text.

use std::io;

use colored::Colorize;

use super::Text;
use crate::found::AccessKind;
use crate::story::raced::{LineUses, ProcessUses, RaceEvent};

/// So many processes and lines are named; of more only the first ones are.
const NAMED: usize = 8;

impl Text {
    pub(super) fn race(&mut self, race: &RaceEvent) -> io::Result<()> {
        let RaceEvent { offset, size, .. } = race;
        self.blank()?;
        let word = format!("at offset {offset} of the segment that was attached first, {size} bytes");
        self.labelled("Word".bold(), &word)?;
        for process in race.processes.iter().take(NAMED) {
            self.evidence(&process.in_words())?;
        }
        self.more(race.processes.len(), "processes")?;
        for line in race.lines.iter().take(NAMED) {
            self.evidence(&line.in_words())?;
        }
        self.more(race.lines.len(), "lines")?;
        self.blank()?;
        self.can_be_lost(race)?;
        self.blank()
    }

    fn more(&mut self, all: usize, what: &str) -> io::Result<()> {
        if all > NAMED { self.evidence(&format!("and {} more {what}", all - NAMED)) } else { Ok(()) }
    }

    fn can_be_lost(&mut self, race: &RaceEvent) -> io::Result<()> {
        match (&race.unwatched, &race.proof) {
            (Some(errno), _) => {
                let words = format!("not judged: this machine lets nobody watch a word ({errno})");
                self.labelled("Race".red().bold(), &words)
            }
            (None, Some(proof)) => {
                let words = format!("an update can be lost. {}", proof.in_words());
                self.labelled("Race".red().bold(), &words)?;
                proof.steps().iter().try_for_each(|step| self.evidence(step))
            }
            (None, None) => {
                self.labelled("Race".bold(), &not_lost(race))?;
                let words = "Not every access was seen: one that was not may lose an update.";
                if race.partial { self.labelled("Note".bold(), words) } else { Ok(()) }
            }
        }
    }
}

fn not_lost(RaceEvent { processes, held, came, .. }: &RaceEvent) -> String {
    match processes.len() {
        0 => "nobody used the word".to_owned(),
        1 => "no update was lost: only one process used the word".to_owned(),
        _ => format!(
            "no update was lost. {held} times a process was held after its access: {came} times another came to the word \
             meanwhile, and no update was lost even so; the other times all others waited."
        ),
    }
}

impl ProcessUses {
    fn in_words(&self) -> String {
        format!("process {}: {} reads, {} changes", self.pid, self.uses.reads, self.uses.changes)
    }
}

impl LineUses {
    fn in_words(&self) -> String {
        let place = self.place.as_ref().map_or("a line that is not known".to_owned(), ToString::to_string);
        let what = match self.kind {
            AccessKind::Read => "reads it",
            AccessKind::Write => "writes it",
            AccessKind::ReadThenWrite => "reads it, then writes it",
            AccessKind::Atomic => "changes it as one",
            AccessKind::Exchange => "exchanges it",
        };
        format!("{place} {what}, {} times", self.times)
    }
}
