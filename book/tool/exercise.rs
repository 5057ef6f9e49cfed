//! The exercises that the kernel marks, as their own files tell them.
//!
//! **Invariant:** a chapter shows the goal and hints that `check` shows; the solutions are the ones that `check` passes.

use std::fs;

use anyhow::{Context, Result};
use regex::Regex;
use serde::Deserialize;

use crate::markup::{code, escape};
use crate::rustdoc::inline;
use crate::{read, root};

/// What an exercise's file says.
#[derive(Clone, Debug, Deserialize)]
pub struct Exercise {
    /// What it is about.
    pub title: String,
    /// The lesson that teaches it: `lesson03`.
    pub lesson: String,
    goal: String,
    hints: Vec<String>,
    debrief: String,
}

/// The exercise with a number.
///
/// # Errors
///
/// It has no file, or the file is no TOML.
pub fn exercise(number: usize) -> Result<Exercise> {
    let path = format!("lessons/exercises/exercise{number:02}.toml");
    toml::from_str(&read(&path)?).with_context(|| path)
}

/// The numbers of all exercises.
///
/// # Errors
///
/// The folder cannot be read.
pub fn numbers() -> Result<Vec<usize>> {
    let name = Regex::new(r"^exercise(\d+)\.toml$")?;
    let mut numbers = Vec::new();
    for entry in fs::read_dir(root().join("lessons/exercises"))? {
        if let Some(found) = name.captures(&entry?.file_name().to_string_lossy()) {
            numbers.push(found[1].parse()?);
        }
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// `{{#exercise 3}}`: what is to be done, how it is marked, and the hints, each folded away.
///
/// # Errors
///
/// There is no such exercise.
pub fn told(number: usize) -> Result<String> {
    let Exercise { title, goal, hints, .. } = exercise(number)?;
    let head = format!(
        "<div class=\"shm-exercise\" id=\"exercise{number}\"><p class=\"shm-ask\">Exercise {number}: {}</p><p>{}</p>",
        escape(&title),
        paragraph(&goal)
    );
    let files = format!(
        "<p>Edit <code>lessons/exercises/exercise{number:02}.rs</code>, or <code>exercise{number:02}.c</code> beside \
         it. Then let the kernel mark it:</p>"
    );
    let hints: String = hints
        .iter()
        .enumerate()
        .map(|(at, hint)| {
            let summary = format!("Hint {} of {}", at + 1, hints.len());
            format!("<details><summary>{summary}</summary><p>{}</p></details>", paragraph(hint))
        })
        .collect();
    let command = code("console", &format!("cargo run --bin check -- {number}"));
    Ok(format!("{head}{files}\n{command}\n{hints}</div>\n"))
}

/// `{{#solutions}}`: for teachers, each exercise with one solution in Rust and what to talk about afterwards.
///
/// # Errors
///
/// One has no solution.
pub fn solutions() -> Result<String> {
    let one = |number: usize| -> Result<String> {
        let Exercise { title, lesson, debrief, .. } = exercise(number)?;
        let solution = read(&format!("tests/solutions/exercise{number:02}.rs"))?;
        Ok(format!(
            "<details class=\"shm-solution\"><summary>Exercise {number}: {}</summary><p>It stands in \
             <a href=\"{lesson}.html#exercise{number}\">{lesson}</a>.</p>\n{}\n<p>{}</p></details>\n",
            escape(&title),
            code("rust", &solution),
            paragraph(&debrief)
        ))
    };
    numbers()?.into_iter().map(one).collect()
}

/// A text whose lines are broken where the file's are.
fn paragraph(text: &str) -> String {
    inline(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}
