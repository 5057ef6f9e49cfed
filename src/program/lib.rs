//! What every lesson's `main` does: the command line, the screen, and every end that a lesson can have.
//!
//! **Invariant:** however a lesson ends, the learner reads words, never a backtrace; the exit status is 0 for a
//! lesson that ran or was left, 1 for one that failed, 2 for a misuse; and nothing of the lesson's is left.

mod answer;
#[cfg(not(target_os = "linux"))]
pub mod elsewhere;
mod options;
mod platform;
mod prompt;
mod screen;
mod sides;

use std::io::{self, IsTerminal, Write};
use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;

use clap::{Args, CommandFactory, FromArgMatches};

use playground_core::course::{self, LAST, LESSONS};
use playground_core::error::{Error, Result};
use playground_core::evidence::limits::{self, SHM_RMID_FORCED};
use playground_core::process::{self, ProcFile};
use playground_core::story::{Event, Json, LessonEnd, Plain, Prompt, Render, Source, Story, Text};

use prompt::Typed;

pub use answer::answer;
pub use options::{Color, Format, Kernel, NoMore, Options, Pace, Scheduling, examples};
pub use screen::{choose_color_for, screen};
pub use sides::{MOST_TEXT, Side, lesson_with_sides};

/// Runs a lesson: `program::lesson(3, Source { … }, tell)` is all that its `main` has to say.
pub fn lesson(number: usize, source: Source, tell: fn(&Story) -> Result<()>) -> ExitCode {
    lesson_with(number, source, |story, _: &NoMore| tell(story))
}

/// The same for a lesson that has options of its own, which no other lesson accepts.
pub fn lesson_with<More: Args>(
    number: usize,
    source: Source,
    tell: impl Fn(&Story, &More) -> Result<()>,
) -> ExitCode {
    if let Some(ended) = platform::serve_if_asked() {
        return ended;
    }
    let lesson = course::lesson(number).unwrap_or(&LESSONS[0]);
    let about = format!("Lesson {number} of {LAST}: {}", lesson.title);
    let command = Options::command().name(lesson.name).after_help(examples(lesson.name));
    // A lesson's own options bring a description of themselves, which is not the lesson's.
    let matches = More::augment_args(command).about(about).long_about(None).try_get_matches();
    let understood = matches
        .and_then(|matches| Ok((Options::from_arg_matches(&matches)?, More::from_arg_matches(&matches)?)));
    let (options, more) = match understood {
        Ok(understood) => understood,
        Err(error) => return answer(&error),
    };
    run(&options, Program { number: Some(number), title: lesson.title, source }, |story| tell(story, &more))
}

/// What is run.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// The lesson's number; the walkthrough has none.
    pub number: Option<usize>,
    /// What it is about.
    pub title: &'static str,
    /// Its text.
    pub source: Source,
}

/// Tells a story to the end, whatever end that is.
pub fn run(options: &Options, program: Program, tell: impl FnOnce(&Story) -> Result<()>) -> ExitCode {
    let further = Further::after(program.number);
    begun(options, program, further, tell)
}

/// Tells a story to the end, and what to do after that.
fn begun(
    options: &Options,
    program: Program,
    further: Further,
    tell: impl FnOnce(&Story) -> Result<()>,
) -> ExitCode {
    screen::choose_color(options.color);
    if let Some(status) = refused(options, &program) {
        return status;
    }
    let isolated = platform::isolate_if_asked(options);
    let advice = isolated.is_err().then_some("Without --isolated the lesson runs all the same.");
    if let Err(error) = isolated.and_then(|()| platform::prepare(options.kernel)) {
        if options.format == Format::Json {
            not_begun(options, &program, &error);
        }
        let status = failed(&error);
        advice.into_iter().for_each(say);
        return status;
    }
    panic::set_hook(Box::new(contradiction));
    let story = begin(options, &program);
    let ended = panic::catch_unwind(AssertUnwindSafe(|| tell(&story)));
    platform::remove_what_is_left(options.kernel);
    finish(&story, further, ended.ok())
}

/// What the model cannot run, it says before anything begins.
fn refused(options: &Options, program: &Program) -> Option<ExitCode> {
    let why = course::lesson(program.number?)?.needs_linux.filter(|_| options.kernel == Kernel::Model)?;
    let asked = format!("{}, on a model of Linux's rules", program.title);
    let error = Error::environment(
        asked,
        "it takes a real kernel",
        format!(
            "{why} Run it on Linux: in WSL2, a virtual machine, a container, or this repository's dev container."
        ),
    );
    if options.format == Format::Json {
        not_begun(options, program, &error);
    }
    Some(failed(&error))
}

/// Tells a program that listens how it ends before it begins; people read it on standard error.
fn not_begun(options: &Options, program: &Program, error: &Error) {
    let story = begin(&Options { isolated: false, ..options.clone() }, program);
    tell_end(&story, LessonEnd::Failed, Some(error.to_string()), Further::default());
}

fn begin(options: &Options, program: &Program) -> Story {
    let stepping = options.steps();
    let prompt =
        stepping.then(|| Box::new(Typed::new(io::stdin(), at_the_prompt(options))) as Box<dyn Prompt>);
    let story = Story::new(
        platform::process(options),
        teller(options, stepping),
        prompt,
        program.source,
        options.isolated,
    );
    options.race.inspect(|increments| story.limit_races(*increments));
    story.meet_the_user();
    story.tell(Event::Lesson {
        number: program.number,
        of: LAST,
        title: program.title.to_owned(),
        pid: story.pid(),
        page_size: story.page_size(),
        isolated: options.isolated,
        kernel: match options.kernel {
            Kernel::Linux => process::Kernel::Linux,
            Kernel::Model => process::Kernel::Model,
        },
    });
    if !options.quiet && options.kernel == Kernel::Linux && removes_with_the_last_detach() {
        story.warn(REMOVED_WITH_THE_LAST_DETACH);
    }
    story
}

/// The options of the learner's own prompt: the same kernel, the same characters, the same colours.
fn at_the_prompt(options: &Options) -> Vec<&'static str> {
    let kernel = if options.kernel == Kernel::Model { &["--kernel=model"][..] } else { &[] };
    let ascii = if options.ascii { &["--ascii"][..] } else { &[] };
    let color = match options.color {
        Color::Auto => "--color=auto",
        Color::Always => "--color=always",
        Color::Never => "--color=never",
    };
    [kernel, ascii, &[color]].concat()
}

/// What the learner has to know where the kernel does otherwise than it does by default.
const REMOVED_WITH_THE_LAST_DETACH: &str = "kernel.shm_rmid_forced is 1 here: the kernel removes a segment with its \
     last attachment. What detaches a segment and goes on with it fails. Run it with --isolated: there it is 0.";

fn removes_with_the_last_detach() -> bool {
    let setting = std::fs::read_to_string(ProcFile::Setting(SHM_RMID_FORCED).path(0));
    setting.is_ok_and(|text| limits::parse(&text) == Ok(1))
}

fn teller(options: &Options, stepping: bool) -> Box<dyn Render> {
    let out = io::stdout();
    match options.format {
        _ if options.quiet => Box::new(Plain::new(out)),
        Format::Json => Box::new(Json::new(out)),
        Format::Text => Box::new(Text::new(out, screen::measure(options.ascii, stepping))),
    }
}

/// Tells the end. `ended` is nothing when a panic ended the story, which the panic hook has told.
fn finish(story: &Story, further: Further, ended: Option<Result<()>>) -> ExitCode {
    let ended = ended.map(|ended| ended.and(story.unharmed()));
    let outcome = match &ended {
        Some(Ok(())) => LessonEnd::Complete,
        Some(Err(Error::Quit)) => LessonEnd::Quit,
        _ => LessonEnd::Failed,
    };
    let error = ended.as_ref().and_then(|ended| ended.as_ref().err()).map(Error::to_string);
    let further = if outcome == LessonEnd::Complete { further } else { Further::default() };
    tell_end(story, outcome, error, further);
    match ended.map(|ended| ended.and_then(|()| story.unharmed())) {
        Some(Ok(()) | Err(Error::Quit)) => ExitCode::SUCCESS,
        // Whoever read the story has had enough of it: that is no failure (`lesson01 | head`).
        Some(Err(Error::Output(error))) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Some(Err(error)) => failed(&error),
        None => ExitCode::FAILURE,
    }
}

/// What to do after a lesson, or after the walk: a command, the exercises, and what to read.
#[derive(Default)]
struct Further {
    next: Option<String>,
    exercises: Vec<String>,
    chapter: Option<String>,
}

impl Further {
    /// After the last lesson comes the prompt for calls of one's own.
    fn after(number: Option<usize>) -> Further {
        let next = course::next(number).map_or("play", |lesson| lesson.name);
        let exercises = number.map_or(&[][..], course::exercises);
        Further {
            next: Some(format!("cargo run --bin {next}")),
            exercises: exercises.iter().map(|number| format!("cargo run --bin check -- {number}")).collect(),
            chapter: number.map(|number| format!("book/src/lesson{number:02}.md")),
        }
    }
}

fn tell_end(story: &Story, outcome: LessonEnd, error: Option<String>, further: Further) {
    let Further { next, exercises, chapter } = further;
    let (left, marked) = story.left().unzip();
    let (marked, left_sets) = (marked.unwrap_or_default(), story.left_sets());
    story.tell(Event::End { outcome, error, left, marked, left_sets, next, exercises, chapter });
}

/// Prints names with what they stand for, a line each.
pub fn print_list<'a>(lines: impl Iterator<Item = (&'a str, &'a str)>) -> ExitCode {
    let text: String = lines.map(|(name, title)| format!("{name}  {title}\n")).collect();
    written(io::stdout().write_all(text.as_bytes()))
}

/// The exit status of what only writes: whoever reads it may have had enough of it.
fn written(outcome: io::Result<()>) -> ExitCode {
    match outcome {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => failed(&Error::Output(error)),
        _ => ExitCode::SUCCESS,
    }
}

/// Says on standard error what was asked, what the system answered, why, and what to try.
fn failed(error: &Error) -> ExitCode {
    let mut words = format!("The run ended early: {error}");
    if let Some(advice) = error.advice() {
        words += &format!("\n{advice}");
    }
    say(&words);
    ExitCode::FAILURE
}

/// An assertion of a lesson did not hold: this kernel does otherwise than the lesson says.
fn contradiction(panic: &panic::PanicHookInfo<'_>) {
    let place =
        panic.location().map_or(String::new(), |place| format!(" ({}:{})", place.file(), place.line()));
    let payload = panic.payload();
    let literal = payload.downcast_ref::<&str>().copied();
    let what =
        literal.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no reason given");
    say(&format!(
        "The run contradicts the lesson{place}: {what}\nThis kernel answered otherwise than the lesson says; nothing \
         of the lesson is left in it. {}",
        if removes_with_the_last_detach() {
            REMOVED_WITH_THE_LAST_DETACH
        } else {
            "Please report it, with the output of `uname -a`."
        }
    ));
}

/// Words on standard error, wrapped. If even that is closed, there is nobody to tell.
pub fn say(words: &str) {
    let width = screen::width(io::stderr().is_terminal());
    for paragraph in words.lines() {
        let indent = &paragraph[..paragraph.len() - paragraph.trim_start().len()];
        let wrapped = textwrap::fill(paragraph, textwrap::Options::new(width).subsequent_indent(indent));
        let _ = writeln!(io::stderr(), "{wrapped}");
    }
}
