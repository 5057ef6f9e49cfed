//! A lock in shared memory: one word, which the kernel is asked about only by who has to wait.
//!
//! The word is 0, or the pid of the process that holds the lock; [`WAITERS`] is set beside it while somebody may
//! sleep, and the kernel sets [`OWNER_DIED`] if the holder dies. That is the layout of the kernel's own robust
//! futexes (`linux/futex.h`), so that it can do so.
//!
//! Why not a crate: the one that offers futex locks across processes forgets a dead holder, and those around the C
//! library's robust mutex hide the word, which is what a learner comes to see.
//!
//! **Invariant:** a lock is never waited for without end because of a process that was killed. The kernel hands on
//! what a dead holder held, if that had the segment attached to its last moment; and whoever sleeps looks again after
//! [`NAP`], whatever wake-up was lost.

use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering, compiler_fence};
use std::time::Duration;

use nix::libc::{self, c_long};

use super::{sleep_while, wake_one};

/// `FUTEX_WAITERS`: somebody sleeps, and the holder has to wake one of them.
pub const WAITERS: u32 = 0x8000_0000;

/// `FUTEX_OWNER_DIED`: the holder died with the lock in its hand.
pub const OWNER_DIED: u32 = 0x4000_0000;

/// `FUTEX_TID_MASK`: the holder's part of the word.
pub const HOLDER: u32 = 0x3fff_ffff;

/// How long anyone sleeps before looking again. The kernel wakes one sleeper for each unlock; if that one is killed
/// at that moment and a third process has the lock, the wake-up is lost.
const NAP: Duration = Duration::from_millis(50);

/// How a lock was come by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It was free, or was given free.
    Free,
    /// Its holder died: what it guards may be half changed.
    Orphaned,
}

/// The word, and what the kernel does for it. Real ones are an [`AtomicU32`]; the model checker has its own.
pub trait Word {
    fn load(&self, order: Ordering) -> u32;
    fn swap(&self, value: u32, order: Ordering) -> u32;
    /// Puts `to` where `from` is, and says whether it was there.
    fn replace(&self, from: u32, to: u32, order: Ordering) -> bool;
    /// Sleeps until a wake-up, or [`NAP`]; not at all, unless `expected` is there.
    fn sleep(&self, expected: u32);
    /// Wakes one sleeper.
    fn wake(&self);
}

/// Takes the lock for `me`, and says how it was come by, and how often the kernel had to be asked to wait.
pub fn lock(word: &impl Word, me: u32) -> (Taken, u64) {
    let mut sleeps = 0;
    loop {
        // Relaxed: this only guesses. Whether the guess is right, `replace` finds out.
        let seen = word.load(Ordering::Relaxed);
        if seen & HOLDER == 0 {
            // Who has slept cannot know whether others sleep still, and promises to wake one.
            let others = if sleeps > 0 { WAITERS } else { seen & WAITERS };
            // Acquire: pairs with the Release of `unlock`, so that what the last holder wrote is seen from here on.
            // A dead holder wrote in its own order; what it wrote is seen because the kernel's change of the word,
            // which follows its death, is a full barrier.
            if word.replace(seen, me | others, Ordering::Acquire) {
                let taken = if seen & OWNER_DIED == 0 { Taken::Free } else { Taken::Orphaned };
                return (taken, sleeps);
            }
        // Relaxed: announces a sleeper, and guards nothing.
        } else if seen & WAITERS != 0 || word.replace(seen, seen | WAITERS, Ordering::Relaxed) {
            word.sleep(seen | WAITERS);
            sleeps += 1;
        }
    }
}

/// Gives the lock free, and says whether the kernel had to be asked to wake somebody.
pub fn unlock(word: &impl Word) -> bool {
    // Release: whoever takes the lock next sees all that was written under it.
    let waited_for = word.swap(0, Ordering::Release) & WAITERS != 0;
    if waited_for {
        word.wake();
    }
    waited_for
}

/// Runs `operation`, in which this process may take the lock and give it free, while the kernel knows of it.
///
/// The note stays in place when `operation` is over if the process holds the lock still.
pub fn noted<T>(word: &AtomicU32, operation: impl FnOnce() -> T) -> T {
    note(word.as_ptr());
    let done = operation();
    if word.load(Ordering::Relaxed) & HOLDER != nix::unistd::getpid().as_raw() as u32 {
        note(ptr::null_mut());
    }
    done
}

/// `struct robust_list_head` (`linux/futex.h`): where the kernel looks for locks when a thread dies.
///
/// The list itself stays empty. One lock at a time is noted as *pending*, from before it is taken until after it is
/// given free, so that there is no moment at which the process could die with a lock that the kernel knows nothing of.
#[repr(C)]
struct RobustList {
    list: AtomicPtr<RobustList>,
    futex_offset: c_long,
    pending: AtomicPtr<u32>,
}

static ROBUST_LIST: RobustList = RobustList {
    list: AtomicPtr::new(ptr::null_mut()),
    futex_offset: 0,
    pending: AtomicPtr::new(ptr::null_mut()),
};

/// Tells the kernel which lock to look at if this process dies now.
///
/// This takes the place of the C library's own list, which only its robust mutexes use; the playground has none. A
/// forked process has no list of its own yet, so it is given each time.
fn note(word: *mut u32) {
    let head = ptr::from_ref(&ROBUST_LIST).cast_mut();
    ROBUST_LIST.list.store(head, Ordering::Relaxed);
    // The kernel reads this after the thread's last instruction, so that only the compiler could put it out of order.
    compiler_fence(Ordering::SeqCst);
    ROBUST_LIST.pending.store(word, Ordering::Relaxed);
    compiler_fence(Ordering::SeqCst);
    if !word.is_null() {
        // SAFETY: the head is a static in the layout that the kernel knows, an empty list that ends in itself.
        let _ = unsafe { libc::syscall(libc::SYS_set_robust_list, head, size_of::<RobustList>()) };
    }
}

impl Word for AtomicU32 {
    fn load(&self, order: Ordering) -> u32 {
        AtomicU32::load(self, order)
    }

    fn swap(&self, value: u32, order: Ordering) -> u32 {
        AtomicU32::swap(self, value, order)
    }

    fn replace(&self, from: u32, to: u32, order: Ordering) -> bool {
        self.compare_exchange_weak(from, to, order, Ordering::Relaxed).is_ok()
    }

    fn sleep(&self, expected: u32) {
        // Whatever ends the sleep, the caller looks again.
        let slept = sleep_while(self, expected, Some(NAP));
        debug_assert!(slept.is_ok(), "{slept:?}");
    }

    fn wake(&self) {
        let _ = wake_one(self);
    }
}

#[cfg(test)]
mod tests {
    //! Every order of steps, and every value that the memory model lets a load return, tried by loom.

    use loom::sync::atomic::AtomicU32;
    use loom::sync::{Arc, Condvar, Mutex};
    use loom::thread;

    use super::*;

    /// A word, a futex's queue of sleepers, and what the lock guards. Nobody naps: a lost wake-up is a deadlock here,
    /// which loom finds.
    #[derive(Default)]
    struct Model {
        word: AtomicU32,
        sleepers: Mutex<()>,
        wake_up: Condvar,
        guarded: AtomicU32,
    }

    impl Word for Model {
        fn load(&self, order: Ordering) -> u32 {
            self.word.load(order)
        }

        fn swap(&self, value: u32, order: Ordering) -> u32 {
            self.word.swap(value, order)
        }

        fn replace(&self, from: u32, to: u32, order: Ordering) -> bool {
            self.word.compare_exchange(from, to, order, Ordering::Relaxed).is_ok()
        }

        fn sleep(&self, expected: u32) {
            let queue = self.sleepers.lock().unwrap();
            if self.word.load(Ordering::SeqCst) == expected {
                drop(self.wake_up.wait(queue).unwrap());
            }
        }

        fn wake(&self) {
            let _queue = self.sleepers.lock().unwrap();
            self.wake_up.notify_one();
        }
    }

    impl Model {
        /// Load, add, store, as two processes would lose it without the lock.
        fn increment(&self, me: u32) -> Taken {
            let (taken, _) = lock(self, me);
            let seen = self.guarded.load(Ordering::Relaxed);
            self.guarded.store(seen + 1, Ordering::Relaxed);
            unlock(self);
            taken
        }
    }

    fn explore(processes: u32, preemptions: usize) {
        let mut builder = loom::model::Builder::new();
        builder.preemption_bound = Some(preemptions);
        builder.check(move || {
            let model = Arc::new(Model::default());
            let others: Vec<_> = (2..=processes)
                .map(|me| {
                    let model = Arc::clone(&model);
                    thread::spawn(move || model.increment(me))
                })
                .collect();
            assert_eq!(model.increment(1), Taken::Free);
            assert!(others.into_iter().all(|other| other.join().unwrap() == Taken::Free));
            assert_eq!(model.guarded.load(Ordering::Relaxed), processes);
            assert_eq!(model.word.load(Ordering::Relaxed) & HOLDER, 0);
        });
    }

    #[test]
    fn two_never_hold_it_at_once_and_no_wake_up_is_lost() {
        explore(2, 5);
    }

    #[test]
    fn nor_do_three() {
        explore(3, 2);
    }

    #[test]
    fn what_a_dead_process_held_is_taken_over_and_said_so() {
        let word = std::sync::atomic::AtomicU32::new(WAITERS | OWNER_DIED);
        assert_eq!(lock(&word, 7).0, Taken::Orphaned);
        // Others may sleep: they are not forgotten.
        assert_eq!(word.load(Ordering::Relaxed), WAITERS | 7);
        assert!(unlock(&word));
        assert_eq!(lock(&word, 7).0, Taken::Free);
    }
}
