//! The curves, as a drawing: time over size, both logarithmic, a curve for each mechanism.
//!
//! SVG is written here by hand: a page lets its reader hide a curve and ask for a value, and so a curve has to be a
//! group with a name, and a point has to say its figure. A drawing library gives lines that belong to nobody.
//!
//! **Invariant:** all diagrams of a run have the same axes, so that heights can be compared across them.

use super::figures::{Measurement, ROUND_TRIPS, Results, SIZES, STREAMS};
use super::look::look;
use super::ways::{Mechanism, Traffic};
use playground_core::quartiles::{size, time};

/// How large a diagram is, in units that are pixels where it is not scaled.
const WIDTH: f64 = 480.0;
const HEIGHT: f64 = 440.0;
/// Where its curves are: left, right, top, bottom.
const INSIDE: [f64; 4] = [84.0, 462.0, 44.0, 376.0];
/// From one name of the legend to the next.
const LINE: f64 = 32.0;
/// How wide the legend of a file is, beside the diagrams.
const LEGEND: f64 = 180.0;
/// The letters of a file; a page has its own.
const LETTERS: &str = "font-family=\"sans-serif\" font-size=\"15\"";

/// What a mechanism's time is for messages of each size.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// The mechanism.
    pub way: Mechanism,
    /// Bytes, and nanoseconds.
    pub points: Vec<(usize, f64)>,
}

/// The text of an SVG file: round trips, streams, and whose the curves are, side by side.
pub fn svg(figures: &Results) -> String {
    let curves = |traffic, ways: &[Mechanism]| -> Vec<Curve> {
        ways.iter().map(|&way| Curve { way, points: points(figures, way, traffic) }).collect()
    };
    let [round_trips, streams] =
        [curves(Traffic::RoundTrip, &ROUND_TRIPS), curves(Traffic::Stream, &STREAMS)];
    let [left, right] = diagrams(&round_trips, &streams);
    let names: String =
        (1..).zip(ways(&round_trips, &streams)).map(|(place, way)| named(place, way)).collect();
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {HEIGHT}\" {LETTERS}>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#FFFFFF\"/>\n<g>{left}</g>\n\
         <g transform=\"translate({WIDTH} 0)\">{right}</g>\n<g transform=\"translate({} 0)\">{names}</g>\n</svg>\n",
        WIDTH * 2.0 + LEGEND,
        WIDTH * 2.0
    )
}

fn points(figures: &Results, way: Mechanism, traffic: Traffic) -> Vec<(usize, f64)> {
    let point =
        |&bytes: &usize| Some((bytes, figures.time(Measurement::messages(way, traffic, bytes))?.median));
    SIZES.iter().filter_map(point).collect()
}

/// A name of the legend, behind a piece of its curve.
fn named(place: u32, way: Mechanism) -> String {
    let height = f64::from(place) * LINE + 14.0;
    format!("<g transform=\"translate(4 {height})\">{}<text x=\"44\" y=\"5\">{way}</text></g>", sample(way))
}

/// A piece of a mechanism's curve with its mark, from 0 to 36 across, for a legend.
pub fn sample(way: Mechanism) -> String {
    let look = look(way);
    let line = look.line(&[(0.0, 0.0), (36.0, 0.0)]);
    format!("{line}<g transform=\"translate(18 0)\">{}</g>", look.mark())
}

/// Whose curves there are, each once.
pub fn ways(round_trips: &[Curve], streams: &[Curve]) -> Vec<Mechanism> {
    let mut ways: Vec<Mechanism> = Vec::new();
    for curve in streams.iter().chain(round_trips) {
        if !ways.contains(&curve.way) {
            ways.push(curve.way);
        }
    }
    ways
}

/// Both diagrams, each as an SVG of its own, for a page.
pub fn panels(round_trips: &[Curve], streams: &[Curve]) -> [String; 2] {
    diagrams(round_trips, streams)
        .map(|drawn| format!("<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\">{drawn}</svg>"))
}

/// What stands in both diagrams, without a frame.
fn diagrams(round_trips: &[Curve], streams: &[Curve]) -> [String; 2] {
    let Some(axes) = Axes::of(round_trips.iter().chain(streams)) else { return Default::default() };
    [axes.diagram("A message there and back", round_trips), axes.diagram("A message of a stream", streams)]
}

/// What is where, across and up: powers of two, and powers of ten.
struct Axes {
    sizes: Vec<usize>,
    /// The shortest time that is drawn, and the longest, as powers of ten.
    times: [f64; 2],
}

impl Axes {
    /// Wide enough for all these curves; none, where nothing was measured.
    fn of<'a>(curves: impl Iterator<Item = &'a Curve>) -> Option<Axes> {
        let points: Vec<(usize, f64)> = curves.flat_map(|curve| curve.points.iter().copied()).collect();
        let mut sizes: Vec<usize> = points.iter().map(|(bytes, _)| *bytes).collect();
        sizes.sort_unstable();
        sizes.dedup();
        let low = points.iter().map(|(_, time)| *time).min_by(f64::total_cmp)?;
        let high = points.iter().map(|(_, time)| *time).max_by(f64::total_cmp)?;
        Some(Axes { sizes, times: [(low * 0.7).log10(), (high * 1.4).log10()] })
    }

    fn across(&self, bytes: usize) -> f64 {
        let [left, right, ..] = INSIDE;
        let power = |bytes: usize| (bytes as f64).log2();
        let (first, last) = (power(self.sizes[0]), power(self.sizes[self.sizes.len() - 1]));
        // One size alone stands in the middle.
        let part = if first < last { (power(bytes) - first) / (last - first) } else { 0.5 };
        left + 14.0 + part * (right - left - 28.0)
    }

    fn up(&self, nanoseconds: f64) -> f64 {
        let [_, _, top, bottom] = INSIDE;
        let [low, high] = self.times;
        bottom - (nanoseconds.log10() - low) / (high - low) * (bottom - top)
    }

    fn diagram(&self, title: &str, curves: &[Curve]) -> String {
        let curves: String = curves.iter().map(|curve| self.curve(curve)).collect();
        let [left, right, ..] = INSIDE;
        let middle = (left + right) / 2.0;
        format!(
            "<title>{title}: time for one over its size</title>{}\
             <text x=\"{middle}\" y=\"24\" text-anchor=\"middle\" font-weight=\"bold\">{title}</text>{curves}",
            self.grid()
        )
    }

    /// Lines at the powers of ten, and what the axes mean.
    fn grid(&self) -> String {
        let [left, right, top, bottom] = INSIDE;
        let line = |from: (f64, f64), to: (f64, f64), faint: &str| {
            let [(x1, y1), (x2, y2)] = [from, to];
            format!("<path d=\"M{x1:.1} {y1:.1}L{x2:.1} {y2:.1}\" stroke=\"#000000\"{faint}/>")
        };
        let mut grid = line((left, top), (left, bottom), "") + &line((left, bottom), (right, bottom), "");
        for power in self.times[0].ceil() as i32..=self.times[1].floor() as i32 {
            let nanoseconds = 10_f64.powi(power);
            let height = self.up(nanoseconds);
            grid += &line((left, height), (right, height), " opacity=\"0.2\"");
            grid += &format!(
                "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                left - 8.0,
                height + 5.0,
                time(nanoseconds)
            );
        }
        for &bytes in &self.sizes {
            let x = self.across(bytes);
            grid += &line((x, bottom), (x, bottom + 6.0), "");
            grid += &format!(
                "<text x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
                bottom + 24.0,
                size(bytes)
            );
        }
        let (across, middle) = ((left + right) / 2.0, (top + bottom) / 2.0);
        grid + &format!(
            "<text x=\"{across}\" y=\"{}\" text-anchor=\"middle\">bytes of a message</text>\
             <text transform=\"translate(18 {middle}) rotate(-90)\" text-anchor=\"middle\">time for one</text>",
            bottom + 50.0
        )
    }

    /// A curve is a group with its mechanism's name, and each of its points says its figure.
    fn curve(&self, Curve { way, points }: &Curve) -> String {
        let look = look(*way);
        let places: Vec<(f64, f64)> =
            points.iter().map(|&(bytes, time)| (self.across(bytes), self.up(time))).collect();
        let marks: String = points
            .iter()
            .zip(&places)
            .map(|(&(bytes, nanoseconds), (x, y))| {
                format!(
                    "<g class=\"point\" transform=\"translate({x:.1} {y:.1})\"><title>{way}, {}: {}</title>{}</g>",
                    size(bytes),
                    time(nanoseconds),
                    look.mark()
                )
            })
            .collect();
        format!("<g class=\"curve\" data-way=\"{way}\">{}{marks}</g>", look.line(&places))
    }
}
