//! The book: chapters, with the lessons' own code and their recorded runs put in.
//!
//! | module | what lives there |
//! |---|---|
//! | [`preprocess`] | walks the chapters, replaces each directive, says where one cannot be |
//! | [`directive`] | `{{#name argument "another one"}}`: what may stand in a chapter |
//! | [`exercise`] | the exercises, their hints and their solutions |
//! | [`excerpt`] | a step of a lesson, an item of a file, found by their text |
//! | [`recording`] | a lesson's run as JSON Lines; how it is made and compared |
//! | [`markup`] | an event as HTML |
//! | [`decode`], [`replay`] | a recorded run on the Machine: its calls as values, and what they change |
//! | [`scene`] | what the picture shows after each event |
//! | [`still`] | a scene as a drawing that stands in the page |
//! | [`script`] | a run as lines for the prompt, to go on from there |
//! | [`player`] | a whole run, readable as it is, from which the page's script makes the step player |
//! | [`curves`] | the plot of what was measured |
//! | [`quiz`] | questions at the end of a chapter |
//! | [`tables`], [`rustdoc`], [`rules`] | tables from data, and from the code's own documentation |
//! | [`levels`], [`module`] | what the playground page needs: the puzzles, and the prompt's session for the browser |
//! | [`order`] | the module's functions where gzip finds what is alike |
//! | [`picture`] | a lesson in motion, for README |
//! | [`finish`] | what mdBook leaves to do: scripts that wait, descriptions, a map of the site |
//! | [`coverage`] | where claims and errata are told |
//! | [`serve`] | the finished book on loopback |
//!
//! **Invariant:** nothing here invents a fact: code comes from the files that run, output from recorded runs.

pub mod coverage;
pub mod curves;
pub mod decode;
pub mod directive;
pub mod excerpt;
pub mod exercise;
pub mod finish;
pub mod levels;
pub mod markup;
pub mod module;
pub mod order;
pub mod picture;
pub mod player;
pub mod preprocess;
pub mod quiz;
pub mod recording;
pub mod replay;
pub mod rules;
pub mod rustdoc;
pub mod scene;
pub mod script;
pub mod serve;
pub mod still;
pub mod tables;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The project's folder, in which lessons, sources and this book lie.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the book lies in the project").to_owned()
}

/// The text of a file of the project.
///
/// # Errors
///
/// The file cannot be read.
pub fn read(path: &str) -> Result<String> {
    fs::read_to_string(root().join(path)).with_context(|| format!("{path} cannot be read"))
}
