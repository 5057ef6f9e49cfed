//! Waiting for the end of a child: `wait`, `waitpid`, and the macros that read the status.

use playground_core::call::Address;

use super::evaluate::{Evaluation, Result, Stop};
use super::value::Value;
use crate::language::At;

/// The bytes of an `int`.
const INT: u64 = 4;

/// A call of `wait` or `waitpid`.
#[derive(Clone, Debug, PartialEq)]
pub struct Wait {
    /// Which of the two.
    pub name: &'static str,
    /// The child's id; -1 for any.
    pub target: i32,
    /// Where the status goes; `NULL`, if nobody asks for it.
    pub status: Address,
    /// Whether the status could be written there.
    pub is_writable: bool,
    /// `WNOHANG` and others.
    pub options: i32,
}

impl Evaluation<'_> {
    pub(super) fn wait(
        &mut self,
        name: &'static str,
        target: i32,
        status: &Value,
        options: i32,
        at: At,
    ) -> Result<Value> {
        let status = Address(status.bits());
        let is_writable = status == Address::NULL || self.reaches(status.0, INT, true)?;
        let wait = Wait { name, target, status, is_writable, options };
        let pid = self.numbered(Stop::Wait(wait))?;
        if pid.signed() > 0 && status != Address::NULL {
            let value = self.numbered(Stop::Status { pid: pid.as_int() })?;
            self.store(status.0, &value.bytes(), at)?;
        }
        Ok(pid)
    }
}

/// What a macro of sys/wait.h says of a status.
pub(super) fn of_status(name: &str, status: i32) -> i32 {
    let signal = status & 0x7f;
    match name {
        "WIFEXITED" => i32::from(signal == 0),
        "WEXITSTATUS" => status >> 8 & 0xff,
        "WIFSIGNALED" => i32::from(signal != 0 && signal != 0x7f),
        _ => signal,
    }
}
