//! Locks of the C library that lie in shared memory themselves (lesson 21).
//!
//! They are functions, and no system calls: the kernel is asked only to sleep and to wake. None of those here waits.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Address;

/// Something done to a `pthread_mutex_t` or a `sem_t`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockCall {
    /// Where it lies.
    pub at: Address,
    /// What is done.
    pub operation: LockOperation,
}

/// What can be done to such a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LockOperation {
    /// `pthread_mutex_init(mutex, &attr)`, with `PTHREAD_PROCESS_SHARED` and `PTHREAD_MUTEX_ROBUST`.
    MutexInit,
    /// `pthread_mutex_trylock(mutex)`: take it, if nobody has it.
    MutexTryLock,
    /// `pthread_mutex_consistent(mutex)`: what it guards is in order again.
    MutexConsistent,
    /// `pthread_mutex_unlock(mutex)`.
    MutexUnlock,
    /// `sem_init(sem, 1, value)`: a semaphore for several processes.
    SemInit(u32),
    /// `sem_trywait(sem)`: lower it, if it is above 0.
    SemTryWait,
    /// `sem_post(sem)`: raise it.
    SemPost,
}

impl LockOperation {
    /// Whether it is one of a mutex: those return the number of an error, and set no `errno`.
    pub fn is_of_a_mutex(self) -> bool {
        !matches!(self, LockOperation::SemInit(_) | LockOperation::SemTryWait | LockOperation::SemPost)
    }

    /// The name of the function.
    pub(super) fn name(self) -> &'static str {
        match self {
            LockOperation::MutexInit => "pthread_mutex_init",
            LockOperation::MutexTryLock => "pthread_mutex_trylock",
            LockOperation::MutexConsistent => "pthread_mutex_consistent",
            LockOperation::MutexUnlock => "pthread_mutex_unlock",
            LockOperation::SemInit(_) => "sem_init",
            LockOperation::SemTryWait => "sem_trywait",
            LockOperation::SemPost => "sem_post",
        }
    }
}

impl LockCall {
    /// The arguments by name, for JSON.
    pub(super) fn arguments(self) -> serde_json::Value {
        match self.operation {
            LockOperation::SemInit(value) => json!({"address": self.at.0, "value": value}),
            _ => json!({"address": self.at.0}),
        }
    }
}

impl fmt::Display for LockCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (at, name) = (self.at, self.operation.name());
        match self.operation {
            LockOperation::MutexInit => {
                write!(f, "{name}({at}, {{PTHREAD_PROCESS_SHARED, PTHREAD_MUTEX_ROBUST}})")
            }
            LockOperation::SemInit(value) => write!(f, "{name}({at}, 1, {value})"),
            _ => write!(f, "{name}({at})"),
        }
    }
}
