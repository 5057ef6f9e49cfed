//! The session in the README is what the program prints.

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
    assert_eq!(text(&play(&[], typed.join("\n"))), shown);
}
