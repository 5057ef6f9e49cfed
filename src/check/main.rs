//! Marks exercises by what the kernel saw.
//!
//! Run: `cargo run --bin check`, or with a number: `cargo run --bin check -- 3`.

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use check::{
    self, EXERCISES, Examiner, Exercise, Happened, Progress, Report, Verdict, Watch, Work, Workspace,
};
use clap::Parser;
use program::{self, Format};

use options::{CHECKOUT, Options};

mod options;

fn main() -> ExitCode {
    let options = match Options::try_parse() {
        Ok(options) => options,
        Err(error) => return program::answer(&error),
    };
    if options.judge {
        return check::judge();
    }
    check::remove_folders_on_signals();
    program::choose_color_for(options.color, io::stdout().is_terminal());
    match Marking::new(options).and_then(Marking::run) {
        Ok(code) => code,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            program::say(&format!("check: {error}"));
            ExitCode::from(if error.kind() == io::ErrorKind::InvalidInput { 2 } else { 1 })
        }
    }
}

struct Marking {
    options: Options,
    workspace: Workspace,
    examiner: Examiner,
    progress: Progress,
}

impl Marking {
    fn new(options: Options) -> io::Result<Marking> {
        let root = fs::canonicalize(&options.home)?;
        let workspace = Workspace::new(&root);
        // An exercise with its solution beside it would be no exercise: the checkout's own are hidden, too, with what
        // has been built of it and what its history holds.
        let own = fs::canonicalize(CHECKOUT);
        let checkouts: Vec<PathBuf> = own.into_iter().chain([root.clone()]).collect();
        let histories = checkouts.iter().flat_map(|checkout| check::histories(checkout));
        let hidden = histories.chain(check::Libraries::target()).chain(checkouts.clone()).collect();
        let mut examiner = Examiner::new(hidden);
        if options.without_walls {
            examiner = examiner.without_walls();
        }
        Ok(Marking { progress: Progress::load(&root), workspace, examiner, options })
    }

    fn run(mut self) -> io::Result<ExitCode> {
        let exercise = self.options.exercise.map(known).transpose()?;
        if let Some(path) = &self.options.junit {
            can_be_written(path)?;
        }
        if let Some(class) = self.options.class.take() {
            return self.class(&class, exercise);
        }
        let Options { hint, reset, solution, .. } = self.options;
        if self.options.format == Format::Json && (hint || reset || solution) {
            let words = "--format json is for verdicts: a hint, a solution and a reset have none";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, words));
        }
        match exercise {
            _ if self.options.watch => self.watch(exercise),
            None if self.options.format == Format::Json || self.options.junit.is_some() => self.all(),
            None => self.report().status(EXERCISES, &self.progress).map(|()| ExitCode::SUCCESS),
            Some(exercise) if self.options.hint => self.hint(exercise),
            Some(exercise) if self.options.reset => self.reset(exercise),
            Some(exercise) if self.options.solution => self.solution(exercise),
            Some(exercise) => self.one(exercise),
        }
    }

    fn report(&self) -> Report<io::Stdout> {
        Report::new(io::stdout(), program::screen(self.options.ascii, io::stdout().is_terminal()))
    }

    /// The first thing that people are told, where it is so. Programs find it in each verdict.
    fn say_if_open(&self) -> io::Result<()> {
        match self.examiner.note() {
            Some(note) if self.options.format == Format::Text && !self.options.csv => {
                self.report().paragraph("", &note)?;
                writeln!(io::stdout())
            }
            _ => Ok(()),
        }
    }

    fn one(&mut self, exercise: &Exercise) -> io::Result<ExitCode> {
        self.say_if_open()?;
        let verdict = self.examine(exercise)?;
        self.tell(exercise, &verdict)?;
        self.write_junit(std::slice::from_ref(&verdict))?;
        Ok(exit(verdict.passed))
    }

    /// Every exercise, for a program that asks.
    fn all(&mut self) -> io::Result<ExitCode> {
        let mut verdicts = Vec::new();
        for exercise in EXERCISES {
            let verdict = self.examine(exercise)?;
            self.tell(exercise, &verdict)?;
            verdicts.push(verdict);
        }
        self.write_junit(&verdicts)?;
        Ok(exit(verdicts.iter().all(|verdict| verdict.passed)))
    }

    /// Has an exercise judged, and remembers a pass.
    fn examine(&mut self, exercise: &Exercise) -> io::Result<Verdict> {
        let here = std::env::current_dir()?;
        let verdict = if self.options.command.is_empty() {
            let files = self.workspace.edited(exercise);
            let judged = files.into_iter().map(|file| {
                let work = self.workspace.work(exercise, &file);
                (name(&file), self.examiner.examine_own(exercise, work, &here))
            });
            Verdict::of_all(judged.collect())
        } else {
            self.examiner.examine(exercise, Work::Command(self.options.command.clone()), &here, None)
        };
        if verdict.passed {
            self.progress.note(&exercise.name(), |state| state.passed = true)?;
        }
        Ok(verdict)
    }

    fn tell(&self, exercise: &Exercise, verdict: &Verdict) -> io::Result<()> {
        match self.options.format {
            Format::Text => {
                let mut report = self.report();
                report.verdict(exercise, &self.without_note(verdict), &self.options.command)?;
                if self.options.output { report.output(&verdict.output) } else { Ok(()) }
            }
            Format::Json => writeln!(io::stdout(), "{}", serde_json::to_string(verdict)?),
        }
    }

    /// A verdict without what has been said on the first line.
    fn without_note(&self, verdict: &Verdict) -> Verdict {
        let (mut verdict, note) = (verdict.clone(), self.examiner.note());
        verdict.notes.retain(|line| Some(line) != note.as_ref());
        verdict
    }

    fn write_junit(&self, verdicts: &[Verdict]) -> io::Result<()> {
        match &self.options.junit {
            Some(path) => {
                fs::write(path, check::junit([("exercises", verdicts)])?).map_err(|error| about(path, &error))
            }
            None => Ok(()),
        }
    }

    fn hint(&mut self, exercise: &Exercise) -> io::Result<ExitCode> {
        let hints = exercise.texts().hints;
        let shown = (self.progress.of(&exercise.name()).hints + 1).min(hints.len());
        let mut report = self.report();
        report.goal(exercise)?;
        writeln!(io::stdout())?;
        for (hint, number) in hints.iter().take(shown).zip(1..) {
            report.paragraph(&format!("Hint {number}   "), hint)?;
        }
        if shown == hints.len() {
            report.paragraph("", "That was the last hint.")?;
        }
        self.progress.note(&exercise.name(), |state| state.hints = shown)?;
        Ok(ExitCode::SUCCESS)
    }

    fn reset(&self, exercise: &Exercise) -> io::Result<ExitCode> {
        let kept = self.workspace.reset(exercise)?;
        let mut report = self.report();
        report.paragraph("", &format!("{} is as it was shipped.", exercise.name()))?;
        for path in kept {
            report.paragraph("Kept     ", &path.display().to_string())?;
        }
        Ok(ExitCode::SUCCESS)
    }

    fn solution(&self, exercise: &Exercise) -> io::Result<ExitCode> {
        let passed = self.progress.of(&exercise.name()).passed;
        if !passed && !self.options.give_up {
            let number = exercise.number;
            self.report().paragraph("", &format!(
                "Exercise {number} is not passed yet. To see the solution all the same, add --give-up. Or first:"
            ))?;
            self.report().paragraph("Hint     ", &format!("cargo run --bin check -- {number} --hint"))?;
            return Ok(ExitCode::FAILURE);
        }
        let file = exercise.solution(if self.options.c { "c" } else { "rs" });
        match fs::read(Path::new(CHECKOUT).join(&file)) {
            Ok(text) => io::stdout().write_all(&text).map(|()| ExitCode::SUCCESS),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let words = format!("{file} is not here: whoever set this up has taken the solutions away.");
                self.report().paragraph("", &words).map(|()| ExitCode::FAILURE)
            }
            Err(error) => Err(error),
        }
    }

    fn watch(&mut self, from: Option<&'static Exercise>) -> io::Result<ExitCode> {
        self.say_if_open()?;
        let watch = Watch::new(&self.workspace.exercises());
        let mut exercise = from.or_else(|| self.next_open()).unwrap_or(&EXERCISES[0]);
        self.report().goal(exercise)?;
        loop {
            writeln!(io::stdout())?;
            let judged = self.workspace.texts(exercise);
            let verdict = self.examine(exercise)?;
            self.tell(exercise, &verdict)?;
            let keys = "Save the file, or press Enter to run; h Enter for a hint, n Enter for the next, q Enter to leave.";
            writeln!(io::stdout())?;
            self.report().paragraph("", keys)?;
            let happened = loop {
                match watch.next() {
                    Happened::Line(line) if line.trim() == "h" => drop(self.hint(exercise)?),
                    // Another file changed, or two watchers told of the same change.
                    Happened::Changed if self.workspace.texts(exercise) == judged => {}
                    other => break other,
                }
            };
            match happened {
                Happened::Line(line) if line.trim() == "q" => return Ok(exit(verdict.passed)),
                Happened::Nothing => return Ok(exit(verdict.passed)),
                Happened::Line(line) if line.trim() == "n" => {
                    exercise = check::exercise(exercise.number + 1).unwrap_or(exercise);
                    self.report().goal(exercise)?;
                }
                Happened::Line(_) | Happened::Changed => {}
            }
        }
    }

    fn next_open(&self) -> Option<&'static Exercise> {
        EXERCISES.iter().find(|exercise| !self.progress.of(&exercise.name()).passed)
    }

    fn class(&self, class: &Path, only: Option<&'static Exercise>) -> io::Result<ExitCode> {
        if let Some(why) = self.examiner.open().filter(|_| !self.options.without_walls) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, refused(why)));
        }
        self.say_if_open()?;
        let marked = check::mark(class, &self.examiner, only).map_err(|error| {
            io::Error::new(io::ErrorKind::InvalidInput, format!("{}: {error}", class.display()))
        })?;
        if marked.is_empty() {
            let words = format!("no folder of a student in {}", class.display());
            return Err(io::Error::new(io::ErrorKind::InvalidInput, words));
        }
        let mut out = io::stdout();
        match self.options.format {
            _ if self.options.csv => out.write_all(check::csv(&marked)?.as_bytes())?,
            Format::Json => {
                for marked in &marked {
                    writeln!(out, "{}", serde_json::to_string(marked)?)?;
                }
            }
            Format::Text => out.write_all(check::tables(&marked).as_bytes())?,
        }
        // Last: if the disk is full, the marks are on the screen all the same.
        if let Some(path) = &self.options.junit {
            let suites = marked.iter().map(|marked| (marked.student.as_str(), marked.verdicts.as_slice()));
            fs::write(path, check::junit(suites)?).map_err(|error| about(path, &error))?;
        }
        // Of nothing, all has passed, too: a student who has handed in nothing has not.
        let passed = |marked: &check::Marked| {
            !marked.verdicts.is_empty() && marked.verdicts.iter().all(|verdict| verdict.passed)
        };
        Ok(exit(marked.iter().all(passed)))
    }
}

/// Why a class is not marked where it could do harm.
fn refused(why: &str) -> String {
    format!(
        "a class is marked in a sandbox, and none can be had here: {why}\n\
         In one, a hand-in can neither read your files nor those of others, nor change anything. Root may allow it: on \
         Ubuntu with `sysctl kernel.apparmor_restrict_unprivileged_userns=0`, elsewhere with `sysctl \
         user.max_user_namespaces=10000`; a container needs another seccomp profile. If you trust every hand-in, or \
         this machine has nothing to lose, add --without-walls."
    )
}

/// Whether a file can be written to, found out before anything is marked. What it holds is let alone.
fn can_be_written(path: &Path) -> io::Result<()> {
    let is_new = !path.exists();
    let opened = fs::OpenOptions::new().append(true).create(true).open(path);
    opened.map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, about(path, &error)))?;
    if is_new { fs::remove_file(path) } else { Ok(()) }
}

fn about(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("--junit {}: {error}", path.display()))
}

fn known(number: usize) -> io::Result<&'static Exercise> {
    check::exercise(number).ok_or_else(|| {
        let words = format!("there is no exercise {number}; there are 1 to {}", EXERCISES.len());
        io::Error::new(io::ErrorKind::InvalidInput, words)
    })
}

fn name(file: &Path) -> String {
    file.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn exit(passed: bool) -> ExitCode {
    if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
