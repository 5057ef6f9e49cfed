//! The rules of the Machine, from the documentation of the files that hold them.

use anyhow::{Result, ensure};

use crate::read;

/// The files, in the order in which one would explain them, each with its heading.
const FILES: [(&str, &str); 21] = [
    ("ids", "Ids"),
    ("permission", "Permissions"),
    ("shmget", "shmget"),
    ("shmat", "shmat"),
    ("shmdt", "shmdt"),
    ("shmctl", "shmctl"),
    ("attachment", "What is counted, and when a segment goes"),
    ("segment", "The record of a segment"),
    ("space", "Address spaces"),
    ("access", "Reading and writing"),
    ("mapping", "mmap, munmap and mprotect"),
    ("mremap", "mremap"),
    ("life", "fork, exec, exit and kill"),
    ("namespace", "Namespaces"),
    ("settings", "Limits"),
    ("semget", "semget"),
    ("semop", "semop"),
    ("waiting", "Waiting and waking"),
    ("semctl", "semctl"),
    ("set", "The record of a set"),
    ("credentials", "Users and capabilities"),
];

/// The chapter's sections: what a file says of itself, its invariant, and what it says of each of its rules.
///
/// # Errors
///
/// A file is not there, or it says nothing.
pub fn rules() -> Result<String> {
    FILES.iter().map(|(file, heading)| section(file, heading)).collect()
}

fn section(file: &str, heading: &str) -> Result<String> {
    let path = format!("src/core/machine/{file}.rs");
    let text = read(&path)?;
    let about = paragraphs(text.lines().filter_map(|line| line.strip_prefix("//!")));
    ensure!(!about.is_empty(), "{path} says nothing of itself");
    let rules: Vec<String> = documented(&text).iter().map(|rule| format!("- {}", plain(rule))).collect();
    let about: Vec<String> = about.iter().map(|paragraph| plain(paragraph)).collect();
    Ok(format!("## {heading}\n\n{}\n\n{}\n\n", about.join("\n\n"), rules.join("\n")))
}

/// Lines that a blank one parts.
fn paragraphs<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut all = vec![String::new()];
    for line in lines.map(str::trim).take_while(|line| !line.starts_with("```")) {
        match all.last_mut() {
            Some(last) if !line.is_empty() => *last += &format!(" {line}"),
            _ => all.push(String::new()),
        }
    }
    all.into_iter().map(|one| one.trim().to_owned()).filter(|one| !one.is_empty()).collect()
}

/// What stands above functions and says more than their name: at least two sentences, or one long one.
fn documented(text: &str) -> Vec<String> {
    let mut rules = Vec::new();
    let mut doc: Vec<&str> = Vec::new();
    for line in text.lines().map(str::trim) {
        if let Some(part) = line.strip_prefix("///") {
            doc.push(part);
            continue;
        }
        let of_a_function = ["fn ", "pub fn ", "pub(super) fn "].iter().any(|word| line.starts_with(word));
        if of_a_function {
            let said = paragraphs(doc.iter().copied().take_while(|line| !line.contains("# "))).join(" ");
            if said.len() > LONG {
                rules.push(said);
            }
        }
        doc.clear();
    }
    rules
}

/// A comment that is shorter only names what the function is for.
const LONG: usize = 90;

/// Without links to types, which lead nowhere here.
fn plain(text: &str) -> String {
    let link = regex::Regex::new(r"\[(`[^`]*`)\](?:\([^)]*\))?").expect("a pattern");
    link.replace_all(text, "$1").replace('<', "&lt;")
}

/// What the Machine does not know, in its own words.
///
/// # Errors
///
/// The list is not there.
pub fn unknown() -> Result<String> {
    let path = "src/core/machine/unknown.rs";
    let text = read(path)?;
    let body = text.split("pub enum Unknown {").nth(1).and_then(|rest| rest.split('}').next());
    let items: Vec<String> = body
        .unwrap_or_default()
        .lines()
        .filter_map(|line| line.trim().strip_prefix("///"))
        .map(|line| format!("- {}", plain(line.trim())))
        .collect();
    ensure!(!items.is_empty(), "{path} lists nothing");
    Ok(items.join("\n"))
}
