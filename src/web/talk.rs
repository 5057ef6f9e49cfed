//! Requests of a page, and their answers.

use play::c::CONSTANTS;
use play::language::{Does, FUNCTIONS, Misunderstood, Word, beginnings, parse};
use play::level::Level;
use play::session::{Session, Told};
use serde::{Deserialize, Serialize};

use crate::picture::Picture;

/// What a page asks for.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// A new session.
    Begin {
        /// The puzzle to start.
        #[serde(default)]
        level: Option<Box<Level>>,
        /// Lines to do before the first one, where no puzzle has its own.
        #[serde(default)]
        start: Vec<String>,
    },
    /// A line.
    Line {
        /// As it was typed.
        line: String,
    },
    /// What the word before the cursor may become.
    Complete {
        /// The line up to the cursor.
        typed: String,
    },
}

/// The answer to a request.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// A session has begun, or a line is done.
    Done {
        /// What the line did, in order.
        told: Vec<Told>,
        /// The world after it.
        picture: Box<Picture>,
        /// Whether the goal of the puzzle is reached, if there is one.
        reached: bool,
        /// How many calls have acted since the start.
        calls: usize,
    },
    /// A line that is not understood. It has changed nothing.
    Misunderstood {
        /// Where, counted in characters from 1.
        column: usize,
        /// Why.
        message: String,
        /// The name that was perhaps meant.
        nearest: Option<String>,
    },
    /// Names that begin as the word before the cursor does.
    Names {
        /// What is typed of them.
        typed: String,
        /// All of them, in order.
        names: Vec<String>,
    },
    /// The request is none.
    Refused {
        /// Why.
        message: String,
    },
}

/// Where requests are answered: a session, and perhaps a puzzle.
#[derive(Default)]
pub struct Server {
    session: Option<Session>,
    level: Option<Level>,
}

impl Server {
    /// The answer to a request, both in JSON.
    pub fn answer(&mut self, request: &str) -> String {
        let answer = match serde_json::from_str(request) {
            Ok(request) => self.reply(request),
            Err(error) => Answer::Refused { message: error.to_string() },
        };
        serde_json::to_string(&answer).unwrap_or_default()
    }

    fn reply(&mut self, request: Request) -> Answer {
        match request {
            Request::Begin { level, start } => self.begin(level.map(|level| *level), &start),
            Request::Line { line } => self.line(&line),
            Request::Complete { typed } => self.complete(&typed),
        }
    }

    fn begin(&mut self, level: Option<Level>, start: &[String]) -> Answer {
        match Session::new(level.as_ref().map_or(start, |level| &level.start)) {
            Ok(session) => {
                self.session = Some(session);
                self.level = level;
                self.done(Vec::new())
            }
            Err(error) => misunderstood(error),
        }
    }

    fn session(&mut self) -> &mut Session {
        self.session.get_or_insert_with(Session::empty)
    }

    fn line(&mut self, line: &str) -> Answer {
        if let Some(text) = not_in_a_page(line) {
            return self.done(vec![Told::Note { text: text.to_owned() }]);
        }
        match self.session().line(line) {
            Ok(told) => self.done(told),
            Err(error) => misunderstood(error),
        }
    }

    fn done(&mut self, told: Vec<Told>) -> Answer {
        let world = self.session().world();
        let (picture, calls) = (Box::new(Picture::of(world)), world.acts);
        let reached = match (&self.level, &self.session) {
            (Some(level), Some(session)) => level.is_reached(session),
            _ => false,
        };
        Answer::Done { told, picture, reached, calls }
    }

    fn complete(&mut self, typed: &str) -> Answer {
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let word = &typed[typed.trim_end_matches(is_part).len()..];
        let names = if word.is_empty() { Vec::new() } else { names(self.session(), word) };
        Answer::Names { typed: word.to_owned(), names }
    }
}

fn misunderstood(Misunderstood { column, message, nearest }: Misunderstood) -> Answer {
    Answer::Misunderstood { column, message, nearest }
}

/// Variables, functions, constants and words that begin so.
fn names(session: &Session, word: &str) -> Vec<String> {
    let world = session.world();
    let current = world.current.as_ref().and_then(|letter| world.actors.get(letter));
    let variables = current.into_iter().flat_map(|actor| actor.arena.variables()).map(|(name, _)| name);
    let constants = CONSTANTS.iter().map(|(name, ..)| *name);
    let fixed = constants.chain(FUNCTIONS.iter().map(|function| function.name)).chain(beginnings());
    let all = variables.map(str::to_owned).chain(fixed.map(str::to_owned));
    let mut names: Vec<String> = all.filter(|name| name.starts_with(word)).collect();
    names.sort();
    names.dedup();
    names
}

/// What a terminal does and a page cannot.
fn not_in_a_page(line: &str) -> Option<&'static str> {
    let statements = parse(line).ok()?;
    let [statement] = statements.as_slice() else { return None };
    match &statement.does {
        Does::Word(Word::Save(_)) => {
            Some("A page writes no file. The link of this session holds all its lines: copy that.")
        }
        Does::Word(Word::Source(_)) => {
            Some("A page reads no file. Paste the lines here: each of them is done in turn.")
        }
        Does::Word(Word::Quit) => Some("There is nothing to quit: the session stays in this page."),
        _ => None,
    }
}
