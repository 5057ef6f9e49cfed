//! The mechanisms that are measured, by name, and how a pair of ends is made of each.

use std::io;

use super::channel::{Channel, Part};
use super::fresh::SegmentPerMessage;
use super::memory::{Counted, Futex, Line, Rings, Spin, Wait, Yield};
use super::queue::{Posix, SystemVQueues};
use super::stream;
use crate::call::{Call, SemCmd, Semid};
use crate::kernel::{Linux, Process};
use crate::shm::Bytes;
use crate::shm::ring::{LINES, Ring};
pub use playground_core::ways::{Mechanism, Traffic};

/// What the two sides do.
pub fn parts(traffic: Traffic) -> (Part, Part) {
    match traffic {
        Traffic::RoundTrip => (Part::Ping, Part::Pong),
        Traffic::Stream => (Part::Produce, Part::Consume),
    }
}

/// How many messages a ring has room for.
fn places(traffic: Traffic, size: usize) -> u32 {
    parts(traffic).0.places(size)
}

/// How many semaphores [`Shared`] needs: messages and free places, in each direction.
pub const SEMAPHORES: i32 = 4;

/// The memory and the semaphores that the mechanisms share, made once.
#[derive(Clone, Copy, Debug)]
pub struct Shared<'a> {
    /// The segment.
    pub segment: Bytes<'a>,
    /// The mapped file, if there can be one.
    pub file: Option<Bytes<'a>>,
    /// The semaphores, if there can be any.
    pub set: Option<Semid>,
}

/// How many bytes two rings take, for the largest message.
pub fn room_for(largest: usize) -> usize {
    let sizes = [super::message::SMALLEST, largest];
    let rings = sizes.map(|size| Ring::needs(places(Traffic::Stream, size), size).next_multiple_of(LINES));
    2 * rings[0].max(rings[1])
}

/// One end, for either process.
pub type End<'a> = Box<dyn Channel + 'a>;

/// Both ends, and what has to stay as long as they are used.
pub struct Pair<'a> {
    /// For the side that begins.
    pub one: End<'a>,
    /// For the side that answers.
    pub other: End<'a>,
    /// Queues are removed when this is dropped.
    pub queues: Option<SystemVQueues>,
}

impl<'a> Pair<'a> {
    fn of<C: Channel + 'a>((one, other): (C, C)) -> Pair<'a> {
        Pair { one: Box::new(one), other: Box::new(other), queues: None }
    }

    /// Makes both ends of a mechanism anew.
    ///
    /// # Errors
    ///
    /// `FileTooLarge`: it carries no message of this size. Others: it is not to be had here.
    pub fn new(way: Mechanism, traffic: Traffic, size: usize, shared: Shared<'a>) -> io::Result<Pair<'a>> {
        let rings = |bytes| rings(bytes, traffic, size);
        Ok(match way {
            Mechanism::Spin => Pair::of(ends(rings(shared.segment), || Spin)),
            Mechanism::InPlace => {
                let (one, other) = ends(rings(shared.segment), || Spin);
                Pair::of((one.in_place(), other.in_place()))
            }
            Mechanism::Yield => Pair::of(ends(rings(shared.segment), || Yield)),
            Mechanism::Futex => Pair::of(ends(rings(shared.segment), || Futex)),
            Mechanism::Semop => {
                let set = shared.set.ok_or_else(|| io::Error::other("no semaphores here"))?;
                Pair::of(counted(rings(shared.segment), set, traffic, size)?)
            }
            Mechanism::File => {
                let file = shared.file.ok_or_else(|| io::Error::other("no temporary file here"))?;
                Pair::of(ends(rings(file), || Spin))
            }
            Mechanism::Fresh => {
                let (one, other) = stream::pipes()?;
                Pair::of((SegmentPerMessage::new(one), SegmentPerMessage::new(other)))
            }
            Mechanism::Pipe => Pair::of(stream::pipes()?),
            Mechanism::Unix => Pair::of(stream::unix_sockets()?),
            Mechanism::Tcp => Pair::of(stream::tcp_sockets()?),
            Mechanism::Posix => Pair::of(Posix::pair(size)?),
            Mechanism::SystemV => {
                let queues = SystemVQueues::new(size)?;
                let ends = queues.ends(size);
                Pair { queues: Some(queues), ..Pair::of(ends) }
            }
            Mechanism::Line => Pair::of(lines(shared.segment)),
        })
    }
}

/// Two rings, one behind the other, both empty.
fn rings(bytes: Bytes<'_>, traffic: Traffic, size: usize) -> (Ring<'_>, Ring<'_>) {
    let places = places(traffic, size);
    let second = Ring::needs(places, size).next_multiple_of(LINES);
    let rings = (
        Ring::new(bytes, places, size),
        Ring::new(bytes.part(second, bytes.length() - second), places, size),
    );
    rings.0.clear();
    rings.1.clear();
    rings
}

fn ends<'a, W: Wait>((there, back): (Ring<'a>, Ring<'a>), wait: fn() -> W) -> (Rings<'a, W>, Rings<'a, W>) {
    (Rings::new(there, back, wait()), Rings::new(back, there, wait()))
}

fn counted<'a>(
    (there, back): (Ring<'a>, Ring<'a>),
    set: Semid,
    traffic: Traffic,
    size: usize,
) -> io::Result<(Counted<'a>, Counted<'a>)> {
    let places = places(traffic, size) as i32;
    for (number, value) in [0, places, 0, places].into_iter().enumerate() {
        let call = Call::Semctl { semid: set, semnum: number as i32, cmd: SemCmd::SetVal(value) };
        let done = Linux::new().perform(&call).map_err(|error| io::Error::other(error.to_string()))?;
        done?;
    }
    let counts_places = traffic == Traffic::Stream;
    Ok((
        Counted::new(there, back, set, [0, 1, 2, 3], counts_places),
        Counted::new(back, there, set, [2, 3, 0, 1], counts_places),
    ))
}

fn lines(bytes: Bytes<'_>) -> (Line<'_>, Line<'_>) {
    let (one, other) = (bytes.word(0), bytes.word(LINES));
    for word in [one, other] {
        word.store(0, std::sync::atomic::Ordering::Release);
    }
    (Line::new(one, other), Line::new(other, one))
}
