//! `play`: a prompt for one's own calls, on the kernel of this computer or on a model of its rules.
//!
//! Run: `cargo run --bin play`, or with a script: `cargo run --bin play -- FILE`.
//!
//! **Invariant:** whatever is typed, the prompt comes back: a line is done, or it is said why not.

mod editor;
mod interrupts;
mod kernels;
mod levels;
mod lines;
#[path = "../../check/progress.rs"]
mod progress;
mod prompt;
mod render;
mod save;

use std::fs::File;
use std::io::{self, BufReader, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use program::{Color, Format};

use kernels::Which;
use progress::Progress;
use prompt::Prompt;

/// Type calls for shared memory and semaphores, and see what Linux answers.
#[derive(Parser)]
#[command(
    term_width = 80,
    after_help = "On a terminal, help lists what can be typed. The exit status is 0 if every line was understood \
    (an errno is an answer), 1 if a file cannot be read or written or namespaces are forbidden, 2 if a line was not understood, and 3 if the level \
    of --level is not solved at the end of a script."
)]
struct Options {
    /// A file of lines to run; without it they are read from the terminal, or from standard input.
    script: Option<PathBuf>,
    /// Tell it to people, or to programs: one event a line.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Start this puzzle; without a name, list them.
    #[arg(long, num_args = 0..=1, default_missing_value = "")]
    level: Option<String>,
    /// Whose kernel answers: this computer's, in private namespaces, or a model of its rules.
    ///
    /// Without this option it is this computer's, where that is Linux and allows private namespaces.
    #[arg(long, value_enum, value_name = "KERNEL")]
    kernel: Option<Which>,
    /// Only in private namespaces, as with `--kernel linux`: where they are forbidden, nothing is run.
    #[arg(long, conflicts_with = "kernel")]
    isolated: bool,
    /// The checkout in which solved puzzles are noted, as check does.
    #[arg(long, value_name = "FOLDER", default_value = CHECKOUT, hide_default_value = true)]
    home: PathBuf,
    /// Run these lines first; a lesson's p does so.
    #[arg(long, value_name = "LINES", conflicts_with = "level", allow_hyphen_values = true)]
    so_far: Option<String>,
    /// Have this line typed already, to be edited; a lesson's i does so.
    #[arg(long, value_name = "LINE", requires = "so_far", allow_hyphen_values = true)]
    typed: Option<String>,
    /// Write ASCII only, as is done anyway where the locale is not UTF-8.
    #[arg(long)]
    ascii: bool,
    /// When to use colour; auto respects NO_COLOR, CLICOLOR_FORCE and TERM=dumb.
    #[arg(long, value_enum, value_name = "WHEN", default_value = "auto")]
    color: Color,
}

/// The checkout that this program was built in.
const CHECKOUT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// Why the program ends before its lines do.
enum Failure {
    /// A file, or standard output.
    Io(io::Error),
    /// A line was not understood.
    Misunderstood,
    /// There is no such level.
    NoLevel(String),
    /// The system does not allow what was asked for.
    Environment(String),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        Failure::Io(error)
    }
}

fn main() -> ExitCode {
    let options = Options::parse();
    program::choose_color_for(options.color, io::stdout().is_terminal());
    match run(&options) {
        Ok(code) => code,
        Err(Failure::Io(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(Failure::Io(error)) => {
            let _ = writeln!(io::stderr(), "play: {error}");
            ExitCode::from(1)
        }
        Err(Failure::Misunderstood) => ExitCode::from(2),
        Err(Failure::Environment(why)) => {
            let _ = writeln!(io::stderr(), "play: {why}");
            ExitCode::from(1)
        }
        Err(Failure::NoLevel(name)) => {
            let _ = writeln!(io::stderr(), "play: {}", levels::unknown(&name));
            ExitCode::from(2)
        }
    }
}

impl Options {
    /// Whether the lines are somebody else's, to be marked: they may write no file, read none, and start no program.
    fn are_handed_in(&self) -> bool {
        self.level.is_some() && (self.script.is_some() || !io::stdin().is_terminal())
    }
}

fn run(options: &Options) -> Result<ExitCode, Failure> {
    let level = match options.level.as_deref() {
        None => None,
        Some("") => {
            levels::list(&mut io::stdout(), &Progress::load(&options.home))?;
            return Ok(ExitCode::SUCCESS);
        }
        Some(name) => Some(levels::named(name).ok_or_else(|| Failure::NoLevel(name.to_owned()))?),
    };
    let wanted = if options.isolated { Some(Which::Linux) } else { options.kernel };
    let mut prompt = Prompt::new(options, kernels::choose(wanted, level.as_ref(), options)?, level)?;
    prompt.greet()?;
    match &options.script {
        Some(file) => prompt.whole_script(BufReader::new(open(file)?))?,
        None if io::stdin().is_terminal() => prompt.terminal()?,
        None => prompt.whole_script(io::stdin().lock())?,
    }
    prompt.end()
}

/// A file; the error names it.
fn open(file: &Path) -> io::Result<File> {
    let opened = File::open(file).and_then(|opened| match opened.metadata()?.is_dir() {
        true => Err(io::ErrorKind::IsADirectory.into()),
        false => Ok(opened),
    });
    opened.map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", file.display())))
}
