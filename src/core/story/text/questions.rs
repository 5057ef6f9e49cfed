//! What the learner is asked, and what becomes of the answer.

use std::io::{self, Write};

use colored::Colorize;

use super::Text;
use crate::story::event::{Choice, Wants};
use crate::story::predict::letter;

impl Text {
    pub(super) fn predict(&mut self, question: &str, options: &[String]) -> io::Result<()> {
        self.labelled("Predict".blue().bold(), question)?;
        for (position, option) in options.iter().enumerate() {
            self.labelled("".normal(), &format!("{}) {option}", letter(position)))?;
        }
        self.blank()
    }

    pub(super) fn answer(
        &mut self,
        value: &str,
        right: Option<usize>,
        chosen: Option<usize>,
        options: &[Choice],
    ) -> io::Result<()> {
        let told = |position: usize| {
            let Choice { text, why } = &options[position];
            let option = format!("{}) {text}", letter(position));
            why.as_ref().map_or(format!("{option}."), |why| format!("{option}: {why}"))
        };
        match (right, chosen) {
            (None, _) => self
                .labelled("Answer".blue().bold(), &format!("None of these: the kernel answered {value}."))?,
            (Some(right), Some(chosen)) if right == chosen => {
                self.labelled("Answer".green().bold(), &format!("Right. {}", told(right)))?;
            }
            (Some(right), Some(chosen)) => {
                self.labelled("Answer".red().bold(), &format!("Not this time. It is {}", told(right)))?;
                self.labelled("".normal(), &format!("Not {}", told(chosen)))?;
            }
            (Some(right), None) => {
                self.labelled("Answer".blue().bold(), &told(right))?;
                let explained = |&other: &usize| other != right && options[other].why.is_some();
                for other in (0..options.len()).filter(explained) {
                    self.labelled("".normal(), &format!("Not {}", told(other)))?;
                }
            }
        }
        self.blank()
    }

    pub(super) fn wait(&mut self, wants: Wants) -> io::Result<()> {
        if matches!(wants, Wants::Next { .. }) {
            self.name_the_folded()?;
        }
        let whole = if self.has_folded() { "   [m] whole" } else { "" };
        let prompt = match wants {
            Wants::Next { more, play } => {
                let more = if more { "   [?] more" } else { "" };
                let play = if play { "   [p] play" } else { "" };
                format!("[Enter] next{more}{whole}{play}   [q] quit > ")
            }
            Wants::Answer { last } => format!("  your answer, a to {last}, or Enter> "),
            Wants::Move { only: None } => "  who moves? a or b> ".to_owned(),
            Wants::Move { only: Some(turn) } => {
                format!("  who moves? only {} has moves left> ", turn.to_string().to_lowercase())
            }
            Wants::Order => "  another order? y, or one such as ABABAB; Enter for none> ".to_owned(),
        };
        // A step does not begin right below the prompt; what an answer brings does.
        self.blank = !matches!(wants, Wants::Next { .. });
        write!(self.out, "{}", prompt.bold())?;
        if self.screen.echoes { Ok(()) } else { writeln!(self.out) }
    }
}
