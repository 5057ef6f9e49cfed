//! The lesson's own text, from which the screen quotes the statement that made a call.
//!
//! **Invariant:** what is quoted is the code that runs: the text was compiled in with it.

use std::panic::Location;

use super::event::Rust;

/// A lesson's file.
#[derive(Clone, Copy, Debug)]
pub struct Source {
    /// Its path, as the compiler saw it.
    pub file: &'static str,
    /// Its text.
    pub text: &'static str,
}

/// The file that this is written in, as a [`Source`].
#[macro_export]
macro_rules! source {
    () => {
        $crate::source!(".")
    };
    // Where the workspace is, seen from the package: the compiler names files from there.
    ($workspace:literal) => {
        $crate::story::Source {
            file: file!(),
            text: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/", $workspace, "/", file!())),
        }
    };
}

impl Source {
    /// The whole statement at a place in this file, on one line.
    pub(super) fn statement(&self, place: &Location<'_>) -> Option<Rust> {
        if place.file() == self.file { self.statement_at(place.line() as usize - 1) } else { None }
    }

    /// The statement that a line belongs to; lines are counted from 0.
    fn statement_at(&self, at: usize) -> Option<Rust> {
        let lines: Vec<&str> = self.text.lines().map(str::trim).collect();
        let first = (0..at).rev().find(|&line| ends_what_came_before(lines[line])).map_or(0, |line| line + 1);
        let last = (at..lines.len()).find(|&line| ends_here(lines[line], lines.get(line + 1)))?;
        let code = lines[first..=last].join(" ");
        let code = code.trim_end_matches(" {").replace("( ", "(").replace(" .", ".").replace(", )", ")");
        Some(Rust { code, at: format!("{}:{}", self.file, first + 1) })
    }
}

/// Whether a new statement may begin on the line after this one.
fn ends_what_came_before(line: &str) -> bool {
    line.is_empty() || line.starts_with("//") || line.ends_with([';', '{', '}'])
}

/// Whether a statement ends on this line; the last one of a block needs no semicolon.
fn ends_here(line: &str, next: Option<&&str>) -> bool {
    line.ends_with([';', '{']) || next.is_some_and(|next| next.starts_with('}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
fn tell() {
    // A comment.
    let one_line = segment.stat()?;
    let several = story.predict(
        question,
        options,
    )?;
    segment
        .remove()
}
";

    fn statement_at(line: usize) -> String {
        Source { file: "lesson.rs", text: TEXT }.statement_at(line - 1).unwrap().code
    }

    #[test]
    fn a_statement_is_found_whole() {
        assert_eq!(statement_at(3), "let one_line = segment.stat()?;");
        assert_eq!(statement_at(4), "let several = story.predict(question, options)?;");
        assert_eq!(statement_at(9), "segment.remove()");
    }

    #[test]
    fn another_files_statement_is_not() {
        let elsewhere = Source { file: "elsewhere.rs", text: "" };
        assert_eq!(elsewhere.statement(Location::caller()), None);
    }
}
