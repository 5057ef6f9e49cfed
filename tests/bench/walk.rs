//! The walkthrough beside the same program in C: how long it takes, and how much memory.
//!
//! ```text
//! cargo build && cargo bench --bench walk
//! ```
//!
//! What is measured is a whole process, from before `fork` to after `wait`, for that is what a learner waits for.
//! A millisecond of that depends on what else the machine does, so the programs run in turn (C, quiet, lesson, C,
//! quiet, …), each is divided by the C program of the same round, and the median of those ratios is the figure;
//! the middle half of them says how far to trust it. Output goes to a file. The goals are printed, never asserted:
//! a busy machine is no fault of the code.
//!
//! Each program is copied first. The linker writes a file page by page, and so it lies in the page cache, where a copy
//! lies in large folios, of which one fault maps more: the debug walkthrough meets 130 faults instead of 150, and takes
//! 1.9 times as long as the C program instead of 2.3 times. A program that was not built a moment ago is like the copy.
//!
//! Memory is `VmHWM`, read at the moment the process exits. `ru_maxrss` would not do: the kernel carries it over
//! `exec`, so that no program could seem smaller than the one that started it.
//!
//! Measured on 2026-11-26 on a virtual machine of two cores, of Linux 6.18, 201 rounds and 15 weighings:
//!
//! | | time | of C: median (middle half) | goal | memory of C | goal |
//! |---|---|---|---|---|---|
//! | C, `cc -O2` | 0.96 ms | 1 x | | 1 x, 1416 KiB | |
//! | `walkthrough --quiet`, release | 1.28 ms | 1.34 x (1.29 to 1.39) | 1.6 x | 2.28 x | 2.5 x |
//! | `walkthrough --quiet`, debug | 1.67 ms | 1.74 x (1.65 to 1.81) | 2 x | 3.15 x | |
//! | `lesson03` with evidence, release | 2.79 ms | 2.91 x (2.74 to 3.04) | 5 x | 2.56 x | |
//! | `lesson03` with evidence, debug | 4.68 ms | 4.86 x (4.64 to 5.12) | | 3.34 x | |
//!
//! As the linker leaves them, 1.55 x and 2.04 x. That was 1.79 x and 2.19 x while two libraries more were loaded before
//! `main`: libm, which lesson 20 alone needs, and libgcc_s, instead of which `src/lib.rs` links gcc's archive. Each cost
//! about 0.15 x. To link with LTO as a whole would give 0.1 x more, for twice the time of a release build.
//!
//! Known harnesses (criterion, divan, tango) time functions inside one process, and hyperfine runs one program
//! after the other instead of in turn; hence the few lines here.

use std::error::Error;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use clap::Parser;
use nix::sys::ptrace;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;
use speed::Quartiles;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const PACKAGE: &str = env!("CARGO_MANIFEST_DIR");
const SCRATCH: &str = env!("CARGO_TARGET_TMPDIR");

const WARM_UP: u16 = 10;
/// Memory varies only with the layout of the address space.
const WEIGHINGS: u16 = 15;

#[derive(Parser)]
struct Options {
    /// How often each program runs
    #[arg(long, value_name = "N", default_value_t = 201, value_parser = clap::value_parser!(u16).range(15..))]
    rounds: u16,

    /// Given by `cargo bench` to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let programs = programs()?;
    complain_of_other_words(&programs)?;
    compare_time(&programs, options.rounds)?;
    compare_memory(&programs)
}

/// A program that is compared, and what its figures should be at most, as multiples of the C program's.
struct Program {
    name: &'static str,
    path: PathBuf,
    arguments: &'static [&'static str],
    time: Option<f64>,
    memory: Option<f64>,
}

impl Program {
    fn command(&self) -> Command {
        let mut command = Command::new(&self.path);
        command.args(self.arguments).stdin(Stdio::null());
        command
    }
}

/// The C program, which is the measure, and those of the others that are built: copies of them, all written alike.
fn programs() -> Result<Vec<Program>> {
    let release = Path::new(env!("CARGO_BIN_EXE_walkthrough")).with_file_name("");
    let debug = release.with_file_name("debug");
    let quiet: &[_] = &["--quiet"];
    let run: &[_] = &["--pace", "run"];
    let rows = [
        ("C, cc -O2", c_program()?, &[][..], None, None),
        ("walkthrough --quiet, release", release.join("walkthrough"), quiet, Some(1.6), Some(2.5)),
        ("walkthrough --quiet, debug", debug.join("walkthrough"), quiet, Some(2.0), Some(2.5)),
        ("lesson03 with evidence, release", release.join("lesson03"), run, Some(5.0), None),
        ("lesson03 with evidence, debug", debug.join("lesson03"), run, Some(5.0), None),
    ];
    let programs =
        rows.map(|(name, path, arguments, time, memory)| Program { name, path, arguments, time, memory });
    let (mut built, missing): (Vec<_>, Vec<_>) =
        programs.into_iter().partition(|program| program.path.exists());
    for Program { name, .. } in missing {
        println!("Not measured: {name}: it is not built (`cargo build` builds the debug programs).");
    }
    for (index, program) in built.iter_mut().enumerate() {
        let copy = Path::new(SCRATCH).join(format!("walk-{index}"));
        fs::copy(&program.path, &copy)?;
        program.path = copy;
    }
    Ok(built)
}

fn c_program() -> Result<PathBuf> {
    let path = Path::new(SCRATCH).join("shm-c");
    let source = Path::new(PACKAGE).join("tests/c/shm.c");
    let built = Command::new("cc").arg("-O2").arg("-o").arg(&path).arg(source).status()?;
    if built.success() { Ok(path) } else { Err("cc cannot build tests/c/shm.c".into()) }
}

/// Results of a program that does not do what the C program does would mean nothing.
fn complain_of_other_words(programs: &[Program]) -> Result<()> {
    let words = words(&programs[0])?;
    for program in programs.iter().filter(|program| program.arguments.contains(&"--quiet")) {
        if self::words(program)? != words {
            println!("Do not trust: {}: it does not print what the C program prints.", program.name);
        }
    }
    Ok(())
}

/// What a program prints after its first line, which holds an address that the kernel chose.
fn words(program: &Program) -> Result<Vec<String>> {
    let output = program.command().output()?;
    Ok(String::from_utf8(output.stdout)?.lines().skip(1).map(str::to_owned).collect())
}

fn compare_time(programs: &[Program], rounds: u16) -> Result<()> {
    for _ in 0..WARM_UP {
        time_round(programs)?;
    }
    let rounds = (0..rounds).map(|_| time_round(programs)).collect::<Result<Vec<_>>>()?;
    println!("\nWall time, {} rounds in turn: median (middle half)", rounds.len());
    for (index, program) in programs.iter().enumerate() {
        let time = Quartiles::of(rounds.iter().map(|round| round[index])).ok_or("no rounds")?;
        let ratio = Quartiles::of(rounds.iter().map(|round| round[index] / round[0])).ok_or("no rounds")?;
        println!(
            "  {:<32} {:>22} ms{:>24} x{}",
            program.name,
            time.to_string(),
            ratio.to_string(),
            goal(program.time, "x")
        );
    }
    Ok(())
}

/// Every program once, in milliseconds.
fn time_round(programs: &[Program]) -> Result<Vec<f64>> {
    programs.iter().map(|program| Ok(time(program)?.as_secs_f64() * 1e3)).collect()
}

fn time(program: &Program) -> Result<Duration> {
    let output = File::create(Path::new(SCRATCH).join("walk.out"))?;
    let mut command = program.command();
    command.stdout(output);
    let start = Instant::now();
    let status = command.status()?;
    let taken = start.elapsed();
    if status.success() { Ok(taken) } else { Err(format!("{}: {status}", program.name).into()) }
}

fn compare_memory(programs: &[Program]) -> Result<()> {
    println!("\nPeak memory, {WEIGHINGS} times: median (middle half)");
    let mut measure = None;
    for program in programs {
        let weights = (0..WEIGHINGS).map(|_| peak_memory(program)).collect::<Result<Vec<_>>>()?;
        let weight = Quartiles::of(weights).ok_or("no rounds")?;
        let measure = *measure.get_or_insert(weight.median);
        let ratio = weight.median / measure;
        println!(
            "  {:<32} {:>22} KiB{ratio:>8.2} x{}",
            program.name,
            format!("{weight:.0}"),
            goal(program.memory, "x")
        );
    }
    Ok(())
}

/// The most memory that a program had at once, in KiB.
///
/// A shell waits for a line before it becomes the program, which gives the time to become its tracer; a tracer may
/// ask to be stopped for at its exit, when its memory is still there to be asked for.
fn peak_memory(program: &Program) -> Result<f64> {
    let mut shell = Command::new("sh");
    shell.args(["-c", "read go; exec \"$@\" </dev/null", "sh"]).arg(&program.path).args(program.arguments);
    let mut child = shell.stdin(Stdio::piped()).stdout(Stdio::null()).spawn()?;
    let pid = Pid::from_raw(child.id().try_into()?);
    ptrace::seize(pid, ptrace::Options::PTRACE_O_TRACEEXIT)?;
    child.stdin.take().ok_or("no way to speak to the shell")?.write_all(b"go\n")?;
    let peak = high_water_mark_at_exit(pid);
    end(child, pid)?;
    peak
}

fn high_water_mark_at_exit(pid: Pid) -> Result<f64> {
    loop {
        match waitpid(pid, None)? {
            WaitStatus::PtraceEvent(..) => {
                let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
                let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
                return Ok(line
                    .ok_or("no VmHWM in /proc/PID/status")?
                    .trim()
                    .trim_end_matches(" kB")
                    .parse()?);
            }
            // A lesson's children end before it does, and it is told so.
            WaitStatus::Stopped(_, signal) => ptrace::cont(pid, signal)?,
            other => return Err(format!("the program ended unseen: {other:?}").into()),
        }
    }
}

/// Lets a program that stands at its exit go.
fn end(mut child: Child, pid: Pid) -> Result<()> {
    ptrace::detach(pid, None)?;
    child.wait()?;
    Ok(())
}

fn goal(most: Option<f64>, unit: &str) -> String {
    most.map_or(String::new(), |most| format!("   goal: at most {most} {unit}"))
}
