//! A session: processes that act line by line, a world that the lines change, and the way back.
//!
//! ```text
//! line ─▶ language ─▶ statements ─▶ c ──Action──▶ Machine ──Reply──▶ told
//!                                   ▲                │
//!                                   └────answers─────┘
//! ```
//!
//! **Invariant:** a line is done whole, or it is not understood and changes nothing. What a line changed is in the
//! [`World`], which is a value: to undo a line is to take the value from before it.

mod actor;
mod letters;
mod perform;
mod shown;
mod tables;
mod told;
mod why;
mod words;
mod world;

use crate::language::{Does, Misunderstood, Word, parse};

pub use actor::{Actor, Last, Life};
pub use tables::rights;
pub use told::Told;
pub use world::World;

/// A session on a model of Linux's rules.
#[derive(Clone, Debug)]
pub struct Session {
    /// The lines that a level, or nobody, put before the first one.
    start: Vec<String>,
    world: World,
    /// What was before each line that changed something, and the line.
    done: Vec<(World, String)>,
    /// What was after each line that was taken back, and the line.
    undone: Vec<(World, String)>,
}

impl Session {
    /// A session in which process A has just begun, and these lines have been done.
    ///
    /// # Errors
    ///
    /// The line that is not understood.
    pub fn new(start: &[String]) -> Result<Session, Misunderstood> {
        let mut session = Session { start: start.to_vec(), ..Session::empty() };
        for line in start {
            session.line(line)?;
        }
        session.done.clear();
        session.world.begin_counting();
        Ok(session)
    }

    /// A session in which nothing has been done.
    pub fn empty() -> Session {
        Session { start: Vec::new(), world: World::new(), done: Vec::new(), undone: Vec::new() }
    }

    /// The world as it is.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// The lines that changed something, since the start.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.done.iter().map(|(_, line)| line.as_str())
    }

    /// Does a line, and tells what came of it.
    ///
    /// # Errors
    ///
    /// Where the line is not understood. Then it has changed nothing.
    pub fn line(&mut self, line: &str) -> Result<Vec<Told>, Misunderstood> {
        let statements = parse(line)?;
        let (mut after, mut told, mut moves) = (self.world.clone(), Vec::new(), false);
        for statement in &statements {
            if let Does::Word(word) = &statement.does
                && let Some(way) = way(word)
            {
                self.go(way, &mut told);
                after = self.world.clone();
                moves = true;
                continue;
            }
            after.perform(statement, line, &mut told)?;
        }
        after.acts += told.iter().filter(|told| told.is_act()).count();
        if !moves && after.differs_from(&self.world) {
            self.done.push((self.world.clone(), line.trim().to_owned()));
            self.undone.clear();
        }
        self.world = after;
        Ok(told)
    }

    fn go(&mut self, way: Way, told: &mut Vec<Told>) {
        let moved: Vec<String> = match way {
            Way::Back(count) => (0..count).map_while(|_| self.back()).collect(),
            Way::Onward(count) => (0..count).map_while(|_| self.onward()).collect(),
            Way::ToTheStart => std::iter::from_fn(|| self.back()).collect(),
        };
        told.push(Told::Moved { way: way.name(), lines: moved });
    }

    fn back(&mut self) -> Option<String> {
        let (before, line) = self.done.pop()?;
        let after = std::mem::replace(&mut self.world, before);
        self.undone.push((after, line.clone()));
        Some(line)
    }

    fn onward(&mut self) -> Option<String> {
        let (after, line) = self.undone.pop()?;
        let before = std::mem::replace(&mut self.world, after);
        self.done.push((before, line.clone()));
        Some(line)
    }

    /// The session as a script that does the same again.
    pub fn script(&self) -> String {
        let lines = self.start.iter().map(String::as_str).chain(self.lines());
        lines.fold(String::new(), |script, line| script + line + "\n")
    }
}

/// A way through the session's history.
#[derive(Clone, Copy)]
enum Way {
    Back(usize),
    Onward(usize),
    ToTheStart,
}

impl Way {
    fn name(self) -> &'static str {
        match self {
            Way::Back(_) => "undo",
            Way::Onward(_) => "redo",
            Way::ToTheStart => "restart",
        }
    }
}

fn way(word: &Word) -> Option<Way> {
    match word {
        Word::Undo(count) => Some(Way::Back(*count)),
        Word::Redo(count) => Some(Way::Onward(*count)),
        Word::Restart => Some(Way::ToTheStart),
        _ => None,
    }
}
