//! What the owner of a segment may do with it, and what it may ask of the kernel's limits.

use crate::Mode;

use crate::call::{Answer, Call, Cmd, Ownership, ShmLimits, Shmid};
use crate::error::Result;
use crate::story::Story;

/// What the owner of a segment may do.
impl Shmid {
    /// `shmctl(id, IPC_SET, &buf)`: gives the segment this owner, this group and these permission bits.
    ///
    /// The creator stays who it was, and keeps an owner's rights. What is attached stays as it is.
    ///
    /// # Errors
    ///
    /// `Refused`, with one of:
    ///
    /// - `EPERM`: the caller is neither owner nor creator, and lacks `CAP_SYS_ADMIN`.
    /// - `EINVAL`: the segment is gone, or the user namespace has no such user or group.
    ///
    /// Source: [shmctl(2)](https://man7.org/linux/man-pages/man2/shmctl.2.html).
    #[doc(alias = "IPC_SET")]
    #[track_caller]
    pub fn set(self, story: &Story, uid: u32, gid: u32, mode: Mode) -> Result<()> {
        let cmd = Cmd::IpcSet(Ownership { uid, gid, mode });
        story.perform(Call::Shmctl { shmid: self, cmd }).map(drop)
    }

    /// `shmctl(id, SHM_LOCK, NULL)`: pages that are in memory stay there, and those that come stay, too.
    ///
    /// It brings no page in.
    ///
    /// # Errors
    ///
    /// `Refused`, with one of:
    ///
    /// - `ENOMEM`: the user would have more memory locked than `RLIMIT_MEMLOCK` allows.
    /// - `EPERM`: the caller is neither owner nor creator, or its `RLIMIT_MEMLOCK` is 0; and it lacks `CAP_IPC_LOCK`.
    /// - `EINVAL`: the segment is gone.
    ///
    /// Source: [shmctl(2)](https://man7.org/linux/man-pages/man2/shmctl.2.html).
    #[doc(alias = "SHM_LOCK")]
    #[track_caller]
    pub fn lock(self, story: &Story) -> Result<()> {
        story.perform(Call::Shmctl { shmid: self, cmd: Cmd::ShmLock }).map(drop)
    }

    /// `shmctl(id, SHM_UNLOCK, NULL)`: the pages may be swapped out again.
    ///
    /// # Errors
    ///
    /// As for [`Shmid::lock`], without `ENOMEM`.
    ///
    /// Source: [shmctl(2)](https://man7.org/linux/man-pages/man2/shmctl.2.html).
    #[doc(alias = "SHM_UNLOCK")]
    #[track_caller]
    pub fn unlock(self, story: &Story) -> Result<()> {
        story.perform(Call::Shmctl { shmid: self, cmd: Cmd::ShmUnlock }).map(drop)
    }
}

/// `shmctl(0, IPC_INFO, &info)`: the limits of the IPC namespace that the process is in. The id is ignored.
///
/// # Errors
///
/// `Refused`, with `ENOSYS` (the kernel has no System V IPC) or `EPERM` (a sandbox forbids it).
///
/// Source: [shmctl(2)](https://man7.org/linux/man-pages/man2/shmctl.2.html).
#[doc(alias = "IPC_INFO")]
#[track_caller]
pub fn limits(story: &Story) -> Result<ShmLimits> {
    match story.perform(Call::Shmctl { shmid: Shmid(0), cmd: Cmd::IpcInfo })? {
        Answer::Limits(_, limits) => Ok(limits),
        other => unreachable!("IPC_INFO answered {other:?}"),
    }
}
