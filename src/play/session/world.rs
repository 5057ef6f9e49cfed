//! Everything that a line can change.

use playground_core::sorted::{SortedMap, SortedSet};
use std::sync::Arc;
use std::time::Duration;

use playground_core::machine::{Credentials, Machine, Segment, Set, Space};

use super::actor::{Actor, Last, Lifecycle};
use super::kernel::Kernel;
use super::letters::letter;
use super::log::Entry;
use super::seen::Seen;

/// The process id of A.
const FIRST_PID: i32 = 101;
/// The first process of the namespace, which is none of the session: while it lives the namespace does, and it acts for
/// the shell.
pub(super) const INIT: i32 = 1;

/// The ids of what was made since the start of a level: an id that was removed and made again is among them.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Made {
    pub segments: SortedSet<i32>,
    pub sets: SortedSet<i32>,
}

/// The processes of a session, and the kernel's world that they act on.
#[derive(Clone, Debug, PartialEq)]
pub struct World {
    /// The kernel's world.
    pub machine: Machine,
    /// The processes that were started, by letter.
    pub actors: SortedMap<String, Actor>,
    /// The letter of the process that acts where a line names none; nobody, if none lives.
    pub current: Option<String>,
    /// How many calls have acted since the start: changed the world, or tried to.
    pub acts: usize,
    /// What was done, in order.
    pub log: Vec<Arc<Entry>>,
    pub(super) why: Option<String>,
    pub(super) last: SortedMap<&'static str, Last>,
    /// What was made since the start.
    pub(super) made: Made,
    pub(super) was_told_of_zeros: bool,
}

impl World {
    /// A world in which process A has just begun, as root of a namespace of its own.
    ///
    /// # Errors
    ///
    /// Why the kernel has no room for it.
    pub(super) fn new(kernel: &mut dyn Kernel) -> Result<World, String> {
        let (mut machine, actors) = (kernel.begin()?, SortedMap::default());
        machine.begin(INIT, Credentials::root_of_namespace(), Space::default());
        let (log, why, last, was_told_of_zeros) = (Vec::new(), None, SortedMap::default(), false);
        let (current, acts, made) = (None, 0, Made::default());
        let mut world = World { machine, actors, current, acts, log, why, last, made, was_told_of_zeros };
        world.current = Some(world.start(kernel)?);
        Ok(world)
    }

    /// Starts an unrelated process. Returns its letter.
    ///
    /// # Errors
    ///
    /// Why there is none.
    pub(super) fn start(&mut self, kernel: &mut dyn Kernel) -> Result<String, String> {
        let next = self.next_pid();
        let pid = kernel.start(&mut self.machine, next)?;
        Ok(self.enter(Actor::unrelated(pid)))
    }

    /// Gives a process the next letter.
    pub(super) fn enter(&mut self, actor: Actor) -> String {
        let letter = letter(self.actors.len());
        self.actors.insert(letter.clone(), actor);
        letter
    }

    pub(super) fn next_pid(&self) -> i32 {
        FIRST_PID + self.actors.len() as i32
    }

    /// The letter of a process.
    pub fn letter_of(&self, pid: i32) -> Option<&str> {
        self.actors.iter().find(|(_, actor)| actor.pid == pid).map(|(letter, _)| letter.as_str())
    }

    /// The letters of the processes that a test holds for, in the order in which they began.
    pub fn letters(&self, holds: impl Fn(&Actor) -> bool) -> Vec<&str> {
        let mut letters: Vec<_> = self.actors.iter().filter(|(_, actor)| holds(actor)).collect();
        letters.sort_by_key(|(_, actor)| actor.pid);
        letters.into_iter().map(|(letter, _)| letter.as_str()).collect()
    }

    /// The segments of the namespace, by place in the table.
    pub fn segments(&self) -> impl Iterator<Item = &Segment> {
        self.machine.namespaces.get(&0).into_iter().flat_map(|namespace| namespace.segments.iter())
    }

    /// The sets of semaphores of the namespace.
    pub fn sets(&self) -> impl Iterator<Item = &Set> {
        self.machine.namespaces.get(&0).into_iter().flat_map(|namespace| namespace.sets.iter())
    }

    /// The last call of all processes that was answered, of those of a family that change something.
    pub fn last(&self, family: &str) -> Option<&Last> {
        self.last.get(family)
    }

    /// Whether a segment was there at the start.
    pub fn is_old_segment(&self, id: i32) -> bool {
        !self.made.segments.contains(&id)
    }

    /// Whether a set was there at the start.
    pub fn is_old_set(&self, id: i32) -> bool {
        !self.made.sets.contains(&id)
    }

    /// The memory of a process, if it lives.
    pub fn space_of(&self, pid: i32) -> Option<&Space> {
        let process = self.machine.processes.get(&pid)?;
        self.machine.spaces.get(&process.space).map(|space| &**space)
    }

    /// From now on calls and stores are counted.
    pub(super) fn begin_counting(&mut self) {
        self.acts = 0;
        self.made = Made::default();
        for actor in self.actors.values_mut() {
            actor.seen = Seen::default();
        }
    }

    /// Whether anything differs that a line is undone for: the kernel's world, a process, or a variable, but neither
    /// the time nor `errno` nor who is about to act.
    pub(super) fn differs_from(&self, other: &World) -> bool {
        let timeless = |world: &World| {
            let mut machine = world.machine.clone();
            machine.clock = Duration::ZERO;
            machine
        };
        let actors = || self.actors.values().zip(other.actors.values());
        timeless(self) != timeless(other)
            || self.made != other.made
            || self.was_told_of_zeros != other.was_told_of_zeros
            || self.actors.len() != other.actors.len()
            || actors().any(|(actor, other)| actor.differs_from(other))
    }

    /// The prompt goes to the first process that lives, if its own does not.
    pub(super) fn choose_current(&mut self) {
        let lives = |actor: &Actor| actor.life == Lifecycle::Here;
        let stays = self.current.as_ref().and_then(|letter| self.actors.get(letter)).is_some_and(lives);
        if !stays {
            self.current = self.letters(lives).first().map(|letter| (*letter).to_owned());
        }
    }
}
