//! A key from a file: ftok(3).
//!
//! **Invariant:** the C library makes the key; nothing here knows how.

use std::ffi::CStr;
use std::path::Path;

use nix::NixPath;
use nix::errno::Errno;
use nix::libc;

use crate::call::Key;

/// `key_t ftok(const char *pathname, int proj_id)`: a key from a file and a number, as the C library makes it.
///
/// # Errors
///
/// Those of stat(2), `ENOENT` among them.
///
/// Source: [ftok(3)](https://man7.org/linux/man-pages/man3/ftok.3.html).
pub fn ftok(path: &CStr, project: i32) -> nix::Result<Key> {
    // SAFETY: the path is a C string that lives until the call returns.
    Errno::result(unsafe { libc::ftok(path.as_ptr(), project) }).map(Key)
}

/// [`ftok`] for a path as Rust has it.
///
/// # Errors
///
/// As for [`ftok`]; `EINVAL` for a path with a NUL in it.
pub fn key_of(path: &Path, project: i32) -> nix::Result<Key> {
    path.with_nix_path(|path| ftok(path, project))?
}
