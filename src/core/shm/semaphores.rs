//! A set of semaphores: counters in the kernel, made once and removed once, as a segment is.

use crate::Mode;

use crate::call::{Call, Key, SemCmd, SemFlags, SemOp, Semid, ShmgetFlags};
use crate::error::Result;
use crate::story::{Story, Work};

/// A set of semaphores that a process of this story made, and has to remove.
pub struct Semaphores {
    story: Story,
    id: Semid,
    removed: bool,
}

impl Semaphores {
    /// `semget(key, count, IPC_CREAT | IPC_EXCL | mode)`: makes a new set.
    ///
    /// Linux gives each semaphore the value 0; POSIX leaves it open. Its first value is another call,
    /// [`Semid::set_value`], and between the two the set is there for everybody who knows the key.
    ///
    /// The set outlives the process: it stays until [`Semaphores::remove`], `ipcrm -s`, or a reboot.
    ///
    /// # Errors
    ///
    /// `Refused`, with one of:
    ///
    /// - `EEXIST`: `key` names a set already. Never for [`Key::PRIVATE`].
    /// - `EINVAL`: `count` is 0, or above the limit for one set (SEMMSL).
    /// - `ENOSPC`: the namespace's limit on sets (SEMMNI) or on semaphores (SEMMNS) is used up.
    /// - `ENOMEM`: no memory for the set.
    /// - `ENOSYS`: the kernel has no System V IPC. `EPERM`: a sandbox forbids it.
    ///
    /// Source: [semget(2)](https://man7.org/linux/man-pages/man2/semget.2.html).
    #[doc(alias = "semget")]
    #[track_caller]
    pub fn create(story: &Story, key: Key, count: i32, mode: Mode) -> Result<Semaphores> {
        let flags = ShmgetFlags::IPC_CREAT | ShmgetFlags::IPC_EXCL;
        let answer = story.perform(Call::Semget { key, nsems: count, flags, mode })?;
        Ok(Semaphores { story: story.clone(), id: Semid(answer.value() as i32), removed: false })
    }

    /// The identifier by which any process may use the set, if it has permission.
    pub fn id(&self) -> Semid {
        self.id
    }

    /// Only the id, as `Box::leak`: dropping it removes nothing. The safety net still knows the set.
    pub fn leak(mut self) -> Semid {
        self.removed = true;
        self.id
    }

    /// `semctl(id, 0, IPC_RMID)`: removes the set at once. Whoever waits for one of its semaphores gets `EIDRM`.
    ///
    /// # Errors
    ///
    /// `Refused`, with `EINVAL` (it is gone already) or `EPERM` (neither owner nor creator, and no `CAP_SYS_ADMIN`).
    ///
    /// Source: [semctl(2)](https://man7.org/linux/man-pages/man2/semctl.2.html).
    #[track_caller]
    pub fn remove(mut self) -> Result<()> {
        self.removed = true;
        self.id.remove(&self.story)
    }
}

impl Drop for Semaphores {
    fn drop(&mut self) {
        if !self.removed {
            self.story.perform_at_drop(Call::Semctl { semid: self.id, semnum: 0, cmd: SemCmd::IpcRmid });
        }
    }
}

/// What any process may do that knows the number and has permission.
impl Semid {
    /// `semop(id, [{number, change, flags}], 1)`: adds to a semaphore. If that would take it below 0, it waits; a
    /// change of 0 waits until the semaphore is 0.
    ///
    /// Several operations of one call are done all at once, or not at all.
    ///
    /// # Errors
    ///
    /// `Refused`, with one of:
    ///
    /// - `EAGAIN`: it would have to wait, and `IPC_NOWAIT` forbids it.
    /// - `EIDRM`: the set was removed while it waited.
    /// - `EINVAL`: no such set. `EFBIG`: no such semaphore in it.
    /// - `EACCES`: the permission bits deny it. `ERANGE`: the value would exceed SEMVMX, 32767.
    /// - `EINTR`: a signal came while it waited. `ENOSPC`, `ENOMEM`: no room for another `SEM_UNDO`.
    ///
    /// Source: [semop(2)](https://man7.org/linux/man-pages/man2/semop.2.html).
    #[doc(alias = "semop")]
    #[track_caller]
    pub fn change(self, story: &Story, number: u16, change: i16, flags: SemFlags) -> Result<()> {
        let ops = vec![SemOp { number, change, flags }];
        story.perform(Call::Semop { semid: self, ops }).map(drop)
    }

    /// The same in a second process, without waiting for its end.
    ///
    /// # Errors
    ///
    /// Of starting it: `Ended`. Its end gives those of [`Semid::change`].
    #[track_caller]
    pub fn start_change(self, story: &Story, number: u16, change: i16, flags: SemFlags) -> Result<Work<()>> {
        story.start_semop(self, &[SemOp { number, change, flags }])
    }

    /// `semctl(id, number, SETVAL, value)`: gives a semaphore a value, whatever it had and whoever waits.
    ///
    /// # Errors
    ///
    /// `Refused`, with `EINVAL` (no such set or semaphore), `ERANGE` (below 0 or above 32767) or `EACCES` (no write
    /// permission).
    ///
    /// Source: [semctl(2)](https://man7.org/linux/man-pages/man2/semctl.2.html).
    #[doc(alias = "SETVAL")]
    #[track_caller]
    pub fn set_value(self, story: &Story, number: i32, value: i32) -> Result<()> {
        self.control(story, number, SemCmd::SetVal(value)).map(drop)
    }

    /// `semctl(id, number, GETVAL)`: the value of a semaphore at this moment.
    ///
    /// # Errors
    ///
    /// `Refused`, with `EINVAL` (no such set or semaphore) or `EACCES` (no read permission).
    ///
    /// Source: [semctl(2)](https://man7.org/linux/man-pages/man2/semctl.2.html).
    #[doc(alias = "GETVAL")]
    #[track_caller]
    pub fn value(self, story: &Story, number: i32) -> Result<i32> {
        self.control(story, number, SemCmd::GetVal)
    }

    /// `semctl(id, number, GETNCNT)`: how many processes wait for a semaphore to grow.
    ///
    /// # Errors
    ///
    /// As for [`Semid::value`].
    ///
    /// Source: [semctl(2)](https://man7.org/linux/man-pages/man2/semctl.2.html).
    #[doc(alias = "GETNCNT")]
    #[track_caller]
    pub fn waiting(self, story: &Story, number: i32) -> Result<i32> {
        self.control(story, number, SemCmd::GetNcnt)
    }

    /// The same, untold: to look again and again.
    ///
    /// # Errors
    ///
    /// As for [`Semid::value`].
    pub fn waiting_now(self, story: &Story, number: i32) -> Result<i32> {
        let asked = Call::Semctl { semid: self, semnum: number, cmd: SemCmd::GetNcnt };
        Ok(story.quietly(&asked)?.map_or(0, |answer| answer.value() as i32))
    }

    /// `semctl(id, 0, IPC_RMID)`: removes the set.
    ///
    /// # Errors
    ///
    /// As for [`Semaphores::remove`].
    #[track_caller]
    pub fn remove(self, story: &Story) -> Result<()> {
        self.control(story, 0, SemCmd::IpcRmid).map(drop)
    }

    #[track_caller]
    fn control(self, story: &Story, semnum: i32, cmd: SemCmd) -> Result<i32> {
        let answer = story.perform(Call::Semctl { semid: self, semnum, cmd })?;
        Ok(answer.value() as i32)
    }
}
