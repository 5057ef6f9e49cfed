//! The way back, and on again.
//!
//! **Invariant:** after undo and redo the world is the one that was there at that line; where a kernel did not make it the
//! same again, that is told.

use std::time::Duration;

use super::HistoryMove;
use super::Session;
use super::actor::Lifecycle;
use super::tables;
use super::told::Told;
use super::world::World;
use crate::language::parse;

/// A line that was done or taken back.
#[derive(Clone, Debug)]
pub(super) struct Done {
    /// The line.
    pub line: String,
    /// The world at the other side of it: before it, where it was done, and after it, where it was taken back.
    pub other: World,
    /// Whose the prompt was after it.
    pub current_after: Option<String>,
}

impl Session {
    /// How many lines to undo, so that the process whose prompt it is does not wait any more; nothing, if it does not
    /// wait.
    pub fn wait_to_take_back(&self) -> Option<usize> {
        let waits = |world: &World| {
            let current = self.world.current.as_ref().and_then(|letter| world.actors.get(letter));
            current.is_some_and(|actor| actor.waits())
        };
        if !waits(&self.world) {
            return None;
        }
        self.done.iter().rev().position(|done| !waits(&done.other)).map(|before| before + 1)
    }

    pub(super) fn go(&mut self, way: HistoryMove) -> Vec<Told> {
        let (lines, notes) = match way {
            HistoryMove::Undo(count) => self.back(count),
            HistoryMove::Restart => self.back(self.done.len()),
            HistoryMove::Redo(count) => self.onward(count),
        };
        let moved = Told::Moved { way: way.name(), lines };
        std::iter::once(moved).chain(notes.into_iter().map(|text| Told::Note { text })).collect()
    }

    /// Takes back so many lines. Returns them, and what is not as it was then.
    fn back(&mut self, count: usize) -> (Vec<String>, Vec<String>) {
        let keep = self.done.len().saturating_sub(count);
        let taken: Vec<Done> = self.done.drain(keep..).rev().collect();
        let mut lines = Vec::new();
        for done in taken {
            lines.push(done.line.clone());
            let after = std::mem::replace(&mut self.world, done.other);
            self.undone.push(Done { other: after, ..done });
        }
        if lines.is_empty() || self.kernel.is_a_value() {
            return (lines, Vec::new());
        }
        let then = self.world.clone();
        (lines, self.replay(keep, &then))
    }

    /// Does so many lines again that were taken back.
    fn onward(&mut self, count: usize) -> (Vec<String>, Vec<String>) {
        let (mut lines, mut notes) = (Vec::new(), Vec::new());
        while lines.len() < count
            && let Some(done) = self.undone.pop()
        {
            let before = self.world.clone();
            if self.kernel.is_a_value() {
                self.world = done.other;
            } else {
                self.again(&done.line, &mut notes);
                self.catch_up_with(&done.other);
                notes.extend(self.world.difference_from(&done.other));
                self.world.take_notes_of(&done.other);
            }
            lines.push(done.line.clone());
            self.done.push(Done { other: before, ..done });
        }
        (lines, notes)
    }

    /// Begins anew, and does the start and the first lines again. Returns what is not as it was then.
    pub(super) fn replay(&mut self, count: usize, then: &World) -> Vec<String> {
        let mut notes = Vec::new();
        match World::new(&mut *self.kernel) {
            Ok(world) => self.world = world,
            Err(why) => return vec![why],
        }
        if let Err(error) = self.do_start() {
            notes.push(error.to_string());
        }
        let mut done = std::mem::take(&mut self.done);
        done.truncate(count);
        for one in done {
            self.world.take_notes_of(&one.other);
            self.catch_up_with(&one.other);
            let before = self.world.clone();
            self.again(&one.line, &mut notes);
            self.done.push(Done { other: before, ..one });
        }
        self.catch_up_with(then);
        notes.extend(self.world.difference_from(then));
        self.world.take_notes_of(then);
        notes
    }

    /// Whose program had come to its end then, is over: the lines in which that time passed may not be done again. How it
    /// ended is known, and nobody waits for that in real time a second time.
    fn catch_up_with(&mut self, then: &World) {
        let ended = self.world.ended_by(then);
        for (letter, _) in &ended {
            let Some(actor) = self.world.actors.get_mut(letter) else { continue };
            if let Some((at, _)) = &mut actor.end {
                *at = Duration::ZERO;
                self.kernel.cut_short(actor.pid);
            }
        }
        self.hear();
        for (letter, life) in ended {
            if let Some(actor) = self.world.actors.get_mut(&letter)
                && matches!(actor.life, Lifecycle::Over(_))
            {
                actor.life = life;
            }
        }
    }

    /// Does a line again, of which only a failure is told.
    fn again(&mut self, line: &str, notes: &mut Vec<String>) {
        let done = parse(line).and_then(|statements| self.run(&statements, line));
        if let Err(error) = done {
            notes.push(format!("\"{line}\" did not come out as before: {error}"));
        }
    }
}

impl World {
    /// Who runs another program here that was over then, and how it ended.
    fn ended_by(&self, then: &World) -> Vec<(String, Lifecycle)> {
        let elsewhere = self.actors.iter().filter(|(_, actor)| actor.life == Lifecycle::Elsewhere);
        let over = elsewhere.filter_map(|(letter, _)| {
            let life = &then.actors.get(letter)?.life;
            matches!(life, Lifecycle::Over(_)).then(|| (letter.clone(), life.clone()))
        });
        over.collect()
    }

    /// How a world that was made again differs from what it was, if it does.
    fn difference_from(&self, then: &World) -> Option<String> {
        let rows = tables::changes(then, self);
        let lives = |world: &World| -> Vec<_> {
            world.actors.values().map(|actor| (actor.pid, actor.life.clone(), actor.waits())).collect()
        };
        match rows.first() {
            Some(Told::Changed { what, .. }) => Some(format!("Done again, {what} is not as it was.")),
            _ if lives(self) != lives(then) => Some("Done again, not the same processes live.".to_owned()),
            _ => None,
        }
    }

    /// Takes over what lines left that are not done again, since they changed nothing: how many calls acted, the last
    /// answers, `errno`, and whose the prompt was.
    fn take_notes_of(&mut self, then: &World) {
        self.acts = then.acts;
        self.log.clone_from(&then.log);
        self.why.clone_from(&then.why);
        self.last.clone_from(&then.last);
        self.was_told_of_zeros = then.was_told_of_zeros;
        self.current.clone_from(&then.current);
        for (letter, actor) in self.actors.iter_mut() {
            if let Some(then) = then.actors.get(letter) {
                actor.last.clone_from(&then.last);
                actor.seen.clone_from(&then.seen);
                actor.arena.take_errno_of(&then.arena);
            }
        }
    }
}
