//! Telling figures of speed.

use crate::figures::{ROUND_TRIPS, STREAMS};
use crate::story::{Event, Speed, SpeedRow, Story};
use crate::{Measurement, Mechanism, Results, SIZES, Traffic};

/// Shows how fast messages went by every mechanism: the times, the ratios to a pipe, and a plot.
pub fn show_speeds(story: &Story, figures: &Results, traffic: Traffic) {
    let ways: &[Mechanism] = if traffic == Traffic::RoundTrip { &ROUND_TRIPS } else { &STREAMS };
    let rows = ways.iter().map(|&way| row(figures, way, traffic)).collect();
    story.tell(Event::Speeds { traffic, sizes: SIZES.to_vec(), rows });
}

fn row(figures: &Results, way: Mechanism, traffic: Traffic) -> SpeedRow {
    let cell = |size| {
        let thing = Measurement::messages(way, traffic, size);
        let ratio = figures.ratio(thing, Measurement::messages(Mechanism::Pipe, traffic, size));
        Speed {
            size,
            time: figures.time(thing),
            ratio,
            ratio_is_told: ratio.is_some_and(|ratio| ratio.is_told()),
            refused: figures.failure(thing).map(ToString::to_string),
        }
    };
    SpeedRow { way, name: way.to_string(), cells: SIZES.map(cell).into() }
}
