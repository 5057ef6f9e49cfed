//! Verdicts for people to read.
//!
//! **Invariant:** words only, in whole sentences; what a compiler or a program has printed is quoted, never dumped.

use std::io::{self, Write};

use colored::Colorize;

use super::exercises::{Exercise, Texts};
use super::progress::Progress;
use super::verdict::{Finding, Output, Verdict};
use crate::story::Screen;

/// Writes for one screen.
pub struct Report<W> {
    out: W,
    screen: Screen,
}

impl<W: Write> Report<W> {
    /// A report that is written to `out`.
    pub fn new(out: W, screen: Screen) -> Report<W> {
        Report { out, screen }
    }

    /// One verdict: what is missing, or what to notice. `command` is what was handed in, if it was not the file that
    /// learners edit.
    ///
    /// # Errors
    ///
    /// An error of the write.
    pub fn verdict(&mut self, exercise: &Exercise, verdict: &Verdict, command: &[String]) -> io::Result<()> {
        let texts = exercise.texts();
        let state = if verdict.passed { "passed".green().bold() } else { "not yet".yellow().bold() };
        let title = self.plain(&format!("Exercise {} · {}", exercise.number, texts.title));
        writeln!(self.out, "{} {} {state}\n", title.bold(), self.plain("—"))?;
        if !verdict.passed {
            self.paragraph("  ", &texts.goal)?;
            self.paragraph("  ", &exercise.always())?;
            writeln!(self.out)?;
        }
        for finding in &verdict.findings {
            self.finding(finding)?;
        }
        for left in &verdict.removed {
            self.paragraph("Removed  ", &format!("{left}, which the program had left."))?;
        }
        for note in &verdict.notes {
            self.paragraph("Note     ", note)?;
        }
        if verdict.passed {
            self.after_a_pass(exercise, &texts, command)
        } else {
            self.before_a_pass(exercise, verdict, command)
        }
    }

    fn finding(&mut self, finding: &Finding) -> io::Result<()> {
        writeln!(self.out, "  {}", finding.code.to_string().red().bold())?;
        self.paragraph("    ", &finding.message)?;
        if let Some(compiler) = &finding.evidence.compiler {
            self.quoted("    ", compiler)?;
        }
        if let Some(call) = &finding.call {
            self.paragraph("    call    ", call)?;
        }
        if let Some(why) = &finding.evidence.why {
            self.paragraph("    why     ", why)?;
        }
        if let Some(printed) = &finding.evidence.printed {
            self.printed("it printed", printed)?;
        }
        for step in &finding.evidence.steps {
            writeln!(self.out, "      {}", self.plain(step))?;
        }
        self.paragraph("    lesson  ", &format!("cargo run --bin {}", finding.lesson))?;
        writeln!(self.out)
    }

    /// What a program printed, on both streams.
    ///
    /// # Errors
    ///
    /// An error of the write.
    pub fn output(&mut self, output: &Output) -> io::Result<()> {
        self.printed("it printed on standard output", &output.standard)?;
        self.printed("it printed on standard error", &output.errors)
    }

    fn printed(&mut self, label: &str, text: &str) -> io::Result<()> {
        match text.is_empty() {
            true => writeln!(self.out, "    {label}: nothing"),
            false => {
                writeln!(self.out, "    {label}:")?;
                self.quoted("      | ", text)
            }
        }
    }

    /// Lines as they are, cut at the right edge. Where a caret would be cut off, all lines lose as much on the left.
    fn quoted(&mut self, margin: &str, text: &str) -> io::Result<()> {
        let room = self.screen.width.saturating_sub(margin.len());
        let caret =
            text.lines().filter_map(|line| line.chars().position(|letter| letter == '^')).max().unwrap_or(0);
        let skipped = (caret + 20).saturating_sub(room).min(caret);
        for line in text.lines() {
            let shown: String = line.chars().skip(skipped).take(room).collect();
            writeln!(self.out, "{margin}{}", self.plain(&shown).trim_end())?;
        }
        Ok(())
    }

    fn after_a_pass(&mut self, exercise: &Exercise, texts: &Texts, command: &[String]) -> io::Result<()> {
        self.paragraph("  ", &texts.debrief)?;
        writeln!(self.out)?;
        let number = exercise.number;
        let files = format!("{}, in C {}", exercise.solution("rs"), exercise.solution("c"));
        self.paragraph("Solution ", &files)?;
        let in_c = if command.is_empty() { "" } else { " --c" };
        self.paragraph("Show it  ", &format!("cargo run --bin check -- {number} --solution{in_c}"))?;
        match super::exercise(number + 1) {
            Some(_) => self.paragraph("Next     ", &format!("cargo run --bin check -- {}", number + 1)),
            None => self.paragraph("Next     ", "nothing: this was the last exercise."),
        }
    }

    fn before_a_pass(
        &mut self,
        exercise: &Exercise,
        verdict: &Verdict,
        command: &[String],
    ) -> io::Result<()> {
        if verdict.findings.is_empty() {
            return Ok(());
        }
        match command {
            [] => self.edit(exercise)?,
            command => self.paragraph("Marked   ", &command.join(" "))?,
        }
        self.paragraph("Hint     ", &format!("cargo run --bin check -- {} --hint", exercise.number))
    }

    /// What is reached, exercise by exercise.
    ///
    /// # Errors
    ///
    /// An error of the write.
    pub fn status(&mut self, exercises: &[Exercise], progress: &Progress) -> io::Result<()> {
        let passed = exercises.iter().filter(|exercise| progress.of(&exercise.name()).passed).count();
        writeln!(self.out, "{passed} of {} exercises passed\n", exercises.len())?;
        for exercise in exercises {
            let done = progress.of(&exercise.name()).passed;
            let mark = self.plain(if done { "✓" } else { "·" });
            let mark = if done { mark.green() } else { mark.normal() };
            writeln!(self.out, "  {mark} {:>2}  {}", exercise.number, exercise.texts().title)?;
        }
        let next = exercises.iter().find(|exercise| !progress.of(&exercise.name()).passed);
        writeln!(self.out)?;
        match next {
            Some(exercise) => {
                self.goal(exercise)?;
                self.paragraph("Check    ", &format!("cargo run --bin check -- {}", exercise.number))
            }
            None => self.paragraph("", "All done. The lessons go on where the exercises end."),
        }
    }

    /// What an exercise wants, and in which file.
    ///
    /// # Errors
    ///
    /// An error of the write.
    pub fn goal(&mut self, exercise: &Exercise) -> io::Result<()> {
        let texts = exercise.texts();
        let title = self.plain(&format!("Exercise {} · {}", exercise.number, texts.title));
        writeln!(self.out, "{}\n", title.bold())?;
        self.paragraph("  ", &texts.goal)?;
        self.paragraph("  ", &exercise.always())?;
        writeln!(self.out)?;
        self.edit(exercise)?;
        self.paragraph("Lesson   ", &format!("cargo run --bin {}", texts.lesson))
    }

    fn edit(&mut self, exercise: &Exercise) -> io::Result<()> {
        let name = exercise.name();
        self.paragraph("Edit     ", &format!("lessons/exercises/{name}.rs, or in C {name}.c beside it"))
    }

    /// A paragraph, wrapped; further lines are indented like the first.
    ///
    /// # Errors
    ///
    /// An error of the write.
    pub fn paragraph(&mut self, label: &str, text: &str) -> io::Result<()> {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let indent = " ".repeat(label.chars().count());
        let options =
            textwrap::Options::new(self.screen.width).initial_indent(label).subsequent_indent(&indent);
        let filled = textwrap::fill(&self.plain(&text), options.break_words(false));
        writeln!(self.out, "{filled}")
    }

    fn plain(&self, text: &str) -> String {
        if self.screen.ascii { deunicode::deunicode(text) } else { text.to_owned() }
    }
}
