//! Processes that have ended, and that nobody has waited for.
//!
//! **Invariant:** a process that `fork` made is a zombie from its end to its parent's; one that `new` started has a shell
//! for a parent, which waits at once.

use super::actor::{Actor, Lifecycle};
use super::world::World;

impl World {
    /// A process is over: it is a zombie from now on, or nothing is left of it; and its children have no parent here any
    /// more. Returns the ids of those of whom nothing is left.
    pub(super) fn waited_for(&mut self, who: &str) -> Vec<i32> {
        let Actor { pid, parent, user, .. } = self.actors[who];
        let mut gone = self.orphan(pid);
        match parent {
            Some(_) => {
                self.machine.zombies.insert(pid, user);
            }
            None => gone.push(pid),
        }
        gone
    }

    /// Init adopts the children of a process, and waits for those that have ended. Returns their ids.
    fn orphan(&mut self, parent: i32) -> Vec<i32> {
        let mut ended = Vec::new();
        for actor in self.actors.values_mut().filter(|actor| actor.parent == Some(parent)) {
            actor.parent = None;
            if matches!(actor.life, Lifecycle::Over(_)) {
                self.machine.zombies.remove(&actor.pid);
                ended.push(actor.pid);
            }
        }
        ended
    }

    /// A process is another user from now on.
    pub(super) fn becomes(&mut self, who: &str, user: u32) {
        if let Some(actor) = self.actors.get_mut(who) {
            actor.user = user;
        }
    }

    /// The letters of a zombie, and of the parent that has not waited for it.
    pub(super) fn zombie(&self, pid: i32) -> Option<(&str, &str)> {
        self.machine.zombies.get(&pid)?;
        let zombie = self.letter_of(pid)?;
        let parent = self.actors[zombie].parent?;
        Some((zombie, self.letter_of(parent)?))
    }
}
