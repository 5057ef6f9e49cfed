//! Tables and numbers: of the lessons, and of data that no lesson prints.

use anyhow::{Context, Result, bail};
use playground::course::{LESSONS, OWNER_RW, SIZE, TEXT, THERE};
use serde::Deserialize;

use crate::markup::table;
use crate::read;
use crate::recording::{Recording, told_lessons};
use crate::rustdoc::inline;

/// The lesson whose recording says how large a page is.
const WITH_PAGES: usize = 1;
/// How far apart ids with the same index and following sequence numbers are (`ipc/util.h`).
const SEQUENCE: u64 = 32768;

#[derive(Deserialize)]
struct Data {
    #[serde(default)]
    caption: String,
    heading: Vec<String>,
    rows: Vec<Vec<String>>,
}

/// A table of `data/`.
///
/// # Errors
///
/// It is not there, or no TOML, or has a row of another length.
pub fn data(name: &str) -> Result<String> {
    let path = format!("book/data/{name}.toml");
    let data: Data = toml::from_str(&read(&path)?).with_context(|| path.clone())?;
    if let Some(row) = data.rows.iter().find(|row| row.len() != data.heading.len()) {
        bail!("{path}: the row {row:?} has {} cells", row.len());
    }
    let html = |cells: &Vec<String>| cells.iter().map(|cell| inline(cell)).collect::<Vec<_>>();
    Ok(table(&data.caption, &html(&data.heading), &data.rows.iter().map(html).collect::<Vec<_>>()))
}

/// The lessons that tell something, with links to their chapters.
///
/// # Errors
///
/// A lesson cannot be read.
pub fn lessons() -> Result<String> {
    let rows: Vec<Vec<String>> = told_lessons()?
        .iter()
        .map(|lesson| {
            let link = format!("<a href=\"{0}.html\">{0}</a>", lesson.name);
            vec![link, inline(lesson.title), inline(lesson.summary)]
        })
        .collect();
    Ok(table("", &["lesson", "title", "what one learns"].map(str::to_owned), &rows))
}

/// The title of a lesson.
///
/// # Errors
///
/// There is no such lesson.
pub fn title(number: usize) -> Result<String> {
    let lesson = LESSONS.iter().find(|lesson| lesson.number == number);
    let lesson = lesson.with_context(|| format!("there is no lesson {number}"))?;
    Ok(format!("Lesson {number}: {}", lesson.title.split(':').next().unwrap_or_default()))
}

/// What a lesson is about, in one line.
///
/// # Errors
///
/// There is no such lesson.
pub fn summary(number: usize) -> Result<String> {
    let lesson = LESSONS.iter().find(|lesson| lesson.number == number);
    let lesson = lesson.with_context(|| format!("there is no lesson {number}"))?;
    let mut letters = lesson.summary.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    Ok(format!("*{first}{}.*", letters.as_str()))
}

/// A number or text that the lessons share.
///
/// # Errors
///
/// It has no such name.
pub fn value(name: &str) -> Result<String> {
    let page = Recording::load(WITH_PAGES)?.page_size()?;
    let pages = SIZE.div_ceil(page);
    Ok(match name {
        "size" => SIZE.to_string(),
        "size-hex" => format!("{SIZE:#x}"),
        "page" => page.to_string(),
        "pages" => pages.to_string(),
        "mapped" => (pages * page).to_string(),
        "there" => THERE.to_string(),
        "text" => String::from_utf8_lossy(TEXT).trim_end_matches('\0').to_owned(),
        "text-bytes" => TEXT.len().to_string(),
        "mode-c" => format!("{:04o}", OWNER_RW.bits()),
        "mode-rust" => format!("0o{:o}", OWNER_RW.bits()),
        "rust" => toolchain()?,
        "lessons" => told_lessons()?.len().to_string(),
        "sequence" => SEQUENCE.to_string(),
        other => bail!("there is no value {other}"),
    })
}

/// The oldest version of Rust that builds the project.
fn toolchain() -> Result<String> {
    let manifest: toml::Table = toml::from_str(&read("Cargo.toml")?)?;
    let version = manifest["package"].get("rust-version").and_then(|version| version.as_str());
    Ok(version.context("Cargo.toml names no rust-version")?.to_owned())
}

#[derive(Deserialize)]
struct Article {
    segment: Vec<Listed>,
}

#[derive(Deserialize)]
struct Listed {
    id: u64,
    bytes: u64,
}

/// What the ids and sizes of the article's listing say, once they are taken apart.
///
/// # Errors
///
/// The data cannot be read.
pub fn article_segments() -> Result<String> {
    let article: Article = toml::from_str(&read("book/data/article.toml")?)?;
    let page = Recording::load(WITH_PAGES)?.page_size()? as u64;
    let rows: Vec<Vec<String>> = article
        .segment
        .iter()
        .map(|Listed { id, bytes }| {
            let taken_apart = format!("{} × {SEQUENCE} + {}", id / SEQUENCE, id % SEQUENCE);
            vec![id.to_string(), taken_apart, bytes.to_string(), bytes.div_ceil(page).to_string()]
        })
        .collect();
    let heading = ["shmid", "sequence × step + index", "bytes", "pages"].map(str::to_owned);
    Ok(table("The article's listing, taken apart", &heading, &rows))
}

#[derive(Deserialize)]
struct Plan {
    lesson: Vec<Planned>,
}

#[derive(Deserialize)]
struct Planned {
    number: usize,
    minutes: usize,
    say: String,
    board: String,
}

/// The teacher's plan: minutes, what to say, what to draw.
///
/// # Errors
///
/// The plan leaves out a lesson that tells something.
pub fn plan() -> Result<String> {
    let plan: Plan = toml::from_str(&read("book/data/course.toml")?)?;
    let mut rows = Vec::new();
    let mut sum = 0;
    for lesson in told_lessons()? {
        let planned = plan.lesson.iter().find(|planned| planned.number == lesson.number);
        let planned = planned.with_context(|| format!("book/data/course.toml has no {}", lesson.name))?;
        sum += planned.minutes;
        let link = format!("<a href=\"{0}.html\">{0}</a>", lesson.name);
        rows.push(vec![link, planned.minutes.to_string(), inline(&planned.say), inline(&planned.board)]);
    }
    rows.push(vec!["together".to_owned(), sum.to_string(), String::new(), String::new()]);
    let heading = ["lesson", "minutes", "say", "draw on the board"].map(str::to_owned);
    Ok(table("", &heading, &rows))
}
