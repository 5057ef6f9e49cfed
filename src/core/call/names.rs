//! The three kinds of number by which a segment is known: its key, its id, and where it is mapped.

use std::fmt;

use serde::{Deserialize, Serialize};

/// `key_t`: the name under which unrelated processes find one segment.
#[doc(alias = "key_t")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Key(pub i32);

impl Key {
    /// `IPC_PRIVATE`: no key at all. Every `shmget` with it makes a new segment, which no key will find again.
    #[doc(alias = "IPC_PRIVATE")]
    pub const PRIVATE: Key = Key(0);
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Key::PRIVATE => f.write_str("IPC_PRIVATE"),
            Key(key) => write!(f, "{key:#010x}"),
        }
    }
}

/// The identifier of a segment in its IPC namespace: a number that any process may know.
///
/// Knowing it is all that attaching takes, beside permission. It is `sequence × 32768 + index`
/// (`ipc/util.h`), so that an index that is used again has another id.
#[doc(alias = "shmid")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Shmid(pub i32);

impl Shmid {
    /// How many places the kernel's table has (`IPCMNI`, `ipc/util.h`).
    const PLACES: i32 = 32768;

    /// Where in the kernel's table the segment is, which `SHM_STAT` takes for its first argument.
    pub fn index(self) -> i32 {
        self.0 % Self::PLACES
    }

    /// How often the kernel had gone through its table when it made the segment.
    pub fn sequence(self) -> i32 {
        self.0 / Self::PLACES
    }
}

impl fmt::Display for Shmid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// An address in some process's memory: a number, not a pointer, so that it can be printed, sent and kept
/// after what it pointed to is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Address(pub u64);

impl Address {
    /// `NULL`: for `shmat`, "wherever there is room".
    pub const NULL: Address = Address(0);

    /// The address so many bytes further on.
    pub fn offset(self, bytes: usize) -> Address {
        Address(self.0.wrapping_add(bytes as u64))
    }

    /// Whether the address is a multiple of `unit`, say of the page size.
    pub fn is_multiple_of(self, unit: usize) -> bool {
        self.0.is_multiple_of(unit as u64)
    }
}

impl From<usize> for Address {
    fn from(address: usize) -> Address {
        Address(address as u64)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Address::NULL => f.write_str("NULL"),
            Address(address) => write!(f, "{address:#x}"),
        }
    }
}
