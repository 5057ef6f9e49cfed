//! A lesson in motion, for README: a page that can show pictures, and runs no script.
//!
//! The recorded run is told as the terminal tells it. Each question and each answer is a screen; the screens lie one below
//! the other, as on a film, and a style moves the film on. A reader who wants nothing to move sees the first answer.
//!
//! **Invariant:** every line comes from the recording, through the terminal's own renderer.

use std::cell::RefCell;
use std::fs;
use std::io::{self, Write};
use std::rc::Rc;

use anstyle_svg::Term;
use anyhow::{Context, Result};
use playground::clock;
use playground::story::event::Event;
use playground::story::{Render, Screen, Text};

use super::recording::Recording;
use super::root;

/// The lesson that is shown.
const LESSON: usize = 3;
/// Where the picture lies, from the project's folder on.
pub const PATH: &str = "book/assets/lesson03.svg";

/// The window, in rows and columns.
const ROWS: usize = 24;
const COLUMNS: usize = 80;
/// How long a screen stays, in seconds.
const STAYS: usize = 5;

/// As `anstyle-svg` lays lines out, in pixels: how high one is, where the first begins, and how wide 80 columns are.
const LINE: usize = 18;
const TOP: usize = 10;
const WIDTH: usize = 740;

/// Draws the picture anew.
///
/// # Errors
///
/// There is no recording, or the file cannot be written.
pub fn draw() -> Result<()> {
    fs::write(root().join(PATH), drawn()?).context(PATH)?;
    println!("{PATH}");
    Ok(())
}

/// The picture, as the recording has it now.
///
/// # Errors
///
/// There is no recording, or it cannot be told.
pub fn drawn() -> Result<String> {
    let screens = screens(&Recording::load(LESSON)?)?;
    let count = screens.len();
    let film: String = screens.iter().map(|screen| window(screen)).collect();
    Ok(format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 {TOP} {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img">
<title>Lesson {LESSON} in a terminal: it asks, the kernel answers, and the evidence is shown</title>
<style>
.film .fg {{ fill: #1f2328 }}
.film .fg-blue {{ fill: #0550ae }}
.film .fg-red {{ fill: #cf222e }}
.paper {{ fill: #ffffff; stroke: #808080 }}
@media (prefers-color-scheme: dark) {{
.film .fg {{ fill: #e6edf3 }}
.film .fg-blue {{ fill: #79c0ff }}
.film .fg-red {{ fill: #ff7b72 }}
.paper {{ fill: #0d1117 }}
}}
.film {{ animation: film {seconds}s steps({count}) infinite }}
@keyframes film {{ to {{ transform: translateY(-{length}px) }} }}
@media (prefers-reduced-motion: reduce) {{ .film {{ animation: none; transform: translateY(-{step}px) }} }}
</style>
<rect class="paper" y="{TOP}" width="100%" height="100%"/>
<g class="film">
{film}</g>
</svg>
"#,
        height = ROWS * LINE + LINE / 2,
        seconds = count * STAYS,
        length = count * (ROWS + 1) * LINE,
        step = (ROWS + 1) * LINE,
        film = Term::new().background(false).render_svg(&film),
    ))
}

/// What has been told at each question, and at each answer.
fn screens(run: &Recording) -> Result<Vec<String>> {
    colored::control::set_override(true);
    let told = Told::default();
    let screen =
        Screen { width: COLUMNS, rows: None, ascii: false, stepping: false, echoes: false, zone: clock::utc };
    let mut text = Text::new(told.clone(), screen);
    let mut screens = Vec::new();
    for event in run.events.iter().map(|told| &told.event) {
        text.tell(event)?;
        if matches!(event, Event::Predict { .. } | Event::Answer { .. }) {
            screens.push(String::from_utf8(told.0.borrow().clone())?);
        }
    }
    Ok(screens)
}

/// The last rows of what was told, filled up to a window, and an empty row between it and the next.
fn window(told: &str) -> String {
    let lines: Vec<&str> = told.trim_end().lines().collect();
    let rows = &lines[lines.len().saturating_sub(ROWS)..];
    rows.join("\n") + &"\n".repeat(ROWS + 2 - rows.len())
}

/// A terminal that remembers what is written to it.
#[derive(Clone, Default)]
struct Told(Rc<RefCell<Vec<u8>>>);

impl Write for Told {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_window_is_as_high_as_the_film_moves() {
        for lines in [1, 23, 24, 70] {
            assert_eq!(window(&"line\n".repeat(lines)).matches('\n').count(), ROWS + 1, "{lines} lines");
        }
    }
}
