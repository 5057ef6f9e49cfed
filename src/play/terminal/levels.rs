//! The puzzles that come with the playground.

use std::io::{self, Write};

use include_dir::{Dir, include_dir};
use play::language::nearest;
use play::level::Level;

use super::progress::Progress;
use super::render::width;

/// The files, in the program itself: it runs wherever it is started.
static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../lessons/levels");

/// Every puzzle, with its name, in order.
fn all() -> impl Iterator<Item = (String, Level)> {
    let mut files: Vec<_> = FILES.files().collect();
    files.sort_by_key(|file| file.path());
    files.into_iter().filter_map(|file| {
        let stem = file.path().file_stem()?.to_str()?;
        let (_, name) = stem.split_once('-')?;
        Some((name.to_owned(), toml::from_str(file.contents_utf8()?).ok()?))
    })
}

/// The puzzle of this name.
pub fn named(name: &str) -> Option<Level> {
    all().find(|(known, _)| known == name).map(|(_, level)| level)
}

/// That there is no puzzle of this name, and which was perhaps meant.
pub fn unknown(name: &str) -> String {
    let names: Vec<String> = all().map(|(name, _)| name).collect();
    match nearest(name, names.iter().map(String::as_str)) {
        Some(near) => format!("there is no level {name}. Did you mean {near}? play --level lists them all."),
        None => format!("there is no level {name}. play --level lists them all."),
    }
}

/// Lists them, and which are solved.
pub fn list(out: &mut impl Write, progress: &Progress) -> io::Result<()> {
    let (mut count, mut solved) = (0, 0);
    for (name, level) in all() {
        let reached = progress.of(&kept_as(&name));
        let mark = match (reached.passed, reached.hints) {
            (true, 0) => "solved".to_owned(),
            (true, hints) => format!("solved, hints {hints}"),
            (false, 0) => String::new(),
            (false, hints) => format!("hints {hints}"),
        };
        let is_solved = reached.passed;
        let (title, lesson, par) = (&level.title, level.lesson, level.par);
        let row = format!("{name:<16} {title:<36} lesson {lesson:<2}  par {par}  {mark}");
        writeln!(out, "{}", row.trim_end())?;
        (count, solved) = (count + 1, solved + usize::from(is_solved));
    }
    writeln!(out, "{solved} of {count} solved. play --level NAME starts one.")
}

/// The name under which the file of what is reached knows a puzzle, beside the exercises.
pub fn kept_as(name: &str) -> String {
    format!("level {name}")
}

/// The name of the puzzle behind this one.
pub fn after(name: &str) -> Option<String> {
    all().skip_while(|(known, _)| known != name).nth(1).map(|(next, _)| next)
}

/// Says what to reach.
pub fn introduce(out: &mut impl Write, level: &Level) -> io::Result<()> {
    writeln!(out, "\n{} (lesson {}, par {})", level.title, level.lesson, level.par)?;
    for line in textwrap::wrap(&level.goal, width()) {
        writeln!(out, "{line}")?;
    }
    if !level.start.is_empty() {
        writeln!(out, "\nUntil now:")?;
        level.start.iter().try_for_each(|line| writeln!(out, "    {line}"))?;
    }
    writeln!(out, "hint tells more.\n")
}

/// Says that it is reached.
pub fn solved(out: &mut impl Write, name: &str, level: &Level, calls: usize) -> io::Result<()> {
    let word = if calls == 1 { "call" } else { "calls" };
    writeln!(out, "\nSolved: {calls} {word}, par {}.", level.par)?;
    for line in textwrap::wrap(&level.explanation, width()) {
        writeln!(out, "{line}")?;
    }
    match after(name) {
        Some(next) => writeln!(out, "Next: play --level {next}\n"),
        None => writeln!(out, "That was the last one.\n"),
    }
}
