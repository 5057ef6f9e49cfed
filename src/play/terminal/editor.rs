//! The line editor: history, completion, Ctrl-C and Ctrl-D.

use std::io;
use std::path::PathBuf;

use play::c::{CONSTANTS, Ty};
use play::language::{FUNCTIONS, beginnings};
use play::session::Session;
use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::history::DefaultHistory;
use rustyline::{CompletionType, Config, Context, Helper, Highlighter, Hinter, Validator};

/// What a person typed.
pub enum Typed {
    /// A line.
    Line(String),
    /// Ctrl-C where nothing was typed.
    TakeBack,
    /// Ctrl-D, or the terminal is gone.
    End,
}

/// Reads lines from a person.
pub struct Editor {
    editor: Option<rustyline::Editor<Names, DefaultHistory>>,
    history: Option<PathBuf>,
}

impl Editor {
    pub fn new() -> Editor {
        // As in the shell: Tab goes as far as it is clear, and then lists what is possible.
        let config = Config::builder().completion_type(CompletionType::List).build();
        let mut editor = rustyline::Editor::with_config(config).ok();
        let history = history_file();
        if let (Some(editor), Some(file)) = (&mut editor, &history) {
            editor.set_helper(Some(Names::default()));
            let _ = editor.load_history(file);
            let _ = file.parent().map(std::fs::create_dir_all);
        }
        Editor { editor, history }
    }

    /// The next line; `typed` stands there already. Each is kept at once: a terminal may be closed at any moment.
    pub fn line(&mut self, sign: &str, typed: &str, session: &Session) -> io::Result<Typed> {
        let Some(editor) = &mut self.editor else { return Ok(Typed::End) };
        if let Some(names) = editor.helper_mut() {
            names.learn(session);
        }
        match editor.readline_with_initial(sign, (typed, "")) {
            Ok(line) => {
                let is_new = editor.add_history_entry(&line).unwrap_or_default();
                if let Some(file) = self.history.as_ref().filter(|_| is_new) {
                    // Where it cannot be kept for the next time, nothing is lost but that.
                    let _ = editor.append_history(file);
                }
                Ok(Typed::Line(line))
            }
            Err(ReadlineError::Interrupted) => Ok(Typed::TakeBack),
            Err(ReadlineError::Io(error)) => Err(error),
            Err(_) => Ok(Typed::End),
        }
    }
}

/// Where a user's programs keep what they remember: the XDG base directory specification.
fn history_file() -> Option<PathBuf> {
    let state = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from);
    let home = || std::env::home_dir().map(|home| home.join(".local/state"));
    Some(state.filter(|path| path.is_absolute()).or_else(home)?.join("shm-playground/history"))
}

/// The names that can be completed.
#[derive(Default, Helper, Highlighter, Hinter, Validator)]
struct Names {
    names: Vec<String>,
}

impl Names {
    fn learn(&mut self, session: &Session) {
        let world = session.world();
        let current = world.current.as_ref().and_then(|letter| world.actors.get(letter));
        let variables = current.into_iter().flat_map(|actor| actor.arena.variables());
        let variables = variables.flat_map(|(name, variable)| paths(name, &variable.ty));
        let constants = CONSTANTS.iter().map(|(name, ..)| *name);
        let functions = FUNCTIONS.iter().map(|function| function.name);
        let fixed = constants.chain(functions).chain(beginnings()).map(str::to_owned);
        self.names = variables.chain(fixed).collect();
        self.names.sort();
        self.names.dedup();
    }
}

/// A variable, and what of it can be named: its fields, those of inner structures, those behind a pointer.
fn paths(name: &str, ty: &Ty) -> Vec<String> {
    let (of, sign) = match ty {
        Ty::Struct(of) => (of, "."),
        Ty::Pointer(to) => match &**to {
            Ty::Struct(of) => (of, "->"),
            _ => return vec![name.to_owned()],
        },
        _ => return vec![name.to_owned()],
    };
    let inner = of.fields.iter().flat_map(|field| paths(&format!("{name}{sign}{}", field.name), &field.ty()));
    std::iter::once(name.to_owned()).chain(inner).collect()
}

/// Where the name at the end of a text begins, with the variable whose field it is.
fn path_at_the_end(text: &str) -> usize {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let rest = text.trim_end_matches(is_part);
    let before = rest.strip_suffix('.').or_else(|| rest.strip_suffix("->"));
    match before {
        Some(before) if before.ends_with(is_part) => path_at_the_end(before),
        _ => rest.len(),
    }
}

impl Completer for Names {
    type Candidate = String;

    fn complete(
        &self,
        line: &str,
        position: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<String>)> {
        let typed = &line[..position];
        let start = path_at_the_end(typed);
        let word = &typed[start..];
        if word.is_empty() {
            return Ok((position, Vec::new()));
        }
        Ok((start, self.names.iter().filter(|name| name.starts_with(word)).cloned().collect()))
    }
}
