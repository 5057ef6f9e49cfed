//! Questions at the end of a chapter, each wrong answer with its reason.
//!
//! In a chapter they stand as TOML in a block of code named `quiz`.

use std::sync::LazyLock;

use anyhow::{Context, Result, ensure};
use regex::{Captures, Regex};
use serde::Deserialize;

use crate::markup::escape;

static BLOCK: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?ms)^```quiz\n(.*?)^```$").expect("a pattern"));

#[derive(Deserialize)]
struct Quiz {
    question: Vec<Question>,
}

#[derive(Deserialize)]
struct Question {
    ask: String,
    right: Answer,
    wrong: Vec<Answer>,
}

#[derive(Deserialize)]
struct Answer {
    text: String,
    why: String,
}

/// Replaces each block of questions.
///
/// # Errors
///
/// A block is no TOML, or a question has no wrong answer.
pub fn replace(text: &str) -> Result<String> {
    let mut problem = Ok(());
    let told = BLOCK.replace_all(text, |found: &Captures<'_>| match quiz(&found[1]) {
        Ok(told) => told,
        Err(error) => {
            let line = text[..found.get(0).map_or(0, |whole| whole.start())].matches('\n').count() + 1;
            problem = Err(error.context(format!("line {line}: questions")));
            String::new()
        }
    });
    let told = told.into_owned();
    problem.map(|()| told)
}

fn quiz(text: &str) -> Result<String> {
    let quiz: Quiz = toml::from_str(text).context("no TOML")?;
    let mut told = String::new();
    for (number, question) in quiz.question.iter().enumerate() {
        ensure!(!question.wrong.is_empty(), "{:?} has no wrong answer", question.ask);
        told += &question.told(number);
    }
    Ok(told)
}

impl Question {
    fn told(&self, number: usize) -> String {
        let place = number % (self.wrong.len() + 1);
        let mut answers: Vec<(&Answer, bool)> = self.wrong.iter().map(|answer| (answer, false)).collect();
        answers.insert(place, (&self.right, true));
        let options: String = answers.iter().map(|(answer, right)| answer.told(*right)).collect();
        format!(
            "<div class=\"shm-box\"><shm-quiz><p class=\"shm-ask\">{}</p><ul>{options}</ul></shm-quiz></div>\n",
            escape(&self.ask)
        )
    }
}

impl Answer {
    fn told(&self, right: bool) -> String {
        let word = if right { "Right" } else { "No" };
        format!(
            "<li data-right=\"{right}\"><span class=\"shm-choice\">{}</span> \
             <details><summary>Is it this?</summary><p>{word}: {}</p></details></li>",
            escape(&self.text),
            escape(&self.why)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_becomes_questions() {
        let text = "a\n\n```quiz\n[[question]]\nask = \"Why?\"\nright = { text = \"So.\", why = \"It is.\" }\n\
                    wrong = [{ text = \"Not so.\", why = \"It is not.\" }]\n```\n";
        let told = replace(text).unwrap();
        assert!(told.contains("<p>No: It is not.</p>") && !told.contains("```"), "{told}");
        assert!(replace("```quiz\nnonsense\n```\n").is_err());
    }
}
