//! A picture in sentences.

use crate::picture::{MapShown, Picture, ProcessShown, SegmentShown, SetShown};

/// Everything that the picture shows, for those who do not see it.
pub fn told(picture: &Picture) -> String {
    let segments = picture.segments.iter().map(|segment| self::segment(picture, segment));
    let sets = picture.sets.iter().map(set);
    let processes = picture.processes.iter().filter_map(process);
    let mut sentences: Vec<String> = segments.chain(sets).chain(processes).collect();
    if picture.segments.is_empty() && picture.sets.is_empty() {
        sentences.insert(0, "No segment exists, and no set of semaphores.".to_owned());
    }
    sentences.join(" ")
}

fn segment(picture: &Picture, segment: &SegmentShown) -> String {
    let places = picture.processes.iter().flat_map(|process| {
        let leads_there = |map: &&MapShown| map.segment == segment.id;
        process.maps.iter().filter(leads_there).map(move |map| place(process, map))
    });
    let places: Vec<String> = places.collect();
    let attached = if places.is_empty() { "attached nowhere".to_owned() } else { places.join(", ") };
    let marked = if segment.marked { ", marked for destruction" } else { "" };
    let (filled, pages) = (segment.filled.len(), segment.pages);
    format!(
        "Segment {}: {} bytes, {filled} of {pages} pages in memory; {attached}{marked}.",
        segment.id, segment.size
    )
}

fn place(process: &ProcessShown, map: &MapShown) -> String {
    let how = if map.writable { "" } else { " without the right to write" };
    format!("in {} at {}{how}", process.name, map.shown)
}

fn set(set: &SetShown) -> String {
    let values: Vec<String> = set.values.iter().map(i32::to_string).collect();
    let waiting = match set.waiting.as_slice() {
        [] => String::new(),
        letters => format!("; waiting: {}", letters.join(", ")),
    };
    format!("Set {}: values {}{waiting}.", set.id, values.join(" "))
}

fn process(process: &ProcessShown) -> Option<String> {
    match (&process.ended, &process.waits) {
        (Some(how), _) => Some(format!("{} {how}.", process.name)),
        (None, Some(call)) => Some(format!("{} waits in {call}.", process.name)),
        (None, None) => None,
    }
}
