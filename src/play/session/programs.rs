//! The programs that `execlp` may start, as far as their end follows from their words alone.
//!
//! The clock is the rules': each statement takes a second. So a script comes out the same whoever runs the program.

use std::time::Duration;

/// How a program goes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Course {
    /// How long it runs.
    pub lasts: Duration,
    /// Its exit status.
    pub status: i32,
}

/// The programs that the model has.
pub(super) const PROGRAMS: [&str; 5] = ["cat", "false", "sh", "sleep", "true"];

/// The program that the first of these words names, if the model has it.
pub(super) fn program(words: &[String]) -> Option<&'static str> {
    let named = words.first()?.as_str();
    let name = ["/bin/", "/usr/bin/"].iter().find_map(|folder| named.strip_prefix(folder)).unwrap_or(named);
    PROGRAMS.into_iter().find(|program| *program == name)
}

/// How a program goes whose standard input is empty: the first word is its file, the second its own name. Nothing,
/// where that is not known of these words.
pub(crate) fn course(words: &[String]) -> Option<Course> {
    let at_once = |status| Some(Course { lasts: Duration::ZERO, status });
    match (program(words)?, words.get(2..).unwrap_or_default()) {
        ("true", _) | ("cat" | "sh", []) => at_once(0),
        ("false", _) | ("sleep", []) => at_once(1),
        ("sleep", times) if times.iter().any(|time| is_unusual(time)) => None,
        ("sleep", times) => match times.iter().map(|time| seconds(time)).sum::<Option<Duration>>() {
            Some(lasts) => Some(Course { lasts, status: 0 }),
            None => at_once(1),
        },
        _ => None,
    }
}

/// Whether a program is known to print nothing.
pub(super) fn is_silent(words: &[String]) -> bool {
    let succeeds = course(words).is_some_and(|course| course.status == 0);
    succeeds || program(words) == Some("false")
}

/// A time as sleep(1) reads it: a decimal number, and perhaps a unit. To the thousandth of a second: a browser loads
/// no table for what no one sees.
fn seconds(text: &str) -> Option<Duration> {
    let (number, each) = match text.chars().last()? {
        's' => (text.strip_suffix('s')?, 1),
        'm' => (text.strip_suffix('m')?, 60),
        'h' => (text.strip_suffix('h')?, 3600),
        'd' => (text.strip_suffix('d')?, 86400),
        _ => (text, 1),
    };
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let digits = format!("{whole}{part}");
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let thousandths: String = part.chars().chain("000".chars()).take(3).collect();
    let milliseconds: u64 = format!("{whole}{thousandths}").parse().ok()?;
    milliseconds.checked_mul(each).map(Duration::from_millis)
}

/// Whether sleep(1) may read a number all the same: `1e3`, `0x10`, `infinity`.
fn is_unusual(time: &str) -> bool {
    let begins = |first: char| first.is_ascii_digit() || "+.iInN".contains(first);
    seconds(time).is_none() && time.starts_with(begins)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> Option<(u64, i32)> {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        course(&words).map(|course| (course.lasts.as_millis() as u64, course.status))
    }

    #[test]
    fn sleep_lasts_as_long_as_its_words_say() {
        assert_eq!(of("sleep sleep 1"), Some((1000, 0)));
        assert_eq!(of("/bin/sleep x 0.5 1m .0019s"), Some((60_501, 0)));
        assert_eq!(
            (of("sleep 1"), of("sleep x soon"), of("sleep x -1")),
            (Some((0, 1)), Some((0, 1)), Some((0, 1)))
        );
    }

    #[test]
    fn what_does_not_follow_from_the_words_is_not_known() {
        assert_eq!((of("sh sh"), of("false x y"), of("true x")), (Some((0, 0)), Some((0, 1)), Some((0, 0))));
        assert_eq!((of("sleep x 1e3"), of("sleep x inf"), of("sleep x 1 0x1")), (None, None, None));
        assert_eq!((of("sh sh -c true"), of("cat cat /etc/passwd"), of("ls ls")), (None, None, None));
    }
}
