//! The words of the shell, and those of the prompt itself.

use std::fmt;

use super::functions::FUNCTIONS;

/// A table of the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// Segments: `-m`.
    Segments,
    /// Sets of semaphores: `-s`.
    Sets,
}

impl Table {
    fn option(self) -> &'static str {
        match self {
            Table::Segments => "-m",
            Table::Sets => "-s",
        }
    }
}

/// A line that is no C.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Word {
    /// `ipcs [-m|-s] [-i ID]`: lists a table, both tables, or shows one row.
    Ipcs {
        /// The table; both, where none is named.
        table: Option<Table>,
        /// The one row.
        id: Option<i32>,
    },
    /// `ipcrm -m ID`: removes a segment or a set, as the namespace's root.
    Ipcrm {
        /// From which table.
        table: Table,
        /// The row.
        id: i32,
    },
    /// `cat FILE`: shows a file of `/proc`.
    Cat(String),
    /// `sysctl NAME`, or `sysctl NAME=VALUE`: asks for a limit, or sets it.
    Sysctl {
        /// As `kernel.shmmni`.
        name: String,
        /// What to set it to.
        value: Option<i64>,
    },
    /// `show`: draws processes, address spaces and segments.
    Show,
    /// `c`: the session as a program in C.
    C,
    /// `rust`: the session as a program in Rust.
    Rust,
    /// `why`: explains the last answer.
    Why,
    /// `undo [N]`: takes back the last line that changed something, or the last N.
    Undo(usize),
    /// `redo [N]`: does again what was taken back.
    Redo(usize),
    /// `restart`: goes back to the start.
    Restart,
    /// `new`: starts a process that is unrelated to the others.
    New,
    /// `source FILE`: does what a file says.
    Source(String),
    /// `save FILE`: writes the lines so far into a file.
    Save(String),
    /// `help [NAME]`: explains a call, or the prompt.
    Help(Option<String>),
    /// `quit`: ends the session.
    Quit,
    /// `:show`: the word, where a variable has its name.
    Plain(Box<Word>),
}

impl Word {
    fn plain(self) -> Word {
        if self.gives_way() { Word::Plain(self.into()) } else { self }
    }

    /// Whether a variable of the same name stands in front of the word: of those that lead through the session or out
    /// of it none does.
    pub fn gives_way(&self) -> bool {
        matches!(self, Word::Show | Word::C | Word::Rust | Word::Why | Word::New)
    }
}

/// What is told of a variable that is declared, and has the name of a word; nothing, if it has not.
pub(crate) fn taken(name: &str) -> Option<String> {
    let gives_way = ALONE.iter().find(|(known, ..)| *known == name).map(|(_, word, _)| word.gives_way());
    match gives_way {
        Some(true) => Some(format!(
            "{name} alone is this variable from now on. The prompt's word of this name is :{name} with a colon."
        )),
        _ if names().any(|known| known == name) => {
            Some(format!("{name} alone stays the prompt's word. ({name}) in brackets is this variable."))
        }
        _ => None,
    }
}

/// The words that take nothing, and what each does.
const ALONE: [(&str, Word, &str); 8] = [
    ("show", Word::Show, "Draws processes, what each has attached, segments with their pages, and sets."),
    ("c", Word::C, "Prints the session as a program in C that makes the same calls."),
    ("rust", Word::Rust, "Prints the session as a program in Rust that makes the same calls."),
    ("why", Word::Why, "Explains the last error, signal or wait."),
    ("restart", Word::Restart, "Takes back every line. undo brings them back."),
    ("new", Word::New, "Starts a process that is unrelated to the others and has no variables."),
    ("quit", Word::Quit, "Ends the session. Nothing of it is left but what save has written."),
    ("exit", Word::Quit, "Ends the session, as quit does. exit(0) with brackets ends the process that acts."),
];

/// The words that take something, the form of what they take, and what each does.
const FORMS: [(&str, &str, &str); 10] = [
    (
        "ipcs",
        "ipcs [-m|-s] [-i ID]",
        "Lists segments (-m), sets (-s) or both. With -i it shows the record of one.",
    ),
    ("ipcrm", "ipcrm -m ID, or ipcrm -s ID", "Removes a segment or a set, as root of the namespace."),
    ("cat", "cat /proc/FILE", "Shows /proc/self/maps, /proc/sysvipc/shm, /proc/sysvipc/sem or a limit."),
    (
        "sysctl",
        "sysctl kernel.NAME, or sysctl kernel.NAME=VALUE",
        "Shows or sets a limit of the namespace. NAME is shmmax, shmall, shmmni, shm_rmid_forced, shm_next_id or \
         sem_next_id; sem is shown only.",
    ),
    ("undo", "undo [NUMBER]", "Takes back the last line that changed something, or the last NUMBER lines."),
    ("redo", "redo [NUMBER]", "Does again what undo took back."),
    ("source", "source FILE", "Runs the lines of a file."),
    ("save", "save FILE", "Writes the lines so far into a file. source FILE runs them again."),
    ("help", "help [NAME]", "Explains a function, a word, a flag, an error or a structure."),
    ("man", "man NAME", "Explains it in short, as help does."),
];

/// All words, for completion and for the nearest name.
pub fn names() -> impl Iterator<Item = &'static str> {
    ALONE.iter().map(|(name, ..)| *name).chain(FORMS.iter().map(|(name, ..)| *name))
}

/// How a word is written, and what it does.
pub fn meaning(name: &str) -> Option<(&'static str, &'static str)> {
    let alone = ALONE.iter().map(|(known, _, does)| (*known, *known, *does));
    let all = alone.chain(FORMS.iter().copied());
    all.filter(|(known, ..)| *known == name).map(|(_, form, does)| (form, does)).next()
}

/// The word that a text is, if its first word is one and what follows does not make it C.
///
/// # Errors
///
/// The form of the word, where what follows does not fit it.
pub(super) fn word(text: &str) -> Option<Result<Word, String>> {
    match text.trim_start().strip_prefix(':') {
        Some(named) => bare_word(named).map(|word| word.map(Word::plain)),
        None => bare_word(text),
    }
}

fn bare_word(text: &str) -> Option<Result<Word, String>> {
    let mut parts = text.split_whitespace();
    let name = parts.next()?;
    let rest: Vec<&str> = parts.collect();
    // A word that takes nothing is C, where anything follows it.
    if let Some((_, word, _)) = ALONE.iter().find(|(known, ..)| *known == name) {
        return rest.is_empty().then(|| Ok(word.clone()));
    }
    let (_, form, _) = FORMS.iter().find(|(known, ..)| *known == name)?;
    // `undo = 3` is C: a variable may have the name of a word.
    let operators: &[char] = match name {
        "ipcs" | "ipcrm" | "sysctl" | "source" | "save" | "cat" => &['=', '(', '[', '+', '*'],
        _ => &['=', '(', '[', '+', '*', '-', '<', '>', '&', '|', '!', '%', '^'],
    };
    if rest.first().is_some_and(|next| next.starts_with(operators)) {
        return None;
    }
    Some(with_arguments(name, &rest).ok_or_else(|| match unfit(name, &rest) {
        Some(why) => format!("{why}: write {form}"),
        None => format!("write {form}"),
    }))
}

fn with_arguments(name: &str, rest: &[&str]) -> Option<Word> {
    match (name, rest) {
        ("ipcs", _) => ipcs(rest),
        ("ipcrm", [option, id]) => Some(Word::Ipcrm { table: table(option)?, id: id.parse().ok()? }),
        ("cat", [file]) => Some(Word::Cat((*file).to_owned())),
        ("sysctl", ["-w", rest @ ..]) => sysctl(&rest.concat()),
        ("sysctl", [_, ..]) => sysctl(&rest.concat()),
        ("undo", _) => count(rest).map(Word::Undo),
        ("redo", _) => count(rest).map(Word::Redo),
        ("source", [file]) => Some(Word::Source((*file).to_owned())),
        ("save", [file]) => Some(Word::Save((*file).to_owned())),
        ("help", []) => Some(Word::Help(None)),
        ("man", []) => None,
        ("help" | "man", words) => Some(Word::Help(Some(words.join(" ")))),
        _ => None,
    }
}

/// What does not fit behind a word.
fn unfit(name: &str, rest: &[&str]) -> Option<String> {
    let text = rest.concat();
    match name {
        "source" | "save" if rest.is_empty() => Some(format!("{name} needs the name of a file")),
        "source" | "save" => Some(format!("{name} takes one file, whose name has no blanks")),
        "ipcs" if text == "-q" => Some("there are no message queues here".to_owned()),
        "ipcs" | "ipcrm" if rest.is_empty() => None,
        "ipcs" | "ipcrm" => Some(format!("{name} does not take {} here", rest.join(" "))),
        "undo" | "redo" => Some(format!("{text} is no number of lines from 1 on")),
        "sysctl" if text.ends_with('=') => Some("there is no value behind =".to_owned()),
        "sysctl" => text.split_once('=').map(|(_, value)| format!("{value} is no number")),
        _ => None,
    }
}

fn table(option: &str) -> Option<Table> {
    [Table::Segments, Table::Sets].into_iter().find(|table| table.option() == option)
}

fn ipcs(rest: &[&str]) -> Option<Word> {
    let (options, id) = match rest {
        [options @ .., "-i", id] => (options, Some(id.parse().ok()?)),
        options => (options, None),
    };
    let table = match options {
        [] | ["-a"] | ["-m", "-s"] | ["-s", "-m"] => None,
        [option] => Some(table(option)?),
        _ => return None,
    };
    Some(Word::Ipcs { table, id })
}

fn sysctl(text: &str) -> Option<Word> {
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name, Some(value.parse().ok()?)),
        None => (text, None),
    };
    Some(Word::Sysctl { name: name.to_owned(), value })
}

fn count(rest: &[&str]) -> Option<usize> {
    match rest {
        [] => Some(1),
        [count] => count.parse().ok().filter(|count| *count > 0),
        _ => None,
    }
}

/// What can stand first in a line: words and functions.
pub fn beginnings() -> impl Iterator<Item = &'static str> {
    names().chain(FUNCTIONS.iter().map(|function| function.name))
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Word::Ipcs { table, id } => {
                f.write_str("ipcs")?;
                table.map_or(Ok(()), |table| write!(f, " {}", table.option()))?;
                id.map_or(Ok(()), |id| write!(f, " -i {id}"))
            }
            Word::Ipcrm { table, id } => write!(f, "ipcrm {} {id}", table.option()),
            Word::Cat(file) => write!(f, "cat {file}"),
            Word::Sysctl { name, value: None } => write!(f, "sysctl {name}"),
            Word::Sysctl { name, value: Some(value) } => write!(f, "sysctl {name}={value}"),
            Word::Undo(1) => f.write_str("undo"),
            Word::Undo(count) => write!(f, "undo {count}"),
            Word::Redo(1) => f.write_str("redo"),
            Word::Redo(count) => write!(f, "redo {count}"),
            Word::Source(file) => write!(f, "source {file}"),
            Word::Save(file) => write!(f, "save {file}"),
            Word::Help(None) => f.write_str("help"),
            Word::Help(Some(name)) => write!(f, "help {name}"),
            Word::Plain(word) => write!(f, ":{word}"),
            word => {
                f.write_str(ALONE.iter().find(|(_, known, _)| known == word).map_or("", |(name, ..)| name))
            }
        }
    }
}
