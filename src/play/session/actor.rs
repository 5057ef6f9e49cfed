//! A process of the session: its variables, and what it is doing.

use playground_core::sorted::SortedMap;
use std::time::Duration;

use playground_core::Errno;
use playground_core::call::Outcome;
use playground_core::process::Ending;

use super::seen::Seen;
use crate::c::{Arena, Wait};
use crate::language::Does;

/// A process that was started, whether it still lives or not.
#[derive(Clone, Debug, PartialEq)]
pub struct Actor {
    /// Its process id.
    pub pid: i32,
    /// The process that forked it, while that one lives; `new` has none, as if a shell waited for it at once.
    pub parent: Option<i32>,
    /// The user that it is, or was at its end.
    pub user: u32,
    /// Its variables.
    pub arena: Arena,
    /// What has become of it.
    pub life: Lifecycle,
    /// How it ended, if it is over.
    pub ending: Option<Ending>,
    /// The statement that waits for an answer, with the answers so far.
    pub pending: Option<Pending>,
    /// The last call that was answered of those that change something, for segments and for sets, by [`family`].
    pub last: SortedMap<&'static str, Last>,
    /// What it has seen and written.
    pub seen: Seen,
    /// The other program that it runs, and how much of what that has printed was told.
    pub(super) program: Option<(String, usize)>,
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
    /// The call, where it waits for a child.
    pub awaits: Option<Wait>,
}

/// What a call is about, by its name: `shm` or `sem`.
pub fn family<T: AsRef<str> + ?Sized>(call: &T) -> &str {
    call.as_ref().get(..3).unwrap_or_default()
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
    /// A process that `new` starts: root of the namespace.
    pub(super) fn unrelated(pid: i32) -> Actor {
        Actor {
            pid,
            parent: None,
            user: 0,
            arena: Arena::default(),
            life: Lifecycle::Here,
            ending: None,
            pending: None,
            last: SortedMap::default(),
            seen: Seen::default(),
            program: None,
            end: None,
        }
    }

    /// Its child, as `fork` makes it.
    pub(super) fn child(&self, pid: i32) -> Actor {
        let (parent, user, arena) = (Some(self.pid), self.user, self.arena.clone());
        Actor { parent, user, arena, ..Actor::unrelated(pid) }
    }

    /// Whether anything differs that a line is undone for.
    pub(super) fn differs_from(&self, other: &Actor) -> bool {
        // Where, and after how many answers, says which statement it is, and which answers.
        let waits_at = |actor: &Actor| {
            let pending = actor.pending.as_ref()?;
            Some((pending.began, pending.answers.len(), pending.waits_in.clone()))
        };
        let is =
            |actor: &Actor| (actor.pid, actor.parent, actor.user, actor.ending, actor.end, waits_at(actor));
        is(self) != is(other)
            || self.life != other.life
            || self.program != other.program
            || !self.arena.holds_as(&other.arena)
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
