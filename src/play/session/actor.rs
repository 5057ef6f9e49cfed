//! A process of the session: its variables, and what it is doing.

use std::time::Duration;

use playground_core::Errno;
use playground_core::call::Outcome;

use super::seen::Seen;
use crate::c::Arena;
use crate::language::Does;

/// A process that was started, whether it still lives or not.
#[derive(Clone, Debug, PartialEq)]
pub struct Actor {
    /// Its process id.
    pub pid: i32,
    /// Its variables.
    pub arena: Arena,
    /// What has become of it.
    pub life: Lifecycle,
    /// The statement that waits for an answer, with the answers so far.
    pub pending: Option<Pending>,
    /// The last System V call that was answered.
    pub last: Option<Last>,
    /// How often it has written to memory that is not a variable's.
    pub stores: u64,
    /// What it has seen and written.
    pub seen: Seen,
    /// When the other program that it runs comes to its end by the clock of the rules, and with what exit status; nothing,
    /// where that does not follow from the program's words.
    pub(super) end: Option<(Duration, i32)>,
}

/// What has become of a process.
#[derive(Clone, Debug, PartialEq)]
pub enum Lifecycle {
    /// It lives, and does what the prompt says.
    Here,
    /// It runs another program, and does no more what the prompt says.
    Elsewhere,
    /// It is over: how it ended.
    Over(String),
}

/// A statement that has not come to its end.
#[derive(Clone, Debug, PartialEq)]
pub struct Pending {
    /// The statement.
    pub does: Does,
    /// The line that it stands in.
    pub line: String,
    /// The answers so far.
    pub answers: Vec<Outcome>,
    /// How much had been done by all when it began.
    pub began: usize,
    /// The call that waits, in C notation.
    pub waits_in: Option<String>,
}

/// A System V call that was answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Last {
    /// Its name.
    pub call: &'static str,
    /// Its first argument: a key or an id.
    pub first: i64,
    /// Why it was refused, if it was.
    pub errno: Option<Errno>,
    /// How many segments there were before it.
    pub segments: usize,
    /// By how much it changed semaphores in all, if it is a `semop`.
    pub change: i32,
}

impl Actor {
    pub(super) fn new(pid: i32, arena: Arena) -> Actor {
        let seen = Seen::default();
        Actor { pid, arena, life: Lifecycle::Here, pending: None, last: None, stores: 0, seen, end: None }
    }

    /// Whether it lives and does what the prompt says.
    pub fn is_here(&self) -> bool {
        self.life == Lifecycle::Here
    }

    /// Whether it waits in a call.
    pub fn waits(&self) -> bool {
        self.is_here() && self.pending.is_some()
    }
}
