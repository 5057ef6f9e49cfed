//! The figures of a run, written as tables for the book's chapter on the proof.
//!
//! **Invariant:** every figure is one that this run has printed, and a run that has failed writes none.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// What an environment has printed.
pub struct Said {
    pub environment: &'static str,
    pub text: String,
}

/// Writes `proof.toml` and `wrong-rules.toml` into a folder.
pub fn write(folder: &Path, said: &[Said]) -> std::io::Result<()> {
    let compared: Vec<[String; 3]> = said.iter().filter_map(compared).collect();
    let caption = format!("Random sequences without a difference, {}", kernel());
    fs::write(folder.join("proof.toml"), table(&caption, ["where", "sequences", "steps"], &compared))?;
    let found: BTreeMap<u64, Vec<&str>> =
        said.iter().flat_map(|said| found(&said.text)).fold(BTreeMap::new(), |mut found, (number, rule)| {
            found.entry(number).or_default().push(rule);
            found
        });
    if found.is_empty() {
        return Ok(());
    }
    let rows: Vec<[String; 2]> = found
        .iter()
        .flat_map(|(number, rules)| rules.iter().map(|rule| [number.to_string(), (*rule).to_owned()]))
        .collect();
    let caption = format!("{} wrong rules, and the first sequence that shows each", rows.len());
    fs::write(folder.join("wrong-rules.toml"), table(&caption, ["sequence", "wrong rule"], &rows))
}

/// The line in which an environment says how much it has compared.
fn compared(said: &Said) -> Option<[String; 3]> {
    let line = said.text.lines().find_map(|line| line.strip_prefix(said.environment)?.strip_prefix(": "))?;
    let (sequences, rest) = line.split_once(" sequences, ")?;
    let (steps, _) = rest.split_once(" steps, no difference")?;
    Some([said.environment, sequences, steps].map(str::to_owned))
}

/// The lines that say after how many sequences a wrong rule was found.
fn found(text: &str) -> impl Iterator<Item = (u64, &str)> {
    text.lines().filter_map(|line| {
        let (number, rule) = line.trim_start().split_once(" sequences: ")?;
        Some((number.parse().ok()?, rule))
    })
}

/// Which kernel it was, without what its builder has added to the number, and on which processor.
fn kernel() -> String {
    let uname = nix::sys::utsname::uname().expect("the kernel's name");
    let text = |word: &std::ffi::OsStr| word.to_string_lossy().into_owned();
    let release = text(uname.release());
    let number = release.split('-').next().unwrap_or_default();
    format!("{} {number} on {}", text(uname.sysname()), text(uname.machine()))
}

/// A table in TOML, as the book reads it.
fn table<const N: usize>(caption: &str, heading: [&str; N], rows: &[[String; N]]) -> String {
    let rows: String = rows.iter().map(|row| format!("  {row:?},\n")).collect();
    format!("caption = {caption:?}\nheading = {heading:?}\nrows = [\n{rows}]\n")
}
