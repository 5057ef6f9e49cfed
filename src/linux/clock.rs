//! The time zone of whoever reads.
//!
//! **Invariant:** only what the system says of its zone is read here, never the time.

use chrono::{Local, Offset as _, TimeZone as _};

/// How far local time is ahead of UTC at a time since 1970, in seconds. A time that no calendar has is in no zone.
pub fn zone(time: i64) -> Option<i32> {
    Some(Local.timestamp_opt(time, 0).single()?.offset().fix().local_minus_utc())
}
