//! `/proc/sysvipc/sem`: the kernel's table of semaphore sets, a line each. `ipcs -s` reads the same file.

use super::Unreadable;
use crate::call::{Key, Semid};

/// One line of the table, as far as the playground uses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// The key, 0 for `IPC_PRIVATE`.
    pub key: Key,
    /// The id.
    pub semid: Semid,
}

/// Reads the whole table.
///
/// # Errors
///
/// `Unreadable`, with the line that does not begin with two numbers.
pub fn parse(text: &str) -> Result<Vec<Row>, Unreadable> {
    let lines = text.lines().skip(1).filter(|line| !line.trim().is_empty());
    lines.map(|line| row(line).ok_or_else(|| Unreadable(line.to_owned()))).collect()
}

fn row(line: &str) -> Option<Row> {
    let mut cells = line.split_whitespace();
    let key = Key(cells.next()?.parse().ok()?);
    Some(Row { key, semid: Semid(cells.next()?.parse().ok()?) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_ids_are_read() {
        let table =
            "       key      semid perms      nsems   uid\n      -559038737  7   600          1     0\n";
        assert_eq!(parse(table), Ok(vec![Row { key: Key(0xdead_beef_u32 as i32), semid: Semid(7) }]));
        assert_eq!(parse("key semid\nfoo"), Err(Unreadable("foo".into())));
    }
}
