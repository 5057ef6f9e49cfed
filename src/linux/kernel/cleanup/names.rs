//! Names that `shm_open` has made: each is taken away when its process ends, if nobody has done so before.
//!
//! **Invariant:** what runs in a signal handler here loads, swaps and unlinks, and frees nothing.

use std::ffi::{CStr, CString, c_char};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, Ordering::SeqCst};

use nix::libc;

use crate::call::FileCall;

/// Where Linux keeps what `shm_open` makes, as files.
const FOLDER: &str = "/dev/shm";

/// Far more names than a lesson has at once.
const CAPACITY: usize = 64;

/// Paths that are in the registry; null is an empty place.
static NAMES: [AtomicPtr<c_char>; CAPACITY] = [const { AtomicPtr::new(null_mut()) }; CAPACITY];

/// Takes in what a call that succeeded has done to names.
pub fn record_name(call: &FileCall) {
    match call {
        FileCall::ShmOpen { name, create: true } => path(name).into_iter().for_each(track),
        FileCall::ShmUnlink { name } => path(name).into_iter().for_each(|path| forget(&path)),
        _ => {}
    }
}

/// A name with a NUL in it was never made.
fn path(name: &str) -> Option<CString> {
    CString::new(format!("{FOLDER}/{}", name.trim_start_matches('/'))).ok()
}

fn track(path: CString) {
    let path = path.into_raw();
    let free = |place: &AtomicPtr<c_char>| place.compare_exchange(null_mut(), path, SeqCst, SeqCst).is_ok();
    NAMES.iter().any(free);
}

fn forget(path: &CStr) {
    for place in &NAMES {
        let kept = place.load(SeqCst);
        // SAFETY: what is in a place came from `into_raw`, and is never freed.
        if !kept.is_null() && unsafe { CStr::from_ptr(kept) } == path {
            place.store(null_mut(), SeqCst);
        }
    }
}

/// Takes every name away that is still in the registry. `unlink` may be called in a signal handler
/// (signal-safety(7)); of `shm_unlink` nobody promises that.
pub(super) fn remove_all() {
    for place in &NAMES {
        let path = place.swap(null_mut(), SeqCst);
        if !path.is_null() {
            // SAFETY: as for `forget`.
            unsafe { libc::unlink(path) };
        }
    }
}

/// Forgets all of them: they are another process's.
pub(super) fn reset() {
    NAMES.iter().for_each(|place| place.store(null_mut(), SeqCst));
}
