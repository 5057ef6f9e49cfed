//! A check of the ring that takes longer than a lesson: of so many messages each arrives once, in order and whole.

use std::time::Duration;

use super::channel::Report;
use super::host::Host;
use super::message::{SMALLEST, Stamp};
use super::trial::{self, Failure, Operation};
use super::ways::{Mechanism, Pair, Shared, Traffic};

/// Sends so many messages of 64 bytes through the ring. The receiving side checks number and bytes of each.
///
/// # Errors
///
/// `Failed`: a message is not the one that was next, or not whole. `Late`: that took longer than `timeout`.
pub fn check(shared: Shared<'_>, host: &Host, messages: u64, timeout: Duration) -> Result<(), Failure> {
    let Pair { mut one, mut other, .. } = Pair::new(Mechanism::Spin, Traffic::Stream, SMALLEST, shared)?;
    let words = SMALLEST / size_of::<u64>();
    let send: Operation<'_> = Box::new(move || {
        let mut message = vec![0; words];
        (0..messages).try_for_each(|number| one.put(Stamp::new(number, false), &mut message))?;
        Ok(Report { messages, nanoseconds: 0 })
    });
    let check: Operation<'_> = Box::new(move || {
        let mut message = vec![0; words];
        (0..messages).try_for_each(|number| other.take(number, &mut message).map(drop))?;
        Ok(Report { messages, nanoseconds: 0 })
    });
    let cpus = host.cpus.map(|cpu| host.pins.then_some(cpu));
    trial::run(vec![(send, cpus[0]), (check, cpus[1])], timeout).map(drop)
}
