//! Pieces of source files, found by what is written in them: no anchor has to stand in a lesson.
//!
//! **Invariant:** a piece that is not found, or found twice, is an error that names it and the file.

use std::sync::LazyLock;

use anyhow::{Context, Result, ensure};
use regex::Regex;

use crate::read;

/// A prediction, or its answer.
static ASKS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^(let \w+ = story\.predict|\w+\.reveal)\(").expect("a pattern"));

/// The path of a lesson's file.
pub fn lesson_path(number: usize) -> String {
    format!("lessons/lesson{number:02}.rs")
}

/// A step of a lesson: from `story.step("…")` with this title to the next step.
///
/// # Errors
///
/// The lesson has no such step.
pub fn step(number: usize, title: &str) -> Result<String> {
    let path = lesson_path(number);
    let text = read(&path)?;
    let lines: Vec<&str> = text.lines().collect();
    let starts: Vec<usize> = (0..lines.len()).filter(|&line| begins_a_stretch(lines[line])).collect();
    let begins = |words: &str| -> Vec<usize> {
        starts.iter().copied().filter(|&line| head(&lines, line).contains(words)).collect()
    };
    let whole = begins(&format!("\"{title}\""));
    let found = if whole.is_empty() { begins(&format!("\"{title}")) } else { whole };
    ensure!(found.len() == 1, "{path} has {} steps whose title begins with {title:?}", found.len());
    let end = starts.iter().copied().find(|&line| line > found[0]).unwrap_or(lines.len());
    Ok(dedented(&lines[found[0]..end]))
}

/// The code of a step that speaks to the kernel, without the words of the story around it.
///
/// # Errors
///
/// As for [`step`].
pub fn acts(number: usize, title: &str) -> Result<String> {
    let text = step(number, title)?;
    let kept: Vec<String> =
        statements(&text).into_iter().filter(|statement| acts_on_kernel(statement)).collect();
    ensure!(!kept.is_empty(), "the step {title:?} of lesson {number} only tells");
    Ok(kept.join("\n"))
}

/// The item of a file that begins with this text, say `fn attach` or `pub const SIZE`: up to the line that closes it.
///
/// # Errors
///
/// The file has no such item, or more than one.
pub fn item(path: &str, begins: &str) -> Result<String> {
    let text = read(path)?;
    let lines: Vec<&str> = text.lines().collect();
    let is_it = |line: &&str| line.trim_start().starts_with(begins);
    let found: Vec<usize> = (0..lines.len()).filter(|&line| is_it(&lines[line])).collect();
    ensure!(found.len() == 1, "{path} has {} lines that begin with {begins:?}", found.len());
    let end = closing(&lines, found[0]).with_context(|| format!("{path}: {begins} has no end"))?;
    Ok(dedented(&lines[found[0]..=end]))
}

/// What stands under a heading of a file in Markdown, up to the next heading of the same rank; without comments, and
/// without links, which would lead out of the book.
///
/// # Errors
///
/// The file has no such heading.
pub fn section(path: &str, heading: &str) -> Result<String> {
    let text = read(path)?;
    let mut lines = text.lines().skip_while(|line| line.trim_start_matches('#').trim() != heading);
    let rank = lines.next().with_context(|| format!("{path} has no heading {heading:?}"))?;
    let rank = rank.len() - rank.trim_start_matches('#').len();
    let mut told = String::new();
    let mut in_code = false;
    for line in lines {
        in_code ^= line.starts_with("```");
        let depth = line.len() - line.trim_start_matches('#').len();
        if !in_code && (1..=rank).contains(&depth) {
            break;
        }
        if !line.starts_with("<!--") {
            told += line;
            told.push('\n');
        }
    }
    let link = Regex::new(r"\[([^\]]+)\]\([^)]*\)")?;
    Ok(link.replace_all(&told, "$1").trim().to_owned())
}

/// The last line of the item that begins on this one.
fn closing(lines: &[&str], start: usize) -> Option<usize> {
    let indent = lines[start].len() - lines[start].trim_start().len();
    if lines[start].trim_end().ends_with(';') {
        return Some(start);
    }
    (start + 1..lines.len()).find(|&line| {
        let text = lines[line].trim_start();
        text.starts_with('}') && lines[line].len() - text.len() == indent
    })
}

fn begins_a_stretch(line: &str) -> bool {
    ["story.step(", "story.experiment(", "story.tidy_up(", "story.so_far("]
        .iter()
        .any(|call| line.trim_start().starts_with(call))
}

/// The line and, if the title stands below, the next two.
fn head(lines: &[&str], line: usize) -> String {
    lines[line..lines.len().min(line + 3)].concat()
}

fn statements(text: &str) -> Vec<String> {
    let mut statements = Vec::new();
    let mut open: Vec<&str> = Vec::new();
    for line in text.lines() {
        if line.trim().is_empty() {
            continue;
        }
        open.push(line);
        let closed = line.len() == line.trim_start().len() && line.trim_end().ends_with([';', '}']);
        if closed {
            statements.push(open.join("\n"));
            open.clear();
        }
    }
    if !open.is_empty() {
        statements.push(open.join("\n"));
    }
    statements
}

/// Words and questions are in the player; what is left is what a learner would write.
fn acts_on_kernel(statement: &str) -> bool {
    const WORDS: [&str; 11] = [
        "story.step(",
        "story.experiment(",
        "story.say(",
        "story.erratum(",
        "story.addition(",
        "story.try_it(",
        "story.why(",
        "story.habit(",
        "story.tidy_up(",
        "story.so_far(",
        "story.missing(",
    ];
    let first = statement.lines().find(|line| !line.trim_start().starts_with("//")).unwrap_or_default();
    let asks = ASKS.is_match(first);
    !asks && !WORDS.iter().any(|word| first.starts_with(word)) && statement != "story"
}

fn dedented(lines: &[&str]) -> String {
    let full = lines.iter().filter(|line| !line.trim().is_empty());
    let indent = full.map(|line| line.len() - line.trim_start().len()).min().unwrap_or(0);
    let lines: Vec<&str> = lines.iter().map(|line| line.get(indent..).unwrap_or("")).collect();
    lines.join("\n").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_step_is_told_with_its_file() {
        let error = step(1, "Fly to the moon").unwrap_err().to_string();
        assert!(error.starts_with("lessons/lesson01.rs has 0 steps"), "{error}");
    }

    #[test]
    fn an_item_ends_where_it_is_closed() {
        let attach = item("tests/c/shm.c", "static char *attach").unwrap();
        assert!(attach.ends_with("return memory;\n}"), "{attach}");
        assert_eq!(item("src/core/course.rs", "pub const SIZE").unwrap(), "pub const SIZE: usize = 0x6400;");
    }

    #[test]
    fn acts_leave_out_the_words() {
        let code = acts(3, "Read the kernel").unwrap();
        assert!(code.contains("segment.stat()?") && !code.contains("predict"), "{code}");
    }
}
