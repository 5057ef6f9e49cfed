//! Long evidence while the lesson waits: what moved is shown, so that a step fits the window. `m` at the prompt shows
//! the whole.
//!
//! **Invariant:** what was folded can be shown whole until the next step begins; without a prompt nothing is folded.

use std::io;

use colored::Colorize;

use super::{Text, picture};
use crate::call::Shmid;
use crate::story::event::{CallEvent, Choice, Event, Field, Part, Space};
use crate::story::pace::AT_THE_END;

/// So many calls in short are told one by one; those after them are counted.
const CALLS: usize = 3;
/// So many beginnings of a long work are told in a step.
const STARTS: usize = 2;

/// What one step has folded.
#[derive(Default)]
pub(super) struct Folded {
    /// To be told once more, whole.
    events: Vec<Event>,
    /// The codes of sentences that were left for the prompt; the first of a step is told at once.
    codes: Vec<String>,
    /// Whether a sentence was put right in this step.
    put_right: bool,
    /// How many calls were told in short.
    calls: usize,
    /// How many of them are only counted, and not yet said.
    uncounted: usize,
    /// How many long works have begun.
    starts: usize,
    /// Whether the whole is being shown now, or no prompt will follow.
    whole: bool,
}

impl Text {
    /// Whether an event has to be folded. Whatever is folded is kept.
    pub(super) fn folds(&mut self, event: &Event) -> bool {
        if !self.screen.stepping || self.folded.whole || !self.folded.is_long(event) {
            return false;
        }
        self.folded.events.push(event.clone());
        true
    }

    /// Tells what is left of a long event.
    pub(super) fn fold(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::Record { shmid, moments, fields, now } => {
                let moved: Vec<_> = fields.iter().filter(|field| field.moved).cloned().collect();
                self.record(*shmid, moments, &moved, *now)
            }
            Event::Space { before, now, shmid, pages, resident, page_size } => {
                self.moved_parts(before.as_ref(), now)?;
                self.held(*shmid, [*pages, *page_size, *resident])
            }
            Event::Erratum { code, .. } => {
                self.folded.codes.push(code.clone());
                Ok(())
            }
            Event::Answer { value, right, options, .. } => {
                let alone =
                    options.iter().enumerate().map(|(at, option)| only_if(*right == Some(at), option));
                self.answer(value, *right, None, &alone.collect::<Vec<_>>())
            }
            Event::Call(_) | Event::Memory(_) | Event::Started { .. } => {
                self.folded.uncounted += 1;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Whether an event follows one of its kind without a blank line, so that more of a step fits the window.
    pub(super) fn is_close(&self, event: &Event) -> bool {
        self.screen.stepping && (is_life(event) || is_act(event))
    }

    /// The blank line below an act; while the lesson waits, what comes after the acts makes it.
    pub(super) fn room_below(&mut self) -> io::Result<()> {
        if self.screen.stepping { Ok(()) } else { self.blank() }
    }

    /// Says how many calls were folded since the last event that was not.
    pub(super) fn count_the_folded(&mut self) -> io::Result<()> {
        match std::mem::take(&mut self.folded.uncounted) {
            0 => return Ok(()),
            1 => self.evidence("... and 1 more call: m and Enter shows it")?,
            more => self.evidence(&format!("... and {more} more calls: m and Enter shows them"))?,
        }
        self.blank()
    }

    /// A section begins: what was folded before it can still be shown at the prompt, unless none follows.
    pub(super) fn fold_in_section(&mut self, title: &str) {
        self.folded.calls = 0;
        if title == AT_THE_END {
            self.folded = Folded { whole: true, ..Folded::default() };
        }
    }

    /// The parts of the address space that are new, and those that are gone.
    fn moved_parts(&mut self, before: Option<&Space>, now: &Space) -> io::Result<()> {
        let nothing = Space { parts: Vec::new() };
        let before = before.unwrap_or(&nothing);
        let (now, before) = (&segments_of(now), &segments_of(before));
        let new = without(now, before);
        let drawn = if new.parts.is_empty() { now } else { &new };
        self.heading("the address space, drawn from the maps: the segments")?;
        self.lines(&picture::lines(None, drawn, self.room()))?;
        for Part { what, start, end, shmid } in &without(before, now).parts {
            let id = shmid.as_ref().map_or(String::new(), Shmid::to_string);
            self.evidence(&format!("gone: {what} {id}, {start} to {end}"))?;
        }
        Ok(())
    }

    /// Names the sentences that the step left for `m`.
    pub(super) fn name_the_folded(&mut self) -> io::Result<()> {
        let codes = std::mem::take(&mut self.folded.codes);
        if codes.is_empty() {
            return Ok(());
        }
        let text = "more sentences put right. m and Enter shows them.";
        self.aside("Errata".red().bold(), &format!("{}: {text}", codes.join(", ")))
    }

    /// Whether `m` has something to show.
    pub(super) fn has_folded(&self) -> bool {
        !self.folded.events.is_empty()
    }

    /// Tells whole what the step has folded.
    pub(super) fn unfold(&mut self) -> io::Result<bool> {
        let events = self.folded.events.clone();
        self.folded.whole = true;
        self.blank = false;
        self.blank()?;
        let told = events.iter().try_for_each(|event| self.write(event));
        self.folded.whole = false;
        told.and_then(|()| self.out.show()).map(|()| !events.is_empty())
    }
}

impl Folded {
    fn is_long(&mut self, event: &Event) -> bool {
        match event {
            Event::Record { moments, fields, .. } => {
                moments.len() > 1 && fields.iter().any(|field: &Field| field.moved)
            }
            Event::Space { .. } => true,
            Event::Answer { right, chosen, .. } => right.is_some() && chosen.is_none(),
            Event::Call(call) if call.brief => self.is_one_too_many(),
            Event::Call(call) => is_proof(call),
            Event::Memory(access) => access.brief && self.is_one_too_many(),
            Event::Started { brief, .. } => {
                self.starts += 1;
                !brief && self.starts > STARTS
            }
            Event::Erratum { .. } => std::mem::replace(&mut self.put_right, true),
            _ => false,
        }
    }

    fn is_one_too_many(&mut self) -> bool {
        self.calls += 1;
        self.calls > CALLS
    }
}

/// Whether a process has done something that the lesson's program asked for.
pub(super) fn is_act(event: &Event) -> bool {
    matches!(event, Event::Call(_) | Event::Memory(_) | Event::Started { .. })
}

fn is_life(event: &Event) -> bool {
    matches!(event, Event::Fork { .. } | Event::Exec { .. } | Event::Signal { .. })
}

fn without(space: &Space, other: &Space) -> Space {
    Space { parts: space.parts.iter().filter(|part| !other.parts.contains(part)).cloned().collect() }
}

fn segments_of(space: &Space) -> Space {
    Space { parts: space.parts.iter().filter(|part| part.shmid.is_some()).cloned().collect() }
}

/// Whether a call only proves what the screen has just told: a record that is read within an assertion.
fn is_proof(call: &CallEvent) -> bool {
    call.rust.as_ref().is_some_and(|rust| rust.starts_with("assert")) && call.c.contains(", IPC_STAT, ")
}

/// An option with its reason, or without.
fn only_if(is_told: bool, option: &Choice) -> Choice {
    Choice { text: option.text.clone(), why: option.why.clone().filter(|_| is_told) }
}
