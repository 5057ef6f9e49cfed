//! A segment that the examiner has attached for a moment, to read it or to write into it.
//!
//! **Invariant:** it is detached again before anything else is done.

use crate::call::{Address, Answer, Call, Cmd, ShmatFlags, Shmid};
use crate::kernel::{Linux, Process};

/// As much of a segment as is looked at.
const ENOUGH: usize = 1 << 20;

/// The first bytes of a segment; nothing if it cannot be attached.
pub(super) fn read(shmid: Shmid) -> Option<Vec<u8>> {
    with_attached(shmid, ShmatFlags::SHM_RDONLY, |process, start, size| {
        let mut bytes = vec![0; size.min(ENOUGH)];
        process.load(start, &mut bytes).ok().map(|_| bytes)
    })
}

/// Writes into a segment. False, if it cannot be attached, or is too small.
pub(super) fn write(shmid: Shmid, offset: usize, bytes: &[u8]) -> bool {
    let store = |process: &mut Linux, start: Address, size: usize| {
        (offset + bytes.len() <= size).then(|| process.store(start.offset(offset), bytes).ok()).flatten()
    };
    with_attached(shmid, ShmatFlags::empty(), store).is_some()
}

/// Takes a text away from the start of a segment. Whether it was there.
pub(super) fn wipe(shmid: Shmid, text: &[u8]) -> bool {
    read(shmid).is_some_and(|bytes| bytes.starts_with(text)) && write(shmid, 0, &vec![0; text.len()])
}

fn with_attached<T>(
    shmid: Shmid,
    flags: ShmatFlags,
    run: impl FnOnce(&mut Linux, Address, usize) -> Option<T>,
) -> Option<T> {
    let mut process = Linux::new();
    let Ok(Ok(Answer::Record(record))) = process.perform(&Call::Shmctl { shmid, cmd: Cmd::IpcStat }) else {
        return None;
    };
    let attach = Call::Shmat { shmid, address: Address::NULL, flags };
    let Ok(Ok(Answer::Mapped(start))) = process.perform(&attach) else { return None };
    let done = run(&mut process, start, record.size);
    let _ = process.perform(&Call::Shmdt { address: start });
    done
}
