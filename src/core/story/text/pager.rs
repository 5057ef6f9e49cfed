//! A pager: while a lesson waits, no more lines are shown than the window has rows, until the learner asks for more.
//!
//! **Invariant:** what is written is shown whole and in order; and between two prompts there are never more lines
//! than the window has rows, the prompt among them.

use std::io::{self, Write};

/// Below the lines there must be room for the prompt, and for the blank line above it.
const PROMPT: usize = 2;

/// What is written, and how much of it is shown.
pub(super) struct Pager {
    out: Box<dyn Write>,
    /// The rows of the window; none, if nobody turns the pages.
    rows: Option<usize>,
    /// How many lines are shown since the last prompt.
    shown: usize,
    /// Whether the last of them is empty.
    blank: bool,
    /// What is written and not yet shown.
    pending: Vec<u8>,
    /// Whether that ends in a prompt of its own.
    asks: bool,
}

impl Write for Pager {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.pending.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl Pager {
    pub(super) fn new(out: Box<dyn Write>, rows: Option<usize>) -> Pager {
        Pager { out, rows, shown: 0, blank: true, pending: Vec::new(), asks: false }
    }

    /// Shows what was written, if the window has room for it.
    pub(super) fn show(&mut self) -> io::Result<()> {
        if self.has_room() { self.show_all() } else { Ok(()) }
    }

    /// Shows what was written, however long it is.
    pub(super) fn show_all(&mut self) -> io::Result<()> {
        self.show_first(self.pending.len())
    }

    /// The same for what ends in a prompt.
    pub(super) fn show_and_ask(&mut self) -> io::Result<()> {
        self.asks = true;
        self.show()
    }

    /// Whether something waits until the page is turned.
    pub(super) fn is_full(&self) -> bool {
        !self.has_room()
    }

    /// Shows a prompt, as the last line of this page.
    pub(super) fn prompt(&mut self, text: &str, echoes: bool) -> io::Result<()> {
        let above = if self.blank { "" } else { "\n" };
        let below = if echoes { "" } else { "\n" };
        write!(self.out, "{above}{text}{below}")?;
        self.out.flush()
    }

    /// Says something about the prompt that was shown last, between it and the next one.
    pub(super) fn remark(&mut self, text: &str) -> io::Result<()> {
        self.blank = false;
        writeln!(self.out, "{text}")
    }

    /// Begins a new page, with as much as it can hold of what waits.
    pub(super) fn turn(&mut self) -> io::Result<()> {
        self.begin();
        if self.pending.first() != Some(&b'\n') {
            self.out.write_all(b"\n")?;
            self.shown = 1;
        }
        if self.has_room() {
            return self.show_all();
        }
        let room = self.rows.unwrap_or(usize::MAX).saturating_sub(PROMPT + self.shown).max(1);
        self.show_first(a_part(&self.pending, room))
    }

    /// A prompt was answered: the lines above it were read.
    fn begin(&mut self) {
        self.shown = 0;
        self.blank = true;
    }

    fn has_room(&self) -> bool {
        let Some(rows) = self.rows else { return true };
        let unended = usize::from(self.pending.last().is_some_and(|last| *last != b'\n'));
        let below = if self.asks { unended } else { PROMPT };
        self.pending.is_empty() || self.shown + lines(&self.pending) + below <= rows
    }

    fn show_first(&mut self, length: usize) -> io::Result<()> {
        let first: Vec<u8> = self.pending.drain(..length).collect();
        self.shown += lines(&first);
        if !first.is_empty() {
            self.blank = first == b"\n" || first.ends_with(b"\n\n");
        }
        self.out.write_all(&first)?;
        if self.pending.is_empty() && std::mem::take(&mut self.asks) {
            self.begin();
        }
        self.out.flush()
    }
}

fn lines(text: &[u8]) -> usize {
    text.iter().filter(|byte| **byte == b'\n').count()
}

/// How many bytes to show of a text that is longer than a page: to its last empty line, or as many lines as fit.
fn a_part(text: &[u8], room: usize) -> usize {
    let ends: Vec<usize> =
        text.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1).collect();
    let most = ends.get(room - 1).copied().unwrap_or(text.len());
    let empty = |end: &&usize| **end > 2 && **end <= most && text[..**end].ends_with(b"\n\n");
    ends.iter().rev().find(empty).copied().unwrap_or(most)
}
