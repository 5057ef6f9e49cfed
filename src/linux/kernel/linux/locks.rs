//! A mutex and a semaphore of the C library, in memory that processes share.
//!
//! **Invariant:** nothing here waits: a lock that is not free is said to be so.

use std::mem::{MaybeUninit, align_of, size_of};

use nix::errno::Errno;
use nix::libc::{self, c_int, pthread_mutex_t, pthread_mutexattr_t, sem_t};

use crate::call::{Answer, LockCall, LockOperation};

/// The size and the alignment of what an operation works on, in bytes.
pub(super) fn layout(operation: LockOperation) -> (usize, usize) {
    match operation.is_of_a_mutex() {
        true => (size_of::<pthread_mutex_t>(), align_of::<pthread_mutex_t>()),
        false => (size_of::<sem_t>(), align_of::<sem_t>()),
    }
}

/// Does it.
///
/// # Safety
///
/// What [`layout`] says may be read and written at the address.
pub(super) unsafe fn perform(call: LockCall) -> nix::Result<Answer> {
    let mutex = std::ptr::with_exposed_provenance_mut::<pthread_mutex_t>(call.at.0 as usize);
    let semaphore = std::ptr::with_exposed_provenance_mut::<sem_t>(call.at.0 as usize);
    match call.operation {
        // SAFETY: the caller vouches for the address.
        LockOperation::MutexInit => unsafe { init(mutex) },
        // SAFETY: as above. What lies there is a mutex: bytes that are none are only a mutex that is held.
        LockOperation::MutexTryLock => checked(unsafe { libc::pthread_mutex_trylock(mutex) }),
        // SAFETY: as above.
        LockOperation::MutexConsistent => checked(unsafe { libc::pthread_mutex_consistent(mutex) }),
        // SAFETY: as above.
        LockOperation::MutexUnlock => checked(unsafe { libc::pthread_mutex_unlock(mutex) }),
        // SAFETY: as above; 1 says that several processes share it.
        LockOperation::SemInit(value) => Errno::result(unsafe { libc::sem_init(semaphore, 1, value) }),
        // SAFETY: as above.
        LockOperation::SemTryWait => Errno::result(unsafe { libc::sem_trywait(semaphore) }),
        // SAFETY: as above.
        LockOperation::SemPost => Errno::result(unsafe { libc::sem_post(semaphore) }),
    }
    .map(|_| Answer::Done)
}

/// Makes a mutex that processes share, and that tells when its holder has died.
///
/// # Safety
///
/// As for [`perform`].
unsafe fn init(mutex: *mut pthread_mutex_t) -> nix::Result<c_int> {
    let mut attributes = MaybeUninit::<pthread_mutexattr_t>::uninit();
    let attributes = attributes.as_mut_ptr();
    // SAFETY: there is room for the attributes.
    checked(unsafe { libc::pthread_mutexattr_init(attributes) })?;
    // SAFETY: the attributes were made above.
    checked(unsafe { libc::pthread_mutexattr_setpshared(attributes, libc::PTHREAD_PROCESS_SHARED) })?;
    // SAFETY: as above.
    checked(unsafe { libc::pthread_mutexattr_setrobust(attributes, libc::PTHREAD_MUTEX_ROBUST) })?;
    // SAFETY: as above, and the caller vouches for the mutex.
    checked(unsafe { libc::pthread_mutex_init(mutex, attributes) })
}

/// Functions of pthreads return the number of the error.
fn checked(error: c_int) -> nix::Result<c_int> {
    if error == 0 { Ok(0) } else { Err(Errno::from_raw(error)) }
}
