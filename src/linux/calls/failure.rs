//! Why a call of an exercise failed: the errno, and the call that met it.

use std::fmt;

use playground_core::Errno;

/// What everything in an exercise returns.
pub type Result<T = ()> = std::result::Result<T, Failure>;

/// A call that failed. Compare it with an errno: `Err(failure) if failure == Errno::EEXIST`.
#[derive(Clone, PartialEq, Eq)]
pub struct Failure {
    /// What the kernel answered.
    pub errno: Errno,
    /// The call and its answer, as `strace` prints them.
    pub call: String,
}

impl Failure {
    pub(super) fn new(errno: Errno, call: String) -> Failure {
        Failure { errno, call }
    }
}

impl PartialEq<Errno> for Failure {
    fn eq(&self, errno: &Errno) -> bool {
        self.errno == *errno
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.call)
    }
}

/// What a learner sees of an error that `main` returns is its `Debug` form: so that is made to be read.
impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.call)
    }
}

impl std::error::Error for Failure {}
