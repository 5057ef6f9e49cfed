//! Runs any program, and tells its System V calls as the lessons do.
//!
//! Run: `cargo run --bin trace -- ./shm`. The program's own output stays its own: the narration goes to standard
//! error, as strace's does, or to the file that `--output` names.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use playground_core::story::{Json, Render, Text, visible};
use program::{self, Color, Format};
use trace::{self, Command, Ending, Form, Limits, Narrator, Nth, Trace, Watch};

/// Run a program of any language, and tell its calls for shared memory and semaphores
#[derive(Parser)]
#[command(name = "trace", version, term_width = 80, after_help = AFTER_HELP)]
struct Options {
    /// Tell the story as text, or as JSON Lines, one event a line
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "text")]
    format: Format,

    /// When to use colour
    #[arg(long, value_enum, value_name = "WHEN", default_value = "auto")]
    color: Color,

    /// Draw with ASCII only, as is done anyway where the locale is not UTF-8
    #[arg(long)]
    ascii: bool,

    /// Write the story to a file instead of standard error
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Kill everything when more threads and processes than this are alive at once
    #[arg(long, value_name = "N", default_value_t = Limits::default().tasks)]
    tasks: usize,

    /// Watch each access to one word of the segment that is attached first, and
    /// say whether an update of it can be lost: where the word begins, and how
    /// many bytes it has (1, 2, 4 or 8; 4 unless told), or float, or double
    #[arg(long, value_name = "OFFSET[:FORM]", value_parser = word)]
    race: Option<Watch>,

    /// The program, and its arguments
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

const AFTER_HELP: &str = "\
Examples:
  cargo run --bin trace -- ./shm                           a C program
  cargo run --bin trace -- python3 x.py                    or one in any language
  cargo run --bin trace -- --format json -o t.jsonl ./shm  for a program
  cargo run --bin trace -- --race 0 ./count                is the counter safe?

Children, threads and the programs that they run are followed. Ctrl-C goes to
the program; once that has ended, to what the program has left running, which is
killed a second later.
Nothing is removed: what is left is told, with the command that removes it. A
set-uid program does not gain its owner's rights while traced.

Exit status: the program's own, or death by the same signal; 127 it was not
found, 126 it could not be run, 1 tracing failed, the bound on tasks was reached
or Ctrl-C ended what was left running, 2 the command line was not understood.";

/// `OFFSET[:FORM]`: numbers in decimal or, with `0x`, in hexadecimal.
fn word(text: &str) -> Result<Watch, String> {
    let (offset, form) = text.split_once(':').unwrap_or((text, "4"));
    let number = |digits: &str| {
        let number = match digits.strip_prefix("0x") {
            Some(digits) => usize::from_str_radix(digits, 16),
            None => digits.parse(),
        };
        number.map_err(|_| format!("{digits:?} is no number"))
    };
    let offset = number(offset)?;
    let form = match form {
        "float" => Form::Float,
        "double" => Form::Double,
        size => Form::whole(number(size)?).ok_or("the processor watches 1, 2, 4 or 8 bytes")?,
    };
    match form.size() {
        size if offset.is_multiple_of(size) => {
            Ok(Watch { segment: Nth::Attached(0), offset, form, until_proof: false })
        }
        size => Err(format!("a word of {size} bytes begins at a multiple of {size}")),
    }
}

fn main() -> ExitCode {
    let options = match Options::try_parse() {
        Ok(options) => options,
        Err(error) => return program::answer(&error),
    };
    let out: Box<dyn Write> = match &options.output {
        Some(path) => match File::create(path) {
            Ok(file) => {
                program::choose_color_for(options.color, file.is_terminal());
                Box::new(file)
            }
            Err(error) => return failed(&format!("{} cannot be written: {error}", path.display()), "", 1),
        },
        None => {
            program::choose_color_for(options.color, io::stderr().is_terminal());
            Box::new(io::stderr())
        }
    };
    run(&options, BufWriter::new(out))
}

fn run(options: &Options, out: impl Write + 'static) -> ExitCode {
    let terminal = options.output.is_none() && io::stderr().is_terminal();
    let teller: Box<dyn Render> = match options.format {
        Format::Json => Box::new(Json::new(out)),
        Format::Text => Box::new(Text::new(out, program::screen(options.ascii, terminal))),
    };
    let mut narrator = Narrator::new(teller).watching(options.race);
    let limits = Limits { tasks: options.tasks, calls: 0, ..Limits::default() };
    let (program, arguments) = options.command.split_first().expect("clap requires a command");
    trace::pass_signals_on();
    match trace::run_watching(
        &Command::new(program).arguments(arguments),
        &limits,
        options.race,
        &mut narrator,
    ) {
        Ok(trace) => end(&trace, narrator.finish(&trace, &limits)),
        Err(error) => failed(&error.to_string(), &error.advice(), error.status()),
    }
}

/// Ends as the program did.
fn end(trace: &Trace, told: io::Result<()>) -> ExitCode {
    match told {
        // Whoever read the story has had enough of it; the program went on all the same.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            return failed(&format!("the story could not be written: {error}"), "", 1);
        }
        _ => {}
    }
    match (trace.cut, trace.ending) {
        (Some(_), _) => ExitCode::FAILURE,
        (None, Ending::Exited(status)) => ExitCode::from(status as u8),
        (None, Ending::Killed(signal)) => {
            trace::die_of(signal);
            ExitCode::from(trace.ending.status() as u8)
        }
    }
}

fn failed(what: &str, advice: &str, status: u8) -> ExitCode {
    program::say(&format!("trace: {}\n{}", visible(what), visible(advice)));
    ExitCode::from(status)
}
