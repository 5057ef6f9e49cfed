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

const JSON: [&str; 4] = ["--kernel", "model", "--format", "json"];

/// Each event that the program can write has its row in the README.
#[test]
fn the_readme_names_every_event() {
    let readme = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md")).unwrap();
    let table = readme.split("`who` is a process's letter:").nth(1).unwrap().split("\n## ").next().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("session").display().to_string();
    let lines = "hint\nint id = shmget(0x52, 1, IPC_CREAT)\nchar *p = shmat(id, NULL, 0)\nfork()\n*p = 'X'\nputs(p)\n*p\n\
         ipcrm -m 0\nshow\nshmdt(id)\nint s = semget(1, 1, 01600)\nB: semop(0, &(struct sembuf){0, -1, 0}, 1)\n";
    let script = lines.to_owned() + "undo\nredo\nrestart\nshmget(0, 1, 0)\noops\n";
    let events = |options: &[&str], script: &str| text(&play(&[&JSON, options].concat(), script));
    let of_both = events(&["--level", "nobody"], &script) + &events(&[], &format!("save {file}\n"));
    let mut told = std::collections::BTreeSet::new();
    for line in of_both.lines() {
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        told.insert(event["event"].as_str().unwrap().to_owned());
    }
    assert_eq!(told.len(), 19, "the script brings all events: {told:?}");
    let unnamed: Vec<_> = told.iter().filter(|name| !table.contains(&format!("`{name}`"))).collect();
    assert!(unnamed.is_empty(), "{unnamed:?}");
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
