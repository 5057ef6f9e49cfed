//! Where a forbidden touch of memory was, seen from what the process has attached.
//!
//! **Invariant:** says what the attachments and the fault show: what the program wanted there, it does not know.

use super::state::State;
use super::value::Fault;

/// How far behind an attachment a touch may be and still be called one that went too far, in bytes.
const NEAR: u64 = 1 << 16;

/// Where it was, in words, if near something that is attached.
pub(super) fn place(fault: &Fault, state: &State) -> Option<String> {
    let (space, address) = (state.space(fault.pid)?, fault.address);
    if let Some(attachment) = space.attached_around(address) {
        let may_be_written = fault.mapped && !attachment.read_only && !fault.jumped;
        return may_be_written.then(|| {
            format!(
                "It is in the attachment of segment {} at {}, which shmat made for reading and writing: mprotect has \
                 changed that.",
                attachment.shmid, attachment.address
            )
        });
    }
    let before = space.attached_before(address)?;
    let end = before.address.offset(before.length);
    let past = address.0.checked_sub(end.0).filter(|past| *past < NEAR && before.length > 0)?;
    Some(format!(
        "It is {} bytes past the end of the attachment of segment {}, which spans {} bytes from {} on.",
        past + 1,
        before.shmid,
        before.length,
        before.address
    ))
}
