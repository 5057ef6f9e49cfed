//! Walks the chapters and puts in what they ask for.
//!
//! **Invariant:** a chapter that asks for something that is not there stops the build, with file and line.

use anyhow::{Context, Result, bail};
use mdbook_preprocessor::book::{Book, BookItem, Chapter};
use mdbook_preprocessor::{Preprocessor, PreprocessorContext};
use playground::story::event::Event;

use crate::directive::{self, Directive};
use crate::recording::Recording;
use crate::{
    coverage, curves, excerpt, exercise, levels, markup, player, quiz, read, rules, rustdoc, tables,
};

/// Our preprocessor.
pub struct Playground;

impl Preprocessor for Playground {
    fn name(&self) -> &str {
        "playground"
    }

    fn run(&self, _: &PreprocessorContext, mut book: Book) -> Result<Book> {
        let mut problems = Vec::new();
        book.for_each_mut(|item| {
            if let BookItem::Chapter(chapter) = item
                && let Err(problem) = fill(chapter)
            {
                problems.push(format!("{problem:#}"));
            }
        });
        if problems.is_empty() { Ok(book) } else { bail!("{}", problems.join("\n")) }
    }
}

fn fill(chapter: &mut Chapter) -> Result<()> {
    let Some(path) = chapter.source_path.clone() else { return Ok(()) };
    let told = filled(&chapter.content).with_context(|| format!("book/src/{}", path.display()))?;
    chapter.content = told;
    Ok(())
}

/// A chapter's text with everything put in.
///
/// # Errors
///
/// What cannot be put in, and its line.
pub fn filled(text: &str) -> Result<String> {
    quiz::replace(&directive::replace(text, &mut put)?)
}

fn put(directive: &Directive) -> Result<String> {
    let first = || directive.argument(0);
    let second = || directive.argument(1);
    let number = || directive.number(0);
    Ok(match directive.name.as_str() {
        "lesson-title" => tables::title(number()?)?,
        "lesson-summary" => tables::summary(number()?)?,
        "step" => markup::code("rust", &excerpt::step(number()?, second()?)?),
        "code" => markup::code("rust", &excerpt::acts(number()?, second()?)?),
        "item" => markup::code(language(first()?), &excerpt::item(first()?, second()?)?),
        "file" => markup::code(language(first()?), &read(first()?)?),
        "lesson-file" => folded("The whole lesson", &read(&excerpt::lesson_path(number()?))?),
        "printed" => markup::printed(snapshot(&read(first()?)?)),
        "section" => excerpt::section(first()?, second()?)?,
        "exercise" => exercise::told(number()?)?,
        "solutions" => exercise::solutions()?,
        "plot" => curves::drawn()?,
        "command" => markup::code("console", &format!("cargo run --bin lesson{:02}", number()?)),
        "shell" => markup::code("console", first()?),
        "player" => player::player(&Recording::load_fresh(number()?)?)?,
        "questions" => player::questions(&Recording::load(number()?)?),
        "show" => show(directive)?,
        "value" => tables::value(first()?)?,
        "field" => field(number()?, second()?)?,
        "data" => tables::data(first()?)?,
        "lessons" => tables::lessons()?,
        "plan" => tables::plan()?,
        "article-segments" => tables::article_segments()?,
        "flags" => rustdoc::flags(first()?, second()?)?,
        "named" => rustdoc::named_in_c(first()?, second()?, directive.argument(2)?)?,
        "fields" => rustdoc::fields(first()?, second()?)?,
        "errors" => rustdoc::errors(first()?, &directive.arguments[1..])?,
        "claim" => coverage::anchors(&directive.arguments),
        "claims" => coverage::claims()?,
        "proof" => coverage::proof(first()?, &directive.arguments[1..])?,
        "picture" => picture(first()?)?,
        "playground" => levels::playground()?,
        "race" => race(17, ""),
        "lock" => race(18, " data-lock"),
        "rules" => rules::rules()?,
        "unknown" => rules::unknown()?,
        other => bail!("there is no directive {other}"),
    })
}

/// A race that the reader decides, with or without a lock; for those without scripts, where else that can be seen.
fn race(lesson: usize, kind: &str) -> String {
    format!(
        "<div class=\"shm-box\"><shm-race{kind}><p>This needs scripts. In a terminal, <code>cargo run --bin \
         lesson{lesson}</code> shows such orders.</p></shm-race></div>"
    )
}

fn language(path: &str) -> &'static str {
    if path.ends_with(".c") || path.ends_with(".h") { "c" } else { "rust" }
}

/// What a snapshot holds, without the lines above it that say where it comes from.
fn snapshot(text: &str) -> &str {
    text.splitn(3, "---\n").last().unwrap_or(text).trim_end()
}

/// A file of Rust that is there for those who want all of it.
fn folded(summary: &str, text: &str) -> String {
    format!(
        "<details class=\"shm-solution\"><summary>{summary}</summary>\n{}\n</details>\n",
        markup::code("rust", text)
    )
}

/// A drawing, and what it shows.
fn figure(class: &str, drawing: &str, caption: &str) -> String {
    let frame = "<div class=\"shm-frame\" tabindex=\"0\" role=\"group\" aria-label=\"Drawing\">";
    format!("<figure class=\"{class}\">{frame}{drawing}</div><figcaption>{caption}</figcaption></figure>")
}

/// `{{#show 3 "Read the kernel's record" record}}`: what a step showed, all of one kind or the one with a number.
fn show(directive: &Directive) -> Result<String> {
    let run = Recording::load(directive.number(0)?)?;
    let part = run.step(directive.argument(1)?)?;
    let wanted = directive.argument(2)?;
    let events = part.events.iter().filter(|told| told.kind() == wanted);
    let blocks: Vec<String> = events.filter_map(|told| markup::event(told)).collect();
    let blocks = match directive.arguments.get(3) {
        Some(_) => blocks.into_iter().nth(directive.number(3)? - 1).into_iter().collect(),
        None => blocks,
    };
    if blocks.is_empty() {
        bail!("the step {:?} of lesson {} shows no such {wanted}", part.title, run.number);
    }
    Ok(format!("<div class=\"shm-shown\">{}</div>", blocks.concat()))
}

/// `{{#field 3 shm_segsz}}`: a field of the first record that a lesson shows.
fn field(number: usize, name: &str) -> Result<String> {
    let run = Recording::load(number)?;
    let fields = run.events.iter().filter_map(|told| match &told.event {
        Event::Record { fields, .. } => Some(fields),
        _ => None,
    });
    let field = fields.flatten().find(|field| field.name == name);
    let field = field.with_context(|| format!("lesson {number} shows no field {name}"))?;
    Ok(field.values.first().cloned().unwrap_or_default())
}

/// A drawing of ours, with its title and description; on one line, as HTML in Markdown has to be.
fn picture(name: &str) -> Result<String> {
    let drawing = read(&format!("book/assets/pictures/{name}.svg"))?;
    let lines: Vec<&str> = drawing.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let title = drawing.split_once("</title>").and_then(|(head, _)| head.rsplit_once('>'));
    let (_, title) = title.with_context(|| format!("{name}.svg has no title"))?;
    Ok(figure("shm-figure", &lines.join(" "), title))
}
