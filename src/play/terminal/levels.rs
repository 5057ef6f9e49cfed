//! The puzzles that come with the playground.

use std::io::{self, Write};

use include_dir::{Dir, include_dir};
use play::level::Level;

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

/// Lists them.
pub fn list(out: &mut impl Write) -> io::Result<()> {
    all().try_for_each(|(name, level)| {
        writeln!(out, "{name:<16} {:<36} lesson {:<2}  par {}", level.title, level.lesson, level.par)
    })
}

/// Says what to reach.
pub fn introduce(out: &mut impl Write, level: &Level) -> io::Result<()> {
    writeln!(out, "\n{} (lesson {}, par {})", level.title, level.lesson, level.par)?;
    for line in textwrap::wrap(&level.goal, 80) {
        writeln!(out, "{line}")?;
    }
    if !level.start.is_empty() {
        writeln!(out, "\nUntil now:")?;
        level.start.iter().try_for_each(|line| writeln!(out, "    {line}"))?;
    }
    writeln!(out, "hint tells more.\n")
}

/// Says that it is reached.
pub fn solved(out: &mut impl Write, level: &Level, calls: usize) -> io::Result<()> {
    let word = if calls == 1 { "call" } else { "calls" };
    writeln!(out, "\nSolved: {calls} {word}, par {}.", level.par)?;
    for line in textwrap::wrap(&level.explanation, 80) {
        writeln!(out, "{line}")?;
    }
    Ok(())
}
