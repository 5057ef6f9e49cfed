//! The race and the locks: every order of steps, exact sums, and holders that are killed at any moment.
//!
//! Each row runs in a process of its own, as the facts do, since only a process with one thread can be forked.

use std::hash::{BuildHasher, RandomState};
use std::hint::spin_loop;
use std::time::{Duration, Instant};

use nix::sys::signal::{self, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use playground::call::{Call, SemCmd};
use playground::prelude::*;

use crate::runner::Needs::Any;
use crate::runner::{Group, Row, row};
use crate::silent::silent_story;

pub fn group() -> Group {
    Group::new("locks", vec![RACE, LOCKS, DEATHS], silent_story)
}

const COUNTER: usize = 0;
const GATE: usize = 128;
const LOCK: usize = 256;

const MILLION: u64 = 1_000_000;

/// More than anyone will count before the row is over.
const ENDLESS: u64 = 1 << 40;

fn segment(story: &Story) -> (Segment, Attachment) {
    let segment = Segment::create(story, Key::PRIVATE, SIZE, OWNER_RW).unwrap();
    let memory = segment.attach().unwrap();
    (segment, memory)
}

fn semaphore(story: &Story) -> Semaphores {
    let set = Semaphores::create(story, Key::PRIVATE, 1, OWNER_RW).unwrap();
    set.id().set_value(story, 0, 1).unwrap();
    set
}

fn children<const N: usize>(story: &Story, memory: &Attachment) -> [(Story, Attachment); N] {
    std::array::from_fn(|_| {
        let child = story.fork("child").unwrap();
        let memory = memory.inherited_by(&child);
        (child, memory)
    })
}

const RACE: &[Row<Story>] = &[
    row(
        "every-order",
        Any,
        "of the 20 orders of two increments, two are exact, and 18 lose an update",
        |story| {
            let (_segment, memory) = segment(story);
            let [(_, a), (_, b)] = &children(story, &memory);
            let mut exact = Vec::new();
            for schedule in Schedule::all() {
                let made = Interleaved::begin(&memory, [a, b], COUNTER).unwrap().replay(&schedule).unwrap();
                match made.last().unwrap().counter {
                    2 => exact.push(schedule.to_string()),
                    other => assert_eq!(other, 1, "{schedule}"),
                }
                let loaded = |who| made.iter().position(|moved| moved.who == who && moved.step == Step::Load);
                let stored =
                    |who| made.iter().position(|moved| moved.who == who && moved.step == Step::Store);
                let apart = stored(Turn::A) < loaded(Turn::B) || stored(Turn::B) < loaded(Turn::A);
                assert_eq!(apart, made[5].counter == 2, "{schedule}");
            }
            assert_eq!(exact, ["AAABBB", "BBBAAA"]);
        },
    ),
    row(
        "a-replay",
        Any,
        "a schedule that is replayed gives the same registers and counter each time",
        |story| {
            let (_segment, memory) = segment(story);
            let [(_, a), (_, b)] = &children(story, &memory);
            let replay = |schedule: &Schedule| {
                Interleaved::begin(&memory, [a, b], COUNTER).unwrap().replay(schedule).unwrap()
            };
            for schedule in Schedule::all() {
                assert_eq!(replay(&schedule), replay(&schedule), "{schedule}");
            }
            let last = *replay(&Schedule::example()).last().unwrap();
            assert_eq!((last.registers, last.counter), ([Some(1), Some(1)], 1));
        },
    ),
    row("the-race", Any, "two processes that count without a lock lose updates", |story| {
        let (_segment, memory) = segment(story);
        let [(_, a), (_, b)] = &children(story, &memory);
        let race = Race { memory: &memory, runners: &[a, b], counter: COUNTER, gate: GATE };
        let (sum, races) = race.run_until_lost(4 * MILLION, How::Plain, 4).unwrap();
        assert!(sum.lost() > 0, "{races} races, and the last lost nothing: {sum:?}");
    }),
];

/// Four processes, a million increments each.
fn count_exactly(story: &Story, how: impl Fn(&Attachment) -> How) {
    let (_segment, memory) = segment(story);
    let children = children::<4>(story, &memory);
    let runners: Vec<_> = children.iter().map(|(_, memory)| memory).collect();
    let race = Race { memory: &memory, runners: &runners, counter: COUNTER, gate: GATE };
    let sum = race.run(MILLION, how(&memory), 1).unwrap().remove(0);
    assert_eq!((sum.made(), sum.counted), (4 * MILLION, 4 * MILLION));
}

const LOCKS: &[Row<Story>] = &[
    row("exact-atomic", Any, "an atomic instruction loses none of 4 x 1000000 increments", |story| {
        count_exactly(story, |_| How::Atomic);
    }),
    row("exact-futex", Any, "a futex lock loses none of 4 x 1000000 increments", |story| {
        count_exactly(story, |memory| memory.lock_at(LOCK).unwrap());
    }),
    row("exact-semaphore", Any, "a semaphore loses none of 4 x 1000000 increments", |story| {
        let set = semaphore(story);
        count_exactly(story, |_| How::Semaphore(set.id()));
    }),
];

/// How often the victim was killed with the lock in its hand, and how often the survivor was told so.
struct Deaths {
    held: u64,
    told: u64,
}

/// Kills one of two processes that count, at a moment that differs each time, and sees that the other goes on to its
/// end, `times` increments. The victim is stopped first, to see by `holds` whether it has the lock.
fn kill_a_hundred_times(
    story: &Story,
    times: u64,
    how: impl Fn(&Attachment) -> How,
    holds: impl Fn(&Attachment, i32) -> bool,
) -> Deaths {
    let (_segment, memory) = segment(story);
    let [(_, survivor)] = &children(story, &memory);
    let how = how(&memory);
    let mut deaths = Deaths { held: 0, told: 0 };
    let race = |runners: &[&Attachment], times| {
        Race { memory: &memory, runners, counter: COUNTER, gate: GATE }.start(times, how).unwrap().remove(0)
    };
    for round in 0..100u32 {
        let [(victim, in_victim)] = children(story, &memory);
        let (goes_on, dies) = (race(&[survivor], times), race(&[&in_victim], ENDLESS));
        wait_for(&memory, 10);
        (0..RandomState::new().hash_one(round) % 20_000).for_each(|_| spin_loop());
        stop(victim.pid());
        deaths.held += u64::from(holds(&memory, victim.pid()));
        assert_eq!(victim.kill(Signal::SIGKILL).unwrap(), Ending::Killed(Signal::SIGKILL));
        assert!(dies.end().is_err(), "round {round}");
        let tally = goes_on.end().unwrap();
        assert_eq!(tally.times, times, "round {round}");
        deaths.told += tally.orphaned;
    }
    deaths
}

/// Returns when it has stopped.
fn stop(pid: i32) {
    let pid = Pid::from_raw(pid);
    kill(pid, signal::Signal::SIGSTOP).unwrap();
    assert_eq!(
        waitpid(pid, Some(WaitPidFlag::WUNTRACED)),
        Ok(WaitStatus::Stopped(pid, signal::Signal::SIGSTOP))
    );
}

fn wait_for(memory: &Attachment, least: u32) {
    let begun = Instant::now();
    while memory.load_word(COUNTER).unwrap() < least {
        assert!(begun.elapsed() < Duration::from_secs(20), "nobody counts");
    }
}

const DEATHS: &[Row<Story>] = &[
    row(
        "killed-semaphore",
        Any,
        "a semaphore with SEM_UNDO outlives 100 holders killed at any moment",
        |story| {
            let set = semaphore(story);
            // It is the victim who has taken it, if that was the last to change it, and it is 0.
            let ask = |cmd| {
                let call = Call::Semctl { semid: set.id(), semnum: 0, cmd };
                story.perform(call).unwrap().value()
            };
            let holds = |_: &Attachment, victim: i32| {
                ask(SemCmd::GetPid) == i64::from(victim) && ask(SemCmd::GetVal) == 0
            };
            let deaths = kill_a_hundred_times(story, 1000, |_| How::Semaphore(set.id()), holds);
            assert!(deaths.held > 0, "no victim held it");
            assert_eq!(set.id().value(story, 0).unwrap(), 1);
        },
    ),
    row("killed-futex", Any, "a futex lock outlives 100 holders killed at any moment", |story| {
        let holds =
            |memory: &Attachment, victim: i32| memory.load_word(LOCK).unwrap() & HOLDER == victim as u32;
        let deaths = kill_a_hundred_times(story, 20_000, |memory| memory.lock_at(LOCK).unwrap(), holds);
        assert!(deaths.held > 0, "no victim held it");
        assert!(deaths.told > 0, "of {} deaths of a holder nobody was told", deaths.held);
    }),
];

/// `FUTEX_TID_MASK` of `linux/futex.h`.
const HOLDER: u32 = 0x3fff_ffff;
