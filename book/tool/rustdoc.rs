//! Tables from the documentation of the types: errors, flags, commands, fields of the record.

use std::sync::LazyLock;

use anyhow::{Result, ensure};
use regex::Regex;

use crate::markup::{escape, table};
use crate::read;

static CONSTANT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^const ([A-Z_]+) = libc::").expect("a pattern"));
static ERRNO: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"`(E[A-Z]+)`").expect("a pattern"));
static LINK: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\[(`[^`]*`)\](\([^)]*\))?").expect("a pattern"));
static CODE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"`([^`]*)`").expect("a pattern"));

/// The comment of an item, line by line.
struct Documented(Vec<String>);

/// Markdown of a comment as HTML: only code and links occur.
pub fn inline(text: &str) -> String {
    let text = LINK.replace_all(text, "$1");
    let text = escape(&text);
    CODE.replace_all(&text, "<code>$1</code>").into_owned()
}

fn documented(path: &str) -> Result<Vec<Documented>> {
    let mut all = Vec::new();
    let mut doc = Vec::new();
    for line in read(path)?.lines().map(str::trim) {
        match line.strip_prefix("///") {
            Some(text) => doc.push(text.trim().to_owned()),
            None if line.starts_with("#[") || line.is_empty() => {}
            None if doc.is_empty() => {}
            None => all.push(Documented(std::mem::take(&mut doc))),
        }
    }
    Ok(all)
}

impl Documented {
    /// The paragraph that it begins with.
    fn summary(&self) -> String {
        let lines: Vec<&str> =
            self.0.iter().map(String::as_str).take_while(|line| !line.is_empty()).collect();
        lines.join(" ")
    }

    /// What stands under `# Errors`, item by item.
    fn errors(&self) -> Vec<String> {
        let lines = self.0.iter().skip_while(|line| *line != "# Errors").skip(1);
        let mut items: Vec<String> = Vec::new();
        for line in lines.take_while(|line| !line.starts_with("Source:") && !line.starts_with("# ")) {
            match items.last_mut() {
                Some(last) if !line.is_empty() && !line.starts_with("- ") => *last += &format!(" {line}"),
                _ if line.is_empty() => items.push(String::new()),
                _ => items.push(line.trim_start_matches("- ").to_owned()),
            }
        }
        let mut items: Vec<String> = items.iter().map(|item| item.trim().to_owned()).collect();
        items.retain(|item| !item.is_empty());
        items
    }
}

/// The flags that a file declares for one of its types.
///
/// # Errors
///
/// There are none.
pub fn flags(path: &str, of: &str) -> Result<String> {
    let text = read(path)?;
    let at = text.find(&format!("pub struct {of}"));
    ensure!(at.is_some(), "{path} has no flags {of}");
    let body = &text[at.unwrap_or_default()..];
    let body = &body[..body.find("const _").unwrap_or(body.len())];
    let mut rows = Vec::new();
    let mut doc = String::new();
    for line in body.lines().map(str::trim) {
        if let Some(text) = line.strip_prefix("///") {
            doc += text;
        } else if let Some(found) = CONSTANT.captures(line) {
            rows.push(vec![format!("<code>{}</code>", &found[1]), inline(doc.trim())]);
            doc.clear();
        }
    }
    ensure!(!rows.is_empty(), "{path}: {of} has no flags");
    Ok(table("", &["flag", "what it does"].map(str::to_owned), &rows))
}

/// What is documented of an enum's variants, or a struct's fields, and begins with its name in C.
///
/// # Errors
///
/// There is none.
pub fn named_in_c(path: &str, begins: &str, heading: &str) -> Result<String> {
    let named = Regex::new(&format!("^`({begins}[A-Za-z_.]*)`: (.*)$"))?;
    let rows: Vec<Vec<String>> = documented(path)?
        .iter()
        .filter_map(|item| {
            let summary = item.summary();
            let found = named.captures(&summary)?;
            Some(vec![format!("<code>{}</code>", &found[1]), inline(&found[2])])
        })
        .collect();
    ensure!(!rows.is_empty(), "{path} documents nothing that begins with {begins}");
    Ok(table("", &[heading.to_owned(), "what it is".to_owned()], &rows))
}

/// What each call may be refused with, from the functions that make it.
///
/// # Errors
///
/// A file documents no errors.
pub fn errors(paths: &[&str]) -> Result<String> {
    let mut rows = Vec::new();
    for path in paths {
        for item in documented(path)? {
            let summary = item.summary();
            let Some((call, _)) = summary.strip_prefix('`').and_then(|rest| rest.split_once('`')) else {
                continue;
            };
            if !call.starts_with("shm") && !call.starts_with("sem") {
                continue;
            }
            let told: Vec<String> = item.errors().into_iter().filter(|text| ERRNO.is_match(text)).collect();
            rows.extend(told.iter().map(|text| vec![format!("<code>{}</code>", escape(call)), inline(text)]));
        }
    }
    ensure!(!rows.is_empty(), "no errors are documented");
    Ok(table("", &["call", "errors"].map(str::to_owned), &rows))
}

/// The fields of a struct whose names are those of C.
///
/// # Errors
///
/// There is no such struct.
pub fn fields(path: &str, of: &str) -> Result<String> {
    let text = read(path)?;
    let at = text.find(&format!("pub struct {of} "));
    ensure!(at.is_some(), "{path} has no struct {of}");
    let body = text[at.unwrap_or_default()..].split("\n}").next().unwrap_or_default();
    let mut rows = Vec::new();
    let mut doc = Vec::new();
    for line in body.lines().map(str::trim) {
        if let Some(text) = line.strip_prefix("///") {
            doc.push(text.trim());
        } else if let Some((name, _)) = line.strip_prefix("pub ").and_then(|line| line.split_once(':')) {
            rows.push(vec![format!("<code>{name}</code>"), inline(&doc.join(" "))]);
            doc.clear();
        }
    }
    Ok(table("", &["field", "what it is"].map(str::to_owned), &rows))
}
