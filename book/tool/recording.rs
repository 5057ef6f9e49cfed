//! A lesson's run as JSON Lines: `recordings/lesson03.jsonl`.
//!
//! The first line is ours: which kernel answered, and when. The others are the events of one real run in a private
//! namespace, as the lesson printed them.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use playground::call::Shmid;
use playground::course::{LESSONS, Lesson};
use playground::story::event::Event;
use regex::Regex;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{excerpt, read, root};

/// What the stretch is called in which a lesson tidies up.
const AT_THE_END: &str = "At the end";

/// A recorded run.
#[derive(Clone, Debug)]
pub struct Recording {
    /// The lesson's number.
    pub number: usize,
    /// Which kernel, and when.
    pub header: Header,
    /// What happened, in order.
    pub events: Vec<Told>,
}

/// The first line of a recording: which kernel answered, and when.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "event", rename = "recording")]
pub struct Header {
    /// `Linux` and its version.
    pub kernel: String,
    /// The processor's architecture.
    pub machine: String,
    /// The day.
    pub date: String,
    /// What was typed.
    pub how: String,
    /// The fingerprint of the lesson's file.
    pub lesson: String,
    /// `debug` or `release`.
    pub build: String,
}

/// An event of a run.
#[derive(Clone, Debug)]
pub struct Told {
    /// What happened.
    pub event: Event,
    /// For a table of segments, which were in the table before. The first has none before it.
    pub before: Option<Vec<Shmid>>,
}

impl Told {
    /// The name of the event.
    pub fn kind(&self) -> String {
        let value = serde_json::to_value(&self.event).expect("an event is JSON");
        value["event"].as_str().unwrap_or_default().to_owned()
    }
}

/// A stretch of a run: what came before, a step, or what was tidied up at the end.
#[derive(Clone, Debug)]
pub struct Part<'a> {
    /// What it is called.
    pub title: String,
    /// `So far`, `Step 1`, `Experiment 2`, `At the end`.
    pub label: String,
    /// Its events.
    pub events: Vec<&'a Told>,
}

impl Recording {
    /// The committed run of a lesson.
    ///
    /// # Errors
    ///
    /// There is none, or it is no JSON.
    pub fn load(number: usize) -> Result<Recording> {
        let path = path(number);
        let text = read(&path).context("run `cargo run -p book -- record`")?;
        Recording::parse(number, &text).with_context(|| path)
    }

    /// The committed run of a lesson, unless the lesson's file is another one now.
    ///
    /// # Errors
    ///
    /// As for [`Recording::load`]; or it is stale.
    pub fn load_fresh(number: usize) -> Result<Recording> {
        let run = Recording::load(number)?;
        let lesson = excerpt::lesson_path(number);
        let now = fingerprint(&read(&lesson)?);
        let stale = format!(
            "{} is stale, since {lesson} has changed: run `cargo run -p book -- record`",
            path(number)
        );
        ensure!(run.header.lesson == now, stale);
        Ok(run)
    }

    fn parse(number: usize, text: &str) -> Result<Recording> {
        let mut lines = text.lines();
        let header = lines.next().context("it is empty")?;
        let header =
            serde_json::from_str(header).context("its first line does not say which kernel answered")?;
        let events = lines
            .zip(2..)
            .map(|(text, line)| serde_json::from_str(text).with_context(|| format!("line {line}: {text}")));
        let events = events.collect::<Result<Vec<Event>>>()?;
        ensure!(events.len() > 1, "the run tells nothing");
        Ok(Recording { number, header, events: with_tables_before(events) })
    }

    /// Its stretches.
    pub fn parts(&self) -> Vec<Part<'_>> {
        let mut parts: Vec<Part<'_>> = Vec::new();
        for told in &self.events {
            match &told.event {
                Event::Section { title }
                    if parts.iter().all(|part| part.label.is_empty()) || title == AT_THE_END =>
                {
                    parts.push(Part::new(title, String::new()));
                }
                Event::Step { number, experiment, title } => {
                    let name = if *experiment { "Experiment" } else { "Step" };
                    parts.push(Part::new(title, format!("{name} {number}")));
                }
                _ => {
                    if let Some(part) = parts.last_mut() {
                        part.events.push(told);
                    }
                }
            }
        }
        parts
    }

    /// The step whose title begins so.
    ///
    /// # Errors
    ///
    /// There is none.
    pub fn step(&self, title: &str) -> Result<Part<'_>> {
        let steps = || self.parts().into_iter().filter(|part| !part.label.is_empty());
        let whole = steps().find(|part| part.title == title);
        let found = whole.or_else(|| steps().find(|part| part.title.starts_with(title)));
        found.with_context(|| format!("{} has no step {title:?}", path(self.number)))
    }

    /// The size of a page on the machine that ran it.
    ///
    /// # Errors
    ///
    /// The run does not say.
    pub fn page_size(&self) -> Result<usize> {
        match self.events.first().map(|told| &told.event) {
            Some(Event::Lesson { page_size, .. }) => Ok(*page_size),
            _ => bail!("{} does not say how large a page is", path(self.number)),
        }
    }
}

impl Part<'_> {
    fn new(title: &str, label: String) -> Self {
        Part { title: title.to_owned(), label, events: Vec::new() }
    }

    /// Its full heading.
    pub fn heading(&self) -> String {
        if self.label.is_empty() { self.title.clone() } else { format!("{} · {}", self.label, self.title) }
    }
}

/// The events, and with each table the ids of the one before.
fn with_tables_before(events: Vec<Event>) -> Vec<Told> {
    let mut last = None;
    let told = |event| {
        let before = match &event {
            Event::Segments { rows, .. } => last.replace(rows.iter().map(|row| row.row.shmid).collect()),
            _ => None,
        };
        Told { event, before }
    };
    events.into_iter().map(told).collect()
}

fn path(number: usize) -> String {
    format!("book/recordings/lesson{number:02}.jsonl")
}

/// The lessons that tell something: the others are numbers that are kept for later.
///
/// # Errors
///
/// A lesson's file cannot be read.
pub fn told_lessons() -> Result<Vec<&'static Lesson>> {
    let mut told = Vec::new();
    for lesson in &LESSONS {
        if read(&excerpt::lesson_path(lesson.number))?.contains("story.step(") {
            told.push(lesson);
        }
    }
    Ok(told)
}

/// Runs lessons and writes down what they tell.
///
/// # Errors
///
/// One cannot be built, run or written.
pub fn record(only: &[usize]) -> Result<()> {
    let lessons = told_lessons()?.into_iter();
    let wanted: Vec<&Lesson> =
        lessons.filter(|lesson| only.is_empty() || only.contains(&lesson.number)).collect();
    if wanted.iter().any(|lesson| !measures(lesson.name)) {
        build_lessons()?;
    }
    if wanted.iter().any(|lesson| measures(lesson.name)) {
        build(&["--release", "--bin", MEASURING[0], "--bin", MEASURING[1]])?;
    }
    // One that is asked for by its number is recorded anew, whatever the old one says.
    wanted.into_iter().try_for_each(|lesson| record_one(lesson, !only.is_empty()))
}

/// What tells the same as before is left alone, with its old numbers.
fn record_one(lesson: &Lesson, anew: bool) -> Result<()> {
    let path = path(lesson.number);
    if !anew && Recording::load_fresh(lesson.number).is_ok() && measures(lesson.name) {
        println!("{path}: as before; `record {}` measures anew", lesson.number);
        return Ok(());
    }
    let lines = run(lesson.name, Purpose::Keep)?;
    let fresh = Recording::load_fresh(lesson.number).is_ok();
    let alike = !anew && fresh && difference(lesson.name, &read(&path)?, &lines).is_none();
    if !alike {
        let header = header(lesson.name, &read(&excerpt::lesson_path(lesson.number))?);
        let header = serde_json::to_string(&header)?;
        fs::write(root().join(&path), format!("{header}\n{lines}"))?;
    }
    println!("{path}{}", if alike { ": as before" } else { "" });
    Ok(())
}

/// Builds the lessons as anyone would.
///
/// # Errors
///
/// They cannot be built.
pub fn build_lessons() -> Result<()> {
    build(&["--bins"])
}

fn build(options: &[&str]) -> Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo).args(["build", "--quiet"]).args(options).current_dir(root()).status()?;
    ensure!(built.success(), "the lessons cannot be built");
    Ok(())
}

/// Lessons that tell times. A debug build takes other times, so they are recorded from a release build.
const MEASURING: [&str; 2] = ["lesson18", "lesson20"];
/// The lesson all of whose figures are measured: two runs have the same shape, and not one number in common.
const ALL_FIGURES: &str = "lesson20";
/// Its number. From its figures the book draws curves.
pub const WITH_CURVES: usize = 20;

fn measures(name: &str) -> bool {
    MEASURING.contains(&name)
}

/// What a run is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To be shown in the book.
    Keep,
    /// To be compared with the one that is shown: from a debug build, which is there, and without taking time.
    Compare,
}

/// Lessons that need more users than a private user namespace has. Root runs them in a private IPC namespace alone.
const OF_SEVERAL_USERS: [&str; 1] = ["lesson11"];

/// Whether this process may run a lesson as its recording was made.
pub fn can_run(name: &str) -> bool {
    !OF_SEVERAL_USERS.contains(&name) || is_root()
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n")
}

/// How a lesson is run, as one would type it.
fn how(name: &str, purpose: Purpose) -> String {
    let options = "--pace run --format json";
    match (name, purpose) {
        (ALL_FIGURES, Purpose::Compare) => format!("{name} --isolated {options} --time 100"),
        _ if OF_SEVERAL_USERS.contains(&name) => format!("unshare --ipc {name} {options}"),
        _ => format!("{name} --isolated {options}"),
    }
}

/// What a lesson tells now, in a private namespace.
///
/// # Errors
///
/// It cannot be run, or failed.
pub fn run(name: &str, purpose: Purpose) -> Result<String> {
    let folder = programs(purpose == Purpose::Keep && measures(name))?;
    let typed = how(name, purpose);
    let words = typed.split_whitespace().map(|word| match word {
        _ if word == name => folder.join(name).into_os_string(),
        _ => word.into(),
    });
    let words: Vec<OsString> = words.collect();
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).env("LANG", "C.UTF-8").env("TZ", "UTC").current_dir(root());
    let output = command.output().with_context(|| typed.clone())?;
    let problem = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{typed} failed: {problem}");
    // Where this working copy lies is no fact about shared memory.
    let told = String::from_utf8(output.stdout)?;
    Ok(told.replace(&folder.display().to_string(), "target/debug"))
}

/// Where cargo puts the lessons: beside this program, or one folder up from a test.
fn programs(release: bool) -> Result<PathBuf> {
    let me = std::env::current_exe()?;
    let folder = me.parent().context("a program lies in a folder")?;
    let folder = if folder.ends_with("deps") { folder.parent().unwrap_or(Path::new(".")) } else { folder };
    Ok(if release { folder.with_file_name("release") } else { folder.to_owned() })
}

fn header(name: &str, lesson: &str) -> Header {
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    // A kernel is known by its version; what stands after it names one machine's build.
    let version = kernel.trim().split('-').next().unwrap_or_default();
    Header {
        kernel: format!("Linux {version}"),
        machine: std::env::consts::ARCH.to_owned(),
        date: today(),
        how: how(name, Purpose::Keep),
        lesson: fingerprint(lesson),
        build: if measures(name) { "release" } else { "debug" }.to_owned(),
    }
}

/// A number that another text hardly has (FNV-1a), to see whether a lesson is the one that was run.
fn fingerprint(text: &str) -> String {
    let start = 0xcbf2_9ce4_8422_2325_u64;
    let hash = text.bytes().fold(start, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    format!("{hash:016x}")
}

/// The date, as `date -u +%F` prints it.
fn today() -> String {
    let date = Command::new("date").args(["-u", "+%F"]).output();
    date.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
}

/// A run with what differs from one to the next under a name: processes by order, addresses, times, counts of noise.
pub fn masked(lines: &str) -> String {
    const MASKS: &[(&str, &str)] = &[
        // Whether there is room for a segment between two libraries is the machine's.
        (r#"(\{"what":"segment"[^}]*\}),\{"what":"libraries"[^}]*\}"#, "$1"),
        (r#""key":-?\d{4,}"#, r#""key":"[key]""#),
        (r#""project":\d+\},"result":-?\d+"#, r#""project":"[project]""#),
        (r"(ftok\([^,]*), \d+\)", "$1, [project])"),
        (r"/SYSV[0-9a-f]{8}", "/SYSV[key]"),
        (r"/fd/\d+", "/fd/[fd]"),
        // Which descriptors are free depends on what the recorder has inherited.
        (r#""fd":\d+"#, r#""fd":"[fd]""#),
        (r"((?:pipe2|socketpair)\([^)]*\)) = 0 // \d+, \d+", "$1 = 0 // [fd], [fd]"),
        (r"\b(read|write|ftruncate|close)\(\d+", "$1([fd]"),
        (r"(open\([^)]*\)) = \d+", "$1 = [fd]"),
        (r#"("name":"open","args":\{[^}]*\},"result"):\d+"#, r#"$1:"[fd]""#),
        (r"MAP_SHARED, \d+,", "MAP_SHARED, [fd],"),
        (r"In this process \d+ is no descriptor", "In this process [fd] is no descriptor"),
        (r"/shm_playground_[0-9_]+", "/[name]"),
        (r"((?:shm_open|memfd_create)\([^)]*\)) = \d+", "$1 = [fd]"),
        (r#"("name":"(?:shm_open|memfd_create)","args":\{[^}]*\},"result"):\d+"#, "$1:\"[fd]\""),
        (r"\b(fcntl|sendmsg|recvmsg)\(\d+", "$1([fd]"),
        (r"SCM_RIGHTS, \[\d+\]", "SCM_RIGHTS, [[fd]]"),
        (r#""socket":\d+"#, r#""socket":"[fd]""#),
        (r#"\b[0-9a-f]{2}:[0-9a-f]{2} \d{3,} [^ "]+"#, "[device] [inode] [file]"),
        (r#"("title":"(?:what ftok keeps|several names).*"rows":)\[\[.*\]\]"#, r#"$1"[keys]""#),
        (r#"("what":"[a-z]+ made until[^"]*","times"):\d+"#, "$1:[times]"),
        (r#""(address|start|end|result)":\d{10,}"#, r#""$1":"[address]""#),
        (r"\b(0x)?[0-9a-f]{12}\b", "${1}[address]"),
        (r#""bytes":\[(\d+,){5}12[67],0,0\]"#, r#""bytes":"[address]""#),
        (r"\b1[789]\d{8}\b", "[time]"),
        (r"(_time=)[^\\]*", "${1}[time]"),
        (r#""inode":\d+"#, r#""inode":"[inode]""#),
        (r"0x[0-9a-f]{8}\b", "[key]"),
        (r"([oc]time) = [^\\]*", "$1 = [time]"),
        (r#""bytes":\[\d+,\d+,\d+,128\]"#, r#""bytes":"[futex]""#),
        (r#"("event":"bytes","offset":64,"bytes":)\[\d+,\d+,\d+,0\]"#, r#"$1"[pid]""#),
        (r#"("title":"(?:the last race|what one increment costs).*"rows":)\[\[.*\]\]"#, r#"$1"[race]""#),
        (r"pipe:\[\d+\]", "pipe:[inode]"),
        (r#"shm_playground_[^"\\]*"#, "[file]"),
        (r#""(?:\[process \d+\]|\d{2,7})","(?:\[process \d+\]|\d{2,7})","#, r#""[pid]","[parent]","#),
        (r#""others":\d+"#, r#""others":"[others]""#),
    ];
    let body = lines.lines().filter(|line| !line.starts_with(r#"{"event":"recording""#));
    let body = body.collect::<Vec<_>>().join("\n");
    let body = processes_by_order(&body);
    MASKS.iter().fold(body, |text, (pattern, name)| {
        Regex::new(pattern).expect("a pattern").replace_all(&text, *name).into_owned()
    })
}

/// Process ids are named after the order in which they appear; columns that are filled up with blanks shrink.
fn processes_by_order(text: &str) -> String {
    let mut names = BTreeMap::new();
    let pid = Regex::new(r#""pid":(\d+)"#).expect("a pattern");
    for found in pid.captures_iter(text) {
        let next = names.len();
        names.entry(found[1].to_owned()).or_insert(next);
    }
    let number = Regex::new(r"\b(\d{2,})\b *").expect("a pattern");
    let named = |found: &regex::Captures<'_>| match names.get(&found[1]) {
        Some(name) => format!("[process {name}]"),
        None => found[0].to_owned(),
    };
    number.replace_all(text, named).into_owned()
}

/// What two runs have in common whose figures are measured: what is told in which order, asked of whom, by which names.
fn shape(lines: &str) -> String {
    // A debug build warns, and a busy machine has no answer where its rounds disagree: neither belongs to the lesson.
    const OF_THE_MACHINE: [&str; 5] = ["recording", "warning", "missing", "say", "answer"];
    let events = lines.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let events =
        events.filter(|event| !OF_THE_MACHINE.contains(&event["event"].as_str().unwrap_or_default()));
    let told = |event: Value| {
        let rows = event["rows"].as_array().into_iter().flatten();
        let names: Vec<&Value> =
            rows.map(|row| if row["name"].is_null() { &row[0] } else { &row["name"] }).collect();
        let parts = ["event", "title", "heading", "what", "question", "code", "name", "sizes"];
        let mut told: Vec<&Value> =
            parts.iter().map(|part| &event[*part]).filter(|part| !part.is_null()).collect();
        told.extend(names);
        json!(told).to_string()
    };
    events.map(told).collect::<Vec<_>>().join("\n")
}

/// The first line in which the committed run and a new one differ.
pub fn difference(name: &str, committed: &str, anew: &str) -> Option<String> {
    let alike = if name == ALL_FIGURES { shape } else { masked };
    let (committed, anew) = (alike(committed), alike(anew));
    let differ = committed.lines().zip(anew.lines()).find(|(one, other)| one != other);
    match differ {
        Some((one, other)) => Some(format!("recorded: {one}\nanew:     {other}")),
        None if committed.lines().count() != anew.lines().count() => Some("one is longer".to_owned()),
        None => None,
    }
}
