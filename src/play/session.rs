//! A session: processes that act line by line, a world that the lines change, and the way back.
//!
//! ```text
//! line ─▶ language ─▶ statements ─▶ c ──Action──▶ Kernel ──Reply──▶ Machine, told
//!                                   ▲                │
//!                                   └────answers─────┘
//! ```
//!
//! **Invariant:** a line is done whole, or it is not understood and changes nothing. What a line changed is in the
//! [`World`], which is a value: to undo a line is to take the value from before it, or, on a kernel that is more than a
//! value, to do the lines before it again from the start.

mod access;
mod acting;
mod actor;
mod export;
mod files;
mod help;
mod history;
mod kernel;
mod letters;
mod line;
mod lives;
mod log;
mod model;
mod perform;
mod programs;
mod seen;
mod shown;
mod tables;
mod told;
mod wait;
mod why;
mod words;
mod world;
mod zombies;

use std::fmt;

use crate::language::{Does, Misunderstood, Statement, Word, parse, preprocessed};

pub use actor::{Actor, Last, Lifecycle, family};
pub use kernel::{Kernel, Performed};
pub use log::Entry;
pub use model::Model;
#[cfg(all(feature = "terminal", target_os = "linux"))]
pub(crate) use programs::{Course, course};
pub use seen::{Seen, Touch};
pub use tables::rights;
pub use told::Told;
pub use world::World;

use history::Done;
use perform::Performer;

/// Why a session does not begin.
#[derive(Clone, Debug, PartialEq)]
pub enum Failure {
    /// The kernel has no room for it.
    Kernel(String),
    /// A line of its start is not understood.
    Line(Misunderstood),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Kernel(why) => f.write_str(why),
            Failure::Line(error) => error.fmt(f),
        }
    }
}

/// A session with a kernel.
pub struct Session {
    kernel: Box<dyn Kernel>,
    /// The lines that a level, or nobody, put before the first one.
    start: Vec<String>,
    world: World,
    /// The lines that changed something, each with the world before it.
    done: Vec<Done>,
    /// The lines that were taken back, each with the world after it.
    undone: Vec<Done>,
    /// What was heard with a line that was not understood: it is told with the next.
    heard: Vec<Told>,
}

impl Session {
    /// A session on a model of Linux's rules, in which process A has just begun and these lines have been done.
    ///
    /// # Errors
    ///
    /// The line that is not understood.
    pub fn new(start: &[String]) -> Result<Session, Misunderstood> {
        Session::on(Box::new(Model), start).map_err(|failure| match failure {
            Failure::Line(error) => error,
            // The rules have room for everything.
            Failure::Kernel(why) => Misunderstood::new("", 0, why),
        })
    }

    /// A session on the model in which nothing has been done.
    pub fn empty() -> Session {
        Session::new(&[]).expect("no line is left to be misunderstood")
    }

    /// A session on any kernel, in which these lines have been done.
    ///
    /// # Errors
    ///
    /// Why it does not begin.
    pub fn on(mut kernel: Box<dyn Kernel>, start: &[String]) -> Result<Session, Failure> {
        let world = World::new(&mut *kernel).map_err(Failure::Kernel)?;
        let (start, done, undone, heard) = (start.to_vec(), Vec::new(), Vec::new(), Vec::new());
        let mut session = Session { kernel, start, world, done, undone, heard };
        session.do_start().map_err(Failure::Line)?;
        Ok(session)
    }

    /// Who answers: `model`, `linux`.
    pub fn kernel(&self) -> &'static str {
        self.kernel.name()
    }

    /// The world as it is.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// The lines of the start.
    pub fn start(&self) -> impl Iterator<Item = &str> {
        self.start.iter().map(String::as_str)
    }

    /// The lines that changed something, since the start.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.done.iter().map(|done| done.line.as_str())
    }

    /// Does a line, and tells what came of it.
    ///
    /// # Errors
    ///
    /// Where the line is not understood. Then it has changed nothing.
    pub fn line(&mut self, line: &str) -> Result<Vec<Told>, Misunderstood> {
        let statements = parse(line)?;
        if let Some(way) = way(&statements, line)? {
            return Ok(self.go(way));
        }
        let mut told = self.hear();
        let before = self.world.clone();
        let done = match self.run(&statements, line) {
            Ok(done) => done,
            Err(error) => {
                self.heard = told;
                return Err(error);
            }
        };
        told.extend(preprocessed(line).map(|text| Told::Note { text }));
        told.extend(done);
        if self.world.differs_from(&before) {
            self.undone.clear();
            let (line, current_after) = (line.trim().to_owned(), self.world.current.clone());
            self.done.push(Done { line, other: before, current_after });
        }
        Ok(told)
    }

    /// What has happened since the last line without one: a program of another process has come to its end.
    pub fn hear(&mut self) -> Vec<Told> {
        let (world, kernel) = (&mut self.world, &mut *self.kernel);
        let told = std::mem::take(&mut self.heard);
        let mut performer = Performer { world, kernel, line: "", told, has_acted: false };
        // It goes on with no statement that could be misunderstood now: one that waited was understood before.
        let _ = performer.hear();
        performer.told
    }

    /// The processes that live or wait at the end of a script, which end with it: what is told of each.
    pub fn ends(&self) -> Vec<Told> {
        let how = |actor: &Actor| match &actor.pending {
            Some(pending) => {
                format!("is ended with the script, in {}", pending.waits_in.clone().unwrap_or_default())
            }
            None => "is ended with the script".to_owned(),
        };
        let lives = self.world.letters(|actor| !matches!(actor.life, Lifecycle::Over(_)));
        lives
            .into_iter()
            .map(|who| Told::Ends { who: who.to_owned(), how: how(&self.world.actors[who]), why: None })
            .collect()
    }

    /// Performs statements, and counts the calls that act.
    fn run(&mut self, statements: &[Statement], line: &str) -> Result<Vec<Told>, Misunderstood> {
        let mut after = self.world.clone();
        let kernel = &mut *self.kernel;
        let mut performer = Performer { world: &mut after, kernel, line, told: Vec::new(), has_acted: false };
        let performed = performer.perform_all(statements);
        let Performer { told, has_acted, .. } = performer;
        if let Err(error) = performed {
            if has_acted && !self.kernel.is_a_value() {
                self.replay(self.done.len(), &self.world.clone());
            }
            return Err(error);
        }
        after.acts += told.iter().filter(|told| told.is_act()).count();
        self.world = after;
        Ok(told)
    }

    /// Does the lines of the start, which count for nothing.
    fn do_start(&mut self) -> Result<(), Misunderstood> {
        for line in self.start.clone() {
            self.run(&parse(&line)?, &line)?;
        }
        self.world.begin_counting();
        Ok(())
    }

    /// The session as a script that does the same again.
    pub fn script(&self) -> String {
        let start = self.start.iter().map(|line| line.clone() + "\n");
        let mut script: String = start.collect();
        let mut current = self.start.is_empty().then(|| "A".to_owned());
        for done in &self.done {
            // Where the prompt was moved between two lines, the script moves it, too.
            if done.other.current != current
                && let Some(letter) = &done.other.current
            {
                script += &format!("{letter}:\n");
            }
            script = script + &done.line + "\n";
            current.clone_from(&done.current_after);
        }
        script
    }
}

/// A way through the session's history.
#[derive(Clone, Copy)]
enum HistoryMove {
    Undo(usize),
    Redo(usize),
    Restart,
}

impl HistoryMove {
    fn name(self) -> &'static str {
        match self {
            HistoryMove::Undo(_) => "undo",
            HistoryMove::Redo(_) => "redo",
            HistoryMove::Restart => "restart",
        }
    }
}

/// The way that a line goes through the history, if that is what it is for.
fn way(statements: &[Statement], line: &str) -> Result<Option<HistoryMove>, Misunderstood> {
    let mut ways = statements.iter().filter_map(|statement| match &statement.does {
        Does::Word(Word::Undo(count)) => Some(HistoryMove::Undo(*count)),
        Does::Word(Word::Redo(count)) => Some(HistoryMove::Redo(*count)),
        Does::Word(Word::Restart) => Some(HistoryMove::Restart),
        _ => None,
    });
    match ways.next_back() {
        Some(way) if statements.len() > 1 => {
            let message = format!("{} concerns whole lines: give it a line of its own", way.name());
            Err(Misunderstood::new(line, 0, message))
        }
        way => Ok(way),
    }
}
