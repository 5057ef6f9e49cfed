//! The story for people: at most 80 columns, whole without colour, and in ASCII where nothing else is safe.
//!
//! **Invariant:** no event is left out, but for what only a waiting lesson can use; and no fact is added.

mod picture;
mod speeds;
mod table;
mod traced;

use std::io::{self, Write};

use colored::{ColoredString, Colorize};
use deunicode::deunicode;
use pretty_hex::HexConfig;
use textwrap::{Options, WordSplitter};

use super::Tell;
use super::event::{Access, CallEvent, Choice, Direction, Event, Fault, Field, SegmentRow, Wants};
use super::predict::letter;
use crate::call::{Semid, Shmid};
use crate::evidence::maps::Mapping;

/// Where a line of evidence begins.
const INDENT: usize = 4;
/// Where the text after a label begins, on a screen that is wide enough.
const GUTTER: usize = 11;
/// Below this many columns a label takes no column of its own.
const NARROW: usize = 60;

/// How the screen is.
#[derive(Clone, Copy, Debug)]
pub struct Screen {
    /// Columns.
    pub width: usize,
    /// Whether only ASCII may be written.
    pub ascii: bool,
    /// Whether the lesson waits between steps.
    pub stepping: bool,
    /// Whether the Enter after a prompt is seen on the screen, as in a terminal.
    pub echoes: bool,
}

/// Writes the story as text.
pub struct Text<W> {
    out: W,
    screen: Screen,
    /// Whether the last line was empty, so that there are never two.
    blank: bool,
    /// Whether the last line was a call told in short.
    short: bool,
}

impl<W: Write> Text<W> {
    /// Writes to `out`, for a screen of this kind.
    pub fn new(out: W, screen: Screen) -> Text<W> {
        Text { out, screen, blank: true, short: false }
    }

    fn line(&mut self, text: &str) -> io::Result<()> {
        let text = if self.screen.ascii { deunicode(text) } else { text.to_owned() };
        self.blank = false;
        writeln!(self.out, "{}", text.trim_end())
    }

    fn blank(&mut self) -> io::Result<()> {
        if std::mem::replace(&mut self.blank, true) { Ok(()) } else { writeln!(self.out) }
    }

    /// A paragraph, wrapped; `first` and `rest` stand before its first line and the others.
    fn wrapped(&mut self, first: &str, rest: &str, text: &str) -> io::Result<()> {
        let text = if self.screen.ascii { deunicode(text) } else { text.to_owned() };
        // A command or a path that goes on after a hyphen could not be copied.
        let options = Options::new(self.screen.width)
            .word_splitter(WordSplitter::NoHyphenation)
            .initial_indent(first)
            .subsequent_indent(rest);
        for line in textwrap::wrap(&text, options) {
            self.line(&line)?;
        }
        Ok(())
    }

    fn paragraph(&mut self, text: &str) -> io::Result<()> {
        self.wrapped("  ", "  ", text)
    }

    /// A line of evidence; what does not fit goes on below, further in.
    fn evidence(&mut self, text: &str) -> io::Result<()> {
        let indent = " ".repeat(INDENT);
        self.wrapped(&indent, &" ".repeat(INDENT + 2), text)
    }

    fn labelled(&mut self, label: ColoredString, text: &str) -> io::Result<()> {
        let gutter = if self.screen.width < NARROW { INDENT } else { GUTTER };
        let blanks = gutter.saturating_sub(2 + label.input.len()).max(1);
        let first = format!("  {label}{}", " ".repeat(blanks));
        self.wrapped(&first, &" ".repeat(gutter), text)
    }

    fn heading(&mut self, text: &str) -> io::Result<()> {
        self.blank()?;
        for line in textwrap::wrap(text, self.screen.width - 2) {
            self.line(&format!("  {}", line.underline()))?;
        }
        Ok(())
    }

    fn lesson(&mut self, number: Option<usize>, of: usize, title: &str) -> io::Result<()> {
        let place = number.map_or("The whole walk".to_owned(), |number| format!("Lesson {number} of {of}"));
        let title = format!("{place} · {title}");
        for line in textwrap::wrap(&title, self.screen.width) {
            self.line(&line.bold().to_string())?;
        }
        self.line(&"─".repeat(title.chars().count().min(self.screen.width)))
    }

    fn call(&mut self, call: &CallEvent) -> io::Result<()> {
        let told = format!("{}{}", speaker(call.who.as_deref(), call.performed.pid), call.performed);
        if call.brief {
            return self.evidence(&told);
        }
        if call.rust.is_none() {
            self.blank()?;
        }
        self.labelled("C".bold(), &told)?;
        self.statement(call.rust.as_ref())?;
        if let Some(reason) = &call.reason {
            self.labelled("Why".red().bold(), &reason.why)?;
            self.labelled("Try".bold(), &reason.advice)?;
        }
        self.blank()
    }

    fn statement(&mut self, rust: Option<&super::event::Rust>) -> io::Result<()> {
        let Some(rust) = rust else { return Ok(()) };
        self.labelled("Rust".bold(), &rust.code)?;
        self.labelled("".normal(), &rust.at)
    }

    fn access(&mut self, access: &Access) -> io::Result<()> {
        let told = format!("{}{}", speaker(access.who.as_deref(), access.pid), access.c);
        if access.brief {
            return self.evidence(&told);
        }
        self.labelled("C".bold(), &told)?;
        self.statement(access.rust.as_ref())?;
        let doing = if access.direction == Direction::Write { "writing" } else { "reading" };
        match access.faults {
            Some(0) => self.labelled("Faults".bold(), &format!("no page fault while {doing}"))?,
            Some(1) => self.labelled("Faults".bold(), &format!("1 page fault while {doing}"))?,
            Some(faults) => self.labelled("Faults".bold(), &format!("{faults} page faults while {doing}"))?,
            None => {}
        }
        self.blank()
    }

    fn bytes(&mut self, offset: usize, bytes: &[u8]) -> io::Result<()> {
        let width = if self.screen.width < 80 { 4 } else { 16 };
        let config =
            HexConfig { title: false, width, group: 0, display_offset: offset, ..HexConfig::default() };
        let dump = pretty_hex::config_hex(&bytes, config);
        self.heading("the bytes, and the text that they spell")?;
        self.lines(&dump.lines().map(str::to_owned).collect::<Vec<_>>())?;
        self.blank()
    }

    fn segments(&mut self, rows: &[SegmentRow], others: usize) -> io::Result<()> {
        self.heading("ipcs -m")?;
        self.lines(&table::segments(rows, self.room()))?;
        for SegmentRow { row, changed, .. } in rows {
            for change in changed {
                let moved = format!("{} {} → {}", change.column, shown(&change.was), shown(&change.now));
                self.evidence(&format!("segment {}: {}", row.shmid, moved.bold()))?;
            }
        }
        if others > 0 {
            self.evidence(&format!("and {others} that others made, which we do not touch"))?;
        }
        self.blank()
    }

    fn maps(&mut self, pid: i32, who: Option<&str>, lines: [&[Mapping]; 3]) -> io::Result<()> {
        self.heading(&format!("{}/proc/{pid}/maps, the lines of attachments", speaker(who, pid)))?;
        if lines.iter().all(|lines| lines.is_empty()) {
            self.evidence("none")?;
        }
        for (mark, lines) in ["+", "-", " "].into_iter().zip(lines) {
            for line in lines {
                self.evidence(&format!("{mark} {line}"))?;
            }
        }
        self.blank()
    }

    fn record(&mut self, id: Shmid, moments: &[String], fields: &[Field]) -> io::Result<()> {
        self.blank()?;
        self.heading(&format!("struct shmid_ds of segment {id}"))?;
        self.lines(&table::record(moments, fields))?;
        self.blank()
    }

    fn lines(&mut self, lines: &[String]) -> io::Result<()> {
        lines.iter().try_for_each(|line| self.laid_out(line))
    }

    /// A line whose columns matter: it is wrapped only where it must be.
    fn laid_out(&mut self, line: &str) -> io::Result<()> {
        if line.trim_end().chars().count() <= self.room() {
            self.line(&format!("{}{line}", " ".repeat(INDENT)))
        } else {
            self.evidence(line)
        }
    }

    fn room(&self) -> usize {
        self.screen.width - INDENT
    }

    fn predict(&mut self, question: &str, options: &[String]) -> io::Result<()> {
        self.labelled("Predict".blue().bold(), question)?;
        for (position, option) in options.iter().enumerate() {
            self.labelled("".normal(), &format!("{}) {option}", letter(position)))?;
        }
        self.blank()
    }

    fn answer(
        &mut self,
        value: &str,
        right: Option<usize>,
        chosen: Option<usize>,
        options: &[Choice],
    ) -> io::Result<()> {
        let told = |position: usize| {
            let Choice { text, why } = &options[position];
            format!("{}) {text}: {why}", letter(position))
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
                for other in (0..options.len()).filter(|&other| other != right) {
                    self.labelled("".normal(), &format!("Not {}", told(other)))?;
                }
            }
        }
        self.blank()
    }

    fn tool(&mut self, command: &str, status: Option<i32>, output: &str) -> io::Result<()> {
        self.heading(&format!("$ {command}"))?;
        for line in output.lines().filter(|line| !line.is_empty()) {
            self.evidence(&line.replace('\t', "    "))?;
        }
        if status != Some(0) {
            let status =
                status.map_or("killed by a signal".to_owned(), |status| format!("exit status {status}"));
            self.evidence(&format!("({status})"))?;
        }
        self.blank()
    }

    fn wait(&mut self, wants: Wants) -> io::Result<()> {
        let prompt = match wants {
            Wants::Next { more: true } => "[Enter] next   [?] more   [q] quit > ".to_owned(),
            Wants::Next { more: false } => "[Enter] next   [q] quit > ".to_owned(),
            Wants::Answer { last } => format!("  your answer, a to {last}, or Enter> "),
            Wants::Move => "  who moves? a or b> ".to_owned(),
        };
        self.blank = true;
        write!(self.out, "{}", prompt.bold())?;
        if self.screen.echoes { Ok(()) } else { writeln!(self.out) }
    }

    fn end(
        &mut self,
        outcome: &str,
        left: (Option<&[Shmid]>, Option<&[Semid]>),
        marked: &[Shmid],
        next: Option<&str>,
    ) -> io::Result<()> {
        // Whoever leaves at the prompt may have left the cursor there.
        self.blank = outcome != "quit" && self.blank;
        self.blank()?;
        let outcome = match outcome {
            "complete" => "Done.",
            "quit" => "You left the lesson.",
            _ => "The lesson ended early.",
        };
        let left = match left {
            (Some([]), Some([])) if !marked.is_empty() => format!(
                "Marked for destruction: {}. It goes when the last process has detached it.",
                marked.iter().map(Shmid::to_string).collect::<Vec<_>>().join(", ")
            ),
            (Some([]), Some([])) => "Nothing that it made is left in the kernel.".to_owned(),
            (Some(segments), Some(sets)) => {
                let segments = segments.iter().map(|id| format!("segment {id} (`ipcrm -m {id}` removes it)"));
                let sets =
                    sets.iter().map(|id| format!("set of semaphores {id} (`ipcrm -s {id}` removes it)"));
                let left: Vec<_> = segments.chain(sets).collect();
                format!("Left in the kernel: {}.", left.join(", "))
            }
            _ => "Whether anything is left cannot be shown here. Is /proc mounted?".to_owned(),
        };
        self.wrapped("", "", &format!("{outcome} {left}"))?;
        next.map_or(Ok(()), |next| self.wrapped("", "", &format!("Next: {next}")))
    }
}

/// Whether an event is one line among many of its kind.
fn is_short(event: &Event) -> bool {
    match event {
        Event::Call(call) => call.brief,
        Event::Memory(access) => access.brief,
        Event::Traced(event) => event.goes_with_its_call(),
        _ => false,
    }
}

impl<W: Write> Tell for Text<W> {
    fn shows_progress(&self) -> bool {
        true
    }

    fn tell(&mut self, event: &Event) -> io::Result<()> {
        let short = is_short(event);
        if std::mem::replace(&mut self.short, short) && !short {
            self.blank()?;
        }
        match event {
            Event::Lesson { number, of, title, pid, page_size, isolated } => {
                self.lesson(*number, *of, title)?;
                let place =
                    if *isolated { "in a private IPC namespace" } else { "on this machine's own kernel" };
                self.wrapped("", "", &format!("Process {pid}, {place}; a page has {page_size} bytes."))?;
            }
            Event::Section { title } => {
                self.blank()?;
                for line in textwrap::wrap(title, self.screen.width) {
                    self.line(&line.bold().to_string())?;
                }
            }
            Event::Step { number, experiment, title } => {
                let kind = if *experiment { "Experiment" } else { "Step" };
                self.blank()?;
                let title = format!("{kind} {number} · {title}");
                for line in textwrap::wrap(&title, self.screen.width) {
                    self.line(&line.bold().to_string())?;
                }
                self.blank()?;
            }
            Event::Say { text } => {
                self.paragraph(text)?;
                self.blank()?;
            }
            Event::Why { text, asked: true } => self.labelled("More".bold(), text)?,
            Event::Why { .. } => {}
            Event::Reply { text } | Event::Moved { text } => self.paragraph(text)?,
            Event::Erratum { code, fault, text } => {
                let whose = match fault {
                    Fault::Wrong => "The article errs",
                    Fault::Missing => "The article does not say",
                    Fault::Manual => "The manual page errs",
                };
                self.labelled(code.as_str().red().bold(), &format!("{whose}: {text}"))?;
                self.blank()?;
            }
            Event::Predict { question, options } => self.predict(question, options)?,
            Event::Answer { value, right, chosen, options } => {
                self.answer(value, *right, *chosen, options)?
            }
            Event::Call(call) => self.call(call)?,
            Event::Started { pid, who, c, rust, brief } => {
                let told = format!("{}{c}", speaker(who.as_deref(), *pid));
                if *brief {
                    self.evidence(&format!("{told} ..."))?;
                } else {
                    self.labelled("Starts".bold(), &told)?;
                    self.statement(rust.as_ref())?;
                    self.blank()?;
                }
            }
            Event::Sleep { pid, who, state, function } => {
                self.heading(&format!("{}status and wchan in /proc", speaker(who.as_deref(), *pid)))?;
                self.evidence(&format!("State: {state}"))?;
                self.evidence(&format!("sleeps in: {function}"))?;
                self.blank()?;
            }
            Event::Memory(access) => self.access(access)?,
            Event::Bytes { offset, bytes } => self.bytes(*offset, bytes)?,
            Event::Record { shmid, moments, fields } => self.record(*shmid, moments, fields)?,
            Event::Segments { rows, others } => self.segments(rows, *others)?,
            Event::Maps { pid, who, added, removed, kept } => {
                self.maps(*pid, who.as_deref(), [added, removed, kept])?;
            }
            Event::Space { before, now, shmid, pages, resident, page_size } => {
                self.heading("the address space, drawn from the maps")?;
                let lines = picture::lines(before.as_ref(), now, self.room());
                self.lines(&lines)?;
                let size = format!(
                    "segment {shmid}: {pages} pages of {page_size} bytes, {resident} of them in memory"
                );
                self.evidence(&size)?;
                self.blank()?;
            }
            Event::Table { title, heading, rows } => {
                self.heading(title)?;
                self.lines(&table::filled(heading, rows, self.room()))?;
                self.blank()?;
            }
            Event::Speeds { traffic, sizes, rows } => self.speeds(*traffic, sizes, rows)?,
            Event::Warning { text } => self.warning(text)?,
            Event::Habit { text } => {
                self.labelled("Habit".green().bold(), text)?;
                self.blank()?;
            }
            Event::Count { what, times } => {
                self.labelled("Counted".bold(), &format!("{what}: {times}"))?;
                self.blank()?;
            }
            Event::Fork { pid, who } => {
                self.blank()?;
                self.labelled(
                    "Begins".bold(),
                    &format!("{}forked from this process", speaker(Some(who), *pid)),
                )?;
                self.blank()?;
            }
            Event::Exec { pid, who, command } => {
                self.blank()?;
                self.labelled("Runs".bold(), &format!("{}exec {command}", speaker(who.as_deref(), *pid)))?;
                self.blank()?;
            }
            Event::Signal { pid, who, text, .. } => {
                self.blank()?;
                self.labelled("Ends".bold(), &format!("{}{text}", speaker(who.as_deref(), *pid)))?;
                self.blank()?;
            }
            Event::Tool { command, status, output } => self.tool(command, *status, output)?,
            Event::Try { command, shows } if self.screen.stepping => {
                self.labelled("Try it".bold(), &format!("in a second terminal: {command}"))?;
                self.labelled("".normal(), shows)?;
                self.blank()?;
            }
            Event::Try { .. } => {}
            Event::Print { text } => {
                self.labelled("Prints".bold(), text)?;
                self.blank()?;
            }
            Event::Missing { text } => {
                self.labelled("Missing".red().bold(), text)?;
                self.blank()?;
            }
            Event::Traced(event) => self.traced(event)?,
            Event::Wait(wants) => self.wait(*wants)?,
            Event::End { outcome, left, marked, left_sets, next, .. } => {
                self.end(outcome, (left.as_deref(), left_sets.as_deref()), marked, next.as_deref())?;
            }
        }
        self.out.flush()
    }
}

/// Who speaks, where it is not the process that tells.
fn speaker(who: Option<&str>, pid: i32) -> String {
    who.map_or(String::new(), |who| format!("[{who} {pid}] "))
}

/// A cell that is empty, said in words.
pub(super) fn shown(cell: &str) -> &str {
    if cell.is_empty() { "(none)" } else { cell }
}

/// Only what the article's own program prints: `walkthrough --quiet`.
pub struct Plain<W> {
    out: W,
}

impl<W: Write> Plain<W> {
    /// Writes to `out`.
    pub fn new(out: W) -> Plain<W> {
        Plain { out }
    }
}

impl<W: Write> Tell for Plain<W> {
    fn tell(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::Print { text } => writeln!(self.out, "{text}"),
            _ => Ok(()),
        }
    }

    fn wants_evidence(&self) -> bool {
        false
    }
}
