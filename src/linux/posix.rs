//! POSIX shared memory and memfd: memory that is a file without a disk, known by a name or by a descriptor.
//!
//! | type | what it is |
//! |---|---|
//! | [`Name`] | what `shm_open` finds memory by, and `shm_unlink` takes away |
//! | [`Memory`] | a descriptor of such memory, in one process |
//! | [`Mapped`] | where `mmap` has put it, in one process |
//! | [`RobustMutex`], [`SharedSemaphore`] | locks of the C library that lie in mapped memory |
//!
//! **Invariant:** every call goes through the [`Story`], so that it is told. Nothing is closed, unmapped or unlinked on its
//! own: when a process ends, the kernel closes and unmaps, and the clean-up registry takes names away.

mod locks;
mod memory;

use std::time::UNIX_EPOCH;

use crate::call::{Answer, Call, FileCall};
use crate::error::Result;
use crate::story::Story;

pub use locks::{RobustMutex, SharedSemaphore};
pub use memory::{Mapped, Memory};

/// A name for `shm_open`: a slash, and then no other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name(String);

impl Name {
    /// A name that nobody uses.
    pub fn unused(story: &Story) -> Name {
        Name(format!("/{}", file_name(story)))
    }

    /// `shm_unlink(name)`: takes the name away. The memory stays for those who have it open, or mapped.
    ///
    /// # Errors
    ///
    /// `Refused`, with `ENOENT`: nothing has this name. `EACCES`: it is another user's.
    ///
    /// Source: [shm_unlink(3)](https://man7.org/linux/man-pages/man3/shm_unlink.3.html).
    #[doc(alias = "shm_unlink")]
    #[track_caller]
    pub fn unlink(&self, by: &Story) -> Result<()> {
        by.perform(Call::File(FileCall::ShmUnlink { name: self.0.clone() })).map(drop)
    }

    /// The file that the name stands for: Linux keeps such memory in a folder.
    pub fn file(&self) -> String {
        format!("/dev/shm{}", self.0)
    }
}

/// A name for a file of this story's, which no other has.
pub(crate) fn file_name(story: &Story) -> String {
    let nanoseconds = UNIX_EPOCH.elapsed().map_or(0, |since| since.subsec_nanos());
    format!("shm_playground_{}_{nanoseconds}", story.pid())
}

#[track_caller]
fn descriptor(by: &Story, call: FileCall) -> Result<i32> {
    Ok(match by.perform(Call::File(call))? {
        Answer::Number(fd) | Answer::Passed(fd) => fd,
        other => unreachable!("a descriptor was asked for, not {other:?}"),
    })
}

#[cfg(test)]
mod tests {
    use playground_core::Errno;

    use super::*;
    use crate::error::Error;
    use crate::silent;
    use crate::story::{Judge, Verdict};

    #[test]
    fn a_name_is_made_once_and_found_until_it_is_taken_away() {
        let story = silent();
        let name = Name::unused(&story);
        let made = Memory::create(&story, &name).unwrap();
        assert_eq!(Memory::create(&story, &name).verdict().unwrap(), Verdict::Refused(Errno::EEXIST));
        made.resize(1).unwrap();
        made.map(1).unwrap().write(b"!").unwrap();
        assert_eq!(Memory::open(&story, &name).unwrap().map(1).unwrap().read(1).unwrap(), b"!");
        name.unlink(&story).unwrap();
        assert_eq!(Memory::open(&story, &name).verdict().unwrap(), Verdict::Refused(Errno::ENOENT));
    }

    #[test]
    fn only_what_was_mapped_is_unmapped_and_nothing_is_touched_after_that() {
        let story = silent();
        let memory = Memory::nameless(&story).unwrap();
        memory.resize(1).unwrap();
        let [first, second] = [memory.map(1).unwrap(), memory.map(1).unwrap()];
        let (at, length) = (first.at(0), 1);
        first.unmap().unwrap();
        let again = story.perform(Call::File(FileCall::Unmap { address: at, length }));
        assert!(matches!(again, Err(Error::Dangerous { .. })));
        assert!(matches!(story.peek(at, 1), Err(Error::NotAttached { .. })));
        assert_eq!(second.read(1).unwrap(), [0]);
    }

    #[test]
    fn a_lock_lies_whole_and_aligned_in_memory_that_is_mapped() {
        let story = silent();
        let memory = Memory::nameless(&story).unwrap();
        memory.resize(64).unwrap();
        let mapped = memory.map(64).unwrap();
        assert!(matches!(RobustMutex::create(&mapped, 4), Err(Error::Misaligned { .. })));
        assert!(matches!(RobustMutex::create(&mapped, 56), Err(Error::NotAttached { .. })));
        let semaphore = SharedSemaphore::create(&mapped, 0, 1).unwrap();
        semaphore.try_wait(&mapped).unwrap();
        assert_eq!(semaphore.try_wait(&mapped).verdict().unwrap(), Verdict::Refused(Errno::EAGAIN));
        semaphore.post(&mapped).unwrap();
        semaphore.try_wait(&mapped).unwrap();
    }
}
