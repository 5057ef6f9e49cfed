//! Results of speed: a table of times, a table of ratios, and bars.

use std::io;

use colored::Colorize;
use textwrap::Options;

use super::Text;
use super::lines::ascii;
use super::table::filled;
use crate::quartiles::{size, time};
use crate::story::event::{Speed, SpeedRow};
use crate::ways::{Mechanism, Traffic};

/// The sizes that bars are drawn for: a small message and a large one.
const DRAWN: [usize; 2] = [64, 1 << 16];

/// How wide a name is beside a bar, and a time behind it.
const NAME: usize = 16;
const TIME: usize = 8;

impl Text {
    pub(super) fn speeds(&mut self, traffic: Traffic, sizes: &[usize], rows: &[SpeedRow]) -> io::Result<()> {
        let what = match traffic {
            Traffic::RoundTrip => "a message there and back",
            Traffic::Stream => "a message of a stream",
        };
        let heading: Vec<_> =
            std::iter::once("by".to_owned()).chain(sizes.iter().map(|&bytes| size(bytes))).collect();
        let table = |cell: fn(&Speed) -> String| -> Vec<Vec<String>> {
            let line = |row: &SpeedRow| {
                std::iter::once(row.name.clone()).chain(row.cells.iter().map(cell)).collect()
            };
            rows.iter().map(line).collect()
        };
        self.heading(&format!("time for {what}: the median, and the middle half around it"))?;
        self.lines(&filled(&heading, &table(told_time), self.room()))?;
        self.refusals(rows)?;
        self.blank()?;
        self.heading(&format!("{what}: how many times as fast as through a pipe"))?;
        self.lines(&filled(&heading, &table(told_ratio), self.room()))?;
        self.blank()?;
        DRAWN.into_iter().try_for_each(|bytes| self.bars(what, bytes, rows))
    }

    fn refusals(&mut self, rows: &[SpeedRow]) -> io::Result<()> {
        for row in rows {
            let refused = row.cells.iter().filter_map(|cell| Some((cell.size, cell.refused.as_ref()?)));
            for (bytes, why) in refused {
                self.evidence(&format!("{} {}: {why}", row.name, size(bytes)))?;
            }
        }
        Ok(())
    }

    /// Bars that are a column longer for each time that is longer by the same factor.
    fn bars(&mut self, what: &str, bytes: usize, rows: &[SpeedRow]) -> io::Result<()> {
        let median = |row: &SpeedRow| {
            let cell = row.cells.iter().find(|cell| cell.size == bytes)?;
            Some(cell.time?.median)
        };
        let times: Vec<_> = rows.iter().filter_map(|row| Some((row, median(row)?))).collect();
        let shortest = times.iter().map(|(_, time)| *time).fold(f64::INFINITY, f64::min);
        let longest = times.iter().map(|(_, time)| *time).fold(shortest, f64::max);
        let most = self.room().saturating_sub(NAME + TIME + 4).max(4);
        let column = log2(longest / shortest) / (most - 1) as f64;
        self.heading(&format!("{what} of {}: longer is slower, on a logarithmic scale", size(bytes)))?;
        for (row, nanoseconds) in times {
            let columns =
                if column > 0.0 { (log2(nanoseconds / shortest) / column).round() as usize } else { 0 };
            let bar = "█".repeat(1 + columns.min(most - 1));
            let bar = if self.screen.ascii { bar.replace('█', "#") } else { bar };
            let bar = if row.way == Mechanism::Pipe { bar.blue() } else { bar.normal() };
            self.line(&format!("    {:<NAME$}  {bar} {}", row.name, time(nanoseconds)))?;
        }
        self.blank()
    }

    /// In red, all of it.
    pub(super) fn warning(&mut self, text: &str) -> io::Result<()> {
        let text = if self.screen.ascii { ascii(text) } else { text.to_owned() };
        let options = Options::new(self.screen.width).initial_indent("  ").subsequent_indent("  ");
        for line in textwrap::wrap(&text, options) {
            self.line(&line.red().bold().to_string())?;
        }
        self.blank()
    }
}

/// The binary logarithm of a number from 1 on: exact for powers of 2, and less than 0.1 off between them, which no bar
/// shows. The exact one is in libm, which each program would then have to load before it begins.
fn log2(number: f64) -> f64 {
    let (mut whole, mut rest) = (0.0, number);
    while rest >= 2.0 && rest.is_finite() {
        (whole, rest) = (whole + 1.0, rest / 2.0);
    }
    whole + rest - 1.0
}

fn told_time(cell: &Speed) -> String {
    match cell.time {
        Some(spread) => format!("{} {:.0}%", time(spread.median), spread.percent().min(99.0)),
        None => "refused".to_owned(),
    }
}

fn told_ratio(cell: &Speed) -> String {
    cell.ratio.map_or("-".to_owned(), |ratio| ratio.to_string())
}
