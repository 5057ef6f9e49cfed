//! `play`: a prompt for one's own calls, on a model of Linux's rules.
//!
//! Run: `cargo run --bin play`, or with a script: `cargo run --bin play -- FILE`.
//!
//! **Invariant:** whatever is typed, the prompt comes back: a line is done, or it is said why not.

mod editor;
mod levels;
mod lines;
mod render;

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use play::language::Misunderstood;
use play::level::Level;
use play::session::{Session, Told};

use editor::Editor;
use lines::{Command, command};

/// Type calls for shared memory and semaphores, and see what Linux would answer.
#[derive(Parser)]
#[command(
    after_help = "On a terminal, help lists what can be typed. The exit status is 0 if every line was understood \
    (an errno is an answer), 1 if a file cannot be read or written, 2 if a line was not understood, and 3 if the level \
    of --level is not solved at the end of a script."
)]
struct Options {
    /// Lines to do; without it they are read from the terminal, or from standard input.
    script: Option<PathBuf>,
    /// Tell it to people, or to programs: one event a line.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Start this puzzle; without a name, list them.
    #[arg(long, num_args = 0..=1, default_missing_value = "")]
    level: Option<String>,
    /// Use colour.
    #[arg(long, value_enum, default_value = "auto")]
    color: When,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Format {
    Text,
    Json,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum When {
    Auto,
    Always,
    Never,
}

/// Why the program ends before its lines do.
enum Failure {
    /// A file, or standard output.
    Io(io::Error),
    /// A line was not understood.
    Misunderstood,
    /// There is no such level.
    NoLevel(String),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        Failure::Io(error)
    }
}

fn main() -> ExitCode {
    let options = Options::parse();
    match options.color {
        When::Always => colored::control::set_override(true),
        When::Never => colored::control::set_override(false),
        When::Auto if !io::stdout().is_terminal() => colored::control::set_override(false),
        When::Auto => {}
    }
    match run(&options) {
        Ok(code) => code,
        Err(Failure::Io(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(Failure::Io(error)) => {
            let _ = writeln!(io::stderr(), "play: {error}");
            ExitCode::from(1)
        }
        Err(Failure::Misunderstood) => ExitCode::from(2),
        Err(Failure::NoLevel(name)) => {
            let _ = writeln!(io::stderr(), "play: there is no level {name}. play --level lists them.");
            ExitCode::from(2)
        }
    }
}

fn run(options: &Options) -> Result<ExitCode, Failure> {
    let level = match options.level.as_deref() {
        None => None,
        Some("") => {
            levels::list(&mut io::stdout())?;
            return Ok(ExitCode::SUCCESS);
        }
        Some(name) => Some(levels::named(name).ok_or_else(|| Failure::NoLevel(name.to_owned()))?),
    };
    let mut prompt = Prompt::new(options.format, level);
    prompt.greet()?;
    match &options.script {
        Some(file) => prompt.script(BufReader::new(open(file)?))?,
        None if io::stdin().is_terminal() => prompt.terminal()?,
        None => prompt.script(io::stdin().lock())?,
    }
    prompt.end()
}

/// A file; the error names it.
fn open(file: &Path) -> io::Result<File> {
    File::open(file).map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", file.display())))
}

/// How deep files may name files.
const DEEPEST: usize = 16;

struct Prompt {
    session: Session,
    format: Format,
    level: Option<Level>,
    depth: usize,
    hints: usize,
    is_solved: bool,
}

impl Prompt {
    fn new(format: Format, level: Option<Level>) -> Prompt {
        let start = level.as_ref().map_or(&[][..], |level| &level.start);
        let session = Session::new(start).unwrap_or_else(|_| Session::empty());
        Prompt { session, format, level, depth: 0, hints: 0, is_solved: false }
    }

    fn greet(&self) -> io::Result<()> {
        if self.format == Format::Json {
            return render::json(&serde_json::json!({"event": "begin", "kernel": "model"}));
        }
        let mut out = io::stdout();
        writeln!(
            out,
            "This is a model of Linux's rules, not your kernel. help says what can be typed, quit ends."
        )?;
        match &self.level {
            Some(level) => levels::introduce(&mut out, level),
            None => Ok(()),
        }
    }

    /// Reads lines from a person.
    fn terminal(&mut self) -> Result<(), Failure> {
        let mut editor = Editor::new();
        while let Some(line) = editor.line(&self.sign(), &self.session)? {
            match self.line(&line) {
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
        editor.keep_history();
        Ok(())
    }

    /// Does the lines of a script, up to the first that is not understood.
    fn script(&mut self, reader: impl BufRead) -> Result<(), Failure> {
        for (number, line) in reader.split(b'\n').enumerate() {
            let line = String::from_utf8_lossy(&line?).into_owned();
            if self.format == Format::Text && !line.trim().is_empty() {
                writeln!(io::stdout(), "{}{}", self.sign(), line.trim_end())?;
            }
            match self.line(&line) {
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
        match command(line) {
            Some(Command::Quit) => return Ok(false),
            Some(Command::Save(file)) => fs::write(&file, self.session.script())
                .map_err(|error| io::Error::new(error.kind(), format!("{file}: {error}")))?,
            Some(Command::Source(file)) => {
                let reader = BufReader::new(open(Path::new(&file))?);
                self.nested(reader)?;
            }
            Some(Command::Hint) if self.level.is_some() => self.hint()?,
            _ => self.calls(line)?,
        }
        Ok(true)
    }

    fn hint(&mut self) -> io::Result<()> {
        let Some(level) = &self.level else { return Ok(()) };
        let hint = &level.hints[self.hints.min(2)];
        self.hints += 1;
        writeln!(io::stdout(), "    Hint  {hint}")
    }

    fn calls(&mut self, line: &str) -> Result<(), Failure> {
        match self.session.line(line) {
            Ok(told) => {
                told.iter().try_for_each(|told| self.tell(told))?;
                self.check_level()?;
                Ok(())
            }
            Err(error) => {
                self.misunderstood(&error)?;
                Err(Failure::Misunderstood)
            }
        }
    }

    fn tell(&self, told: &Told) -> io::Result<()> {
        match self.format {
            Format::Json => render::json(told),
            Format::Text => render::text(&mut io::stdout(), told),
        }
    }

    fn misunderstood(&self, error: &Misunderstood) -> io::Result<()> {
        match self.format {
            Format::Json => render::json(&serde_json::json!({
                "event": "misunderstood", "column": error.column, "message": error.message, "nearest": error.nearest,
            })),
            Format::Text => render::misunderstood(&mut io::stdout(), &self.sign(), error),
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
        match self.format {
            Format::Json => render::json(&serde_json::json!({
                "event": "solved", "calls": self.session.world().acts, "par": level.par,
            })),
            Format::Text => levels::solved(&mut io::stdout(), level, self.session.world().acts),
        }
    }

    /// What the program's exit status is.
    fn end(&self) -> Result<ExitCode, Failure> {
        match &self.level {
            Some(_) if !self.is_solved => Ok(ExitCode::from(3)),
            _ => Ok(ExitCode::SUCCESS),
        }
    }
}
