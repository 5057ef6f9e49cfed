//! How long builds take: a clean one of a lesson, one after an edit of that lesson, one after an edit of the core.
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
//! Measured on 2026-11-30 on a virtual machine of two cores, with Rust 1.95, 3 clean builds and 7 edits, in an hour in
//! which it was half as quick as in its best:
//!
//! | | seconds: median (middle half) | one line each | ratio | goal |
//! |---|---|---|---|---|
//! | clean build of a lesson | 41 (37 to 43) | 18.7 (18.1 to 22.5) | 2.0 (1.9 to 2.2) | 1.6 x |
//! | edited lesson to its output | 1.2 (1.1 to 1.3) | 0.59 (0.53 to 0.68) | 1.9 (1.8 to 2.2) | 1.5 x |
//! | edited core to a lesson's output | 4.6 (4.6 to 5.0) | 0.60 (0.58 to 0.70) | 7.7 (7.1 to 7.8) | 2.5 s |
//!
//! No goal is met. Before the crates were parted, the whole package took 4.6 times as long. A clean build of a lesson
//! is 53 s of work with `opt-level = 1`, 48 without LTO between the parts of a crate, and 37 with the core unoptimised.
//!
//! In the best hour a clean build without incremental data took 22.8 s, 39.6 s of work on two cores. The crates, by
//! `cargo build --bin lesson03 --timings`, in seconds: playground-core 6.4, linux 5.2, nix 3.2, syn 2.7, clap_builder
//! 2.2, serde_derive 2.1, rustix 1.7, serde_core 1.7, libc 1.2, clap_derive 1.2, program 1.2, chrono 0.9, serde_json
//! 0.8, model 0.5, all others less; the lesson itself 0.2. `linux` is last, and keeps one core alone for 4 s.

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
    println!(
        "Builds, in seconds: median (middle half), beside a package of as many programs of one line each"
    );
    compare("clean build of a lesson", "1.6 x", options.clean, || Ok((ours.clean()?, yardstick.clean()?)))?;
    compare("edited lesson to its output", "1.5 x", options.rounds, || {
        Ok((ours.edited_program()?, yardstick.edited_program()?))
    })?;
    compare("edited core to a lesson's output", "2.5 s", options.rounds, || {
        Ok((ours.edited_library()?, yardstick.edited_library()?))
    })?;
    ours.forget()?;
    yardstick.forget()
}

/// Both packages in turn, so that what else the machine does is done to both.
fn compare(what: &str, goal: &str, rounds: u16, mut round: impl FnMut() -> Result<(f64, f64)>) -> Result<()> {
    let rounds = (0..rounds).map(|_| round()).collect::<Result<Vec<_>>>()?;
    let spread = |of: fn(&(f64, f64)) -> f64| Quartiles::of(rounds.iter().map(of)).ok_or("no rounds");
    let (ours, least, ratio) = (spread(|r| r.0)?, spread(|r| r.1)?, spread(|r| r.0 / r.1)?);
    println!("  {what:<32} {ours}; one line each: {least}; {ratio} x   goal: at most {goal}");
    Ok(())
}

/// A package whose builds are timed.
struct Package {
    root: PathBuf,
    target: PathBuf,
    /// What is built first.
    build: &'static [&'static str],
    /// The file of one program, under the package's root.
    program: &'static str,
    /// The file of the library that most of it is built on.
    library: &'static str,
    /// What builds and runs the program.
    run: &'static [&'static str],
}

fn ours() -> Package {
    Package {
        root: OURS.into(),
        target: Path::new(SCRATCH).join("build-ours"),
        build: &["build", "--bin", "lesson03"],
        program: "lessons/lesson03.rs",
        library: "src/core/lib.rs",
        run: &["run", "--bin", "lesson03", "--", "--pace", "run"],
    }
}

impl Package {
    fn clean(&self) -> Result<f64> {
        self.forget()?;
        self.cargo(self.build)
    }

    fn edited_program(&self) -> Result<f64> {
        self.edit(self.program)?;
        self.cargo(self.run)
    }

    fn edited_library(&self) -> Result<f64> {
        self.edit(self.library)?;
        self.cargo(self.run)
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
debug = false
lto = "off"
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
        build: &["build"],
        program: "src/bin/program01.rs",
        library: "src/lib.rs",
        run: &["run", "--bin", "program01"],
    })
}
