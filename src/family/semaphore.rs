//! A System V semaphore: a counter in the kernel that processes wait on. It guards bytes, and moves none.

use super::Medium;
use playground_core::Mode;

use crate::call::{Key, SemFlags, Semid};
use crate::error::Result;
use crate::shm::{Semaphores, SemidCalls};
use crate::story::Story;

/// A set of one semaphore, whose value is 0 at first.
///
/// Source: [semget(2)](https://man7.org/linux/man-pages/man2/semget.2.html), semop(2), semctl(2).
#[doc(alias = "semget")]
pub struct Semaphore(Semaphores);

impl Semaphore {
    /// `semget(IPC_PRIVATE, 1, IPC_CREAT|IPC_EXCL|mode)`: Linux gives a new semaphore the value 0.
    ///
    /// # Errors
    ///
    /// `Refused`, with `ENOSPC`: a limit on semaphores is used up.
    #[track_caller]
    pub fn create(story: &Story, mode: Mode) -> Result<Semaphore> {
        Semaphores::create(story, Key::PRIVATE, 1, mode).map(Semaphore)
    }

    /// The set's id, by which any process may use it that has permission.
    pub fn id(&self) -> Semid {
        self.0.id()
    }

    /// `semop(id, {0, change, IPC_NOWAIT})`: adds to the value, which never goes below 0.
    ///
    /// # Errors
    ///
    /// `Refused`: `EAGAIN`, if the process would have to wait; `EACCES`, if the mode denies it.
    #[doc(alias = "semop")]
    #[track_caller]
    pub fn change(&self, by: &Story, change: i16) -> Result<()> {
        self.id().change(by, 0, change, SemFlags::IPC_NOWAIT)
    }

    /// `semctl(id, 0, GETVAL)`: the value.
    ///
    /// # Errors
    ///
    /// `Refused`, with `EACCES`, if the mode denies it.
    #[track_caller]
    pub fn value(&self, by: &Story) -> Result<i32> {
        self.id().value(by, 0)
    }

    /// `semctl(id, 0, IPC_RMID)`: removes the set at once, whoever waits on it.
    ///
    /// # Errors
    ///
    /// `Refused`, with `EPERM`, if the process is neither its owner nor its creator nor root.
    #[track_caller]
    pub fn remove(self) -> Result<()> {
        self.0.remove()
    }
}

impl Medium for Semaphore {
    fn name(&self) -> &'static str {
        "semaphore"
    }

    #[track_caller]
    fn put(&self, by: &Story, _: &[u8]) -> Result<()> {
        self.change(by, 1)
    }

    #[track_caller]
    fn take(&self, by: &Story, _: usize) -> Result<Vec<u8>> {
        self.change(by, -1).map(|()| Vec::new())
    }

    /// With a set of mode 0400.
    fn trespass(&self, by: &Story) -> Result<()> {
        let closed = Semaphore::create(by, Mode::S_IRUSR)?;
        let changed = closed.change(by, 1);
        closed.remove()?;
        changed
    }
}

#[cfg(test)]
mod tests {
    use playground_core::Errno;

    use super::*;
    use crate::story::{Judge, Verdict, silent};

    #[test]
    fn a_semaphore_counts_and_never_goes_below_zero() {
        let story = silent();
        let semaphore = Semaphore::create(&story, crate::course::OWNER_RW).unwrap();
        assert_eq!(semaphore.take(&story, 0).verdict().unwrap(), Verdict::Refused(Errno::EAGAIN));
        semaphore.put(&story, b"").unwrap();
        assert_eq!(semaphore.value(&story).unwrap(), 1);
        semaphore.take(&story, 0).unwrap();
        semaphore.remove().unwrap();
    }

    #[test]
    fn a_set_that_is_left_is_known_to_the_story() {
        let story = silent();
        let semaphore = Semaphore::create(&story, crate::course::OWNER_RW).unwrap();
        let id = semaphore.id();
        assert_eq!(story.left_sets(), Some(vec![id]));
        drop(semaphore);
        assert_eq!(story.left_sets(), Some(vec![]));
    }
}
