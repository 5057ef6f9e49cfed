//! The command line of `check`.

use std::path::PathBuf;

use clap::Parser;
use program::{Color, Format};

/// The checkout that this program was built in.
pub const CHECKOUT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// Mark an exercise by what the kernel saw
#[derive(Parser)]
#[command(name = "check", version, term_width = 80, after_help = AFTER_HELP)]
pub struct Options {
    /// The exercise; without one, show what is passed and what comes next
    #[arg(value_name = "N")]
    pub exercise: Option<usize>,

    /// Mark this program instead of lessons/exercises/exerciseNN.rs or .c
    #[arg(last = true, value_name = "COMMAND", requires = "exercise", conflicts_with = "watch")]
    pub command: Vec<String>,

    /// Mark the exercise whenever its file is saved; n and Enter go on to the next one
    #[arg(long)]
    pub watch: bool,

    /// Show the goal and the next hint: there are three
    #[arg(long, requires = "exercise", conflicts_with_all = ["command", "watch"])]
    pub hint: bool,

    /// Put the exercise's files back as they were; what you have written is kept in lessons/exercises/.kept
    #[arg(long, requires = "exercise", conflicts_with_all = ["command", "watch", "hint"])]
    pub reset: bool,

    /// Show the worked solution, once the exercise is passed
    #[arg(long, requires = "exercise", conflicts_with_all = ["command", "watch", "hint", "reset"])]
    pub solution: bool,

    /// With --solution: show it now
    #[arg(long, requires = "solution")]
    pub give_up: bool,

    /// With --solution: show the one in C
    #[arg(long, requires = "solution")]
    pub c: bool,

    /// Mark a class: a folder with a folder for each student, and in it exerciseNN.rs, .c, .cpp, .py or .sh
    #[arg(long, value_name = "DIR", conflicts_with_all = ["command", "watch", "hint", "reset", "solution"])]
    pub class: Option<PathBuf>,

    /// Run hand-ins among your own files, processes and segments: without this, a class is marked only in a
    /// sandbox
    #[arg(long)]
    pub without_walls: bool,

    /// With --class: the table as CSV
    #[arg(long, requires = "class", conflicts_with = "format")]
    pub csv: bool,

    /// Verdicts for people, or as JSON, one object a line
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "text")]
    pub format: Format,

    /// Write the verdicts as JUnit XML, too
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,

    /// Show what the program printed, quoted
    #[arg(long, conflicts_with = "class")]
    pub output: bool,

    /// When to use colour
    #[arg(long, value_enum, value_name = "WHEN", default_value = "auto")]
    pub color: Color,

    /// Draw with ASCII only, as is done anyway where the locale is not UTF-8
    #[arg(long)]
    pub ascii: bool,

    /// Where the exercises and your progress are: the playground's own folder
    #[arg(long, value_name = "DIR", hide_short_help = true, default_value = CHECKOUT)]
    pub home: PathBuf,

    /// Only for check itself: be the process that judges
    #[arg(long, hide = true, exclusive = true)]
    pub judge: bool,
}

const AFTER_HELP: &str = "\
Examples:
  cargo run --bin check                     what is passed, and what comes next
  cargo run --bin check -- 3                mark exercise 3
  cargo run --bin check -- 3 --hint         the next hint for it
  cargo run --bin check -- --watch          mark whenever you save
  cargo run --bin check -- 8 -- ./shm       mark a C program as exercise 8
  cargo run --bin check -- 4 -- python3 x.py
  cargo run --bin check -- 3 --reset        start again; your text is kept
  cargo run --bin check -- 3 --output       and show what it printed
  cargo run --bin check -- --class DIR      mark a class: a folder a student

To run your own program without marking it, from the top of the checkout:
  cargo run -p exercises --bin exercise03
  cc -o /tmp/exercise03 lessons/exercises/exercise03.c && /tmp/exercise03

A program is judged by its System V calls, by the bytes in its segments, and by
what it prints only if nobody could know that without reading the segment. It
runs in namespaces of its own, under limits; what it leaves is removed.

Exit status: 0 passed, 1 not yet, 2 the command line was not understood.";
