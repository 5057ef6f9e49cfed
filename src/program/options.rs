//! The options that all lessons and the walkthrough share, and those of a lesson alone.

use std::io::{self, IsTerminal};

use clap::{Args, Parser, ValueEnum};

use playground_core::story::Schedule;

/// The command line of a lesson.
#[derive(Clone, Debug, Parser)]
#[command(version, term_width = 80)]
pub struct Options {
    /// Wait for Enter after each step, or run through
    ///
    /// Without this option a lesson waits if it is run in a terminal. While it waits, the segment really exists:
    /// look at it from a second terminal, with `ipcs -m`.
    #[arg(long, value_enum, value_name = "PACE")]
    pub pace: Option<Pace>,

    /// Tell the story as text, or as JSON Lines, one event a line
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "text")]
    pub format: Format,

    /// When to use colour
    ///
    /// `auto` uses it in a terminal, and respects NO_COLOR, CLICOLOR_FORCE and TERM=dumb.
    #[arg(long, value_enum, value_name = "WHEN", default_value = "auto")]
    pub color: Color,

    /// Draw with ASCII only, as is done anyway where the locale is not UTF-8
    #[arg(long)]
    pub ascii: bool,

    /// Run in a private user and IPC namespace
    ///
    /// Ids start at 0 there, nothing can collide, and nothing can be left behind: not even by SIGKILL, since the
    /// kernel removes the namespace with its last process. Needs no root; some systems forbid it.
    #[arg(long)]
    pub isolated: bool,

    /// Which kernel performs the calls
    ///
    /// `linux` is the one that this machine runs. `model` is Linux's rules as a program: nothing reaches a real kernel,
    /// nothing can be left, and it runs on any system.
    #[arg(long, value_enum, value_name = "KERNEL", default_value = DEFAULT_KERNEL)]
    pub kernel: Kernel,

    /// Let each process count so far in a race, and no further: for the tests of how a lesson ends, which want no
    /// figures.
    #[arg(long, value_name = "INCREMENTS", hide = true)]
    pub race: Option<u64>,

    /// Only for the walkthrough, which has an option of its own for it.
    #[arg(skip)]
    pub quiet: bool,
}

/// The options of a lesson that has none of its own.
#[derive(Clone, Copy, Debug, Args)]
pub struct NoMore {}

/// The option of the lesson in which the learner is the scheduler.
#[derive(Clone, Debug, Args)]
pub struct Scheduling {
    /// Replay an order of steps, such as AABBAB, instead of asking who moves
    ///
    /// Two processes increment one counter. Each of them moves three times: it loads, adds, stores.
    #[arg(long, value_name = "MOVES")]
    pub schedule: Option<Schedule>,
}

/// Who performs the calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kernel {
    /// The kernel of this machine, which has to be Linux
    Linux,
    /// A model of Linux's rules
    Model,
}

/// The real kernel, where there is one.
const DEFAULT_KERNEL: &str = if cfg!(target_os = "linux") { "linux" } else { "model" };

/// How fast the story goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Pace {
    /// Wait for Enter after each step
    Step,
    /// Do not wait
    Run,
}

/// What the story is told in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Text,
    /// For programs
    Json,
}

/// When there is colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// In a terminal
    Auto,
    /// In a file, too
    Always,
    /// Nowhere
    Never,
}

impl Options {
    /// Whether to wait between steps: if asked to, or if a person is at both ends.
    pub(super) fn steps(&self) -> bool {
        let person = || io::stdin().is_terminal() && io::stdout().is_terminal();
        !self.quiet && self.pace.map_or_else(person, |pace| pace == Pace::Step)
    }
}

/// What `--help` ends with.
pub fn examples(name: &str) -> String {
    format!(
        "Examples:\n  \
         cargo run --bin {name}                          step by step, with questions\n  \
         cargo run --bin {name} -- --pace run            all at once\n  \
         cargo run --bin {name} -- --isolated            where nothing can be left\n  \
         cargo run --bin {name} -- --format json | jq .  for a program\n\n\
         At the prompt: Enter goes on, ? tells more, q leaves; nothing is left behind.\n\
         p opens a prompt for your own calls, i has the step's call typed there.\n\
         While a step waits, `ipcs -m` in a second terminal shows its segment.\n\
         Exit status: 0 the lesson ran or was left, 1 it failed, 2 the command line was not understood."
    )
}
