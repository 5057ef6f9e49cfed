//! The proof of the Machine: random sequences on the real kernel and on the model, compared after every step.
//!
//! Several processes of several users make calls, touch memory, fork, are killed, turn limits, in an IPC namespace of
//! their own. After each step the two sides must agree on the result, on every record of every segment and set, on
//! `SHM_INFO`, on each semaphore with those who wait for it, and on page faults; after every 16th sequence on each
//! process's maps and resident pages, too. A sequence that shows a difference is made as small as it gets, and told.
//!
//! Then wrong rules take the place of right ones, one at a time: each must be found out.
//!
//! ```text
//! cargo test --test model                            what fits in a test run
//! MODEL_SEQUENCES=100000 cargo test --test model     more of it
//! MODEL_MUTANTS=1 cargo test --test model            the wrong rules, too; MODEL_MUTANT=undo those with this word
//! MODEL_FIGURES=FOLDER cargo test --test model       what was found as tables, too; the book has them in book/data
//! ```

mod births;
mod board;
mod clean_up;
mod compare;
mod environment;
mod figures;
mod foresee;
mod generate;
mod harmless;
mod look;
mod mutants;
mod pauses;
mod perform;
mod pieces;
mod process;
mod procfs;
mod random;
mod runner;
mod script;
mod sets;
mod shrink;
mod themes;
mod told;

use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use environment::{ENVIRONMENTS, Environment};
use figures::Said;
use mutants::Rules;
use pauses::Pauses;
use runner::{Care, Runner};

/// The model's time of the first step of a sequence.
const FIRST_STEP: i64 = 10;
/// How many steps a sequence has.
const STEPS: u64 = 20;
/// Before which step a sequence awaits the next second, if it does.
const PAUSE: usize = 9;
/// How many sequences each environment runs in a test run.
const USUAL: u64 = 1000;
/// How long a process may take for a step, in seconds: on a busy or an emulated machine it may be kept waiting. Under a
/// wrong rule it is often waited for in vain.
const TIMEOUT: u32 = 60;
const SHORT_TIMEOUT: u32 = 2;
/// How often a long run says how far it is.
const SIGN_OF_LIFE: Duration = Duration::from_secs(30);
/// Within how many sequences a wrong rule must be found out.
const ENOUGH: u64 = 1000;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.first().map(String::as_str) {
        Some("--environment") => serve(&args[1..]),
        Some("--serve") => process::serve_anew(args[1].parse().expect("a slot's number")),
        // What a test harness may ask of its tests.
        Some("--list") => {
            println!("model: test");
            ExitCode::SUCCESS
        }
        _ => prove(),
    }
}

/// Runs every environment, two at a time, each in a process of its own.
fn prove() -> ExitCode {
    let environments: Vec<&Environment> =
        ENVIRONMENTS.iter().filter(|environment| environment.can_be_prepared()).collect();
    let skipped = ENVIRONMENTS.iter().filter(|environment| !environment.can_be_prepared());
    skipped.for_each(|environment| eprintln!("NOT RUN: {}: the system does not let us", environment.name));
    let mut failed = false;
    let proofs = environments.iter().map(|environment| (environment.name, "right"));
    let breaks = setting("MODEL_MUTANTS", 0) == 1;
    let among_users = environments.first().filter(|environment| breaks && environment.has_users());
    if breaks && among_users.is_none() {
        eprintln!("NOT RUN: the wrong rules: some show only among several users, and that takes root");
    }
    let mutants = among_users
        .into_iter()
        .flat_map(|environment| [(environment.name, "even"), (environment.name, "odd")]);
    let jobs: Vec<(&str, &str)> = proofs.chain(mutants).collect();
    let mut said = Vec::new();
    for pair in jobs.chunks(2) {
        let running: Vec<Child> =
            pair.iter().enumerate().map(|(cpu, job)| start(job.0, job.1, cpu)).collect();
        for (child, (environment, _)) in running.into_iter().zip(pair) {
            let output = child.wait_with_output().expect("a proof that was started");
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            print!("{text}");
            failed |= !output.status.success();
            said.push(Said { environment, text });
        }
    }
    if let Some(folder) = std::env::var_os("MODEL_FIGURES").filter(|_| !failed) {
        figures::write(folder.as_ref(), &said).expect("a folder for the figures");
    }
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn start(environment: &str, which: &str, cpu: usize) -> Child {
    let this = std::env::current_exe().expect("this program");
    let mut command = Command::new(this);
    command.args(["--environment", environment, which, &cpu.to_string()]).stdout(Stdio::piped());
    let (name, value) =
        perform::WITHOUT_RSEQ.to_str().ok().and_then(|text| text.split_once('=')).expect("two");
    command.env(name, value);
    command.spawn().expect("another process")
}

/// One environment: the rules as they are, or each of half of the mutants.
fn serve(args: &[String]) -> ExitCode {
    let [name, which, cpu] = args else { panic!("--environment NAME WHICH CPU") };
    let environment = ENVIRONMENTS
        .iter()
        .find(|environment| environment.name == name)
        .expect("an environment with this name");
    let cpu = cpu.parse().expect("a processor's number");
    let holds = match which.as_str() {
        "right" => run_right(&mut environment.prepare(cpu, TIMEOUT), environment),
        half => run_mutants(&mut environment.prepare(cpu, SHORT_TIMEOUT), if half == "even" { 0 } else { 1 }),
    };
    if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn run_right(runner: &mut Runner, environment: &Environment) -> bool {
    let count = setting("MODEL_SEQUENCES", USUAL);
    let (begin, mut pauses) = (Instant::now(), Pauses::default());
    let mut told = begin;
    for number in 0..count {
        if told.elapsed() > SIGN_OF_LIFE {
            eprintln!("{}: {number} of {count} sequences", environment.name);
            told = Instant::now();
        }
        let seeds = seeds(setting("MODEL_SEED", 1) + 1000 * environment.number() as u64, number);
        if let Some(difference) =
            comes_again(runner, &seeds, Care { memory: looks_at_memory(number), pause: pauses.next() })
        {
            runner.board.set_timeout(SHORT_TIMEOUT);
            let (difference, _) = shrink::smallest(runner, &Rules::RIGHT, seeds, difference);
            println!("{}: sequence {number} differs: {}", environment.name, difference.what);
            tell(&difference);
            return false;
        }
    }
    let time = begin.elapsed().as_secs_f64();
    let (steps, rate) = (runner.steps, count as f64 / time);
    println!(
        "{}: {count} sequences, {steps} steps, no difference; {rate:.0} sequences a second",
        environment.name
    );
    true
}

/// A difference, if the same sequence differs again. The kernel frees the memory that a user had locked in an earlier
/// namespace some time after it is gone, and counts it until then.
fn comes_again(runner: &mut Runner, seeds: &[u64], care: Care) -> Option<runner::Difference> {
    const FREED: Duration = Duration::from_millis(500);
    let first = runner.run(seeds, &Rules::RIGHT, care)?;
    std::thread::sleep(FREED);
    let second = runner.run(seeds, &Rules::RIGHT, care);
    if second.is_none() {
        println!("a sequence differed once, and not again: {}", first.what);
    }
    second
}

/// A difference in C notation, and as a script of the prompt.
fn tell(difference: &runner::Difference) {
    difference.steps.iter().for_each(|step| println!("    {step}"));
    println!("The same for `cargo run --bin play`:");
    difference.script.iter().for_each(|line| println!("    {line}"));
}

fn run_mutants(runner: &mut Runner, half: usize) -> bool {
    let mut all = true;
    for rules in mutants::all().iter().skip(half).step_by(2) {
        if std::env::var("MODEL_MUTANT").is_ok_and(|part| !rules.name.contains(&part)) {
            continue;
        }
        let found = (0..ENOUGH).find(|number| finds(runner, rules, *number));
        match found {
            Some(number) => println!("{:5} sequences: {}", number + 1, rules.name),
            None => println!("NOT FOUND in {ENOUGH} sequences: {}", rules.name),
        }
        all &= found.is_some();
        // Who asks for one mutant wants to see what gives it away.
        if let Some(number) = found.filter(|_| std::env::var("MODEL_MUTANT").is_ok()) {
            tell_smallest(runner, rules, number);
        }
    }
    all
}

fn tell_smallest(runner: &mut Runner, rules: &Rules, number: u64) {
    let seeds = seeds(7, number);
    if let Some(difference) = runner.run(&seeds, rules, Care { memory: true, pause: None }) {
        let (smallest, _) = shrink::smallest(runner, rules, seeds, difference);
        println!("{}: {}", rules.name, smallest.what);
        tell(&smallest);
    }
}

/// Whether a sequence differs under a wrong rule, and does not under the right ones.
fn finds(runner: &mut Runner, rules: &Rules, number: u64) -> bool {
    let seeds = seeds(7, number);
    if !runner.foresees(&seeds, rules) {
        return false;
    }
    let care = Care { memory: looks_at_memory(number), pause: rules.concern_time().then_some(PAUSE) };
    runner.run(&seeds, rules, care).is_some() && runner.run(&seeds, &Rules::RIGHT, care).is_none()
}

/// Memory costs more to look at than records do.
fn looks_at_memory(number: u64) -> bool {
    number % 16 == 15
}

fn seeds(seed: u64, sequence: u64) -> Vec<u64> {
    (0..STEPS).map(|step| seed << 44 | sequence << 8 | step).collect()
}

fn setting(name: &str, usual: u64) -> u64 {
    std::env::var(name)
        .ok()
        .map_or(usual, |text| text.parse().unwrap_or_else(|_| panic!("{name}={text}: no number")))
}
