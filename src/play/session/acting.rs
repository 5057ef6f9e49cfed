//! What a line needs to know of the world, and what is noted of it.

use std::sync::Arc;

use playground_core::Errno;
use playground_core::call::{Answer, Call, Outcome};
use playground_core::machine::{Action, Protection, Space};

use super::actor::{Actor, Last, Lifecycle, Pending, family};
use super::log::{Entry, named_by};
use super::programs::course;
use super::world::World;
use super::{shown, told};
use crate::c::{Context, Evaluated, Stop, evaluate};
use crate::language::{Does, Misunderstood};

impl World {
    pub(super) fn known(&self, letter: &str, line: &str) -> Result<String, Misunderstood> {
        if self.actors.contains_key(letter) {
            return Ok(letter.to_owned());
        }
        let there = match &self.letters(|_| true)[..] {
            [one] => format!("there is {one} alone"),
            many => format!("there are {}", many.join(", ")),
        };
        Err(Misunderstood::new(line, 0, format!("there is no process {letter}: {there}")))
    }

    /// Who acts in a statement: whom it names, or whose the prompt is.
    pub(super) fn acting(&self, process: Option<&str>, line: &str) -> Result<String, Misunderstood> {
        let nobody = || Misunderstood::new(line, 0, "no process is alive: write new, undo or restart");
        let letter = self.known(process.or(self.current.as_deref()).ok_or_else(nobody)?, line)?;
        let wrong = |message: String| Err(Misunderstood::new(line, 0, message));
        match &self.actors[&letter] {
            Actor { life: Lifecycle::Over(how), .. } => {
                wrong(format!("process {letter} {how}. {}", self.who_else()))
            }
            Actor { life: Lifecycle::Elsewhere, .. } => wrong(format!(
                "process {letter} runs another program, and does not listen any more. {}",
                self.who_else()
            )),
            actor if actor.waits() => wrong(format!(
                "process {letter} waits in a call, and can do nothing before it returns. {}",
                self.who_else()
            )),
            _ => Ok(letter),
        }
    }

    /// Who can act, for somebody who has named a process that cannot.
    fn who_else(&self) -> String {
        match &self.letters(|actor| actor.is_here() && !actor.waits())[..] {
            [] => "Nobody else can act: write new, undo or restart".to_owned(),
            [one] => format!("{one} can act: write {one}: before a line"),
            many => format!("{} can act: write {}: before a line", many.join(", "), many[0]),
        }
    }

    pub(super) fn evaluated(&self, who: &str, pending: &Pending) -> Result<Evaluated, Stop> {
        let actor = &self.actors[who];
        let letters = |letter: &str| self.actors.get(letter).map(|actor| actor.pid);
        let context =
            Context { machine: &self.machine, pid: actor.pid, next_pid: self.next_pid(), letters: &letters };
        evaluate(&actor.arena, &pending.does, &pending.answers, context)
    }

    /// Another program takes over: of its memory nobody here asks.
    pub(super) fn exec(&self) -> Action {
        let top = self.machine.spaces.values().map(|space| space.top).max().unwrap_or_default();
        Action::Exec { space: Space::new([], top) }
    }

    /// A process runs another program from now on.
    pub(super) fn goes_elsewhere(&mut self, who: &str, words: &[String]) {
        let clock = self.machine.clock;
        let Some(actor) = self.actors.get_mut(who) else { return };
        actor.life = Lifecycle::Elsewhere;
        actor.program = words.first().map(|program| (program.clone(), 0));
        actor.end = course(words).map(|course| (clock.saturating_add(course.lasts), course.status));
    }

    pub(super) fn set_pending(&mut self, who: &str, pending: Pending) {
        if let Some(actor) = self.actors.get_mut(who) {
            actor.pending = Some(pending);
        }
    }

    /// Keeps what conditions of levels ask for: what was read and written, and the last calls that change something. Looking
    /// around is none.
    pub(super) fn count(&mut self, who: &str, action: &Action, outcome: &Outcome) {
        self.see(who, action, outcome);
        self.note_what_is_made(outcome);
        let segments = self.segments().count();
        let Some(actor) = self.actors.get_mut(who) else { return };
        if let Action::Call(call) = action
            && told::acts(call.name(), &call.to_string())
        {
            let errno = outcome.as_ref().err().copied();
            let (first, change) = (shown::first_argument(call), change(call));
            let last = Last { call: call.name(), first, errno, segments, change };
            actor.last.insert(family(call.name()), last.clone());
            self.last.insert(family(call.name()), last);
        }
    }

    /// Keeps which segments and sets were not there before their call.
    fn note_what_is_made(&mut self, outcome: &Outcome) {
        match outcome {
            Ok(Answer::Id(id)) if self.segments().all(|segment| segment.permissions.id != id.0) => {
                self.made.segments.insert(id.0);
            }
            Ok(Answer::Set(id)) if self.sets().all(|set| set.permissions.id != id.0) => {
                self.made.sets.insert(id.0);
            }
            _ => {}
        }
    }

    pub(super) fn note(&mut self, who: &str, action: &Action, words: &[String], outcome: Option<&Outcome>) {
        let (who, words) = (Some(who.to_owned()), words.to_vec());
        let (action, outcome) = (action.clone(), outcome.cloned());
        let waited = outcome.is_none();
        self.keep(Entry::Did { who, action, words, outcome, waited, name: None });
    }

    /// Keeps what was done.
    pub(super) fn keep(&mut self, entry: Entry) {
        self.log.push(Arc::new(entry));
    }

    /// A call that waited has returned.
    pub(super) fn note_return(&mut self, who: &str, returned: &Outcome) {
        if let Some(Entry::Did { outcome, .. }) = self.last_of(who) {
            *outcome = Some(returned.clone());
        }
    }

    /// The last call of a statement has its variable.
    pub(super) fn name_last(&mut self, who: &str, does: &Does) {
        let named = named_by(does);
        if let (Some(variable), Some(Entry::Did { name, .. })) = (named, self.last_of(who)) {
            *name = Some(variable.to_owned());
        }
    }

    pub(super) fn last_of(&mut self, letter: &str) -> Option<&mut Entry> {
        let is_its =
            |entry: &&mut Arc<Entry>| matches!(&***entry, Entry::Did { who: Some(who), .. } if who == letter);
        self.log.iter_mut().rev().find(is_its).map(Arc::make_mut)
    }

    /// Where a text lies in memory, if a process read just that, of what was done after so much: a line may end it.
    pub(super) fn read_from(&self, letter: &str, began: usize, text: &[u8]) -> Option<u64> {
        let mut loads = self.log.iter().skip(began).filter_map(|entry| match &**entry {
            Entry::Did {
                who: Some(who),
                action: Action::Load { address, .. },
                outcome: Some(Ok(Answer::Bytes(bytes))),
                ..
            } if who == letter => Some((address.0, bytes)),
            _ => None,
        });
        let (from, bytes) = loads.next()?;
        let mut read = bytes.clone();
        for (address, bytes) in loads {
            if address != from + read.len() as u64 {
                break;
            }
            read.extend_from_slice(bytes);
        }
        let text = text.strip_suffix(b"\n").unwrap_or(text);
        (!text.is_empty() && read.starts_with(text)).then_some(from)
    }

    /// Whether the kernel can copy bytes from a process's memory, or to it: it is a segment's, and may be read or written.
    pub(super) fn reach(&self, who: &str, address: u64, length: u64, writes: bool) -> Outcome {
        let right = if writes { Protection::WRITE } else { Protection::all() };
        let space = self.space_of(self.actors[who].pid);
        let end = |from: u64| {
            let mapping = space?.at(from)?;
            mapping.view().filter(|view| view.protection.intersects(right)).map(|_| mapping.end)
        };
        let mut from = address;
        while from < address.saturating_add(length) {
            from = end(from).ok_or(Errno::EFAULT)?;
        }
        Ok(Answer::Done)
    }
}

/// By how much a call changes semaphores in all.
fn change(call: &Call) -> i32 {
    match call {
        Call::Semop { ops, .. } | Call::Semtimedop { ops, .. } => {
            ops.iter().map(|op| i32::from(op.change)).sum()
        }
        _ => 0,
    }
}
