//! How long builds take: a clean one, one after an edit of a lesson, one after an edit of the library.
//!
//! ```text
//! cargo bench --bench build                 takes minutes
//! ```
//!
//! Seconds say as much about a machine as about code. So a yardstick is built beside ours, in turn with it: a package
//! of as many programs as ours has, each of one line, whose library parses a command line with clap, writes JSON with
//! serde, and calls nix and colored once. Whatever is built on those four costs at least as much. The profile is ours,
//! and so are the versions, for it has our `Cargo.lock`.
//!
//! Each package has a target directory of its own, so that a clean build is clean, and nobody's own is spoilt. What is
//! built was downloaded before, to build this benchmark.
//!
//! Measured on 2026-11-26 on a virtual machine of two cores, with Rust 1.95, 24 programs, 3 clean builds and 9 edits:
//!
//! | | seconds: median (middle half) | one line each | ratio | goal |
//! |---|---|---|---|---|
//! | clean debug build | 74 (56 to 76) | 16.5 (16.1 to 16.8) | 4.6 (3.4 to 4.6) | 15 |
//! | edited lesson to its output | 0.41 (0.40 to 0.46) | 0.20 (0.19 to 0.21) | 2.2 (2.0 to 2.3) | 0.3 |
//! | edited library to all programs | 6.7 (6.4 to 7.8) | 2.1 (2.0 to 2.4) | 3.3 (3.0 to 3.3) | 2 |
//!
//! No goal is met. Twenty-four programs of one line take the whole of the first and of the last, with nothing taught
//! yet. Of a clean build of 67 s, 25 s went into 120 crates, 30 s into the library, and 12 s into the programs. Of an
//! edited lesson, 0.13 s are cargo's own look at 208 locked packages (0.06 s at the yardstick's 33), 0.16 s the
//! linker and 0.1 s the compiler; here a lesson that only prints one word, with the library linked and unused, takes
//! 0.23 s, and one that only parses a command line 0.28 s.
//!
//! What was tried, and is no way: the library unoptimised builds in 14 s, but then `walkthrough --quiet` takes a
//! fifth longer, more than its goal allows (`tests/bench/walk.rs`), and bytes are copied fifty times slower. Without
//! ThinLTO it takes a twentieth longer, for no faster build. What we depend on, optimised, makes programs a quarter
//! smaller, and the clean build half as long again. 16 or 64 codegen units instead of 256 change nothing; gold and
//! bfd link two and four times as slowly as lld, which Rust brings along. With line numbers, an edited lesson takes
//! half as long again. `check` as a crate of its own: no difference in an edited lesson.

use std::error::Error;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Instant, SystemTime};

use clap::Parser;
use speed::Quartiles;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const OURS: &str = env!("CARGO_MANIFEST_DIR");
const SCRATCH: &str = env!("CARGO_TARGET_TMPDIR");

#[derive(Parser)]
struct Options {
    /// How often each edit is made
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,

    /// How many clean builds
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    clean: u16,

    /// Given by `cargo bench` to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let (ours, yardstick) = (ours(), yardstick()?);
    println!("Builds, in seconds: median (middle half), beside as many programs of one line each");
    compare("clean debug build", options.clean, 15.0, || Ok((ours.clean()?, yardstick.clean()?)))?;
    compare("edited lesson to its output", options.rounds, 0.3, || {
        Ok((ours.edited_program()?, yardstick.edited_program()?))
    })?;
    compare("edited library to all programs", options.rounds, 2.0, || {
        Ok((ours.edited_library()?, yardstick.edited_library()?))
    })?;
    ours.forget()?;
    yardstick.forget()
}

/// Both packages in turn, so that what else the machine does is done to both.
fn compare(what: &str, rounds: u16, goal: f64, mut round: impl FnMut() -> Result<(f64, f64)>) -> Result<()> {
    let rounds = (0..rounds).map(|_| round()).collect::<Result<Vec<_>>>()?;
    let spread = |of: fn(&(f64, f64)) -> f64| Quartiles::of(rounds.iter().map(of)).ok_or("no rounds");
    let (ours, least, ratio) = (spread(|r| r.0)?, spread(|r| r.1)?, spread(|r| r.0 / r.1)?);
    println!("  {what:<31} {ours}; one line each: {least}; {ratio} x   goal: at most {goal} s");
    Ok(())
}

/// A package whose builds are timed.
struct Package {
    root: PathBuf,
    target: PathBuf,
    /// The file of one program, under the package's root, and what runs it.
    program: (&'static str, &'static [&'static str]),
}

fn ours() -> Package {
    Package {
        root: OURS.into(),
        target: Path::new(SCRATCH).join("build-ours"),
        program: ("lessons/lesson01.rs", &["run", "--bin", "lesson01", "--", "--pace", "run"]),
    }
}

impl Package {
    fn clean(&self) -> Result<f64> {
        self.forget()?;
        self.cargo(&["build"])
    }

    fn edited_program(&self) -> Result<f64> {
        let (file, run) = self.program;
        self.edit(file)?;
        self.cargo(run)
    }

    fn edited_library(&self) -> Result<f64> {
        self.edit("src/lib.rs")?;
        self.cargo(&["build"])
    }

    /// Cargo takes a file with a new date for an edited one.
    fn edit(&self, file: &str) -> Result<()> {
        let file = File::options().append(true).open(self.root.join(file))?;
        Ok(file.set_modified(SystemTime::now())?)
    }

    /// Runs cargo, and returns the seconds that it took.
    fn cargo(&self, arguments: &[&str]) -> Result<f64> {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.arg("--offline").args(arguments).current_dir(&self.root).env("CARGO_TARGET_DIR", &self.target);
        let start = Instant::now();
        let output = cargo.stdin(Stdio::null()).output()?;
        let taken = start.elapsed().as_secs_f64();
        if output.status.success() { Ok(taken) } else { Err(String::from_utf8_lossy(&output.stderr).into()) }
    }

    fn forget(&self) -> Result<()> {
        if self.target.exists() { Ok(fs::remove_dir_all(&self.target)?) } else { Ok(()) }
    }
}

const MANIFEST: &str = r#"
[package]
name = "one-line"
version = "0.1.0"
edition = "2024"

[workspace]

[dependencies]
clap = { version = "4.6", default-features = false, features = [
    "std", "derive", "help", "usage", "error-context", "suggestions", "wrap_help",
] }
nix = { version = "0.31", features = ["process"] }
colored = "3.1"
serde = { version = "1", features = ["derive"] }
serde_json = "1"

[profile.dev]
opt-level = 1
debug = false

[profile.dev.package."*"]
opt-level = 0
"#;

const LIBRARY: &str = r#"
#[derive(clap::Parser, serde::Serialize)]
pub struct Options {
    #[arg(long)]
    pub pace: Option<String>,
}

pub fn run(number: usize) {
    let options: Options = clap::Parser::parse();
    let json = serde_json::to_string(&options).unwrap();
    println!("{} {number} {json} {}", colored::Colorize::red("lesson"), nix::unistd::getpid());
}
"#;

/// As many programs as ours, of one line each.
fn yardstick() -> Result<Package> {
    let root = Path::new(SCRATCH).join("one-line");
    let programs = root.join("src/bin");
    fs::create_dir_all(&programs)?;
    fs::write(root.join("Cargo.toml"), MANIFEST)?;
    fs::copy(Path::new(OURS).join("Cargo.lock"), root.join("Cargo.lock"))?;
    fs::write(root.join("src/lib.rs"), LIBRARY)?;
    let ours = fs::read_to_string(Path::new(OURS).join("Cargo.toml"))?;
    for number in 1..=ours.matches("[[bin]]").count() {
        let program = programs.join(format!("program{number:02}.rs"));
        fs::write(program, format!("fn main() {{ one_line::run({number}) }}\n"))?;
    }
    Ok(Package {
        target: root.join("target"),
        root,
        program: ("src/bin/program01.rs", &["run", "--bin", "program01"]),
    })
}
