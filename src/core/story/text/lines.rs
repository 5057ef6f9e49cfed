//! Lines: where they begin, where they break, and what is left between them.
//!
//! **Invariant:** every column of the screen is decided here, and no line is longer than the screen is wide.

use std::io::{self, Write};

use colored::{ColoredString, Colorize};
use deunicode::deunicode;
use textwrap::{Options, WordSplitter};

use super::Text;

/// Where a line of evidence begins.
pub(super) const INDENT: usize = 4;
/// Where the text after a label begins, on a screen that is wide enough.
const GUTTER: usize = 11;
/// Below this many columns a label takes no column of its own.
const NARROW: usize = 60;

impl Text {
    pub(super) fn line(&mut self, text: &str) -> io::Result<()> {
        let text = if self.screen.ascii { ascii(text) } else { text.to_owned() };
        self.blank = false;
        writeln!(self.out, "{}", text.trim_end())
    }

    pub(super) fn blank(&mut self) -> io::Result<()> {
        if std::mem::replace(&mut self.blank, true) { Ok(()) } else { writeln!(self.out) }
    }

    /// A paragraph, wrapped; `first` and `rest` stand before its first line and the others.
    pub(super) fn wrapped(&mut self, first: &str, rest: &str, text: &str) -> io::Result<()> {
        let text = if self.screen.ascii { ascii(text) } else { text.to_owned() };
        // A command or a path that goes on after a hyphen could not be copied.
        let options = Options::new(self.screen.width)
            .word_splitter(WordSplitter::NoHyphenation)
            .initial_indent(first)
            .subsequent_indent(rest);
        for line in textwrap::wrap(&text, options) {
            self.line(&line.replace('\u{a0}', " "))?;
        }
        Ok(())
    }

    pub(super) fn paragraph(&mut self, text: &str) -> io::Result<()> {
        self.wrapped("  ", "  ", text)
    }

    /// A line of evidence; what does not fit goes on below, further in.
    pub(super) fn evidence(&mut self, text: &str) -> io::Result<()> {
        let indent = " ".repeat(INDENT);
        self.wrapped(&indent, &" ".repeat(INDENT + 2), text)
    }

    pub(super) fn labelled(&mut self, label: ColoredString, text: &str) -> io::Result<()> {
        let gutter = if self.screen.width < NARROW { INDENT } else { GUTTER };
        let blanks = gutter.saturating_sub(2 + label.input.len()).max(1);
        let first = format!("  {label}{}", " ".repeat(blanks));
        self.wrapped(&first, &" ".repeat(gutter), text)
    }

    /// A paragraph behind a label, and room below it.
    pub(super) fn aside(&mut self, label: ColoredString, text: &str) -> io::Result<()> {
        self.labelled(label, text)?;
        self.blank()
    }

    /// What a section or a step is called.
    pub(super) fn headline(&mut self, title: &str) -> io::Result<()> {
        self.blank()?;
        for line in textwrap::wrap(title, self.screen.width) {
            self.line(&line.bold().to_string())?;
        }
        Ok(())
    }

    pub(super) fn heading(&mut self, text: &str) -> io::Result<()> {
        self.blank()?;
        for line in textwrap::wrap(text, self.screen.width - 2) {
            self.line(&format!("  {}", line.underline()))?;
        }
        Ok(())
    }

    pub(super) fn lines(&mut self, lines: &[String]) -> io::Result<()> {
        lines.iter().try_for_each(|line| self.laid_out(line))
    }

    /// A line whose columns matter: it is wrapped only where it must be.
    pub(super) fn laid_out(&mut self, line: &str) -> io::Result<()> {
        if line.trim_end().chars().count() <= self.room() {
            self.line(&format!("{}{line}", " ".repeat(INDENT)))
        } else {
            self.evidence(line)
        }
    }

    pub(super) fn room(&self) -> usize {
        self.screen.width - INDENT
    }
}

/// What can be written where only ASCII is safe.
pub fn ascii(text: &str) -> String {
    // Each line for itself: the blank at the end of a text is dropped, and a line's end counts as one.
    let lines: Vec<String> = text.replace('→', "->").replace('┆', ":").split('\n').map(deunicode).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::ascii;

    #[test]
    fn a_gap_looks_other_than_a_box_in_ascii_too() {
        assert_eq!(ascii("┆ │ → ·"), ": | -> *");
    }

    #[test]
    fn a_text_keeps_its_lines() {
        assert_eq!(ascii("grün\nweiß\n"), "grun\nweiss\n");
    }
}
