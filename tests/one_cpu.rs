//! On a machine of one processor what spins, races and waits comes to an end, too: nobody waits for what cannot happen.

use crate::support;

use std::time::{Duration, Instant};

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;
use support::{Finished, Run, assert_nothing_left, program};

/// Several times what any of them takes on one processor that is its own.
const BOUND: Duration = Duration::from_secs(90);

/// Runs a program on the first of the processors that this test may use, whatever else wants that one.
fn on_one_cpu(name: &'static str, arguments: &[&str]) -> Finished {
    let this = Pid::from_raw(0);
    let allowed = sched_getaffinity(this).expect("a set of processors");
    let first = (0..CpuSet::count()).find(|&cpu| allowed.is_set(cpu) == Ok(true)).expect("a processor");
    let run = Run::new(&program(name)).args(["--pace", "run"]).args(arguments).before_exec(move || {
        let mut one = CpuSet::new();
        one.set(first)?;
        Ok(sched_setaffinity(this, &one)?)
    });
    let begun = Instant::now();
    let finished = run.start().finish();
    assert!(begun.elapsed() < BOUND, "{name} took {:.1?}", begun.elapsed());
    finished.assert_exited(0);
    assert_nothing_left(&finished);
    finished
}

#[test]
fn the_race_ends() {
    on_one_cpu("lesson17", &[]);
}

#[test]
fn the_locks_hand_over() {
    on_one_cpu("lesson18", &[]);
}

#[test]
fn what_is_counted_is_counted() {
    on_one_cpu("lesson19", &[]);
}

#[test]
fn the_measuring_ends_and_says_on_what_it_stands() {
    // In one round each mechanism has its turn.
    let finished = on_one_cpu("lesson20", &["--time", "200", "--rounds", "1"]);
    assert!(finished.words().contains("one only, CPU"), "{}", finished.seen());
}
