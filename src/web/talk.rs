//! Requests of a page, and their answers.

use play::c::CONSTANTS;
use play::language::{Does, FUNCTIONS, Misunderstood, Word, beginnings, parse};
use play::level::{Condition, all_hold};
use play::session::{Session, Told};
use serde::{Deserialize, Serialize};

use crate::picture::Picture;

/// What a page asks for.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// A new session.
    Begin {
        /// Lines to do before the first one.
        #[serde(default)]
        start: Vec<String>,
        /// The conditions of a puzzle, as postcard writes them: to read them by name would take an eighth of the module.
        #[serde(default)]
        conditions: Vec<u8>,
    },
    /// A line, as it was typed.
    Line(String),
    /// What the word before the cursor may become: the line up to there.
    Complete(String),
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
pub struct Server {
    session: Session,
    conditions: Vec<Condition>,
}

impl Default for Server {
    fn default() -> Server {
        Server { session: Session::empty(), conditions: Vec::new() }
    }
}

impl Server {
    /// The answer to a request, both in JSON.
    pub fn answer(&mut self, request: &str) -> String {
        // What is written with a backslash is never longer than it was.
        let mut unescaped = vec![0; request.len()];
        let answer = match serde_json_core::from_str_escaped(request, &mut unescaped) {
            Ok((request, _)) => self.reply(request),
            Err(error) => Answer::Refused { message: error.to_string() },
        };
        serde_json::to_string(&answer).unwrap_or_default()
    }

    fn reply(&mut self, request: Request) -> Answer {
        match request {
            Request::Begin { start, conditions } => self.begin(&start, &conditions),
            Request::Line(line) => self.line(&line),
            Request::Complete(typed) => self.complete(&typed),
        }
    }

    fn begin(&mut self, start: &[String], conditions: &[u8]) -> Answer {
        let conditions = match conditions {
            [] => Vec::new(),
            written => match postcard::from_bytes(written) {
                Ok(conditions) => conditions,
                Err(_) => return Answer::Refused { message: "these are no conditions".to_owned() },
            },
        };
        match Session::new(start) {
            Ok(session) => {
                self.session = session;
                self.conditions = conditions;
                self.done(Vec::new())
            }
            Err(error) => misunderstood(error),
        }
    }

    fn line(&mut self, line: &str) -> Answer {
        if let Some(text) = not_in_a_page(line) {
            return self.done(vec![Told::Note { text: text.to_owned() }]);
        }
        match self.session.line(line) {
            Ok(told) => self.done(told),
            Err(error) => misunderstood(error),
        }
    }

    fn done(&self, told: Vec<Told>) -> Answer {
        let world = self.session.world();
        let (picture, calls) = (Box::new(Picture::of(world)), world.acts);
        let reached = !self.conditions.is_empty() && all_hold(&self.conditions, world);
        Answer::Done { told, picture, reached, calls }
    }

    fn complete(&self, typed: &str) -> Answer {
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let word = &typed[typed.trim_end_matches(is_part).len()..];
        let names = if word.is_empty() { Vec::new() } else { names(&self.session, word) };
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
