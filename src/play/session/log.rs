//! What the processes of a session did, in order: what a program that does the same has to do.

use playground_core::call::Outcome;
use playground_core::machine::Action;

use crate::c::Wait;
use crate::language::{Does, Expr, Initial, Kind};

/// Something that was done.
#[derive(Clone, Debug, PartialEq)]
pub enum Entry {
    /// A process did something; init, who has no letter, did what the shell was asked.
    Did {
        /// Its letter.
        who: Option<String>,
        /// What it did.
        action: Action,
        /// The words of a program that it started, or the status that it exited with.
        words: Vec<String>,
        /// What came of it; nothing, if it still waits, or died of it.
        outcome: Option<Outcome>,
        /// Whether it had to wait before it returned, if it has.
        waited: bool,
        /// The variable that was given the answer.
        name: Option<String>,
    },
    /// A process waited for a child.
    Awaited {
        /// Its letter.
        who: String,
        /// The call.
        wait: Wait,
        /// What came of it; nothing, if it still waits.
        outcome: Option<Outcome>,
        /// Whether it had to wait before it returned.
        waited: bool,
    },
    /// A process printed a text.
    Printed {
        /// Its letter.
        who: String,
        /// The text.
        text: Vec<u8>,
        /// Where it lies in memory but for the end of its line, if it was read there as it is.
        from: Option<u64>,
    },
    /// A process began that is unrelated to the others.
    Began {
        /// Its letter.
        who: String,
    },
}

/// The variable that a statement gives the value of its last call to.
pub(super) fn named_by(does: &Does) -> Option<&str> {
    match does {
        Does::Declare(declared) => match declared.as_slice() {
            [one] if matches!(&one.initial, Some(Initial::Value(value)) if is_call(value)) => Some(&one.name),
            _ => None,
        },
        Does::Evaluate(Expr { kind: Kind::Assign(None, left, right), .. }) if is_call(right) => {
            match &left.kind {
                Kind::Name(name) => Some(name),
                _ => None,
            }
        }
        _ => None,
    }
}

fn is_call(expression: &Expr) -> bool {
    match &expression.kind {
        Kind::Call(..) => true,
        Kind::Cast(_, operand) => is_call(operand),
        _ => false,
    }
}
