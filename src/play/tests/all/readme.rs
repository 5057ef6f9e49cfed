//! The session in the README is what the program prints, on the kernel of this computer or on the model.

use std::fs;

use super::prompt::{play, text};

#[test]
fn the_session_in_the_readme_is_what_is_printed() {
    let readme = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md")).unwrap();
    let shown =
        readme.split("<!-- play -->\n```text\n").nth(1).and_then(|rest| rest.split("```\n").next()).unwrap();
    let is_typed = |line: &&str| line.split_once("> ").is_some_and(|(letter, _)| letter.len() == 1);
    let typed: Vec<&str> = shown.lines().filter(is_typed).map(|line| &line[3..]).collect();
    assert!(typed.len() > 5);
    let printed = text(&play(&[], typed.join("\n")));
    // Which kernel answers is said in the first lines, and where it maps a segment is its own business.
    assert_eq!(without_addresses(from_first_line(&printed)), without_addresses(from_first_line(shown)));
}

fn from_first_line(text: &str) -> &str {
    text.find("A> ").map_or("", |at| &text[at..])
}

/// The addresses that a kernel has chosen are the long ones.
fn without_addresses(text: &str) -> String {
    let mut parts = text.split("0x7f");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        text + "[address]" + part.trim_start_matches(|c: char| c.is_ascii_hexdigit())
    })
}
