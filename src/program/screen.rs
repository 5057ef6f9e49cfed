//! What kind of screen there is: decided here, once, by `main`.

use std::env;
use std::io::{self, IsTerminal};

use colored::control;
use terminal_size::{Height, Width, terminal_size};

use super::options::Color;
use super::platform;
use playground_core::story::Screen;

/// A line has no more columns than this, however wide the terminal is.
const WIDEST: usize = 80;
/// Narrower than this, the evidence cannot be laid out; longer lines are then wrapped by the terminal.
const NARROWEST: usize = 40;
/// A window whose size nobody tells has so many rows, as the first terminals had.
const ROWS: usize = 24;
/// Fewer rows than these hold no question with its prompt.
const FEWEST_ROWS: usize = 10;

/// Decides on colour. `colored` itself heeds NO_COLOR, CLICOLOR and CLICOLOR_FORCE.
pub(super) fn choose_color(color: Color) {
    let forced = env::var("CLICOLOR_FORCE").is_ok_and(|value| value != "0");
    match color {
        Color::Always => control::set_override(true),
        Color::Never => control::set_override(false),
        Color::Auto if env::var("TERM").is_ok_and(|term| term == "dumb") && !forced => {
            control::set_override(false)
        }
        Color::Auto => {}
    }
}

/// Decides on colour for what does not go to standard output, by the same rules.
pub fn choose_color_for(color: Color, terminal: bool) {
    let set = |name| env::var(name).is_ok_and(|value| !value.is_empty() && value != "0");
    let dumb = env::var("TERM").is_ok_and(|term| term == "dumb");
    let refused = set("NO_COLOR") || dumb || env::var("CLICOLOR").is_ok_and(|value| value == "0");
    control::set_override(match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => set("CLICOLOR_FORCE") || (terminal && !refused),
    });
}

/// The screen of something that does not wait for the learner.
pub fn screen(ascii: bool, terminal: bool) -> Screen {
    Screen {
        width: width(terminal),
        rows: None,
        ascii: ascii || !locale_is_utf8(),
        stepping: false,
        echoes: true,
        zone: platform::zone,
    }
}

/// The screen that standard output goes to.
pub(super) fn measure(ascii: bool, stepping: bool) -> Screen {
    Screen {
        width: width(io::stdout().is_terminal()),
        rows: stepping.then(rows),
        ascii: ascii || !locale_is_utf8(),
        stepping,
        echoes: io::stdin().is_terminal(),
        zone: platform::zone,
    }
}

/// The columns to use; a file is as wide as a terminal may be.
pub(super) fn width(terminal: bool) -> usize {
    let columns = if terminal { terminal_size().map(|(Width(columns), _)| columns.into()) } else { None };
    columns.unwrap_or(WIDEST).clamp(NARROWEST, WIDEST)
}

/// The rows to use: the terminal's, or what `LINES` says where there is none.
fn rows() -> usize {
    let told = || env::var("LINES").ok()?.parse().ok();
    let terminal = io::stdout().is_terminal().then(terminal_size).flatten();
    terminal.map(|(_, Height(rows))| rows.into()).or_else(told).unwrap_or(ROWS).max(FEWEST_ROWS)
}

/// Whether the locale's characters are UTF-8: the first of these that is set and not empty decides (locale(7)).
fn locale_is_utf8() -> bool {
    let mut set = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().filter_map(|name| env::var(name).ok());
    let locale = set.find(|value| !value.is_empty()).unwrap_or_default().to_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}
