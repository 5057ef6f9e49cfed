//! An access to a watched word: what the instruction did, what it read or wrote, and from which line of the program.
//!
//! **Invariant:** the thread stands right after the access. A register or the instruction may still hold the value; the
//! word itself may have been changed by others since.

use nix::unistd::Pid;

use super::AccessKind;
use super::instruction::{Decoded, Instructions};
use super::lines::Lines;
use super::memory;
use super::race::{Form, Word, WordAccess};

/// Reads accesses, and keeps what it has found out of programs.
#[derive(Default)]
pub(super) struct AccessReader {
    instructions: Instructions,
    lines: Lines,
}

impl AccessReader {
    /// What a thread has just done to the word of so many bytes at an address.
    pub fn access(
        &mut self,
        tid: Pid,
        pid: i32,
        wrote: bool,
        address: Option<u64>,
        form: Form,
    ) -> WordAccess {
        let AccessReader { instructions, lines } = self;
        let (decoded, end) =
            instructions.last(tid, pid, wrote, |end| lines.function(pid, end - 1)).unwrap_or((None, 0));
        let unknown = if wrote { AccessKind::Write } else { AccessKind::Read };
        let Decoded { kind, read, written, adds } =
            decoded.unwrap_or(Decoded { kind: unknown, read: None, written: None, adds: None });
        let mask = memory::mask(form.size());
        let known = (if kind.writes() { written } else { read }).map(|known| known & mask);
        let there = || address.and_then(|address| memory::word(tid, address, form.size()).ok()).unwrap_or(0);
        let word = |bits| Word { bits, form };
        let value = word(known.unwrap_or_else(there));
        // What an exchanging addition has found tells how far it moved the word.
        let moved = read.filter(|_| kind == AccessKind::Atomic).map(|read| value.distance(word(read & mask)));
        let step = adds.map(|by| word(by & mask).distance(word(0))).or(moved);
        let place = lines.place(pid, end.saturating_sub(1));
        WordAccess { pid, tid: tid.as_raw(), kind, value, place, step }
    }

    /// A process is gone, or runs another program.
    pub fn forget(&mut self, pid: i32) {
        self.instructions.forget(pid);
        self.lines.forget(pid);
    }
}
