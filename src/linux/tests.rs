//! A story that is told of this very process.

use std::time::{Duration, UNIX_EPOCH};

use crate::silent;

#[test]
fn a_process_goes_by_its_name_or_its_number() {
    let story = silent();
    assert_eq!(story.name_of(story.pid()), "us");
    assert_eq!(story.name_of(0), "nobody");
    assert_eq!(story.name_of(story.pid() + 1), (story.pid() + 1).to_string());
}

fn second() -> i64 {
    UNIX_EPOCH.elapsed().as_ref().map_or(0, Duration::as_secs) as i64
}

#[test]
fn a_second_passes_and_a_clock_set_back_keeps_nobody_waiting() {
    let story = silent();
    let now = second();
    story.wait_past(now);
    assert!(second() > now);
    story.wait_past(now + 3600);
}
