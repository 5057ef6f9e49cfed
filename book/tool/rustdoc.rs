//! Tables from the documentation of the types: errors, flags, commands, fields of the record.

use std::sync::LazyLock;

use anyhow::{Result, bail, ensure};
use regex::Regex;

use crate::markup::{data_cell, escape, table};
use crate::read;

static CONSTANT: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^const ([A-Z_]+) = 0").expect("a pattern"));
static ERRNO: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"`(E[A-Z]+)`").expect("a pattern"));
static LINK: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\[(`[^`]*`)\](\([^)]*\))?").expect("a pattern"));
static PAGE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\[([^\]]*)\]\(([a-z0-9]+\.html)\)").expect("a pattern"));
static CODE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"`([^`]*)`").expect("a pattern"));

/// The comment of an item, line by line.
struct Documented(Vec<String>);

/// Markdown of a comment or a table as HTML: only code, links to types, and links to pages of the book occur.
pub fn inline(text: &str) -> String {
    let text = LINK.replace_all(text, "$1").replace("Key::PRIVATE", "IPC_PRIVATE").replace("ShmidDs::", "");
    let text = escape(&text);
    let text = CODE.replace_all(&text, "<code>$1</code>");
    PAGE.replace_all(&text, "<a href=\"$2\">$1</a>").into_owned()
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

/// By what a table of errors is ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Call,
    Errno,
}

/// What each call may be refused with, from the functions that make it: `by-call`, or `by-errno`.
///
/// # Errors
///
/// A file documents no errors, or the order has another name.
pub fn errors(order: &str, paths: &[String]) -> Result<String> {
    let order = match order {
        "by-call" => Order::Call,
        "by-errno" => Order::Errno,
        other => bail!("errors are told by-call or by-errno, and not {other}"),
    };
    let mut groups: Vec<(String, Vec<[String; 2]>)> = Vec::new();
    for (call, errno, why) in refusals(paths)? {
        let (group, row) = match order {
            Order::Call => (call, [errno, why]),
            Order::Errno => (errno, [call, why]),
        };
        match groups.iter_mut().find(|(name, _)| *name == group) {
            Some((_, rows)) => rows.push(row),
            None => groups.push((group, vec![row])),
        }
    }
    ensure!(!groups.is_empty(), "no errors are documented");
    if order == Order::Errno {
        groups.sort();
    }
    let heading = if order == Order::Call { ["call", "error", "when"] } else { ["error", "call", "when"] };
    Ok(grouped(heading, &groups))
}

/// Call, error and reason, each once.
fn refusals(paths: &[String]) -> Result<Vec<(String, String, String)>> {
    let mut all: Vec<(String, String, String)> = Vec::new();
    for path in paths {
        for item in documented(path)? {
            let summary = item.summary();
            let Some((call, _)) = summary.strip_prefix('`').and_then(|rest| rest.split_once('`')) else {
                continue;
            };
            let Some(call) = plain_call(call) else { continue };
            // What is as for another call is told there.
            let told = item.errors().into_iter().filter(|text| !text.starts_with("As for"));
            for (errno, why) in told.flat_map(|text| reasons(&text)) {
                let row = (call.clone(), errno, why);
                if !all.contains(&row) {
                    all.push(row);
                }
            }
        }
    }
    if let Some((call, errno, _)) = all.iter().find(|(_, _, why)| why.is_empty()) {
        bail!("what is documented of {call} does not say when it is refused with {errno}");
    }
    Ok(all)
}

/// `shmctl(id, IPC_STAT, &buf)` as `shmctl` `IPC_STAT`: the name, and the command if there are several.
fn plain_call(call: &str) -> Option<String> {
    let (name, arguments) = call.split_once('(')?;
    let known = ["shmget", "shmat", "shmdt", "shmctl", "semget", "semop", "semctl"];
    let command = arguments.split([',', ')']).map(str::trim);
    let mut command = command
        .filter(|word| Regex::new("^(IPC_|SHM_L|SHM_U|[SG]ET)[A-Z]+$").is_ok_and(|it| it.is_match(word)));
    let command = if name.ends_with("ctl") { command.next() } else { None };
    known.contains(&name).then(|| match command {
        Some(command) => format!("{name}, {command}"),
        None => name.to_owned(),
    })
}

/// The errors that a sentence names, each with its reason: after a colon, or in brackets.
fn reasons(text: &str) -> Vec<(String, String)> {
    let found: Vec<_> = ERRNO.find_iter(text).collect();
    let mut told: Vec<(String, String)> = Vec::new();
    for (at, errno) in found.iter().enumerate().rev() {
        let end = found.get(at + 1).map_or(text.len(), |next| next.start());
        let rest = text[errno.end()..end].trim();
        let why = if let Some(why) = rest.strip_prefix(':') {
            why.trim().trim_end_matches(['.', ';']).to_owned()
        } else if let Some(why) = rest.strip_prefix('(') {
            why.split(')').next().unwrap_or_default().to_owned()
        } else if let Some(why) = rest.strip_prefix(", where ") {
            why.trim_end_matches('.').to_owned()
        } else {
            // `ENOSPC`, `ENOMEM`: both for the reason that follows.
            told.last()
                .filter(|_| [",", "or"].contains(&rest))
                .map(|(_, why)| why.clone())
                .unwrap_or_default()
        };
        told.push((errno.as_str().trim_matches('`').to_owned(), why));
    }
    told.reverse();
    told
}

/// A table whose first column spans the rows of a group.
fn grouped(heading: [&str; 3], groups: &[(String, Vec<[String; 2]>)]) -> String {
    let head: String = heading.iter().map(|cell| format!("<th scope=\"col\">{cell}</th>")).collect();
    let mut body = String::new();
    for (name, rows) in groups {
        for (at, [second, why]) in rows.iter().enumerate() {
            let first = match at {
                0 => format!(
                    "<th scope=\"rowgroup\" rowspan=\"{}\"><code>{}</code></th>",
                    rows.len(),
                    escape(name)
                ),
                _ => String::new(),
            };
            let why = data_cell(&inline(why));
            body += &format!("<tr>{first}<td><code>{}</code></td>{why}</tr>", escape(second));
        }
    }
    format!(
        "<div class=\"table-wrapper shm-table\" tabindex=\"0\" role=\"group\" aria-label=\"Table\"><table>\
         <thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_error_of_a_sentence_has_its_reason() {
        let told = |text: &str| {
            reasons(text).into_iter().map(|(errno, why)| format!("{errno}: {why}")).collect::<Vec<_>>()
        };
        assert_eq!(
            told("`Refused`, with `EACCES` (no right) or `EINVAL` (gone)."),
            ["EACCES: no right", "EINVAL: gone"]
        );
        assert_eq!(told("`EINVAL`: no set. `EFBIG`: no such one."), ["EINVAL: no set", "EFBIG: no such one"]);
        assert_eq!(told("`ENOSPC`, `ENOMEM`: no room."), ["ENOSPC: no room", "ENOMEM: no room"]);
    }

    #[test]
    fn a_call_is_known_by_its_name_and_its_command() {
        assert_eq!(plain_call("shmctl(id, IPC_STAT, &buf)").as_deref(), Some("shmctl, IPC_STAT"));
        assert_eq!(plain_call("semctl(id, number, SETVAL, value)").as_deref(), Some("semctl, SETVAL"));
        assert_eq!(plain_call("shmget(IPC_PRIVATE, size, flags | mode)").as_deref(), Some("shmget"));
    }
}
