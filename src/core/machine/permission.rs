//! Who may do what with a segment or a set: sysvipc(7), "Access permissions".
//!
//! **Invariant:** the mode decides who reads and writes, ownership who changes and removes. No rule mixes the two.

use serde::{Deserialize, Serialize};

use super::credentials::{Capabilities, Credentials};
use crate::Errno;
use crate::call::{Key, Ownership};

/// `struct ipc_perm`: what is recorded of each segment and each set, whatever it holds.
#[doc(alias = "ipc_perm")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permissions {
    /// The identifier.
    pub id: i32,
    /// The key; [`Key::PRIVATE`] for one that no key finds.
    pub key: Key,
    /// The owner.
    pub uid: u32,
    /// The owning group.
    pub gid: u32,
    /// The creator, who keeps an owner's rights whoever the owner is.
    pub cuid: u32,
    /// The creator's group.
    pub cgid: u32,
    /// The nine permission bits, and for a segment `SHM_DEST` and `SHM_LOCKED`.
    pub mode: u32,
}

/// Read permission, for the owner, the group and all others: three wishes of which one counts.
pub(super) const READ: u32 = 0o444;
/// Write permission.
pub(super) const WRITE: u32 = 0o222;
/// Permission to execute.
pub(super) const EXECUTE: u32 = 0o111;

impl Permissions {
    /// Those of something new. The mode is the caller's own wish: the umask takes nothing away.
    pub(super) fn new(id: i32, key: Key, mode: u32, creator: &Credentials) -> Permissions {
        let Credentials { uid, gid, .. } = *creator;
        Permissions { id, key, uid, gid, cuid: uid, cgid: gid, mode: mode & 0o777 }
    }

    /// Whether a process may do what it wishes: the bits of `wish` are those of a mode.
    ///
    /// One class of the mode answers: the owner's for owner and creator, the group's for members of either group, the
    /// others' for all others. An owner whose class forbids it is refused even where others are let in.
    /// `CAP_IPC_OWNER` is let in by any mode.
    ///
    /// # Errors
    ///
    /// `EACCES`: the class does not grant all that is wished.
    ///
    /// ```
    /// # use playground_core::{Errno, call::Key, machine::{Credentials, Permissions}};
    /// let theirs = Permissions { id: 0, key: Key(7), uid: 1000, gid: 5, cuid: 1000, cgid: 5, mode: 0o640 };
    /// let (owner, member, other) = (Credentials::user(1000, 1), Credentials::user(2, 5), Credentials::user(3, 3));
    /// assert_eq!(theirs.grant(&owner, 0o666), Ok(()));
    /// assert_eq!(theirs.grant(&member, 0o666), Err(Errno::EACCES));
    /// assert_eq!(theirs.grant(&member, 0o444), Ok(()));
    /// assert_eq!(theirs.grant(&other, 0o444), Err(Errno::EACCES));
    /// assert_eq!(theirs.grant(&Credentials::root(), 0o666), Ok(()));
    /// ```
    pub fn grant(&self, process: &Credentials, wish: u32) -> Result<(), Errno> {
        let wished = (wish >> 6 | wish >> 3 | wish) & 7;
        let missing = wished & !self.class(process);
        if missing != 0 && !process.may(Capabilities::IPC_OWNER) {
            return Err(Errno::EACCES);
        }
        Ok(())
    }

    fn class(&self, process: &Credentials) -> u32 {
        if self.is_of(process.uid) {
            self.mode >> 6
        } else if process.is_member(self.cgid) || process.is_member(self.gid) {
            self.mode >> 3
        } else {
            self.mode
        }
    }

    /// Whether a process may change and remove this: its owner, its creator, and `CAP_SYS_ADMIN` may.
    ///
    /// # Errors
    ///
    /// `EPERM`: it is somebody else.
    pub fn allow_change(&self, process: &Credentials) -> Result<(), Errno> {
        if self.is_of(process.uid) || process.may(Capabilities::SYS_ADMIN) {
            Ok(())
        } else {
            Err(Errno::EPERM)
        }
    }

    /// Whether a user is the owner or the creator.
    pub fn is_of(&self, uid: u32) -> bool {
        uid == self.uid || uid == self.cuid
    }

    /// Whether `IPC_SET` may give this away to somebody.
    ///
    /// # Errors
    ///
    /// `EPERM`: not by this process. `EINVAL`: nobody has such an id.
    pub(super) fn allow_set(&self, process: &Credentials, new: &Ownership) -> Result<(), Errno> {
        self.allow_change(process)?;
        if process.knows_user(new.uid) && process.knows_group(new.gid) { Ok(()) } else { Err(Errno::EINVAL) }
    }

    /// What `IPC_SET` changes: the owner, the group, and of the mode the nine permission bits. The creator stays.
    pub(super) fn set(&mut self, new: &Ownership) {
        (self.uid, self.gid) = (new.uid, new.gid);
        self.mode = self.mode & !0o777 | new.mode.bits() & 0o777;
    }
}
