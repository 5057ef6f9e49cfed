//! Conditions over what processes have done since the start: where the world alone does not show that a goal was reached as it
//! is worded.

use serde::{Deserialize, Serialize};

use crate::session::{Actor, Seen, Touch, World};

/// Bytes of a segment that a process has accessed.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Touched {
    of: String,
    segment: i32,
    offset: u64,
    bytes: Vec<u8>,
}

/// What a process was told by IPC_STAT.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    of: String,
    segment: i32,
    nattch: u64,
}

/// Stores of a process that reach a part of a segment.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Stores {
    of: String,
    segment: i32,
    offset: u64,
    length: u64,
    count: usize,
}

impl Stores {
    pub(super) fn holds(&self, world: &World) -> bool {
        let reaches = |touch: &&Touch| touch.reaches(self.segment, self.offset, self.length);
        let count = |actor: &Actor| actor.seen.writes.iter().filter(reaches).count();
        world.actors.get(&self.of).is_some_and(|actor| count(actor) == self.count)
    }
}

impl Touched {
    pub(super) fn is_among(&self, world: &World, kind: impl Fn(&Seen) -> &Vec<Touch>) -> bool {
        let actor = world.actors.get(&self.of);
        let is_it = |touch: &Touch| touch.has(self.segment, self.offset, &self.bytes);
        actor.is_some_and(|actor| kind(&actor.seen).iter().any(is_it))
    }
}

impl Asked {
    pub(super) fn holds(&self, world: &World) -> bool {
        let actor = world.actors.get(&self.of);
        actor.is_some_and(|actor| actor.seen.nattch.contains(&(self.segment, self.nattch)))
    }
}
