//! A child that moves into a namespace of its own: its ids are other segments here, and are let alone.

use crate::support;

use support::{Format, Namespace, Run, assert_nothing_left, namespaces, program};

/// The hermit of lesson 15 makes segments 0, 1, 2 … in its own namespace, and here those are somebody's.
#[test]
fn segments_with_the_ids_of_a_childs_namespace_are_neither_shown_nor_removed() {
    if !namespaces("a child in a namespace within a namespace") {
        return;
    }
    let namespace = Namespace::new();
    namespace.fill(8);
    let before = namespace.table();
    assert_eq!(before.iter().map(|row| row.shmid.0).collect::<Vec<_>>(), (0..8).collect::<Vec<_>>());
    let finished = namespace.around(Run::through(&program("lesson15"), Format::Json)).finish();
    finished.assert_exited(0);
    assert_eq!(namespace.table(), before, "{}", finished.seen());
    let end = finished.told("end").pop().expect("an end is told");
    assert_eq!(end["left"], serde_json::json!([]));
    let hermits = |call: &serde_json::Value| call["who"] == "hermit" && call["name"] == "shmget";
    let made: Vec<_> = finished.told("call").into_iter().filter(hermits).collect();
    assert_eq!(made[0]["result"], 0, "the hermit is in a namespace of its own: {made:#?}");
    assert_nothing_left(&finished);
}
