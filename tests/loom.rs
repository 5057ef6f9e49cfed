//! The ring under loom, which runs it in every order in which two threads may see each other's writes.
//!
//! ```text
//! RUSTFLAGS="--cfg loom" cargo test --release --test loom
//! ```
//!
//! A message is a plain number in a cell: loom fails when both sides touch one at the same time, or when one does not
//! see what the other wrote before.

#![cfg(loom)]

use loom::cell::UnsafeCell;
use loom::sync::atomic::{AtomicU32, Ordering, fence};
use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;
use playground::shm::ring::{Count, Side};

/// loom's atomic is not the one of memory that is shared between processes, but counts in the same way.
#[derive(Clone)]
struct Counter(Arc<AtomicU32>);

impl Counter {
    fn new(value: u32) -> Counter {
        Counter(Arc::new(AtomicU32::new(value)))
    }
}

impl Count for Counter {
    fn seen(&self) -> u32 {
        self.0.load(Ordering::Acquire)
    }

    fn publish(&self, value: u32) {
        self.0.store(value, Ordering::Release);
    }
}

fn ring_of(places: u32, start: u32, messages: u64) {
    let (sent, taken) = (Counter::new(start), Counter::new(start));
    let cells: Arc<Vec<UnsafeCell<u64>>> = Arc::new((0..places).map(|_| UnsafeCell::new(u64::MAX)).collect());
    let mut sender = Side::sender(sent.clone(), taken.clone(), places);
    let mut receiver = Side::receiver(sent, taken, places);
    let theirs = Arc::clone(&cells);
    let other = thread::spawn(move || {
        for message in 0..messages {
            let place = loop {
                match sender.turn() {
                    Some(place) => break place,
                    None => thread::yield_now(),
                }
            };
            // SAFETY: it is the sender's turn at this place; loom fails if the receiver touches it now.
            theirs[place].with_mut(|cell| unsafe { *cell = message });
            sender.done();
        }
    });
    for message in 0..messages {
        let place = loop {
            match receiver.turn() {
                Some(place) => break place,
                None => thread::yield_now(),
            }
        };
        // SAFETY: it is the receiver's turn at this place; loom fails if the sender touches it now.
        assert_eq!(cells[place].with(|cell| unsafe { *cell }), message);
        receiver.done();
    }
    other.join().unwrap();
}

#[test]
fn a_ring_of_one_place_hands_every_message_over() {
    loom::model(|| ring_of(1, 0, 3));
}

#[test]
fn a_ring_of_two_places_hands_every_message_over_where_the_numbers_wrap() {
    loom::model(|| ring_of(2, u32::MAX - 1, 3));
}

/// The futex of `src/speed/memory.rs`, with the kernel's part as a lock and a condition: it compares and sleeps in one.
#[test]
fn nobody_is_left_asleep() {
    loom::model(|| {
        let (word, asleep) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
        let kernel = Arc::new((Mutex::new(()), Condvar::new()));
        let waker = thread::spawn({
            let (word, asleep, kernel) = (Arc::clone(&word), Arc::clone(&asleep), Arc::clone(&kernel));
            move || {
                for value in 1..=2 {
                    word.store(value, Ordering::Release);
                    fence(Ordering::SeqCst);
                    if asleep.load(Ordering::Relaxed) == 1 {
                        drop(kernel.0.lock().unwrap());
                        kernel.1.notify_one();
                    }
                }
            }
        });
        loop {
            let value = word.load(Ordering::Acquire);
            if value == 2 {
                break;
            }
            asleep.store(1, Ordering::Relaxed);
            fence(Ordering::SeqCst);
            let lock = kernel.0.lock().unwrap();
            if word.load(Ordering::Relaxed) == value {
                drop(kernel.1.wait(lock).unwrap());
            }
            asleep.store(0, Ordering::Relaxed);
        }
        waker.join().unwrap();
    });
}
