//! Results of speed: a table of times, a table of ratios, and bars.

use std::io;

use colored::Colorize;
use textwrap::Options;

use super::Text;
use super::lines::ascii;
use super::table::filled;
use super::traced::counted;
use crate::quartiles::{size, time};
use crate::story::event::{Speed, SpeedRow};
use crate::ways::{Mechanism, Traffic};

/// The sizes that bars are drawn for: a small message and a large one.
const DRAWN: [usize; 2] = [64, 1 << 16];

/// How many columns twice the time is at most.
const WIDEST_STEP: usize = 8;

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

    /// Bars of which so many columns more are twice the time, wherever they are: the heading says how many.
    fn bars(&mut self, what: &str, bytes: usize, rows: &[SpeedRow]) -> io::Result<()> {
        let median = |row: &SpeedRow| {
            let cell = row.cells.iter().find(|cell| cell.size == bytes)?;
            Some(cell.time?.median)
        };
        let times: Vec<_> = rows.iter().filter_map(|row| Some((row, median(row)?))).collect();
        if times.is_empty() {
            return Ok(());
        }
        let shortest = times.iter().map(|(_, time)| *time).fold(f64::INFINITY, f64::min);
        let longest = times.iter().map(|(_, time)| *time).fold(shortest, f64::max);
        let most = self.room().saturating_sub(NAME + TIME + 4).max(4);
        let step = step(log2(longest / shortest), most - 1);
        let scale = format!("logarithmic: +{} for twice the time", counted(step, "column"));
        self.heading(&format!("{what} of {} ({scale})", size(bytes)))?;
        for (row, nanoseconds) in times {
            let columns = (log2(nanoseconds / shortest) * step as f64).round() as usize;
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

/// How many columns twice the time is, where so many doublings have so many columns: the same for all bars, and not so
/// many that a small difference looks like a large one.
fn step(doublings: f64, columns: usize) -> usize {
    (1..=WIDEST_STEP).rev().find(|step| doublings * *step as f64 <= columns as f64).unwrap_or(1)
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
        None => cell.without_time().to_owned(),
    }
}

fn told_ratio(cell: &Speed) -> String {
    cell.ratio.map_or(cell.without_time().to_owned(), |ratio| ratio.to_string())
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::quartiles::Quartiles;
    use crate::story::{Event, Render, Screen};

    /// What is written stays here.
    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<Vec<u8>>>);

    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("nobody panics").write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What the screen says of messages of 64 bytes that took these nanoseconds.
    fn told(times: [(Mechanism, Option<f64>, Option<&str>); 3]) -> String {
        let cell = |time: Option<f64>, refused: Option<&str>| Speed {
            size: 64,
            time: time.and_then(|time| Quartiles::of([time; 5])),
            ratio: None,
            ratio_is_told: false,
            refused: refused.map(str::to_owned),
        };
        let rows = times.map(|(way, time, refused)| SpeedRow {
            way,
            name: way.to_string(),
            cells: vec![cell(time, refused)],
        });
        let paper = Paper::default();
        let screen =
            Screen { width: 80, rows: None, ascii: true, stepping: false, echoes: false, zone: |_| Some(0) };
        let event = Event::Speeds { traffic: Traffic::RoundTrip, sizes: vec![64], rows: rows.into() };
        Text::new(paper.clone(), screen).tell(&event).expect("memory takes it");
        let bytes = paper.0.lock().expect("nobody panics").clone();
        String::from_utf8(bytes).expect("text")
    }

    #[test]
    fn twice_the_time_is_as_many_columns_more_for_each_bar_as_the_heading_says() {
        let times = [100.0, 200.0, 1600.0].map(Some);
        let text = told([
            (Mechanism::Spin, times[0], None),
            (Mechanism::Futex, times[1], None),
            (Mechanism::Pipe, times[2], None),
        ]);
        assert!(text.contains("(logarithmic: +8 columns for twice the time)"), "{text}");
        let columns: Vec<_> = text.lines().map(|line| line.matches('#').count()).filter(|&n| n > 0).collect();
        assert_eq!(columns, [1, 9, 33], "{text}");
        assert_eq!([step(4.0, 40), step(5.1, 40), step(100.0, 40), step(0.0, 40)], [8, 7, 1, 8]);
    }

    #[test]
    fn what_was_never_measured_is_not_called_refused() {
        let text = told([
            (Mechanism::Spin, Some(100.0), None),
            (Mechanism::Futex, None, None),
            (Mechanism::Posix, None, Some("too large")),
        ]);
        let cells = |name: &str| -> Vec<_> {
            text.lines().filter(|line| line.trim().starts_with(name)).map(str::trim_end).collect()
        };
        assert!(cells("segment, futex").iter().all(|line| line.ends_with("not measured")), "{text}");
        assert!(cells("POSIX queue")[0].ends_with("refused"), "{text}");
        let nothing = told([Mechanism::Spin, Mechanism::Futex, Mechanism::Pipe].map(|way| (way, None, None)));
        assert!(!nothing.contains("logarithmic"), "a chart of nothing:\n{nothing}");
    }
}
