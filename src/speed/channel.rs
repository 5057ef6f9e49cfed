//! What every mechanism has to do, and the loops that are timed: the same ones for all.

use std::io;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::message::Stamp;

/// One end of a mechanism by which two processes send each other messages of one size.
///
/// The provided methods are the whole measurement. They are part of the trait so that each mechanism gets loops of its
/// own, in which nothing is called through a table.
pub trait Channel {
    /// Sends a message, whole, and waits as long as there is no room for it.
    ///
    /// # Errors
    ///
    /// Whatever the mechanism gives; `WriteZero`, `BrokenPipe`, if the other side is gone.
    fn send(&mut self, message: &[u64]) -> io::Result<()>;

    /// Waits for a message, and takes it whole, however many pieces it comes in.
    ///
    /// # Errors
    ///
    /// Whatever the mechanism gives; `UnexpectedEof`, if the other side is gone.
    fn receive(&mut self, message: &mut [u64]) -> io::Result<()>;

    /// Makes a message and sends it. A mechanism that needs no copy does both in one.
    fn put(&mut self, stamp: Stamp, message: &mut [u64]) -> io::Result<()> {
        stamp.make(message);
        self.send(message)
    }

    /// Takes a message and checks every byte of it.
    fn take(&mut self, number: u64, message: &mut [u64]) -> io::Result<Stamp> {
        self.receive(message)?;
        checked(number, Stamp::of(message), |stamp| stamp.is_whole(message))
    }

    /// Called before this side's process ends: what was sent has to reach the other one.
    ///
    /// # Errors
    ///
    /// As for [`Channel::receive`].
    fn finish(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// Plays a part to its end, and reports what was measured.
    ///
    /// # Errors
    ///
    /// As for [`Channel::send`] and [`Channel::receive`]; `InvalidData`, if a byte is not what it should be.
    fn play(&mut self, part: Part, size: usize, budget: Duration) -> io::Result<Report> {
        let mut message = vec![0u64; size / size_of::<u64>()];
        match part {
            Part::Ping => {
                let asked = paced(budget, part.warm_up(size), |stamp| {
                    self.put(stamp, &mut message)?;
                    self.take(stamp.number(), &mut message).map(drop)
                });
                asked.map(|(report, _)| report)
            }
            Part::Pong => answered(|number| {
                self.receive(&mut message)?;
                self.send(&message)?;
                // The asking side checks every byte: those that came back wrong were wrong on one of the two ways.
                checked(number, Stamp::of(&message), |_| true)
            }),
            Part::Produce => {
                let (mut report, since) =
                    paced(budget, part.warm_up(size), |stamp| self.put(stamp, &mut message))?;
                // A message has gone over when it has arrived: the other side says so after the last one.
                self.receive(&mut message)?;
                report.nanoseconds = since.elapsed().as_nanos() as u64;
                Ok(report)
            }
            Part::Consume => {
                let report = answered(|number| self.take(number, &mut message))?;
                self.send(&message)?;
                Ok(report)
            }
        }
    }
}

/// Who does what in a measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Send a message, wait for it to come back, check it.
    Ping,
    /// Send every message back.
    Pong,
    /// Send message after message.
    Produce,
    /// Take and check message after message, and answer the last one.
    Consume,
}

impl Part {
    /// How many messages a ring has room for. A stream wants room; a round trip wants few lines of the cache.
    pub fn places(self, size: usize) -> u32 {
        match self {
            Part::Ping | Part::Pong => 2,
            Part::Produce | Part::Consume => ((1 << 20) / size).next_power_of_two().clamp(4, 1024) as u32,
        }
    }

    /// How many messages to warm up with, at least: by then both have touched every page of a ring, and its lines.
    fn warm_up(self, size: usize) -> u64 {
        2 * u64::from(self.places(size))
    }
}

/// What one side of a measurement has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// How many messages, or whatever else was done.
    pub messages: u64,
    /// In how many nanoseconds.
    pub nanoseconds: u64,
}

/// Sends messages until the time is up: first to warm up, then for the clock. Returns when the clock was started, too.
///
/// The clock is read only between batches, which are made as large as fits, so that it costs nothing.
pub(super) fn paced(
    budget: Duration,
    warm_up: u64,
    mut message: impl FnMut(Stamp) -> io::Result<()>,
) -> io::Result<(Report, Instant)> {
    let (mut number, mut batch) = (0, 1);
    let mut until = |budget: Duration, least: u64| -> io::Result<(u64, Instant)> {
        let (first, start) = (number, Instant::now());
        let mut now = Duration::ZERO;
        while now < budget || number - first < least {
            let before = now;
            for _ in 0..batch {
                message(Stamp::new(number, false))?;
                number += 1;
            }
            now = start.elapsed();
            if now - before < budget / 16 {
                batch *= 2;
            } else if batch > 1 && now - before > budget / 4 {
                batch /= 2;
            }
        }
        Ok((number - first, start))
    };
    until(budget / 4, warm_up)?;
    let (messages, start) = until(budget, 1)?;
    message(Stamp::new(number, true))?;
    Ok((Report { messages: messages + 1, nanoseconds: start.elapsed().as_nanos() as u64 }, start))
}

/// Handles messages until the last one.
fn answered(mut message: impl FnMut(u64) -> io::Result<Stamp>) -> io::Result<Report> {
    let mut number = 0;
    loop {
        let stamp = message(number)?;
        number += 1;
        if stamp.is_last() {
            return Ok(Report { messages: number, nanoseconds: 0 });
        }
    }
}

/// The stamp, if it is the next one and the message is whole.
#[inline]
pub(super) fn checked(number: u64, stamp: Stamp, is_whole: impl FnOnce(Stamp) -> bool) -> io::Result<Stamp> {
    if stamp.number() == number && is_whole(stamp) {
        return Ok(stamp);
    }
    Err(io::Error::new(io::ErrorKind::InvalidData, format!("message {number} has arrived with wrong bytes")))
}

/// The error of a side whose partner is gone.
pub(super) fn gone() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the other side is gone")
}
