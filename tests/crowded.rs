//! A program on a machine that others keep busy is judged by the time that it could use.

use std::path::PathBuf;
use std::process::{Child, Command};
use std::sync::mpsc::{self, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use nix::sched::{CpuSet, sched_getaffinity};
use nix::unistd::Pid;
use trace::{Limits, StopReason};

use crate::traced::built;

/// How many share the processor with it.
const CROWD: usize = 8;
/// Milliseconds of processor time.
const SHORTLY: &str = "200";
const FOR_EVER: &str = "600000";

/// Processes that do nothing but work, all on one processor. They are another thread's: the tracer waits for all that
/// its own has started.
struct Crowd {
    processor: String,
    works: PathBuf,
    ends: Option<Sender<()>>,
    keeper: Option<JoinHandle<()>>,
}

impl Crowd {
    fn new() -> Crowd {
        let (processor, works) = (first_processor(), built("works", &[]));
        let mut at_work = Command::new("taskset");
        at_work.args(["-c", &processor]).arg(&works).arg(FOR_EVER);
        let (ends, end) = mpsc::channel();
        let (ready, is_ready) = mpsc::channel();
        let keeper = thread::spawn(move || {
            let children: Vec<Child> =
                (0..CROWD).map(|_| at_work.spawn().expect("taskset of util-linux")).collect();
            ready.send(()).expect("a test");
            let _ = end.recv();
            for mut child in children {
                let _ = child.kill();
                let _ = child.wait();
            }
        });
        is_ready.recv().expect("a crowd");
        Crowd { processor, works, ends: Some(ends), keeper: Some(keeper) }
    }

    /// Why one more that needs so much, and may take this, is ended.
    fn cut(&self, needs: &str, time: Duration, stretch: u32) -> Option<StopReason> {
        let works = self.works.display().to_string();
        let command = trace::Command::new("taskset").arguments(["-c", &self.processor, &works, needs]);
        let limits = Limits { time: Some(time), stretch, ..Limits::default() };
        trace::run(&command, &limits, &mut ()).expect("traced").cut
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        self.ends = None;
        let _ = self.keeper.take().map(JoinHandle::join);
    }
}

fn first_processor() -> String {
    let allowed = sched_getaffinity(Pid::from_raw(0)).expect("a set of processors");
    let first = (0..CpuSet::count()).find(|&number| allowed.is_set(number) == Ok(true));
    first.expect("a processor").to_string()
}

#[test]
fn the_time_that_others_took_is_not_its_own() {
    let crowd = Crowd::new();
    assert_eq!(crowd.cut(SHORTLY, Duration::from_millis(400), 1000), None);
    // So long that what it takes to begin, and to be noticed, is little of it.
    assert_eq!(crowd.cut("1000", Duration::from_secs(2), 1), Some(StopReason::Starved));
}

#[test]
fn who_never_ends_is_ended_in_a_crowd_too() {
    assert_eq!(Crowd::new().cut(FOR_EVER, Duration::from_millis(300), 1000), Some(StopReason::Time));
}
