//! The prompt itself: lines in, what came of them out.

use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::ExitCode;

use play::language::Misunderstood;
use play::level::Level;
use play::session::{Failure as NotBegun, Session, Told};
use playground_core::story::{ascii, visible};
use program::Format;

use super::editor::{Editor, Typed};
use super::interrupts::Interrupts;
use super::kernels::Chosen;
use super::lines::{Command, command};
use super::progress::Progress;
use super::save::save;
use super::{Failure, Options, levels, open, render};

/// How a line begins that stands for something that this prompt has no words for.
const LEFT_OUT: &str = "# left out";
/// How deep files may name files.
const DEEPEST: usize = 16;

/// A session at a prompt.
pub struct Prompt {
    session: Session,
    format: Format,
    is_ascii: bool,
    level: Option<Level>,
    depth: usize,
    hints: usize,
    is_solved: bool,
    /// What is said first.
    greeting: String,
    why: Option<String>,
    /// The puzzle's name, and where it is noted that it is solved.
    name: String,
    progress: Progress,
    /// The first line, as far as it is typed already.
    typed: Option<String>,
    /// Whether the lines are somebody else's.
    is_handed_in: bool,
    interrupts: Interrupts,
}

impl Prompt {
    /// A session with a kernel, and perhaps a puzzle.
    pub fn new(options: &Options, chosen: Chosen, level: Option<Level>) -> Result<Prompt, Failure> {
        let so_far = understood(options.so_far.as_deref().unwrap_or_default());
        let start = level.as_ref().map_or(&so_far[..], |level| &level.start);
        let Chosen { kernel, greeting, why } = chosen;
        let session = Session::on(kernel, start).map_err(|failure| match failure {
            NotBegun::Kernel(why) => Failure::Environment(why),
            NotBegun::Line(error) => Failure::Environment(format!("what was done so far: {error}")),
        })?;
        let (format, depth, hints, is_solved) = (options.format, 0, 0, false);
        let (name, progress) = (options.level.clone().unwrap_or_default(), Progress::load(&options.home));
        let is_ascii = program::screen(options.ascii, false).ascii;
        Ok(Prompt {
            session,
            format,
            is_ascii,
            level,
            depth,
            hints,
            is_solved,
            greeting,
            why,
            name,
            progress,
            typed: options.typed.clone(),
            is_handed_in: options.are_handed_in(),
            interrupts: Interrupts::let_through(),
        })
    }

    /// Says who answers, and what to reach.
    pub fn greet(&self) -> io::Result<()> {
        if self.format == Format::Json {
            let mut begin = serde_json::json!({"event": "begin", "kernel": self.session.kernel()});
            if let Some(why) = &self.why {
                begin["why"] = why.as_str().into();
            }
            return render::json(&begin);
        }
        let mut out = io::stdout();
        writeln!(out, "{}", self.greeting)?;
        if let Some(why) = &self.why {
            textwrap::wrap(why, render::width()).iter().try_for_each(|line| writeln!(out, "{line}"))?;
        }
        writeln!(out, "help shows what can be typed, quit ends the session.")?;
        match &self.level {
            Some(level) => levels::introduce(&mut out, level),
            None => self.introduce_so_far(&mut out),
        }
    }

    /// Says what was done before the first line; a lesson may have done much.
    fn introduce_so_far(&self, out: &mut impl Write) -> io::Result<()> {
        const LAST: usize = 6;
        let (left_out, lines): (Vec<&str>, Vec<&str>) =
            self.session.start().partition(|line| line.starts_with(LEFT_OUT));
        if lines.is_empty() && left_out.is_empty() {
            return Ok(());
        }
        writeln!(out, "\nUntil now, in this world of your own:")?;
        let earlier = lines.len().saturating_sub(LAST);
        if earlier > 0 {
            writeln!(out, "    ... {earlier} lines before that")?;
        }
        lines[earlier..].iter().try_for_each(|line| writeln!(out, "    {line}"))?;
        render::left_out(out, left_out.len())?;
        writeln!(out, "show draws it, quit goes back to the lesson.")
    }

    /// Reads lines from a person.
    pub fn terminal(&mut self) -> Result<(), Failure> {
        self.interrupts = Interrupts::hold();
        let mut editor = Editor::new();
        loop {
            self.session.hear().iter().try_for_each(|told| self.tell(told))?;
            let typed = self.typed.take().unwrap_or_default();
            let line = match editor.line(&self.sign(), &typed, &self.session)? {
                Typed::Line(line) => line,
                Typed::TakeBack => match self.session.wait_to_take_back() {
                    Some(count) => format!("undo {count}"),
                    None => continue,
                },
                Typed::End => break,
            };
            // What came before this line was there has nothing to stop any more.
            while self.interrupts.came() {}
            // What was pasted may be several lines.
            let done = line.lines().try_fold(true, |goes_on, line| Ok(goes_on && self.line(line)?));
            match done {
                Ok(true) => {}
                Ok(false) => break,
                // A person gets the prompt again.
                Err(Failure::Misunderstood) => {}
                Err(Failure::Io(error)) if error.kind() != io::ErrorKind::BrokenPipe => {
                    writeln!(io::stdout(), "{error}")?;
                }
                Err(failure) => return Err(failure),
            }
        }
        Ok(())
    }

    /// Does a script, and ends whoever lives or waits at its end.
    pub fn whole_script(&mut self, reader: impl BufRead) -> Result<(), Failure> {
        let done = self.script(reader);
        let heard = self.session.hear();
        heard.iter().chain(&self.session.ends()).try_for_each(|told| self.tell(told))?;
        done
    }

    /// Does the lines of a script, up to the first that is not understood.
    fn script(&mut self, reader: impl BufRead) -> Result<(), Failure> {
        for (number, line) in reader.split(b'\n').enumerate() {
            let line = String::from_utf8_lossy(&line?).into_owned();
            // Some editors begin a file with a mark of its encoding.
            let line = if number == 0 { line.trim_start_matches('\u{feff}') } else { &line };
            if self.format == Format::Text && !line.trim().is_empty() {
                let shown = visible(&line.trim_end().replace('\t', " "));
                self.print(|out| writeln!(out, "{}{shown}", self.sign()))?;
            }
            match self.line(line) {
                Ok(true) => {}
                Ok(false) => break,
                Err(Failure::Misunderstood) => {
                    writeln!(io::stderr(), "play: line {} was not understood", number + 1)?;
                    return Err(Failure::Misunderstood);
                }
                Err(failure) => return Err(failure),
            }
        }
        Ok(())
    }

    /// Does a file that a line names; a file that names itself comes to an end, too.
    fn nested(&mut self, reader: impl BufRead) -> Result<(), Failure> {
        if self.depth == DEEPEST {
            return Err(io::Error::other(format!("source goes deeper than {DEEPEST} files")).into());
        }
        self.depth += 1;
        let done = self.script(reader);
        self.depth -= 1;
        done
    }

    /// What stands before a line: the letter of the process that acts.
    fn sign(&self) -> String {
        format!("{}> ", self.session.world().current.as_deref().unwrap_or("-"))
    }

    /// Does a line. Returns whether to go on.
    fn line(&mut self, line: &str) -> Result<bool, Failure> {
        if self.interrupts.came() {
            let stopped =
                "Ctrl-C: this line and those behind it were not done. undo takes back those before it.";
            return Err(io::Error::new(io::ErrorKind::Interrupted, stopped).into());
        }
        match command(line) {
            Some(Command::Quit) => return Ok(false),
            Some(Command::Save(_) | Command::Source(_)) if self.is_handed_in => {
                let why = "a script that solves a level neither reads other files nor writes any";
                self.misunderstood(line, &Misunderstood::new(line, 0, why))?;
                return Err(Failure::Misunderstood);
            }
            Some(Command::Save(file)) => self.save(&file)?,
            Some(Command::Source(file)) => {
                let reader = BufReader::new(open(Path::new(&file))?);
                self.nested(reader)?;
            }
            Some(Command::Hint) if self.level.is_some() => self.hint()?,
            _ => self.calls(line)?,
        }
        Ok(true)
    }

    fn save(&self, file: &str) -> io::Result<()> {
        let script = self.session.script();
        save(file, &script)?;
        let lines = script.lines().count();
        match self.format {
            Format::Json => {
                render::json(&serde_json::json!({"event": "saved", "file": file, "lines": lines}))
            }
            Format::Text => self.print(|out| writeln!(out, "    Saved in {file}, lines: {lines}")),
        }
    }

    fn hint(&mut self) -> io::Result<()> {
        let Some(level) = &self.level else { return Ok(()) };
        let hint = level.hints[self.hints.min(2)].clone();
        self.hints = (self.hints + 1).min(level.hints.len());
        if self.format == Format::Json {
            return render::json(&serde_json::json!({"event": "hint", "text": hint}));
        }
        let shown = self.hints;
        // Where it cannot be noted, the hint is told all the same.
        let _ =
            self.progress.note(&levels::kept_as(&self.name), |state| state.hints = state.hints.max(shown));
        let last = if shown == level.hints.len() { " This is the last hint." } else { "" };
        render::hint(&mut io::stdout(), &format!("{hint}{last}"))
    }

    fn calls(&mut self, line: &str) -> Result<(), Failure> {
        match self.session.line(line) {
            Ok(told) => {
                told.iter().try_for_each(|told| self.tell(told))?;
                self.check_level()?;
                Ok(())
            }
            Err(error) => {
                self.misunderstood(line, &error)?;
                Err(Failure::Misunderstood)
            }
        }
    }

    fn tell(&self, told: &Told) -> io::Result<()> {
        match self.format {
            Format::Json => render::told_as_json(told),
            Format::Text => self.print(|out| render::text(out, told)),
        }
    }

    /// Writes what a function renders. With `--ascii` what was typed and what a process prints is written in ASCII, too: all
    /// else is so anyway.
    fn print(&self, render: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> io::Result<()> {
        let mut text = Vec::new();
        render(&mut text)?;
        match self.is_ascii {
            true => io::stdout().write_all(ascii(&String::from_utf8_lossy(&text)).as_bytes()),
            false => io::stdout().write_all(&text),
        }
    }

    fn misunderstood(&self, line: &str, error: &Misunderstood) -> io::Result<()> {
        match self.format {
            Format::Json => render::json(&serde_json::json!({
                "event": "misunderstood", "column": error.column, "message": error.message, "nearest": error.nearest,
            })),
            Format::Text => self.print(|out| render::misunderstood(out, &self.sign(), line, error)),
        }
    }

    /// Says once that the goal is reached.
    fn check_level(&mut self) -> io::Result<()> {
        let Some(level) =
            self.level.as_ref().filter(|level| !self.is_solved && level.is_reached(&self.session))
        else {
            return Ok(());
        };
        self.is_solved = true;
        let calls = self.session.world().acts;
        // What a program reads is marked for somebody else.
        if self.format == Format::Json {
            return render::json(&serde_json::json!({"event": "solved", "calls": calls, "par": level.par}));
        }
        levels::solved(&mut io::stdout(), &self.name, level, calls)?;
        // Where it cannot be noted, it is solved all the same.
        match self.progress.note(&levels::kept_as(&self.name), |state| state.passed = true) {
            Ok(()) => Ok(()),
            Err(error) => {
                writeln!(io::stdout(), "That it is solved could not be kept for the next time: {error}")
            }
        }
    }

    /// What the program's exit status is.
    pub fn end(&self) -> Result<ExitCode, Failure> {
        match &self.level {
            Some(_) if !self.is_solved => Ok(ExitCode::from(3)),
            _ => Ok(ExitCode::SUCCESS),
        }
    }
}

/// The lines that mean something at this prompt, of those that a lesson has done.
fn understood(so_far: &str) -> Vec<String> {
    let mut trial = Session::empty();
    so_far.lines().filter(|line| trial.line(line).is_ok()).map(str::to_owned).collect()
}
