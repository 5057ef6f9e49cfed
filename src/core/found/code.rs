//! The names of the classic mistakes.
//!
//! **Invariant:** a name is stable once it is here: programs and the judge of the exercises rely on it.

use std::fmt;

use serde::{Serialize, Serializer};

/// A mistake by name. The names are stable: programs may rely on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Code {
    /// A segment or set outlives the program that made it.
    NeverRemoved,
    /// The same, and the program ended with an error.
    LeakedOnError,
    /// A process ended with a segment attached that it had attached itself, and no child that inherits it detached it either.
    NeverDetached,
    /// `shmdt` of what was detached already.
    DetachedTwice,
    /// `shmdt` of an address where no attachment starts.
    WrongAddress,
    /// What a failed `shmat` returned was used: `(void *) -1`, which is not `NULL`.
    NullCheckedInsteadOfMinusOne,
    /// What a failed `shmget` or `semget` returned was used: -1.
    ErrorIgnored,
    /// Memory was touched after it was detached.
    UsedAfterDetach,
    /// An attachment was written that is for reading only.
    ReadOnlyWritten,
    /// A process wanted what another, or it itself, had removed before.
    RemovedTooEarly,
    /// `IPC_RMID` of what was removed already.
    RemovedTwice,
    /// The address that was asked for could not be had, and no other was tried.
    FixedAddressWithoutFallback,
    /// A key was passed where a call wants an id.
    KeyUsedAsId,
    /// A pointer was followed that means something in another process's memory only.
    PointerOfAnotherProcess,
}

impl Code {
    /// The name, as in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Code::NeverRemoved => "never-removed",
            Code::LeakedOnError => "leaked-on-error",
            Code::NeverDetached => "never-detached",
            Code::DetachedTwice => "detached-twice",
            Code::WrongAddress => "wrong-address",
            Code::NullCheckedInsteadOfMinusOne => "null-checked-instead-of-minus-one",
            Code::ErrorIgnored => "error-ignored",
            Code::UsedAfterDetach => "used-after-detach",
            Code::ReadOnlyWritten => "read-only-written",
            Code::RemovedTooEarly => "removed-too-early",
            Code::RemovedTwice => "removed-twice",
            Code::FixedAddressWithoutFallback => "fixed-address-without-fallback",
            Code::KeyUsedAsId => "key-used-as-id",
            Code::PointerOfAnotherProcess => "pointer-of-another-process",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}
