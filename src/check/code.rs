//! The names of what can be wrong with a program.
//!
//! **Invariant:** a name never changes and is never used for anything else: teachers' scripts rely on it. The order
//! is that of importance: what must be put right first stands first.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What is wrong, by its stable name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Code {
    /// It does not compile.
    CompileError,
    /// There is no such program, or it cannot be run.
    NotRun,
    /// It attacked the examiner.
    Tampered,
    /// It took more processes, memory, output or disk than it may.
    OverLimit,
    /// It was still running when its time was up.
    TimedOut,
    /// Memory is shared, but not by System V calls.
    PosixInsteadOfSysv,
    /// No segment was made.
    NotAllocated,
    /// Another key than the one that was agreed on.
    WrongKey,
    /// The segment has another size.
    WrongSize,
    /// The flags of a call are not those that are needed.
    WrongFlags,
    /// The segment has other permission bits.
    WrongMode,
    /// A segment that another had made was taken for one's own.
    KeyCollision,
    /// The segment was removed while it was still needed.
    RemovedTooEarly,
    /// One who had not made the segment removed it.
    RemovedByTheWrongProcess,
    /// An id of 0, which is an id like any other, was taken for a failure.
    ZeroTakenForFailure,
    /// An id of -1, from a call that had failed, was used, or the failure was passed over.
    ErrorIgnored,
    /// A key was passed where a call wants an id.
    KeyUsedAsId,
    /// What a failed `shmat` returned was used as memory.
    NullCheckedInsteadOfMinusOne,
    /// A wish for an address was not granted, and nothing else was tried.
    FixedAddressWithoutFallback,
    /// A process read, or removed, before the one that it needed had done its work.
    NeverWaited,
    /// Memory was touched after it had been detached.
    UsedAfterDetach,
    /// A pointer was followed that means something in another process's memory only.
    PointerOfAnotherProcess,
    /// Memory was written that is for reading only.
    ReadOnlyWritten,
    /// The segment was never attached, or not as often as it should.
    NeverAttached,
    /// An address is not the one that it should be.
    WrongAddress,
    /// The kernel was never asked for its record.
    NeverAsked,
    /// The segment was empty when the program had done with it.
    WroteNothing,
    /// A text is in the right place, and is not the one that was asked for.
    WrongText,
    /// Something was written, but not where it was asked for.
    WroteElsewhere,
    /// Processes wrote over each other's counts.
    LostUpdates,
    /// A process has added to the counter, and not as often as it should.
    TooFewAdditions,
    /// What is on the screen cannot have come out of the segment.
    PrintedWithoutSharing,
    /// What should be on the screen is not.
    NeverPrinted,
    /// The same address was detached twice.
    DetachedTwice,
    /// A segment was removed twice.
    RemovedTwice,
    /// The program ended with the segment attached.
    NeverDetached,
    /// The program ended by an error, and its segment stayed.
    LeakedOnError,
    /// The segment stayed.
    NeverRemoved,
    /// A signal ended the program.
    Crashed,
    /// The program said by its exit status that it failed.
    Failed,
}

impl Code {
    /// Every one of them, the most important first.
    pub fn all() -> impl Iterator<Item = Code> {
        ALL.into_iter()
    }

    /// The name, as in JSON.
    pub fn name(self) -> String {
        serde_json::to_value(self).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
    }
}

const ALL: [Code; 40] = [
    Code::CompileError,
    Code::NotRun,
    Code::Tampered,
    Code::OverLimit,
    Code::TimedOut,
    Code::PosixInsteadOfSysv,
    Code::NotAllocated,
    Code::WrongKey,
    Code::WrongSize,
    Code::WrongFlags,
    Code::WrongMode,
    Code::KeyCollision,
    Code::RemovedTooEarly,
    Code::RemovedByTheWrongProcess,
    Code::ZeroTakenForFailure,
    Code::ErrorIgnored,
    Code::KeyUsedAsId,
    Code::NullCheckedInsteadOfMinusOne,
    Code::FixedAddressWithoutFallback,
    Code::NeverWaited,
    Code::UsedAfterDetach,
    Code::PointerOfAnotherProcess,
    Code::ReadOnlyWritten,
    Code::NeverAttached,
    Code::WrongAddress,
    Code::NeverAsked,
    Code::WroteNothing,
    Code::WrongText,
    Code::WroteElsewhere,
    Code::LostUpdates,
    Code::TooFewAdditions,
    Code::PrintedWithoutSharing,
    Code::NeverPrinted,
    Code::DetachedTwice,
    Code::RemovedTwice,
    Code::NeverDetached,
    Code::LeakedOnError,
    Code::NeverRemoved,
    Code::Crashed,
    Code::Failed,
];

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

/// What the tracer finds has the same names here.
impl From<trace::Code> for Code {
    fn from(code: trace::Code) -> Code {
        serde_json::from_value(code.name().into()).unwrap_or(Code::Failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tracers_names_are_ours() {
        use trace::Code as Traced;
        for traced in [
            Traced::NeverRemoved,
            Traced::LeakedOnError,
            Traced::NeverDetached,
            Traced::DetachedTwice,
            Traced::WrongAddress,
            Traced::NullCheckedInsteadOfMinusOne,
            Traced::ErrorIgnored,
            Traced::UsedAfterDetach,
            Traced::ReadOnlyWritten,
            Traced::RemovedTooEarly,
            Traced::RemovedTwice,
            Traced::FixedAddressWithoutFallback,
            Traced::KeyUsedAsId,
            Traced::PointerOfAnotherProcess,
        ] {
            assert_eq!(Code::from(traced).name(), traced.name());
        }
    }
}
