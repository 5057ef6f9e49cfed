//! A traced program's own events, as text.

use std::io;

use colored::Colorize;

use super::{INDENT, Text, shown, speaker};
use crate::call::Shmid;
use crate::evidence::segments::Row;
use crate::story::event::Change;
use crate::story::traced::{Lingering, Traced};
use crate::story::visible;

impl Text {
    pub(super) fn traced(&mut self, event: &Traced) -> io::Result<()> {
        match event {
            Traced::Begin { how: "program", .. } => Ok(()),
            Traced::Begin { pid, parent, how, who, inherited, .. } => {
                self.begins(speaker(who.as_deref(), *pid), *parent, how, *inherited)
            }
            Traced::Waits { pid, who, c, seconds: None, .. } => {
                self.evidence(&format!("{}{c} waits", speaker(who.as_deref(), *pid)))
            }
            Traced::Waits { pid, who, c, seconds: Some(seconds), reason } => {
                let told = format!(
                    "{}{c}, for {}",
                    speaker(who.as_deref(), *pid),
                    counted(*seconds as usize, "second")
                );
                self.blank()?;
                self.labelled("Waits".bold(), &told)?;
                self.reason(reason.as_ref())?;
                self.blank()
            }
            Traced::Refused { pid, who, c, reason } => {
                self.blank()?;
                self.labelled("Refused".red().bold(), &format!("{}{c}", speaker(who.as_deref(), *pid)))?;
                self.reason(Some(reason))?;
                self.blank()
            }
            Traced::Filters { pid, who, text } => {
                self.blank()?;
                self.labelled("Filter".bold(), &format!("{}{text}", speaker(who.as_deref(), *pid)))?;
                self.blank()
            }
            Traced::Changed { shmid, how: "found", row: Some(row), .. } => self.further_in(&format!(
                "segment {shmid} was there before: made by process {}, {}",
                row.cpid,
                row_in_words(row)
            )),
            Traced::Changed { shmid, changes, row, .. } => {
                self.further_in(&changed(*shmid, row.as_ref(), changes))
            }
            Traced::Fault { pid, who, signal, address, mapped, text } => {
                let there = if *mapped {
                    "what is mapped there may not be used so"
                } else {
                    "nothing is mapped there"
                };
                let who = speaker(who.as_deref(), *pid);
                self.blank()?;
                // An address, not a pointer of C: here 0 is a place.
                self.labelled("Fault".red().bold(), &format!("{who}{signal} at {:#x}: {there}", address.0))?;
                if let Some(text) = text {
                    self.labelled("".normal(), text)?;
                }
                self.blank()
            }
            Traced::Access { who, access } => {
                let place = access.place.as_ref().map_or(String::new(), |place| format!("  {place}"));
                let who = speaker(who.as_deref(), access.pid);
                self.evidence(&format!("{who}{} the word{place}", access.in_words()))
            }
            Traced::Race(race) => self.race(race),
            Traced::Lingers { processes } => {
                self.blank()?;
                self.labelled("Waits".bold(), &lingering(processes))?;
                self.blank()
            }
            Traced::Left { what, id, size, nattch, holders, marked, remove, .. } => {
                let size = size.map_or(String::new(), |size| format!(", {size} bytes"));
                let holders = attached(*nattch, holders);
                let mark = if *marked { "; it goes with its last attachment" } else { "" };
                self.blank()?;
                self.labelled("Left".red().bold(), &format!("{what} {id}{size}{holders}{mark}"))?;
                self.labelled("Try".bold(), remove)?;
                self.blank()
            }
            Traced::LeftMany { what, ids, size, remove } => {
                let size = size.map_or(String::new(), |size| format!(", {size} bytes altogether"));
                self.blank()?;
                self.labelled("Left".red().bold(), &format!("{} {what}s: {}{size}", ids.len(), first(ids)))?;
                self.labelled("Try".bold(), remove)?;
                self.blank()
            }
            Traced::Finding { code, message, pid, call, times } => {
                let often = if *times > 1 { format!(" ({times} times)") } else { String::new() };
                self.blank()?;
                self.labelled("Finding".red().bold(), &format!("{}: {message}{often}", code.name().bold()))?;
                self.labelled("C".bold(), &format!("[{pid}] {call}"))?;
                self.blank()
            }
            Traced::Total { calls, processes, left, findings, cut, .. } => {
                self.total([*calls, *processes, *left, *findings], cut.as_deref())
            }
        }
    }

    /// What came of the call above.
    fn further_in(&mut self, text: &str) -> io::Result<()> {
        let indent = " ".repeat(INDENT + 2);
        self.wrapped(&indent, &" ".repeat(INDENT + 4), text)
    }

    fn begins(&mut self, who: String, parent: Option<i32>, how: &str, inherited: usize) -> io::Result<()> {
        let parent = parent.map_or(String::new(), |parent| format!("by process {parent}"));
        let told = match (how, inherited) {
            ("thread", _) => format!("{who}a thread, in the same memory"),
            ("vfork", _) => format!("{who}made {parent}, whose memory it borrows until it runs a program"),
            (_, 0) => format!("{who}made {parent}, with a copy of its memory"),
            (_, 1) => format!("{who}made {parent}, with a copy of its memory, and 1 attachment"),
            (_, many) => format!("{who}made {parent}, with a copy of its memory, and {many} attachments"),
        };
        self.blank()?;
        self.labelled("Begins".bold(), &told)
    }

    fn total(&mut self, counts: [usize; 4], cut: Option<&str>) -> io::Result<()> {
        let [calls, processes, left, findings] = counts;
        if let Some(cut) = cut {
            self.blank()?;
            self.labelled("Cut short".red().bold(), cut)?;
            self.blank()?;
        }
        let made = format!(
            "{} by {}.",
            counted(calls, "System V call"),
            if processes == 1 { "1 process".to_owned() } else { format!("{processes} processes") }
        );
        let left = match (calls, left) {
            (0, _) => String::new(),
            (_, 0) => " Nothing that they made is left in the kernel.".to_owned(),
            (_, 1) => " 1 thing that they made is left in the kernel.".to_owned(),
            (_, left) => format!(" {left} things that they made are left in the kernel."),
        };
        let findings = match (calls, findings) {
            (0, _) => String::new(),
            (_, 0) => " No mistake was seen.".to_owned(),
            (_, findings) => format!(" {} seen.", counted(findings, "mistake")),
        };
        self.blank()?;
        self.wrapped("", "", &format!("{made}{left}{findings}"))
    }
}

fn changed(id: Shmid, row: Option<&Row>, changes: &[Change]) -> String {
    let cells = changes.iter().map(|Change { column, was, now }| {
        let (was, now) = (shown(was), shown(now));
        format!("{column} {was} → {now}").bold().to_string()
    });
    match row {
        None => format!("segment {id} is gone"),
        Some(row) if changes.is_empty() => format!("segment {id}: {}", row_in_words(row)),
        Some(_) => format!("segment {id}: {}", cells.collect::<Vec<_>>().join(", ")),
    }
}

fn row_in_words(Row { key, size, perms, nattch, .. }: &Row) -> String {
    format!("key {:#010x}, {size} bytes, perms {:03o}, nattch {nattch}", key.0, perms & 0o777)
}

/// The first of many ids.
fn first(ids: &[i32]) -> String {
    const NAMED: usize = 5;
    let named = ids.iter().take(NAMED).map(i32::to_string).collect::<Vec<_>>().join(", ");
    if ids.len() > NAMED { format!("{named} and so on") } else { named }
}

/// Whom the end waits for; of many the first ones are enough.
fn lingering(processes: &[Lingering]) -> String {
    const NAMED: usize = 3;
    let named = processes.iter().take(NAMED).map(|Lingering { pid, command }| match command.as_str() {
        "" => pid.to_string(),
        command => format!("{pid} ({})", visible(command)),
    });
    let named = named.collect::<Vec<_>>().join(", ");
    match processes.len() {
        1 => format!("for process {named}, which the program has left running; Ctrl-C ends it"),
        many if many > NAMED => {
            format!(
                "for {many} processes that the program has left running, {named} among them; Ctrl-C ends them"
            )
        }
        _ => format!("for processes {named}, which the program has left running; Ctrl-C ends them"),
    }
}

fn attached(nattch: Option<u64>, holders: &[i32]) -> String {
    let pids = holders.iter().map(i32::to_string).collect::<Vec<_>>().join(", ");
    match nattch {
        None => String::new(),
        Some(0) => ", attached by nobody".to_owned(),
        Some(times) if holders.is_empty() => {
            format!(", attached {times} times by processes that cannot be seen")
        }
        Some(times) => format!(", attached {times} times, by process {pids}"),
    }
}

pub(super) fn counted(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}
