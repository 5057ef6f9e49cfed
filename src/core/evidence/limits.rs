//! `/proc/sys/kernel/shm*`: the limits of an IPC namespace, a number a file.

use super::Unreadable;

/// Largest segment, in bytes.
pub const SHMMAX: &str = "shmmax";
/// How many segments there may be.
pub const SHMMNI: &str = "shmmni";
/// How many pages all segments may have together.
pub const SHMALL: &str = "shmall";
/// Whether a segment goes with its last attachment: 1, or 0, as by default.
pub const SHM_RMID_FORCED: &str = "shm_rmid_forced";

/// Reads the number.
///
/// # Errors
///
/// `Unreadable`, if it is none.
pub fn parse(text: &str) -> Result<u64, Unreadable> {
    text.trim().parse().map_err(|_| Unreadable(text.to_owned()))
}
