//! The story for people: at most 80 columns, whole without colour, and in ASCII where nothing else is safe.
//!
//! **Invariant:** no event is left out, but for what only a waiting lesson can use; no fact is added; and what a
//! waiting lesson folds, it shows whole when it is asked to.

mod acts;
mod ends;
mod evidence;
mod folded;
mod lines;
mod pager;
mod picture;
mod questions;
mod race;
mod speeds;
mod table;
mod traced;

use std::io::{self, Write};

use colored::Colorize;

use super::Render;
use super::event::{Event, Fault};
use super::visible::visible;
use crate::clock::Zone;
use crate::process::Kernel;
use lines::INDENT;
pub use lines::ascii;

/// How the screen is.
#[derive(Clone, Copy, Debug)]
pub struct Screen {
    /// Columns.
    pub width: usize,
    /// Rows, if the learner turns the pages.
    pub rows: Option<usize>,
    /// Whether only ASCII may be written.
    pub ascii: bool,
    /// Whether the lesson waits between steps.
    pub stepping: bool,
    /// Whether the Enter after a prompt is seen on the screen, as in a terminal.
    pub echoes: bool,
    /// The time zone of whoever reads.
    pub zone: Zone,
}

/// Writes the story as text.
pub struct Text {
    out: pager::Pager,
    screen: Screen,
    /// Whether the last line was empty, so that there are never two.
    blank: bool,
    /// Whether the last line was a call told in short.
    short: bool,
    /// Where the last statement that was shown is.
    statement: Option<String>,
    /// Whether it was said what the code of a sentence stands for.
    codes_are_known: bool,
    /// Whether it was said what an experiment is.
    experiments_are_known: bool,
    /// Whose clock it is that the kernel's records are written by.
    kernel: Kernel,
    /// What the step has folded.
    folded: folded::Folded,
}

/// What stands below the first sentence that is put right.
const CODES: &str = "(E and a number name a fault of the article that these lessons follow. The book's page of errata lists \
                     them all.)";

/// What stands below the title of the first experiment.
const EXPERIMENTS: &str = "(A step shows what works. An experiment shows what goes wrong, on purpose.)";

/// Why nothing but Enter goes on in the middle of a step.
const BETWEEN_PARTS: &str = "The step has more to show. Enter shows its next part. At the end of the step p, i, m and ? work, \
                             too.";

impl Text {
    /// Writes to `out`, for a screen of this kind.
    pub fn new(out: impl Write + 'static, screen: Screen) -> Text {
        let out = pager::Pager::new(Box::new(out), screen.rows);
        Text {
            out,
            screen,
            blank: true,
            short: false,
            statement: None,
            codes_are_known: false,
            experiments_are_known: false,
            kernel: Kernel::Linux,
            folded: folded::Folded::default(),
        }
    }

    /// What sets an experiment apart is said with the first one.
    fn explain_experiments(&mut self, is_one: bool) -> io::Result<()> {
        if !is_one || std::mem::replace(&mut self.experiments_are_known, true) {
            return Ok(());
        }
        self.paragraph(EXPERIMENTS)?;
        self.blank()
    }

    fn erratum(&mut self, code: &str, fault: Fault, text: &str) -> io::Result<()> {
        let whose = match fault {
            Fault::Wrong => "The article errs",
            Fault::Missing => "The article does not say",
            Fault::Manual => "The manual page errs",
        };
        self.labelled(code.red().bold(), &format!("{whose}: {text}"))?;
        if !std::mem::replace(&mut self.codes_are_known, true) {
            self.labelled("".normal(), CODES)?;
        }
        self.blank()
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

impl Render for Text {
    fn shows_progress(&self) -> bool {
        true
    }

    fn tell_whole(&mut self) -> io::Result<bool> {
        self.unfold()
    }

    fn tell(&mut self, event: &Event) -> io::Result<()> {
        self.write(event)?;
        match event {
            // A headline stays with what comes below it.
            Event::Section { .. } | Event::Step { .. } if self.screen.rows.is_some() => Ok(()),
            Event::Wait(_) => self.out.show_and_ask(),
            Event::End { .. } => self.out.show_all(),
            _ => self.out.show(),
        }
    }

    fn page_is_full(&self) -> bool {
        self.out.is_full()
    }

    fn end_page(&mut self) -> io::Result<()> {
        let prompt = "[Enter] next part   [q] quit > ".bold().to_string();
        self.out.prompt(&prompt, self.screen.echoes)
    }

    fn explain_page(&mut self) -> io::Result<()> {
        self.out.remark(&textwrap::fill(BETWEEN_PARTS, self.screen.width))
    }

    fn turn_page(&mut self) -> io::Result<()> {
        self.out.turn()
    }
}

impl Text {
    fn write(&mut self, event: &Event) -> io::Result<()> {
        if !folded::is_act(event) {
            self.statement = None;
        }
        let short = is_short(event) || self.is_close(event);
        if std::mem::replace(&mut self.short, short) && !short {
            self.blank()?;
        }
        if self.folds(event) {
            return self.fold(event);
        }
        self.count_the_folded()?;
        match event {
            Event::Lesson { number, of, title, pid, page_size, isolated, kernel } => {
                self.kernel = *kernel;
                self.lesson(*number, *of, title)?;
                let place = ends::place(*kernel, *isolated);
                self.wrapped("", "", &format!("Process {pid}, {place}; a page has {page_size} bytes."))?;
            }
            Event::Section { title } => {
                self.fold_in_section(title);
                self.headline(title)?;
            }
            Event::Step { number, experiment, title } => {
                self.folded = folded::Folded::default();
                let kind = if *experiment { "Experiment" } else { "Step" };
                self.headline(&format!("{kind} {number} · {title}"))?;
                self.blank()?;
                self.explain_experiments(*experiment)?;
            }
            Event::Say { text } => {
                self.paragraph(text)?;
                self.blank()?;
            }
            Event::Why { text, asked: true } => self.labelled("More".bold(), text)?,
            Event::Why { .. } => {}
            Event::Reply { text } | Event::Moved { text } => self.paragraph(text)?,
            Event::Erratum { code, fault, text } => self.erratum(code, *fault, text)?,
            Event::Predict { question, options } => self.predict(question, options)?,
            Event::Answer { value, right, chosen, options } => {
                self.answer(value, *right, *chosen, options)?
            }
            Event::Call(call) => self.call(call)?,
            Event::Started { pid, who, c, rust, brief } => {
                self.started(&format!("{}{c}", speaker(who.as_deref(), *pid)), rust.as_ref(), *brief)?;
            }
            Event::Sleep { pid, who, state, function } => {
                self.sleep(&speaker(who.as_deref(), *pid), state, function)?;
            }
            Event::Memory(access) => self.access(access)?,
            Event::Bytes { offset, bytes } => self.bytes(*offset, bytes)?,
            Event::Record { shmid, moments, fields, now } => self.record(*shmid, moments, fields, *now)?,
            Event::Timeline(timeline) => self.timeline(timeline)?,
            Event::Segments { rows, others } => self.segments(rows, *others)?,
            Event::Maps { pid, who, added, removed, kept } => {
                self.maps(*pid, who.as_deref(), [added, removed, kept])?;
            }
            Event::Space { before, now, shmid, pages, resident, page_size } => {
                self.space((before.as_ref(), now), *shmid, [*pages, *page_size, *resident])?;
            }
            Event::Table { title, heading, rows } => self.table(title, heading, rows)?,
            Event::Speeds { traffic, sizes, rows } => self.speeds(*traffic, sizes, rows)?,
            Event::Warning { text } => self.warning(text)?,
            Event::Habit { text } => self.aside("Habit".green().bold(), text)?,
            Event::Count { what, times } => self.aside("Counted".bold(), &format!("{what}: {times}"))?,
            Event::Fork { pid, who } => {
                self.happened("Begins", &speaker(Some(who), *pid), "forked from this process")?;
            }
            Event::Exec { pid, who, command } => {
                self.happened("Runs", &speaker(who.as_deref(), *pid), &format!("exec {}", visible(command)))?;
            }
            Event::Signal { pid, who, text, .. } => {
                self.happened("Ends", &speaker(who.as_deref(), *pid), text)?;
            }
            Event::Tool { command, status, output } => self.tool(command, *status, output)?,
            Event::Try { command, shows } if self.screen.stepping => {
                self.labelled("Try it".bold(), &format!("in a second terminal: {command}"))?;
                self.aside("".normal(), shows)?;
            }
            Event::Try { .. } => {}
            Event::Print { text } => self.aside("Prints".bold(), text)?,
            Event::Missing { text } => self.aside("Missing".red().bold(), text)?,
            Event::Traced(event) => self.traced(event)?,
            Event::Wait(wants) => self.wait(*wants)?,
            Event::End { outcome, left, marked, left_sets, next, exercises, chapter, .. } => {
                self.end(*outcome, (left.as_deref(), left_sets.as_deref()), marked)?;
                self.onward(next.as_deref(), exercises, chapter.as_deref())?;
            }
        }
        Ok(())
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
