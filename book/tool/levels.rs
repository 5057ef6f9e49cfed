//! The puzzles, for the playground page: as data, and as a list for pages without scripts.

use std::fs;

use anyhow::{Context, Result};
use play::level::Level;
use serde_json::{Value, json};

use crate::markup::escape;
use crate::{read, root};

const FOLDER: &str = "lessons/levels";

/// Every puzzle's file, in order.
fn files() -> Result<Vec<String>> {
    let entries = fs::read_dir(root().join(FOLDER)).with_context(|| format!("{FOLDER} cannot be read"))?;
    let mut names: Vec<String> =
        entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    names.sort();
    Ok(names)
}

/// Every puzzle with its name, in order, and its conditions as the module reads them.
///
/// # Errors
///
/// A file cannot be read, or it is no puzzle.
pub fn all() -> Result<Vec<Value>> {
    let one = |file: &String| {
        let text = read(&format!("{FOLDER}/{file}"))?;
        let conditions =
            toml::from_str::<Level>(&text).with_context(|| format!("{FOLDER}/{file}"))?.conditions;
        let conditions = postcard::to_stdvec(&conditions)?;
        let level: Value = toml::from_str(&text)?;
        let name = file.trim_end_matches(".toml").split_once('-').map_or(file.as_str(), |(_, name)| name);
        Ok(json!({ "name": name, "level": level, "conditions": conditions }))
    };
    files()?.iter().map(one).collect()
}

/// The prompt of the playground page, with the puzzles in it.
///
/// # Errors
///
/// A puzzle cannot be read.
pub fn playground() -> Result<String> {
    let levels = all()?;
    let items: String = levels.iter().map(item).collect();
    let data = serde_json::to_string(&levels)?.replace('<', "\\u003c");
    Ok(format!(
        "<div class=\"shm-box\"><shm-play data-page=\"\"><noscript><p>The prompt needs scripts. Without them, \
         <code>cargo run --bin play</code> is the same in a terminal, and these are its puzzles:</p>\
         <ol>{items}</ol></noscript><script type=\"application/json\">{data}</script></shm-play></div>"
    ))
}

fn item(level: &Value) -> String {
    let text = |name: &str| escape(level["level"][name].as_str().unwrap_or_default());
    format!("<li><strong>{}</strong>: {}</li>", text("title"), text("goal"))
}
