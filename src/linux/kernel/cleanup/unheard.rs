//! What a child has made that died before it could tell.
//!
//! **Invariant:** a segment is taken in only if the kernel's table says that this child made it; a name only if this child
//! alone was told to make it.

use super::{Tracked, record_name, track};
use crate::call::{Call, FileCall};
use crate::evidence::segments;
use crate::kernel::{Linux, Look, ProcFile};

/// Takes in what came of a call of a child that gave no answer. What is made apart goes with its namespace; a name does
/// not.
pub fn adopt_unheard(child: i32, call: &Call, apart: bool) {
    match call {
        Call::Shmget { .. } if !apart => {
            let table = Linux::new().shows(ProcFile::Segments).unwrap_or_default();
            let rows = segments::parse(&table).unwrap_or_default();
            rows.iter().filter(|row| row.cpid == child).for_each(|row| track(Tracked::Segment(row.shmid)));
        }
        Call::File(call @ FileCall::ShmOpen { .. }) => record_name(call),
        _ => {}
    }
}
