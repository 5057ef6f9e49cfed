//! Locks of the C library that lie in mapped memory: each process works on the same bytes.
//!
//! **Invariant:** where a lock lies is an offset, which is the same in each process; an address is not.

use super::Mapped;
use crate::call::{Call, LockCall, LockOperation};
use crate::error::Result;

/// A `pthread_mutex_t` at an offset of the memory, a multiple of 8.
///
/// It is `PTHREAD_PROCESS_SHARED`, so that processes may share it, and `PTHREAD_MUTEX_ROBUST`: whoever takes it after its
/// holder has died is told so.
#[doc(alias = "pthread_mutex_t")]
#[derive(Clone, Copy, Debug)]
pub struct RobustMutex(usize);

impl RobustMutex {
    /// `pthread_mutex_init(mutex, &attr)`: makes the mutex. One process does it, before any other uses it.
    ///
    /// # Errors
    ///
    /// `Misaligned`, unless the offset is a multiple of 8.
    ///
    /// Source: [pthread_mutexattr_setrobust(3)](https://man7.org/linux/man-pages/man3/pthread_mutexattr_setrobust.3.html).
    #[doc(alias = "pthread_mutex_init")]
    #[track_caller]
    pub fn create(memory: &Mapped, offset: usize) -> Result<RobustMutex> {
        perform(memory, offset, LockOperation::MutexInit)?;
        Ok(RobustMutex(offset))
    }

    /// `pthread_mutex_trylock(mutex)`: takes it, if nobody has it.
    ///
    /// # Errors
    ///
    /// `Refused`, with `EBUSY`: somebody has it. `EOWNERDEAD`: it is taken, and its holder before had died.
    #[doc(alias = "pthread_mutex_trylock")]
    #[track_caller]
    pub fn try_lock(self, memory: &Mapped) -> Result<()> {
        perform(memory, self.0, LockOperation::MutexTryLock)
    }

    /// `pthread_mutex_consistent(mutex)`: says that what the mutex guards is in order again.
    ///
    /// # Errors
    ///
    /// `Refused`, with `EINVAL`: the holder before has not died.
    #[doc(alias = "pthread_mutex_consistent")]
    #[track_caller]
    pub fn make_consistent(self, memory: &Mapped) -> Result<()> {
        perform(memory, self.0, LockOperation::MutexConsistent)
    }

    /// `pthread_mutex_unlock(mutex)`: gives it free.
    ///
    /// # Errors
    ///
    /// `Refused`, with `EPERM`: this process does not have it.
    #[doc(alias = "pthread_mutex_unlock")]
    #[track_caller]
    pub fn unlock(self, memory: &Mapped) -> Result<()> {
        perform(memory, self.0, LockOperation::MutexUnlock)
    }
}

/// A `sem_t` at an offset of the memory, a multiple of 8: a number that is never below 0.
#[doc(alias = "sem_t")]
#[derive(Clone, Copy, Debug)]
pub struct SharedSemaphore(usize);

impl SharedSemaphore {
    /// `sem_init(sem, 1, value)`: makes the semaphore; 1 says that several processes share it.
    ///
    /// # Errors
    ///
    /// `Misaligned`, unless the offset is a multiple of 8.
    ///
    /// Source: [sem_init(3)](https://man7.org/linux/man-pages/man3/sem_init.3.html).
    #[doc(alias = "sem_init")]
    #[track_caller]
    pub fn create(memory: &Mapped, offset: usize, value: u32) -> Result<SharedSemaphore> {
        perform(memory, offset, LockOperation::SemInit(value))?;
        Ok(SharedSemaphore(offset))
    }

    /// `sem_trywait(sem)`: lowers it by 1.
    ///
    /// # Errors
    ///
    /// `Refused`, with `EAGAIN`: it is 0.
    #[doc(alias = "sem_trywait")]
    #[track_caller]
    pub fn try_wait(self, memory: &Mapped) -> Result<()> {
        perform(memory, self.0, LockOperation::SemTryWait)
    }

    /// `sem_post(sem)`: raises it by 1. Anybody may, and nobody is its owner.
    ///
    /// # Errors
    ///
    /// `Refused`, with `EOVERFLOW`: it is as high as it can be.
    #[doc(alias = "sem_post")]
    #[track_caller]
    pub fn post(self, memory: &Mapped) -> Result<()> {
        perform(memory, self.0, LockOperation::SemPost)
    }
}

#[track_caller]
fn perform(memory: &Mapped, offset: usize, operation: LockOperation) -> Result<()> {
    memory.story().perform(Call::Lock(LockCall { at: memory.at(offset), operation })).map(drop)
}
