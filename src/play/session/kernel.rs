//! Who answers the calls of a session: the seam between the prompt and a kernel.
//!
//! **Invariant:** what a kernel answers goes into the [`Machine`] by `effect`, whoever it is. So the same code tells of
//! both, and what is shown is what the answers add up to.

use std::time::Duration;

use playground_core::call::Outcome;
use playground_core::machine::{Action, Machine, Reply, Woken};
use playground_core::process::Ending;

/// What comes of an action that a process is to perform.
#[derive(Clone, Debug, PartialEq)]
pub enum Performed {
    /// The kernel's answer.
    Reply(Reply),
    /// It was not done, and changed nothing: why.
    Refused(String),
    /// The process has ended, and not by what it did: how.
    Lost(Ending),
}

/// Who answers.
pub trait Kernel {
    /// What it is called in options and events.
    fn name(&self) -> &'static str;

    /// Whether the world's value is all there is of the world, so that undo can take the value from before.
    fn is_a_value(&self) -> bool;

    /// Begins anew: a world without processes. What was there before is gone.
    ///
    /// # Errors
    ///
    /// Why the system has no room for it.
    fn begin(&mut self) -> Result<Machine, String>;

    /// Starts a process that is unrelated to the others, as root of the namespace. `next` is an id that is free.
    /// Returns the id that it has got.
    ///
    /// # Errors
    ///
    /// Why there is none.
    fn start(&mut self, machine: &mut Machine, next: i32) -> Result<i32, String>;

    /// Has a process perform an action; `words` are those of a program that it starts.
    fn perform(&mut self, machine: &Machine, pid: i32, action: &Action, words: &[String]) -> Performed;

    /// Has the namespace's root perform an action, who is no process of the session. `init` is its id in the machine.
    ///
    /// # Errors
    ///
    /// Why it cannot.
    fn as_root(&mut self, machine: &Machine, init: i32, action: &Action) -> Result<Reply, String>;

    /// What the call of a process returns that goes on by the rules; nothing, if it does not go on.
    fn returned(&mut self, woken: &Woken) -> Option<Outcome>;

    /// Time passes. Returns whose calls have returned meanwhile, in order; the machine knows of it.
    fn pass(&mut self, machine: &mut Machine, time: Duration) -> Vec<Woken>;

    /// How a process has ended that runs another program, if it has; `due` is its exit status, if by the clock of the
    /// rules its end has come.
    fn ended(&mut self, pid: i32, due: Option<i32>) -> Option<Ending>;

    /// What the other program has printed that a process runs, since this was last asked; nothing, where the rules alone
    /// know of it.
    fn printed(&mut self, pid: i32) -> Vec<u8>;

    /// Ends a process that runs another program whose end is known already.
    fn cut_short(&mut self, pid: i32);

    /// Takes away what is left of a process that has ended, as its parent's `wait` does. Returns how it has ended; nothing,
    /// where the rules alone know that.
    fn reap(&mut self, pid: i32) -> Option<Ending>;

    /// A time of a record, as people read it; `now` is the time of the rules' clock.
    fn told_time(&self, time: i64, now: i64) -> String;

    /// A file of `/proc` as a process reads it; nothing, where the tables of the [`Machine`] are all there is.
    fn read(&mut self, pid: Option<i32>, path: &str) -> Option<String>;
}
