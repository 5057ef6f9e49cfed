//! Lines that concern the program and not the session: files, the end, a hint.

use play::language::{Does, Word, parse};

/// What a line asks of the program.
pub enum Command {
    /// Ends it.
    Quit,
    /// Writes the session into a file.
    Save(String),
    /// Does what a file says.
    Source(String),
    /// Tells the next hint of a level.
    Hint,
}

/// The command that a line is, if it is one.
pub fn command(line: &str) -> Option<Command> {
    if line.trim() == "hint" {
        return Some(Command::Hint);
    }
    let statements = parse(line).ok()?;
    let [statement] = statements.as_slice() else { return None };
    match &statement.does {
        Does::Word(Word::Quit) => Some(Command::Quit),
        Does::Word(Word::Save(file)) => Some(Command::Save(file.clone())),
        Does::Word(Word::Source(file)) => Some(Command::Source(file.clone())),
        _ => None,
    }
}
