//! A lost update in words, and step by step as lesson 17 tells it: A, B, what each reads and writes.
//!
//! **Invariant:** every number and every line comes from an access that was seen.

use super::AccessKind;
use super::{Proof, WordAccess};

impl Proof {
    /// What happened, and why nothing prevents it.
    pub fn in_words(&self) -> &'static str {
        match self {
            Proof::Lost { .. } => {
                "A read the word, B wrote it, and A then wrote what it had made of the old number: B's update is lost. \
                 Nothing keeps B out between A's read and A's write."
            }
            Proof::Unordered { .. } => {
                "A's update is one instruction, and not an atomic one: the processor reads, changes, and writes. B could \
                 write while A was at it: nothing keeps it out. On two processors both read the same number, and one \
                 update is lost."
            }
        }
    }

    /// The accesses, a line each.
    pub fn steps(&self) -> Vec<String> {
        let a = self.accesses().first().map_or(0, |access| access.tid);
        self.accesses().iter().map(|access| step(access, a)).collect()
    }
}

fn step(access: &WordAccess, a: i32) -> String {
    let who = if access.tid == a { "A" } else { "B" };
    let place = access.place.as_ref().map_or(String::new(), |place| format!("  {place}"));
    format!("{who} (process {})  {}{place}", access.pid, access.in_words())
}

impl WordAccess {
    /// What it did, with the number.
    pub fn in_words(&self) -> String {
        let value = self.value;
        match self.kind {
            AccessKind::Read => format!("reads {value}"),
            AccessKind::Write | AccessKind::Exchange => format!("writes {value}"),
            AccessKind::ReadThenWrite => format!("reads, changes, writes {value}"),
            AccessKind::Atomic => format!("changes it as one, to {value}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Form, Place, Word};
    use super::*;

    #[test]
    fn the_first_is_a_and_each_step_has_its_line() {
        let access = |pid, kind, value, line| WordAccess {
            pid,
            tid: pid,
            kind,
            value: Word { bits: value, form: Form::Int },
            place: Some(Place { file: "count.c".into(), line }),
            step: None,
        };
        let accesses = vec![
            access(7, AccessKind::Read, 4, 9),
            access(8, AccessKind::Atomic, 5, 12),
            access(7, AccessKind::Write, 5, 10),
        ];
        let expected = [
            "A (process 7)  reads 4  count.c:9",
            "B (process 8)  changes it as one, to 5  count.c:12",
            "A (process 7)  writes 5  count.c:10",
        ];
        assert_eq!(Proof::Lost { accesses }.steps(), expected);
    }
}
