//! The curves, as a drawing: time over size, both logarithmic, a curve for each mechanism.

use std::error::Error;
use std::ops::Range;

use plotters::coord::Shift;
use plotters::prelude::*;

use super::figures::{Figures, ROUND_TRIPS, SIZES, STREAMS, Thing};
use super::spread::{size, time};
use super::ways::{Traffic, Way};

type Drawn<T> = Result<T, Box<dyn Error>>;

const WIDTH: u32 = 900;
const HEIGHT: u32 = 1200;

/// Draws the round trips above the streams, and returns the text of an SVG file.
///
/// # Errors
///
/// What the drawing library gives; not to be expected, since it writes to memory.
pub fn svg(figures: &Figures) -> Drawn<String> {
    let mut text = String::new();
    {
        let area = SVGBackend::with_string(&mut text, (WIDTH, HEIGHT)).into_drawing_area();
        area.fill(&WHITE)?;
        let (above, below) = area.split_vertically(HEIGHT / 2);
        curves(&above, figures, "A message there and back", Traffic::RoundTrip, &ROUND_TRIPS)?;
        curves(&below, figures, "A message of a stream", Traffic::Stream, &STREAMS)?;
        area.present()?;
    }
    Ok(text)
}

fn curves(
    area: &DrawingArea<SVGBackend<'_>, Shift>,
    figures: &Figures,
    title: &str,
    traffic: Traffic,
    ways: &[Way],
) -> Drawn<()> {
    let curves: Vec<_> = ways.iter().map(|&way| (way, points(figures, way, traffic))).collect();
    let times = curves.iter().flat_map(|(_, points)| points.iter().map(|point| point.1));
    let Some(range) = span(times) else { return Ok(()) };
    let sizes = (SIZES[0] as f64 * 0.8)..(SIZES[SIZES.len() - 1] as f64 * 1.25);
    let mut chart = ChartBuilder::on(area)
        .caption(title, ("sans-serif", 22))
        .margin(16)
        .x_label_area_size(40)
        .y_label_area_size(80)
        .build_cartesian_2d(sizes.log_scale().base(2.0), range.log_scale())?;
    chart
        .configure_mesh()
        .x_desc("bytes of a message")
        .y_desc("time for one")
        .x_label_formatter(&|bytes| size(*bytes as usize))
        .y_label_formatter(&|nanoseconds| time(*nanoseconds))
        .light_line_style(WHITE)
        .draw()?;
    for (index, (way, points)) in curves.into_iter().enumerate() {
        let colour = Palette99::pick(index).to_rgba();
        // A pipe is what the others are compared with.
        let style = colour.stroke_width(if way == Way::Pipe { 4 } else { 2 });
        chart
            .draw_series(LineSeries::new(points, style).point_size(3))?
            .label(way.to_string())
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 24, y)], style));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(WHITE.mix(0.9))
        .border_style(BLACK.mix(0.3))
        .draw()?;
    Ok(())
}

fn points(figures: &Figures, way: Way, traffic: Traffic) -> Vec<(f64, f64)> {
    let point =
        |&bytes: &usize| Some((bytes as f64, figures.time(Thing::messages(way, traffic, bytes))?.median));
    SIZES.iter().filter_map(point).collect()
}

/// From below the shortest time to above the longest; nothing, if there are none.
fn span(times: impl Iterator<Item = f64>) -> Option<Range<f64>> {
    let (low, high) =
        times.fold((f64::INFINITY, 0.0_f64), |(low, high), time| (low.min(time), high.max(time)));
    (low < high).then_some(low * 0.7..high * 1.4)
}
