//! The times of the kernel's records, as people read them: `14:03:22, 3 s ago`.
//!
//! **Invariant:** no clock is read and no zone is known here. Both are handed in, with the time.

/// How far local time is ahead of UTC at a time since 1970, in seconds; nothing where no zone is known.
pub type Zone = fn(i64) -> Option<i32>;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// No zone: times are UTC, and say so.
pub fn utc(_: i64) -> Option<i32> {
    None
}

/// A time of a record, in seconds since 1970: by the clock, and how long before `now` it was. 0 is never.
pub fn told(time: i64, now: i64, zone: Zone) -> String {
    if time == 0 {
        return never();
    }
    format!("{}, {}", time_of_day(time, zone), ago(time, now))
}

/// A time of a record, by the clock, and how long after `start` it was. 0 is never.
pub fn after(time: i64, start: i64, zone: Zone) -> String {
    if time == 0 {
        return never();
    }
    format!("{} ({:+} s)", on_the_clock(time, zone(time).unwrap_or(0)), time.saturating_sub(start))
}

/// A time that was never set.
pub fn never() -> String {
    "0, never".to_owned()
}

/// How long before `now` something was.
pub fn ago(time: i64, now: i64) -> String {
    match now.saturating_sub(time) {
        ahead @ ..0 => format!("{} s ahead", ahead.saturating_neg()),
        seconds @ 0..MINUTE => format!("{seconds} s ago"),
        seconds @ MINUTE..HOUR => format!("{} min ago", seconds / MINUTE),
        seconds @ HOUR..DAY => format!("{} h ago", seconds / HOUR),
        seconds => format!("{} d ago", seconds / DAY),
    }
}

/// A time by the clock of a zone. Where no zone is known, it is UTC and says so.
pub fn time_of_day(time: i64, zone: Zone) -> String {
    let offset = zone(time);
    let name = if offset.is_none() { " UTC" } else { "" };
    format!("{}{name}", on_the_clock(time, offset.unwrap_or(0)))
}

fn on_the_clock(time: i64, offset: i32) -> String {
    let second = time.saturating_add(offset.into()).rem_euclid(DAY);
    let (hour, minute, second) = (second / HOUR, second % HOUR / MINUTE, second % MINUTE);
    format!("{hour:02}:{minute:02}:{second:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2023-11-14, 22:13:20 in UTC.
    const TIME: i64 = 1_700_000_000;

    #[test]
    fn a_time_is_told_by_the_clock_of_its_zone() {
        assert_eq!(told(TIME, TIME, utc), "22:13:20 UTC, 0 s ago");
        assert_eq!(told(TIME, TIME + 3, |_| Some(0)), "22:13:20, 3 s ago");
        assert_eq!(told(TIME, TIME, |_| Some(5 * 3600 + 1800)), "03:43:20, 0 s ago");
        assert_eq!(told(TIME, TIME, |_| Some(-23 * 3600)), "23:13:20, 0 s ago");
        assert_eq!(told(0, TIME, utc), "0, never");
    }

    #[test]
    fn the_zone_is_asked_for_the_time_that_is_told() {
        let summer = |time| Some(if time < TIME { 7200 } else { 3600 });
        assert_eq!(told(TIME - 1, TIME, summer), "00:13:19, 1 s ago");
        assert_eq!(told(TIME, TIME, summer), "23:13:20, 0 s ago");
    }

    #[test]
    fn a_long_time_is_told_in_whole_larger_units() {
        let after = |seconds| ago(TIME, TIME + seconds);
        let units = ["59 s ago", "1 min ago", "59 min ago", "1 h ago", "23 h ago", "1 d ago", "2 d ago"];
        assert_eq!([59, 60, 3599, 3600, 86399, 86400, 172_800].map(after), units);
    }

    #[test]
    fn a_time_is_told_with_what_has_passed_since_another() {
        assert_eq!(after(TIME + 1, TIME, utc), "22:13:21 (+1 s)");
        assert_eq!(after(TIME, TIME, |_| Some(3600)), "23:13:20 (+0 s)");
        assert_eq!(after(TIME - 2, TIME, utc), "22:13:18 (-2 s)");
        assert_eq!(after(0, TIME, utc), "0, never");
    }

    #[test]
    fn any_number_can_be_told() {
        assert_eq!(ago(TIME + 2, TIME), "2 s ahead");
        for time in [i64::MIN, -1, i64::MAX] {
            assert!(told(time, TIME, |_| Some(3600)).contains(", "), "{time}");
            assert!(after(time, TIME, |_| Some(3600)).contains(" s)"), "{time}");
        }
    }
}
