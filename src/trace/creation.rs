//! Whether `shmget` or `semget` has made what it returned, or found it: the kernel's answer does not tell.
//!
//! **Invariant:** the flags decide where they can; where they cannot, the kernel is asked before the call.

use super::procfs;
use crate::call::{Call, Key, ShmgetFlags};

/// Whether a call that succeeds has made something, unless it was there before.
pub(super) fn creates(call: &Call) -> bool {
    key_and_flags(call)
        .is_some_and(|(key, flags)| key == Key::PRIVATE || flags.contains(ShmgetFlags::IPC_CREAT))
}

/// Whether only the kernel's table tells if the call will make something.
pub(super) fn is_in_doubt(call: &Call) -> bool {
    key_and_flags(call).is_some_and(|(key, flags)| {
        let exclusive = flags.contains(ShmgetFlags::IPC_EXCL);
        key != Key::PRIVATE && flags.contains(ShmgetFlags::IPC_CREAT) && !exclusive
    })
}

/// Whether something of the wanted kind has the wanted key now, in this namespace.
pub(super) fn exists_already(call: &Call) -> bool {
    match call {
        Call::Shmget { key, .. } => procfs::segment_of(*key).is_some(),
        Call::Semget { key, .. } => procfs::set_of(*key).is_some(),
        _ => false,
    }
}

fn key_and_flags(call: &Call) -> Option<(Key, ShmgetFlags)> {
    match call {
        Call::Shmget { key, flags, .. } | Call::Semget { key, flags, .. } => Some((*key, *flags)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use playground_core::Mode;

    #[test]
    fn a_key_alone_makes_nothing_and_only_one_combination_is_in_doubt() {
        let get = |key, flags| Call::Shmget { key, size: 1, flags, mode: Mode::empty() };
        let cases = [
            (Key::PRIVATE, ShmgetFlags::empty(), true, false),
            (Key(1), ShmgetFlags::IPC_EXCL, false, false),
            (Key(1), ShmgetFlags::IPC_CREAT, true, true),
            (Key(1), ShmgetFlags::IPC_CREAT | ShmgetFlags::IPC_EXCL, true, false),
        ];
        for (key, flags, makes, doubt) in cases {
            let call = get(key, flags);
            assert_eq!((creates(&call), is_in_doubt(&call)), (makes, doubt), "{call}");
        }
    }
}
