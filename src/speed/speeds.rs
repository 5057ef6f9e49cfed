//! Telling figures of speed.

use crate::figures::{ROUND_TRIPS, STREAMS};
use crate::story::{Event, Speed, SpeedRow, Story};
use crate::{Figures, SIZES, Thing, Traffic, Way};

/// Shows how fast messages went by every mechanism: the times, the ratios to a pipe, and a plot.
pub fn show_speeds(story: &Story, figures: &Figures, traffic: Traffic) {
    let ways: &[Way] = if traffic == Traffic::RoundTrip { &ROUND_TRIPS } else { &STREAMS };
    let rows = ways.iter().map(|&way| row(figures, way, traffic)).collect();
    story.tell(Event::Speeds { traffic, sizes: SIZES.to_vec(), rows });
}

fn row(figures: &Figures, way: Way, traffic: Traffic) -> SpeedRow {
    let cell = |size| {
        let thing = Thing::messages(way, traffic, size);
        let ratio = figures.ratio(thing, Thing::messages(Way::Pipe, traffic, size));
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
