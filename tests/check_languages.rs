//! The same solution in four languages gets the same verdict. Needs Python, and a C library to link statically.

use crate::examined;

use std::path::Path;

use examined::{Workspace, cc, codes, root};
use serde_json::Value;

/// Exercises that have a solution in Python, too.
const IN_PYTHON: [usize; 6] = [1, 4, 7, 8, 9, 11];

fn source(number: usize, ending: &str) -> std::path::PathBuf {
    match (number, ending) {
        (8, "c") => root().join("tests/c/shm.c"),
        _ => root().join(format!("tests/solutions/exercise{number:02}.{ending}")),
    }
}

fn verdict_of(workspace: &Workspace, number: usize, command: &[&str]) -> Value {
    let number = number.to_string();
    workspace.verdict(&[&[number.as_str(), "--"], command].concat())
}

fn passes(verdict: &Value, language: &str) {
    assert_eq!(verdict["passed"], true, "{language}: {:?} {verdict}", codes(verdict));
}

#[test]
fn python_and_static_binaries_are_judged_alike() {
    let workspace = Workspace::new();
    for number in IN_PYTHON {
        // Where it lies, no submission can see it.
        let python = workspace.path().join("solution.py");
        std::fs::copy(source(number, "py"), &python).unwrap();
        let python = python.display().to_string();
        passes(&verdict_of(&workspace, number, &["python3", &python]), "Python");
        let program = cc(&source(number, "c"), workspace.path(), &["-static"]);
        passes(&verdict_of(&workspace, number, &[&program.display().to_string()]), "static");
        let program = cc(&source(number, "c"), workspace.path(), &[]);
        passes(&verdict_of(&workspace, number, &[&program.display().to_string()]), "C");
    }
}

#[test]
fn mistakes_are_the_same_in_every_language() {
    let workspace = Workspace::new();
    let script = workspace.path().join("forgets.py");
    let text = std::fs::read_to_string(source(1, "py")).unwrap();
    std::fs::write(&script, text.replace("libc.shmctl(segment", "(lambda *_: 0)(segment")).unwrap();
    let python = verdict_of(&workspace, 1, &["python3", &script.display().to_string()]);
    let program =
        cc(Path::new(&root().join("tests/dodges/exit-early.04.c")), workspace.path(), &["-w", "-static"]);
    assert_eq!(codes(&python), ["never-removed"]);
    assert_eq!(codes(&verdict_of(&workspace, 4, &[&program.display().to_string()])), ["not-allocated"]);
}
