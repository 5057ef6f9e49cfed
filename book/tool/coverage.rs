//! Where the claims of the article are taught, and where its errors are put right.

use std::collections::BTreeMap;
use std::fs;
use std::sync::LazyLock;

use anyhow::{Context, Result, ensure};
use playground::story::event::Event;
use regex::Regex;

use crate::markup::{escape, table};
use crate::recording::{Recording, told_lessons};
use crate::rustdoc::inline;
use crate::{read, root};

/// How many claims the article makes.
pub const CLAIMS: usize = 59;
/// How many of its mistakes and gaps are known.
pub const ERRATA: usize = 39;

static CLAIM: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\{\{#claim((?: C\d+)+)\}\}").expect("a pattern"));
static ROW: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"row\(\s*"([A-Z]+-\d+[a-z]?)",\s*\w+,\s*"([^"]*)""#).expect("a pattern"));

/// The names of the chapters' files.
///
/// # Errors
///
/// The folder cannot be read.
pub fn chapters() -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(root().join("book/src"))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".md") && name != "SUMMARY.md" {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// Which chapter has the anchor of each claim.
///
/// # Errors
///
/// A claim has two anchors.
pub fn claim_chapters() -> Result<BTreeMap<String, String>> {
    let summary = read("book/src/SUMMARY.md")?;
    let mut found = BTreeMap::new();
    for chapter in chapters()?.into_iter().filter(|chapter| summary.contains(chapter.as_str())) {
        for anchors in CLAIM.captures_iter(&read(&format!("book/src/{chapter}"))?) {
            for code in anchors[1].split_whitespace() {
                let before = found.insert(code.to_owned(), chapter.clone());
                ensure!(
                    before.is_none(),
                    "{code} is anchored twice: in {} and {chapter}",
                    before.unwrap_or_default()
                );
            }
        }
    }
    Ok(found)
}

/// The anchors of claims, to stand at the end of a paragraph.
pub fn anchors(codes: &[String]) -> String {
    let one = |code: &String| {
        format!(
            "<a class=\"shm-claim\" id=\"{code}\" href=\"claims.html\" title=\"Claim {code} of the article\">{code}</a>"
        )
    };
    codes.iter().map(one).collect::<Vec<_>>().join(" ")
}

/// The table of all claims, with links to where they are taught.
///
/// # Errors
///
/// A claim has no anchor, or no sentence.
pub fn claims() -> Result<String> {
    let sentences: BTreeMap<String, String> = toml::from_str(&read("book/data/claims.toml")?)?;
    let places = claim_chapters()?;
    let mut rows = Vec::new();
    for number in 1..=CLAIMS {
        let code = format!("C{number}");
        let sentence =
            sentences.get(&code).with_context(|| format!("book/data/claims.toml has no {code}"))?;
        let chapter = places.get(&code).with_context(|| format!("no chapter has the anchor of {code}"))?;
        let page = chapter.trim_end_matches(".md");
        let link = format!("<a href=\"{page}.html#{code}\">{}</a>", escape(&chapter_title(page)?));
        rows.push(vec![code, inline(sentence), link]);
    }
    Ok(table("", &["claim", "what the article says", "where it is taught"].map(str::to_owned), &rows))
}

/// The title of a chapter, as the summary has it.
fn chapter_title(page: &str) -> Result<String> {
    let summary = read("book/src/SUMMARY.md")?;
    let found = Regex::new(&format!(r"\[([^\]]*)\]\({page}\.md\)"))?;
    let title = found.captures(&summary).map(|title| title[1].to_owned());
    title.with_context(|| format!("{page}.md is not in the summary"))
}

/// How we know: the lessons that show an erratum, the tests of the facts that it rests on, any other test by its file
/// and name (`tests/a.rs::b`), a manual page (`shmget(2)`), or where else to look, in words. `told 0 17` names lessons
/// that only speak of it: those are listed last, and prove nothing.
///
/// # Errors
///
/// A fact, or a name, has no test; or nothing is left that proves anything.
pub fn proof(code: &str, facts: &[String]) -> Result<String> {
    let (only_told, facts): (Vec<&String>, Vec<&String>) =
        facts.iter().partition(|fact| fact.starts_with("told "));
    let only_told: Vec<usize> = only_told
        .iter()
        .flat_map(|lessons| lessons.split(' '))
        .filter_map(|word| word.parse().ok())
        .collect();
    let (told, shown): (Vec<_>, Vec<_>) =
        tellings(code)?.into_iter().partition(|(lesson, _)| only_told.contains(lesson));
    ensure!(
        only_told.iter().all(|lesson| told.iter().any(|(one, _)| one == lesson)),
        "not told there: {code}"
    );
    let mut items: Vec<String> = shown.iter().map(|(_, link)| format!("Shown by {link}")).collect();
    let tests = facts_by_id()?;
    for fact in facts {
        if let Some((file, test)) = fact.split_once("::") {
            ensure!(read(file)?.contains(&format!("fn {test}(")), "{file} has no test {test}");
            items.push(format!("Test <code>{test}</code> in <code>{file}</code>."));
            continue;
        }
        if fact.ends_with(')') {
            items.push(format!("The manual page <code>{}</code>.", escape(fact)));
            continue;
        }
        if fact.contains(' ') {
            items.push(format!("{}.", inline(fact)));
            continue;
        }
        let (told, file) =
            tests.get(fact.as_str()).with_context(|| format!("no test in tests/facts is named {fact}"))?;
        items.push(format!("Test <code>{fact}</code> in <code>{file}</code>: {}.", escape(told)));
    }
    ensure!(!items.is_empty(), "nothing shows {code}");
    items.extend(told.iter().map(|(_, link)| format!("Told in {link}")));
    let items: String = items.iter().map(|item| format!("<li>{item}</li>")).collect();
    Ok(format!("<div class=\"shm-proof\"><p><strong>How we know</strong></p><ul>{items}</ul></div>"))
}

/// The steps that tell an erratum: the lesson's number, and a link.
fn tellings(code: &str) -> Result<Vec<(usize, String)>> {
    let mut items = Vec::new();
    for lesson in told_lessons()? {
        let run = Recording::load(lesson.number)?;
        for part in run.parts() {
            let told = part
                .events
                .iter()
                .any(|told| matches!(&told.event, Event::Erratum { code: told, .. } if told == code));
            if told {
                let (name, number, title) = (lesson.name, lesson.number, escape(&part.title));
                items.push((number, format!("<a href=\"{name}.html#run\">lesson {number}</a>, “{title}”.")));
            }
        }
    }
    Ok(items)
}

/// The facts that tests hold the kernel to: what each says, and where it stands.
fn facts_by_id() -> Result<BTreeMap<String, (String, String)>> {
    let mut facts = BTreeMap::new();
    for entry in fs::read_dir(root().join("tests/facts"))? {
        let file = format!("tests/facts/{}", entry?.file_name().to_string_lossy());
        for row in ROW.captures_iter(&read(&file)?) {
            facts.insert(row[1].to_owned(), (row[2].to_owned(), file.clone()));
        }
    }
    Ok(facts)
}

/// The errata that have no heading of their own in the chapter about them.
///
/// # Errors
///
/// The chapter cannot be read.
pub fn missing_errata() -> Result<Vec<String>> {
    let text = read("book/src/errata.md")?;
    let codes = (1..=ERRATA).map(|number| format!("E{number}"));
    Ok(codes.filter(|code| !text.contains(&format!("{{#{code}}}"))).collect())
}
