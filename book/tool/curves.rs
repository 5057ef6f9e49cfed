//! The curves of the recorded figures: two diagrams with the same axes, and whose each curve is.
//!
//! The page's script lets its reader hide curves and ask for values. Without it the drawing is whole, and each point
//! says its figure where a pointer rests.
//!
//! **Invariant:** the figures are those of the recorded run, whose tables have them, too.

use anyhow::{Context, Result};
use playground::story::event::{Event, SpeedRow};
use speed::plot::{self, Curve};
use speed::{Mechanism, Traffic};

use crate::recording::{self, Recording};

/// The curves, in the colours of the page: in a file they are black on white.
///
/// # Errors
///
/// The run has not measured them.
pub fn drawn() -> Result<String> {
    let run = Recording::load(recording::WITH_CURVES)?;
    let round_trips = curves(&run, Traffic::RoundTrip)?;
    let streams = curves(&run, Traffic::Stream)?;
    let panels = plot::panels(&round_trips, &streams)
        .map(|drawing| format!("<div class=\"shm-panel\">{drawing}</div>"));
    let names: String = plot::ways(&round_trips, &streams).into_iter().map(named).collect();
    let told = "Time for one message over its size, both logarithmic, with the same axes at both sides. The tables of \
                the run have the same figures.";
    Ok(coloured(&format!(
        "<div class=\"shm-box\"><shm-plot><figure class=\"shm-figure shm-plot\"><div class=\"shm-panels\">{}</div>\
         <ul class=\"shm-legend\">{names}</ul><figcaption>{told}</figcaption></figure></shm-plot></div>",
        panels.concat()
    )))
}

fn named(way: Mechanism) -> String {
    let sample = plot::sample(way);
    format!(
        "<li data-way=\"{way}\"><svg viewBox=\"-2 -10 40 20\" aria-hidden=\"true\">{sample}</svg> {way}</li>"
    )
}

fn coloured(drawing: &str) -> String {
    drawing.replace("#000000", "currentColor").replace("#FFFFFF", "var(--bg)")
}

/// What a run measured of one kind of traffic.
fn curves(run: &Recording, wanted: Traffic) -> Result<Vec<Curve>> {
    let rows = run.events.iter().find_map(|told| match &told.event {
        Event::Speeds { traffic, rows, .. } if *traffic == wanted => Some(rows),
        _ => None,
    });
    Ok(rows.with_context(|| format!("no {wanted:?} was measured"))?.iter().map(curve).collect())
}

fn curve(row: &SpeedRow) -> Curve {
    let points = row.cells.iter().filter_map(|cell| Some((cell.size, cell.time?.median)));
    Curve { way: row.way, points: points.collect() }
}
