//! The clean-up registry: a segment, a set of semaphores, a message queue or a name of `shm_open` that this process made
//! does not outlive it.
//!
//! Every end that a program can still act at is covered: a normal one, an error, a panic (by [`remove_all`], which
//! `main` calls last), and a signal (by a handler). Against `SIGKILL` only a private IPC namespace helps,
//! and for names nothing: `/dev/shm` is a folder, which belongs to no IPC namespace.
//!
//! **Invariant:** only what this very process made, or a child of it at its request, is in the registry; and only this
//! process empties it, never a forked child that inherited it.

mod names;

use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering::SeqCst};

use nix::libc::c_int;
use nix::sys::signal::{SigSet, SigmaskHow, Signal, raise};

use super::linux::{self, Queueid};
use crate::call::{Answer, Call, Cmd, Outcome, SemCmd, Semid, Shmid};

pub(super) use names::record_name;

/// As many as Linux allows by default in one namespace (`SHMMNI`).
const CAPACITY: usize = 4096;

/// Ids that are in the registry.
struct Ids {
    /// Each id plus 1, since 0 is an id and an empty place must be 0 in a fresh process.
    places: [AtomicI32; CAPACITY],
    /// No place from here on was ever taken, so that nobody needs to look there.
    used: AtomicUsize,
}

static SEGMENTS: Ids = Ids::none();
static SETS: Ids = Ids::none();
static QUEUES: Ids = Ids::none();

impl Ids {
    const fn none() -> Ids {
        Ids { places: [const { AtomicI32::new(0) }; CAPACITY], used: AtomicUsize::new(0) }
    }

    fn put(&self, entry: i32) {
        let free = |place: &AtomicI32| place.compare_exchange(0, entry, SeqCst, SeqCst).is_ok();
        // A lesson that fills the table does so in a namespace of its own, which takes its segments along.
        if let Some(position) = self.places.iter().position(free) {
            self.used.fetch_max(position + 1, SeqCst);
        }
    }

    fn taken(&self) -> impl Iterator<Item = &AtomicI32> {
        self.places.iter().take(self.used.load(SeqCst))
    }
}

/// The process that the registry belongs to; 0 until it is installed.
static OWNER: AtomicI32 = AtomicI32::new(0);

/// What ends a process, and can be caught.
pub(super) const ENDS: [Signal; 9] = [
    Signal::SIGINT,
    Signal::SIGTERM,
    Signal::SIGHUP,
    Signal::SIGQUIT,
    Signal::SIGABRT,
    Signal::SIGSEGV,
    Signal::SIGBUS,
    Signal::SIGILL,
    Signal::SIGFPE,
];

/// Installs the registry: from here on a signal that ends this process removes its segments first.
pub fn install() {
    OWNER.store(this_process(), SeqCst);
    linux::on_first(&ENDS, remove_and_die);
}

/// What the registry can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tracked {
    /// A segment.
    Segment(Shmid),
    /// A set of semaphores.
    Set(Semid),
    /// A message queue.
    Queue(Queueid),
}

impl Tracked {
    fn place(self) -> (&'static Ids, i32) {
        match self {
            Tracked::Segment(id) => (&SEGMENTS, id.0 + 1),
            Tracked::Set(id) => (&SETS, id.0 + 1),
            Tracked::Queue(id) => (&QUEUES, id.0 + 1),
        }
    }
}

/// Removes all that is still in the registry.
pub fn remove_all() {
    if OWNER.load(SeqCst) != this_process() {
        return;
    }
    empty(&SEGMENTS, |id| linux::shm::remove(Shmid(id)));
    empty(&SETS, |id| linux::sem::remove(Semid(id)));
    empty(&QUEUES, |id| linux::remove_queue(Queueid(id)));
    names::remove_all();
}

fn empty(ids: &Ids, remove: impl Fn(i32) -> nix::Result<()>) {
    for place in ids.taken() {
        let kept = place.swap(0, SeqCst);
        if kept != 0 {
            // There is nobody left to tell of a failure, and nothing left to try.
            let _ = remove(kept - 1);
        }
    }
}

/// Runs `operation` with signals held back, so that none falls between making a segment and watching it.
pub fn hold_signals<T>(operation: impl FnOnce() -> T) -> T {
    let mut before = SigSet::empty();
    let held = SigSet::from_iter(ENDS);
    let _ = nix::sys::signal::pthread_sigmask(SigmaskHow::SIG_BLOCK, Some(&held), Some(&mut before));
    let done = operation();
    let _ = nix::sys::signal::pthread_sigmask(SigmaskHow::SIG_SETMASK, Some(&before), None);
    done
}

/// Puts something into the registry.
pub(super) fn track(thing: Tracked) {
    let (ids, entry) = thing.place();
    ids.put(entry);
}

/// What a child was answered: it watches what it made, and its parent does, too, in case the child is killed. What it
/// has removed is nobody's any more, and its id may be another's soon.
pub(super) fn record(child: i32, call: &Call, outcome: &Outcome) {
    let Ok(answer) = outcome else { return };
    match (call, answer) {
        (&Call::Shmget { key, flags, .. }, Answer::Id(id))
            if linux::made_by(child, key, flags.bits(), *id) =>
        {
            track(Tracked::Segment(*id));
        }
        (&Call::Semget { key, flags, .. }, Answer::Set(id)) if linux::is_exclusive(key, flags.bits()) => {
            track(Tracked::Set(*id));
        }
        (&Call::Shmctl { shmid, cmd: Cmd::IpcRmid }, _) => forget(Tracked::Segment(shmid)),
        (&Call::Semctl { semid, cmd: SemCmd::IpcRmid, .. }, _) => forget(Tracked::Set(semid)),
        _ => {}
    }
}

/// Takes something out of the registry: it is removed, or another process answers for it now.
pub(super) fn forget(thing: Tracked) {
    let (ids, entry) = thing.place();
    for place in ids.taken() {
        let _ = place.compare_exchange(entry, 0, SeqCst, SeqCst);
    }
}

/// In a forked child: a registry of its own, empty.
pub(super) fn reset() {
    for place in SEGMENTS.taken().chain(SETS.taken()).chain(QUEUES.taken()) {
        place.store(0, SeqCst);
    }
    names::reset();
    OWNER.store(this_process(), SeqCst);
}

fn this_process() -> i32 {
    nix::unistd::getpid().as_raw()
}

/// The handler was reset when it was called, so that raising the signal again ends the process as if it
/// had never been caught: its parent sees the truth.
extern "C" fn remove_and_die(signal: c_int) {
    remove_all();
    if let Ok(signal) = Signal::try_from(signal) {
        let _ = raise(signal);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::{Key, ShmgetFlags};
    use crate::course::OWNER_RW;

    fn holds(ids: &Ids, id: i32) -> bool {
        ids.taken().any(|place| place.load(SeqCst) == id + 1)
    }

    /// Ids that no kernel gives, so that what other tests make does not matter; and no net is drawn in here.
    #[test]
    fn what_a_child_has_removed_is_in_the_net_no_more() {
        let (flags, mode) = (ShmgetFlags::IPC_CREAT, OWNER_RW);
        let set = Semid(i32::MAX - 1);
        record(1, &Call::Semget { key: Key::PRIVATE, nsems: 1, flags, mode }, &Ok(Answer::Set(set)));
        assert!(holds(&SETS, set.0));
        record(1, &Call::Semctl { semid: set, semnum: 0, cmd: SemCmd::IpcRmid }, &Ok(Answer::Done));
        assert!(!holds(&SETS, set.0));
        let segment = Shmid(i32::MAX - 1);
        record(1, &Call::Shmget { key: Key::PRIVATE, size: 1, flags, mode }, &Ok(Answer::Id(segment)));
        assert!(holds(&SEGMENTS, segment.0));
        record(1, &Call::Shmctl { shmid: segment, cmd: Cmd::IpcRmid }, &Ok(Answer::Done));
        assert!(!holds(&SEGMENTS, segment.0));
    }
}
