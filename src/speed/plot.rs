//! The curves, as a drawing: time over size, both logarithmic, a curve for each mechanism.
//!
//! **Invariant:** a mechanism looks the same in every diagram, and no two look alike, in colour or without.

use std::error::Error;
use std::ops::Range;

use plotters::coord::Shift;
use plotters::prelude::*;

use super::figures::{Measurement, ROUND_TRIPS, Results, SIZES, STREAMS};
use super::ways::{Mechanism, Traffic};
use playground_core::quartiles::{size, time};

type Drawn<T> = Result<T, Box<dyn Error>>;
type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

const WIDTH: u32 = 900;
const HEIGHT: u32 = 1200;
/// So much of the width the legend has for itself, beside the diagram: over it, it would cover the curves.
const LEGEND: u32 = 180;
/// From one name of the legend to the next.
const LINE: i32 = 30;
/// The size of letters. The library asks for it in other units than it writes.
const LETTERS: f64 = 15.0 * 1.24;

/// What a mechanism's time is for messages of each size.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// The mechanism.
    pub way: Mechanism,
    /// Bytes, and nanoseconds.
    pub points: Vec<(f64, f64)>,
}

/// Draws the round trips above the streams, and returns the text of an SVG file.
///
/// # Errors
///
/// What the drawing library gives; not to be expected, since it writes to memory.
pub fn svg(figures: &Results) -> Drawn<String> {
    let curves = |traffic, ways: &[Mechanism]| -> Vec<Curve> {
        ways.iter().map(|&way| Curve { way, points: points(figures, way, traffic) }).collect()
    };
    drawing(&curves(Traffic::RoundTrip, &ROUND_TRIPS), &curves(Traffic::Stream, &STREAMS))
}

fn points(figures: &Results, way: Mechanism, traffic: Traffic) -> Vec<(f64, f64)> {
    let point = |&bytes: &usize| {
        Some((bytes as f64, figures.time(Measurement::messages(way, traffic, bytes))?.median))
    };
    SIZES.iter().filter_map(point).collect()
}

/// The drawing, from curves that may have been measured long ago.
///
/// # Errors
///
/// As for [`svg`].
pub fn drawing(round_trips: &[Curve], streams: &[Curve]) -> Drawn<String> {
    let mut text = String::new();
    {
        let area = SVGBackend::with_string(&mut text, (WIDTH, HEIGHT)).into_drawing_area();
        area.fill(&WHITE)?;
        let (above, below) = area.split_vertically(HEIGHT / 2);
        diagram(&above, "A message there and back", round_trips)?;
        diagram(&below, "A message of a stream", streams)?;
        area.present()?;
    }
    Ok(text)
}

fn diagram(area: &Area<'_>, title: &str, curves: &[Curve]) -> Drawn<()> {
    let times = curves.iter().flat_map(|curve| curve.points.iter().map(|point| point.1));
    let Some(range) = span(times) else { return Ok(()) };
    let (area, beside) = area.split_horizontally(WIDTH - LEGEND);
    let sizes = (SIZES[0] as f64 * 0.8)..(SIZES[SIZES.len() - 1] as f64 * 1.25);
    let mut chart = ChartBuilder::on(&area)
        .caption(title, ("sans-serif", LETTERS * 1.2))
        .margin(16)
        .x_label_area_size(52)
        .y_label_area_size(96)
        .build_cartesian_2d(sizes.log_scale().base(2.0), range.log_scale())?;
    chart
        .configure_mesh()
        .x_desc("bytes of a message")
        .y_desc("time for one")
        .axis_desc_style(("sans-serif", LETTERS))
        .label_style(("sans-serif", LETTERS))
        .x_labels(8)
        .x_label_formatter(&|bytes| size(*bytes as usize))
        .y_label_formatter(&|nanoseconds| time(*nanoseconds))
        .max_light_lines(1)
        .light_line_style(TRANSPARENT)
        .draw()?;
    for (place, Curve { way, points }) in (1..).zip(curves) {
        let look = look(*way);
        chart.draw_series(LineSeries::new(points.iter().copied(), look.line()))?;
        chart.draw_series(points.iter().map(|&point| {
            EmptyElement::at(point)
                + Polygon::new(look.marker.to_vec(), look.ground())
                + PathElement::new(look.outline(), look.colour.stroke_width(2))
        }))?;
        named(&beside, place * LINE + LINE, *way)?;
    }
    Ok(())
}

/// A line of the legend: a piece of the curve, and whose it is.
fn named(area: &Area<'_>, height: i32, way: Mechanism) -> Drawn<()> {
    let look = look(way);
    let at = |shape: Vec<(i32, i32)>| -> Vec<(i32, i32)> {
        shape.into_iter().map(|(x, y)| (x + 18, y + height)).collect()
    };
    area.draw(&PathElement::new([(2, height), (34, height)], look.line()))?;
    area.draw(&Polygon::new(at(look.marker.to_vec()), look.ground()))?;
    area.draw(&PathElement::new(at(look.outline()), look.colour.stroke_width(2)))?;
    area.draw(&Text::new(way.to_string(), (44, height - 6), ("sans-serif", LETTERS)))?;
    Ok(())
}

/// How a mechanism is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Look {
    /// Its colour: neither too pale for a white ground, nor too dark for the black one of a page in the book.
    pub colour: RGBColor,
    /// The corners of what marks its points.
    pub marker: &'static [(i32, i32)],
    /// Whether that is filled, or an outline.
    pub filled: bool,
    /// How thick its line is.
    pub thick: u32,
}

impl Look {
    fn line(&self) -> ShapeStyle {
        self.colour.stroke_width(self.thick)
    }

    fn ground(&self) -> ShapeStyle {
        if self.filled { self.colour.filled() } else { WHITE.filled() }
    }

    fn outline(&self) -> Vec<(i32, i32)> {
        self.marker.iter().chain(self.marker.first()).copied().collect()
    }
}

const CIRCLE: &[(i32, i32)] = &[
    (6, 0),
    (5, 3),
    (3, 5),
    (0, 6),
    (-3, 5),
    (-5, 3),
    (-6, 0),
    (-5, -3),
    (-3, -5),
    (0, -6),
    (3, -5),
    (5, -3),
];
const SQUARE: &[(i32, i32)] = &[(-5, -5), (5, -5), (5, 5), (-5, 5)];
const DIAMOND: &[(i32, i32)] = &[(0, -7), (7, 0), (0, 7), (-7, 0)];
const UP: &[(i32, i32)] = &[(0, -7), (7, 5), (-7, 5)];
const DOWN: &[(i32, i32)] = &[(0, 7), (7, -5), (-7, -5)];
const PLUS: &[(i32, i32)] = &[
    (-2, -7),
    (2, -7),
    (2, -2),
    (7, -2),
    (7, 2),
    (2, 2),
    (2, 7),
    (-2, 7),
    (-2, 2),
    (-7, 2),
    (-7, -2),
    (-2, -2),
];
const CROSS: &[(i32, i32)] = &[
    (0, -3),
    (4, -7),
    (7, -4),
    (3, 0),
    (7, 4),
    (4, 7),
    (0, 3),
    (-4, 7),
    (-7, 4),
    (-3, 0),
    (-7, -4),
    (-4, -7),
];

/// How a mechanism is drawn, in whatever diagram.
pub fn look(way: Mechanism) -> Look {
    let (colour, marker, filled) = match way {
        Mechanism::Spin => (0x0072B2, CIRCLE, true),
        Mechanism::InPlace => (0x0E8A8A, CIRCLE, false),
        Mechanism::Yield => (0x1E88A8, CROSS, false),
        Mechanism::Futex => (0xD55E00, SQUARE, true),
        Mechanism::Semop => (0xB07D00, SQUARE, false),
        Mechanism::Fresh => (0xC0392B, DIAMOND, true),
        Mechanism::File => (0x8A63D2, DIAMOND, false),
        Mechanism::Pipe => (0x000000, UP, true),
        Mechanism::Unix => (0x5B8C00, UP, false),
        Mechanism::Tcp => (0x009E73, DOWN, true),
        Mechanism::Posix => (0xCF4A8C, PLUS, true),
        Mechanism::SystemV => (0xA0522D, CROSS, true),
        Mechanism::Line => (0x7A7A7A, DOWN, false),
    };
    let [_, red, green, blue] = u32::to_be_bytes(colour);
    // A pipe is what the others are compared with.
    let thick = if way == Mechanism::Pipe { 4 } else { 2 };
    Look { colour: RGBColor(red, green, blue), marker, filled, thick }
}

/// From below the shortest time to above the longest; nothing, if there are none.
fn span(times: impl Iterator<Item = f64>) -> Option<Range<f64>> {
    let (low, high) =
        times.fold((f64::INFINITY, 0.0_f64), |(low, high), time| (low.min(time), high.max(time)));
    (low < high).then_some(low * 0.7..high * 1.4)
}
