//! What a session tells, as text for people and as JSON for programs.

use std::io::{self, Write};

use colored::Colorize;
use play::language::Misunderstood;
use play::session::Told;
use serde::Serialize;

/// Under what stands at the left edge.
const INDENT: &str = "    ";
/// How wide a line may be.
const WIDTH: usize = 80;

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

/// One event, for people.
pub fn text(out: &mut impl Write, told: &Told) -> io::Result<()> {
    match told {
        Told::Call { who, c, why, advice, errno, .. } => {
            let c = if errno.is_some() { c.red() } else { c.normal() };
            writeln!(out, "{who:<3} {c}")?;
            labelled(out, "Why", why.as_deref())?;
            labelled(out, "Try", advice.as_deref())
        }
        Told::Wrote { who, address, length } => {
            let bytes = if *length == 1 { "byte" } else { "bytes" };
            writeln!(out, "{who:<3} {length} {bytes} written at {address:#x}")
        }
        Told::Waits { who, c, why } => {
            writeln!(out, "{who:<3} {c}   {}", "waits".yellow())?;
            labelled(out, "Why", Some(why))
        }
        Told::Begins { who, pid, how: "fork" } => writeln!(out, "{who:<3} begins: process {pid}, a copy"),
        Told::Begins { who, pid, .. } => {
            writeln!(out, "{who:<3} begins: process {pid}, unrelated to the others")
        }
        Told::Ends { who, how, why } => {
            writeln!(out, "{who:<3} {how}")?;
            labelled(out, "Why", why.as_deref())
        }
        Told::Prints { who, text } => text
            .lines()
            .try_for_each(|line| writeln!(out, "{who:<3} {} {}", "prints".dimmed(), visible(line))),
        Told::Value { text } => writeln!(out, "{INDENT}= {text}"),
        Told::Ran { command } => writeln!(out, "{INDENT}$ {command}"),
        Told::Changed { what, fields } => writeln!(out, "{INDENT}{} {}", what.bold(), changes(fields)),
        Told::Note { text } => labelled(out, "Note", Some(text)),
        Told::Lines { lines } => lines.iter().try_for_each(|line| writeln!(out, "{INDENT}{line}")),
        Told::Moved { way, lines } if lines.is_empty() => {
            writeln!(out, "{INDENT}{way}: there is nothing more")
        }
        Told::Moved { way, lines } => {
            lines.iter().try_for_each(|line| writeln!(out, "{INDENT}{way}: {line}"))
        }
    }
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

/// A line that was not understood, with a mark under the place.
pub fn misunderstood(out: &mut impl Write, sign: &str, error: &Misunderstood) -> io::Result<()> {
    writeln!(out, "{}{}", " ".repeat(sign.len() + error.column - 1), "^".red())?;
    labelled(out, "", Some(&error.to_string()))
}

fn labelled(out: &mut impl Write, label: &str, text: Option<&str>) -> io::Result<()> {
    let Some(text) = text else { return Ok(()) };
    let first = if label.is_empty() { INDENT.to_owned() } else { format!("{INDENT}{label:<5} ") };
    let rest = " ".repeat(first.len());
    let options = textwrap::Options::new(WIDTH).initial_indent(&first).subsequent_indent(&rest);
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

/// Characters that a terminal would obey are written out.
fn visible(text: &str) -> String {
    text.chars().flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] }).collect()
}
