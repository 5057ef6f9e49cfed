//! What a session tells, as text for people and as JSON for programs.

use std::io::{self, IsTerminal, Write};

use colored::Colorize;
use play::language::Misunderstood;
use play::session::Told;
use playground_core::story::visible;
use serde::Serialize;

/// Under what stands at the left edge.
const INDENT: &str = "    ";

/// How wide a line may be: as wide as the terminal is now, since a window can change at any moment.
pub fn width() -> usize {
    program::screen(false, io::stdout().is_terminal()).width
}

/// One event, as a line of JSON.
pub fn json(event: &impl Serialize) -> io::Result<()> {
    writeln!(io::stdout(), "{}", serde_json::to_string(event)?)
}

/// What a session tells, as a line of JSON. A way through the history is an event of its own name.
pub fn told_as_json(told: &Told) -> io::Result<()> {
    match told {
        Told::Moved { way, lines } => json(&serde_json::json!({"event": way, "lines": lines})),
        told => json(told),
    }
}

/// One event, for people. Tables, pictures, programs and what a process prints stay as they are; sentences and answers
/// are broken at the width.
pub fn text(out: &mut impl Write, told: &Told) -> io::Result<()> {
    let by = |who: &str| format!("{who:<3} ");
    match told {
        Told::Call { who, c, why, advice, errno, .. } => {
            let c = visible(c);
            let c = if errno.is_some() { c.red() } else { c.normal() };
            hanging(out, &by(who), &c.to_string())?;
            labelled(out, "Why", why.as_deref())?;
            labelled(out, "Try", advice.as_deref())
        }
        Told::Wrote { who, address, length } => {
            let bytes = if *length == 1 { "byte" } else { "bytes" };
            hanging(out, &by(who), &format!("{length} {bytes} written at {address:#x}"))
        }
        Told::Waits { who, c, why } => {
            hanging(out, &by(who), &format!("{}   {}", visible(c), "waits".yellow()))?;
            labelled(out, "Why", Some(why))
        }
        Told::Begins { who, pid, how } => {
            let origin = if *how == "fork" { "a copy" } else { "unrelated to the others" };
            hanging(out, &by(who), &format!("begins: process {pid}, {origin}"))
        }
        Told::Ends { who, how, why } => {
            hanging(out, &by(who), &visible(how))?;
            labelled(out, "Why", why.as_deref())
        }
        Told::Prints { who, text, program } => {
            let by = program.as_ref().map_or_else(|| by(who), |program| format!("{who:<3} {program} "));
            text.lines().try_for_each(|line| writeln!(out, "{by}{} {}", "prints".dimmed(), visible(line)))
        }
        Told::Value { text } => hanging(out, INDENT, &format!("= {}", visible(text))),
        Told::Ran { command } => hanging(out, INDENT, &format!("$ {}", visible(command))),
        Told::Changed { what, fields } => {
            hanging(out, INDENT, &format!("{} {}", what.bold(), changes(fields)))
        }
        Told::Note { text } => labelled(out, "Note", Some(text)),
        Told::Lines { lines } => lines.iter().try_for_each(|line| writeln!(out, "{INDENT}{line}")),
        Told::Text { lines } => lines.iter().try_for_each(|line| sentence(out, line)),
        Told::Moved { way, lines } if lines.is_empty() => {
            writeln!(out, "{INDENT}{way}: there is nothing more")
        }
        Told::Moved { way, lines } => {
            lines.iter().try_for_each(|line| hanging(out, INDENT, &format!("{way}: {}", visible(line))))
        }
    }
}

/// A hint of a level.
pub fn hint(out: &mut impl Write, text: &str) -> io::Result<()> {
    labelled(out, "Hint", Some(text))
}

/// That something of a lesson is missing.
pub fn left_out(out: &mut impl Write, count: usize) -> io::Result<()> {
    let calls = match count {
        0 => return Ok(()),
        1 => "1 step of the lesson is".to_owned(),
        count => format!("{count} steps of the lesson are"),
    };
    let why =
        "the prompt has the calls of System V and those on processes, and none of POSIX, files or pipes.";
    labelled(out, "Note", Some(&format!("{calls} left out: {why}")))
}

/// A line that was not understood, with a mark under the place. Where the line is too long for that, the part of it is
/// shown that the mark stands under.
pub fn misunderstood(out: &mut impl Write, sign: &str, line: &str, error: &Misunderstood) -> io::Result<()> {
    const BEFORE: usize = 20;
    let mut column = sign.len() + error.column - 1;
    if sign.len() + line.chars().count() >= width() {
        let left_out = (error.column - 1).saturating_sub(BEFORE);
        let room = width() - INDENT.len() - 1;
        let part: String = line.chars().skip(left_out).take(room).collect();
        writeln!(out, "{INDENT}{}", visible(&part))?;
        column = INDENT.len() + error.column - 1 - left_out;
    }
    writeln!(out, "{}{}", " ".repeat(column), "^".red())?;
    labelled(out, "", Some(&error.to_string()))
}

fn labelled(out: &mut impl Write, label: &str, text: Option<&str>) -> io::Result<()> {
    let Some(text) = text else { return Ok(()) };
    let first = if label.is_empty() { INDENT.to_owned() } else { format!("{INDENT}{label:<5} ") };
    broken(out, &first, first.len(), &visible(text))
}

/// A text whose later lines stand under its second word: they are the same answer.
fn hanging(out: &mut impl Write, first: &str, text: &str) -> io::Result<()> {
    broken(out, first, first.len() + 4, text)
}

/// A line of a text; what does not fit goes under its last column, so that a list stays one.
fn sentence(out: &mut impl Write, line: &str) -> io::Result<()> {
    let name = line.len() - line.trim_start().len();
    let column = line[name..].find("  ").map_or(name, |gap| {
        let behind = &line[name + gap..];
        name + gap + behind.len() - behind.trim_start().len()
    });
    let first = format!("{INDENT}{}", &line[..column]);
    broken(out, &first, first.len(), &line[column..])
}

/// A text, broken at the width; later lines begin in a column of their own. Colours take no room.
fn broken(out: &mut impl Write, first: &str, later: usize, text: &str) -> io::Result<()> {
    let later = " ".repeat(later);
    let options = textwrap::Options::new(width()).initial_indent(first).subsequent_indent(&later);
    textwrap::wrap(text, options).iter().try_for_each(|line| writeln!(out, "{line}"))
}

/// The fields of a row that moved.
fn changes(fields: &[(String, String, String)]) -> String {
    let shown = |text: &str| if text.is_empty() { "-".to_owned() } else { text.to_owned() };
    let fields: Vec<String> = fields
        .iter()
        .map(|(name, before, after)| match (before.as_str(), after.as_str()) {
            ("", "") => format!("is {name}"),
            _ => format!("{name} {} -> {}", shown(before), shown(after)),
        })
        .collect();
    fields.join(", ")
}
