//! A System V semaphore: a counter in the kernel that processes wait on. It guards bytes, and moves none.

use playground_core::Mode;

use super::Mechanism;
use crate::call::{Key, SemFlags};
use crate::error::Result;
use crate::shm::Semaphores;
use crate::story::Story;

/// The first semaphore of a set, as a go-ahead: whoever puts adds 1, whoever takes takes 1 away.
impl Mechanism for Semaphores {
    fn name(&self) -> &'static str {
        "semaphore"
    }

    #[track_caller]
    fn put(&self, by: &Story, _: &[u8]) -> Result<()> {
        self.id().change(by, 0, 1, SemFlags::IPC_NOWAIT)
    }

    #[track_caller]
    fn take(&self, by: &Story, _: usize) -> Result<Vec<u8>> {
        self.id().change(by, 0, -1, SemFlags::IPC_NOWAIT).map(|()| Vec::new())
    }

    /// With a set of mode 0400.
    fn write_forbidden(&self, by: &Story) -> Result<()> {
        let closed = Semaphores::create(by, Key::PRIVATE, 1, Mode::S_IRUSR)?;
        let changed = closed.put(by, b"");
        closed.remove()?;
        changed
    }
}

#[cfg(test)]
mod tests {
    use playground_core::Errno;

    use super::*;
    use crate::silent;
    use crate::story::{Judge, Verdict};

    #[test]
    fn a_semaphore_counts_and_never_goes_below_zero() {
        let story = silent();
        let semaphore = Semaphores::create(&story, Key::PRIVATE, 1, crate::course::OWNER_RW).unwrap();
        assert_eq!(semaphore.take(&story, 0).verdict().unwrap(), Verdict::Refused(Errno::EAGAIN));
        semaphore.put(&story, b"").unwrap();
        assert_eq!(semaphore.id().value(&story, 0).unwrap(), 1);
        semaphore.take(&story, 0).unwrap();
        semaphore.remove().unwrap();
    }

    #[test]
    fn a_set_that_is_left_is_known_to_the_story() {
        let story = silent();
        let semaphore = Semaphores::create(&story, Key::PRIVATE, 1, crate::course::OWNER_RW).unwrap();
        let id = semaphore.id();
        assert_eq!(story.left_sets(), Some(vec![id]));
        drop(semaphore);
        assert_eq!(story.left_sets(), Some(vec![]));
    }
}
