//! What the kernel shows, laid out.

use std::io;

use colored::Colorize;
use pretty_hex::HexConfig;

use super::{Text, picture, shown, speaker, table};
use crate::call::Shmid;
use crate::evidence::maps::Mapping;
use crate::process::Kernel;
use crate::story::event::{Field, SegmentRow, Space, Timeline};

impl Text {
    pub(super) fn bytes(&mut self, offset: usize, bytes: &[u8]) -> io::Result<()> {
        let width = if self.screen.width < 80 { 4 } else { 16 };
        let config =
            HexConfig { title: false, width, group: 0, display_offset: offset, ..HexConfig::default() };
        let dump = pretty_hex::config_hex(&bytes, config);
        self.heading("the bytes, and the text that they spell")?;
        self.lines(&dump.lines().map(str::to_owned).collect::<Vec<_>>())?;
        self.blank()
    }

    pub(super) fn segments(&mut self, rows: &[SegmentRow], others: usize) -> io::Result<()> {
        self.heading("ipcs -m")?;
        self.lines(&table::segments(rows, self.room()))?;
        for SegmentRow { row, changed, .. } in rows {
            for change in changed {
                let moved = format!("{} {} → {}", change.column, shown(&change.was), shown(&change.now));
                self.evidence(&format!("segment {}: {}", row.shmid, moved.bold()))?;
            }
        }
        if others > 0 {
            self.evidence(&format!("and {others} that others made, which we do not touch"))?;
        }
        self.blank()
    }

    pub(super) fn maps(&mut self, pid: i32, who: Option<&str>, lines: [&[Mapping]; 3]) -> io::Result<()> {
        self.heading(&format!("{}/proc/{pid}/maps, the lines of attachments", speaker(who, pid)))?;
        if lines.iter().all(|lines| lines.is_empty()) {
            self.evidence("none")?;
        }
        for (mark, lines) in ["+", "-", " "].into_iter().zip(lines) {
            for line in lines {
                self.evidence(&format!("{mark} {line}"))?;
            }
        }
        self.blank()
    }

    pub(super) fn record(
        &mut self,
        id: Shmid,
        moments: &[String],
        fields: &[Field],
        now: i64,
    ) -> io::Result<()> {
        let clock = self.clock();
        self.blank()?;
        self.heading(&format!("struct shmid_ds of segment {id}{clock}"))?;
        self.lines(&table::record(moments, fields, |field| field.told(now, self.screen.zone)))?;
        self.blank()
    }

    pub(super) fn timeline(&mut self, timeline: &Timeline) -> io::Result<()> {
        let clock = self.clock();
        self.heading(&format!("the record of segment {} from moment to moment{clock}", timeline.shmid))?;
        let rows = timeline.rows(self.screen.zone);
        self.lines(&table::filled(&Timeline::HEADING.map(str::to_owned), &rows, self.room()))?;
        self.evidence(&format!("({})", timeline.note(self.screen.zone)))?;
        self.blank()
    }

    /// Whose clock the times are by, where it is not the machine's.
    fn clock(&self) -> &'static str {
        if self.kernel == Kernel::Model { "; times by the model's clock" } else { "" }
    }

    pub(super) fn space(
        &mut self,
        spaces: (Option<&Space>, &Space),
        shmid: Shmid,
        held: [usize; 3],
    ) -> io::Result<()> {
        let ((before, now), [pages, page_size, resident]) = (spaces, held);
        self.heading("the address space, drawn from the maps")?;
        self.lines(&picture::lines(before, now, self.room()))?;
        self.held(shmid, [pages, page_size, resident])
    }

    /// What the kernel holds of a segment.
    pub(super) fn held(&mut self, shmid: Shmid, held: [usize; 3]) -> io::Result<()> {
        let [pages, page_size, resident] = held;
        self.evidence(&format!(
            "segment {shmid}: {pages} pages of {page_size} bytes, {resident} of them in memory"
        ))?;
        self.blank()
    }

    pub(super) fn table(&mut self, title: &str, heading: &[String], rows: &[Vec<String>]) -> io::Result<()> {
        self.heading(title)?;
        self.lines(&table::filled(heading, rows, self.room()))?;
        self.blank()
    }

    pub(super) fn sleep(&mut self, speaker: &str, state: &str, function: &str) -> io::Result<()> {
        self.heading(&format!("{speaker}status and wchan in /proc"))?;
        self.evidence(&format!("State: {state}"))?;
        self.evidence(&format!("sleeps in: {function}"))?;
        self.blank()
    }

    pub(super) fn tool(&mut self, command: &str, status: Option<i32>, output: &str) -> io::Result<()> {
        self.heading(&format!("$ {command}"))?;
        for line in output.lines().filter(|line| !line.is_empty()) {
            self.evidence(&line.replace('\t', "    "))?;
        }
        if status != Some(0) {
            let status =
                status.map_or("killed by a signal".to_owned(), |status| format!("exit status {status}"));
            self.evidence(&format!("({status})"))?;
        }
        self.blank()
    }
}
