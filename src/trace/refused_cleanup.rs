//! Tidying up that a sandbox has refused.
//!
//! **Invariant:** whoever was kept from detaching or removing something is not accused of having left it.

use super::exit_status::Ending;
use super::subject::removes;
use super::value::What;
use crate::call::{Address, Call};
use nix::libc::SIGSYS;

/// What was tried, and refused.
#[derive(Default)]
pub(super) struct RefusedCleanup {
    removals: Vec<What>,
    detachings: Vec<(i32, Address)>,
    /// Calls of a process of which only the name is known.
    unknown: Vec<(i32, &'static str)>,
    /// Who was refused anything.
    refused: Vec<i32>,
}

impl RefusedCleanup {
    /// A sandbox has refused a call. Where a signal told of it, there is only its name.
    pub fn note(&mut self, pid: i32, name: &'static str, call: Option<&Call>) {
        self.refused.push(pid);
        match (call, call.and_then(removes)) {
            (_, Some(what)) => self.removals.push(what),
            (Some(Call::Shmdt { address }), None) => self.detachings.push((pid, *address)),
            (None, None) => self.unknown.push((pid, name)),
            _ => {}
        }
    }

    /// Whether somebody was kept from removing this, or its maker was ended by the sandbox before it could.
    pub fn removal(&self, what: What, maker: i32, ending: Option<Ending>) -> bool {
        let name = match what {
            What::Segment(_) => "shmctl",
            What::Set(_) => "semctl",
        };
        let was_ended = ending == Some(Ending::Killed(SIGSYS)) && self.refused.contains(&maker);
        was_ended || self.removals.contains(&what) || self.unknown.contains(&(maker, name))
    }

    /// Whether a process was kept from detaching what it has here.
    pub fn detaching(&self, pid: i32, address: Address) -> bool {
        self.detachings.contains(&(pid, address)) || self.unknown.contains(&(pid, "shmdt"))
    }
}
