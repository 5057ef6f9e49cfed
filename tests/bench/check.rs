//! `check` beside `rustlings run`: from a saved edit to the verdict, and with nothing changed. And a whole class.
//!
//! ```text
//! cargo install rustlings && cargo build && cargo bench --bench check
//! ```
//!
//! Both are run as a learner runs them: the debug build of `check` on exercise 1, and rustlings on its `intro1`, each
//! in a folder of its own. An edit changes a comment. The two run in turn, each `check` is divided by the `rustlings`
//! of the same round, and the median of those ratios is the figure; the middle half of them says how far to trust it.
//! And `check --watch`, from a saved edit to the verdict: how much longer that takes than `check` alone.
//! The goals are printed, never asserted: a busy machine is no fault of the code.
//!
//! Measured on 2026-11-26 on a virtual machine of two cores, beside rustlings 6.5: 0.64 of rustlings (0.56 to 0.66) after
//! an edit, 0.04 with nothing changed; a watch adds 48 ms; a class in C 22 solutions a second, in Rust 6, where building
//! takes nearly all of the time.

use std::error::Error;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use check::EXERCISES;
use clap::Parser;
use tempfile::TempDir;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const PACKAGE: &str = env!("CARGO_MANIFEST_DIR");
const SCRATCH: &str = env!("CARGO_TARGET_TMPDIR");

/// What `check` should take at most, as multiples of what rustlings takes after an edit.
const EDITED: f64 = 0.75;
const UNCHANGED: f64 = 0.35;
/// How much longer than `check` alone a watch should take.
const WATCH: Duration = Duration::from_millis(50);
/// How many submissions the class has.
const CLASS: usize = 100;

#[derive(Parser)]
struct Options {
    /// How often each is run
    #[arg(long, value_name = "N", default_value_t = 21)]
    rounds: usize,

    /// Given by `cargo bench` to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let check = Path::new(SCRATCH).with_file_name("debug").join("check");
    if !check.exists() {
        return Err("run `cargo build` first: learners run the debug build".into());
    }
    let learner = Learner::new(&check)?;
    let rustlings = Rustlings::find();
    if rustlings.is_none() {
        println!("rustlings is not installed (`cargo install rustlings`): no ratios.");
    }
    compare(&learner, rustlings.as_ref(), options.rounds)?;
    mark_a_class(&check)
}

fn compare(learner: &Learner, rustlings: Option<&Rustlings>, rounds: usize) -> Result<()> {
    let (mut edited, mut unchanged, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..=rounds {
        learner.edit(round)?;
        let (first, second) = (learner.check()?, learner.check()?);
        let other = rustlings.map(|rustlings| rustlings.edit_and_run(round)).transpose()?;
        // The first round only warms up.
        if round > 0 {
            edited.push(first);
            unchanged.push(second);
            theirs.extend(other);
        }
    }
    let watched = watch(learner, rounds)?;
    tell("check, after an edit", &edited, &theirs, EDITED);
    let added = milliseconds(median(&watched)) - milliseconds(median(&edited));
    println!(
        "{:28} {:>7.1} ms   {added:+.1} ms beside check, goal {} ms",
        "check --watch, after an edit",
        milliseconds(median(&watched)),
        WATCH.as_millis()
    );
    tell("check, nothing changed", &unchanged, &theirs, UNCHANGED);
    if !theirs.is_empty() {
        println!("{:28} {:>7.1} ms", "rustlings, after an edit", milliseconds(median(&theirs)));
    }
    Ok(())
}

/// From a saved edit to the verdict's line, where `check --watch` waits.
fn watch(learner: &Learner, rounds: usize) -> Result<Vec<Duration>> {
    learner.edit(0)?;
    let mut command = Command::new(learner.check);
    command.args(["--color", "never", "--home"]).arg(&learner.home).args(["--watch", "1"]);
    let mut watch = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut keys = watch.stdin.take().ok_or("no keys")?;
    let mut lines = BufReader::new(watch.stdout.take().ok_or("no screen")?).lines();
    let mut until = |words: &str| -> Result<()> {
        for line in lines.by_ref() {
            if line?.contains(words) {
                return Ok(());
            }
        }
        Err("check --watch has ended".into())
    };
    until("to leave.")?;
    let mut times = Vec::new();
    for round in 1..=rounds {
        learner.edit(round)?;
        let begun = Instant::now();
        until("passed")?;
        times.push(begun.elapsed());
        until("to leave.")?;
    }
    keys.write_all(b"q\n")?;
    watch.wait()?;
    Ok(times)
}

fn tell(name: &str, times: &[Duration], theirs: &[Duration], goal: f64) {
    print!("{name:28} {:>7.1} ms", milliseconds(median(times)));
    let mut ratios: Vec<f64> =
        times.iter().zip(theirs).map(|(time, other)| time.div_duration_f64(*other)).collect();
    ratios.sort_by(f64::total_cmp);
    if let (Some(low), Some(middle), Some(high)) =
        (ratios.get(ratios.len() / 4), ratios.get(ratios.len() / 2), ratios.get(ratios.len() * 3 / 4))
    {
        print!("   {middle:.2} of rustlings ({low:.2} to {high:.2}), goal {goal}");
    }
    println!();
}

fn median(times: &[Duration]) -> Duration {
    let mut times = times.to_vec();
    times.sort();
    times[times.len() / 2]
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// A learner's folder with the first exercise solved.
struct Learner<'a> {
    check: &'a Path,
    home: PathBuf,
}

impl Learner<'_> {
    fn new(check: &Path) -> Result<Learner<'_>> {
        let home = Path::new(SCRATCH).join("bench-check");
        let _ = fs::remove_dir_all(&home);
        fs::create_dir_all(home.join("lessons/exercises"))?;
        Ok(Learner { check, home })
    }

    fn edit(&self, round: usize) -> Result<()> {
        let mut text = fs::read(Path::new(PACKAGE).join("tests/solutions/exercise01.rs"))?;
        writeln!(text, "// {round}")?;
        Ok(fs::write(self.home.join("lessons/exercises/exercise01.rs"), text)?)
    }

    fn check(&self) -> Result<Duration> {
        timed(Command::new(self.check).arg("--home").arg(&self.home).arg("1"))
    }
}

/// rustlings in a folder of its own, made by its own `init`. Inside a workspace it would make itself a member of it.
struct Rustlings {
    place: TempDir,
}

impl Rustlings {
    fn find() -> Option<Rustlings> {
        let place = tempfile::tempdir().ok()?;
        let mut init = Command::new("rustlings");
        let mut init =
            init.arg("init").current_dir(&place).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().ok()?;
        init.stdin.take()?.write_all(b"\n").ok()?;
        init.wait().ok()?;
        place.path().join("rustlings").exists().then_some(Rustlings { place })
    }

    fn edit_and_run(&self, round: usize) -> Result<Duration> {
        let folder = self.place.path().join("rustlings");
        let file = folder.join("exercises/00_intro/intro1.rs");
        let text = fs::read_to_string(&file)?;
        let lines = text.lines().filter(|line| !line.starts_with("// edit "));
        let text: String = lines.map(|line| format!("{line}\n")).collect();
        fs::write(&file, format!("{text}// edit {round}\n"))?;
        timed(Command::new("rustlings").args(["run", "intro1"]).current_dir(folder))
    }
}

fn timed(command: &mut Command) -> Result<Duration> {
    let begun = Instant::now();
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status()?;
    let time = begun.elapsed();
    if status.success() { Ok(time) } else { Err(format!("{command:?} gave {status}").into()) }
}

/// A class of which each student has solved one exercise, in Rust or in C; all is built as well as marked.
fn mark_a_class(check: &Path) -> Result<()> {
    for ending in ["rs", "c"] {
        let class = Path::new(SCRATCH).join("bench-class");
        let _ = fs::remove_dir_all(&class);
        for student in 0..CLASS {
            let folder = class.join(format!("student{student:03}"));
            fs::create_dir_all(&folder)?;
            let exercise = &EXERCISES[student % EXERCISES.len()];
            let file = folder.join(exercise.name()).with_extension(ending);
            fs::copy(Path::new(PACKAGE).join(exercise.solution(ending)), file)?;
        }
        let time = timed(Command::new(check).arg("--class").arg(&class))?;
        let rate = CLASS as f64 / time.as_secs_f64();
        println!(
            "a class of {CLASS} in .{ending:2}           {rate:>7.1} solutions a second, built and marked"
        );
    }
    Ok(())
}
