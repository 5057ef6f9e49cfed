//! The ring and its futex under loom, which runs them in every order in which two threads may see each other's writes.
//!
//! A message is a plain number in a cell: loom fails when both sides touch one at the same time, or when one does not
//! see what the other wrote before.

use std::io;

use loom::cell::UnsafeCell;
use loom::sync::atomic::{AtomicU32, Ordering, fence};
use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;
use playground::shm::ring::{Count, Side};
use playground::shm::{Futex, sleep_on, wake_sleeper};

/// loom's atomic is not the one of memory that is shared between processes, but counts in the same way.
#[derive(Clone)]
struct Counter(Arc<AtomicU32>);

impl Counter {
    fn new(value: u32) -> Counter {
        Counter(Arc::new(AtomicU32::new(value)))
    }
}

impl Count for Counter {
    fn load(&self, order: Ordering) -> u32 {
        self.0.load(order)
    }

    fn store(&self, value: u32, order: Ordering) {
        self.0.store(value, order);
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

/// A word with the kernel's part as a lock and a condition: it compares and sleeps in one.
#[derive(Clone)]
struct Bed(Counter, Arc<(Mutex<()>, Condvar)>);

impl Bed {
    fn new() -> Bed {
        Bed(Counter::new(0), Arc::new((Mutex::new(()), Condvar::new())))
    }
}

impl Count for Bed {
    fn load(&self, order: Ordering) -> u32 {
        self.0.load(order)
    }

    fn store(&self, value: u32, order: Ordering) {
        self.0.store(value, order);
    }
}

impl Futex for Bed {
    fn sleep_while(&self, value: u32) -> io::Result<()> {
        let (lock, condition) = &*self.1;
        let lock = lock.lock().unwrap();
        if self.load(Ordering::Relaxed) == value {
            drop(condition.wait(lock).unwrap());
        }
        Ok(())
    }

    fn wake_one(&self) -> io::Result<()> {
        drop(self.1.0.lock().unwrap());
        self.1.1.notify_one();
        Ok(())
    }

    fn fence() {
        fence(Ordering::SeqCst);
    }
}

/// There is nobody to wake a sleeper a second time: one that is left asleep is a deadlock, which loom finds.
#[test]
fn nobody_is_left_asleep() {
    wake_and_sleep(1);
}

#[test]
#[ignore = "slow by nature: all orders of two turns are some hundred thousand; .ci/run tries it"]
fn nobody_is_left_asleep_a_second_time() {
    wake_and_sleep(2);
}

fn wake_and_sleep(turns: u32) {
    loom::model(move || {
        let (word, asleep) = (Bed::new(), Bed::new());
        let waker = thread::spawn({
            let (word, asleep) = (word.clone(), asleep.clone());
            move || {
                for value in 1..=turns {
                    word.store(value, Ordering::Release);
                    wake_sleeper(&word, &asleep).unwrap();
                }
            }
        });
        loop {
            let value = word.load(Ordering::Acquire);
            if value == turns {
                break;
            }
            sleep_on(&word, value, &asleep).unwrap();
        }
        waker.join().unwrap();
    });
}
