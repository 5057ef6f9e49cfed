//! `/proc/sysvipc/sem`: the kernel's table of sets of semaphores, a line each. `ipcs -s` reads the same file.

use std::collections::HashMap;

use super::Unreadable;
use crate::call::{Key, Semid};

/// One line of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetRow {
    /// The key, 0 for `IPC_PRIVATE`.
    pub key: Key,
    /// The id.
    pub semid: Semid,
    /// Permission bits.
    pub perms: u32,
    /// How many semaphores.
    pub nsems: u64,
    /// The owner.
    pub uid: u32,
}

/// Reads the whole table. The columns are found by their names.
///
/// # Errors
///
/// `Unreadable`, with the line that has not the columns of the heading.
pub fn parse(text: &str) -> Result<Vec<SetRow>, Unreadable> {
    let mut lines = text.lines();
    let heading: Vec<_> = lines.next().unwrap_or_default().split_whitespace().collect();
    let filled = lines.filter(|line| !line.trim().is_empty());
    filled.map(|line| row(&heading, line).ok_or_else(|| Unreadable(line.to_owned()))).collect()
}

fn row(heading: &[&str], line: &str) -> Option<SetRow> {
    let cells: HashMap<_, _> = heading.iter().copied().zip(line.split_whitespace()).collect();
    Some(SetRow {
        key: Key(cells.get("key")?.parse().ok()?),
        semid: Semid(cells.get("semid")?.parse().ok()?),
        perms: u32::from_str_radix(cells.get("perms")?, 8).ok()?,
        nsems: cells.get("nsems")?.parse().ok()?,
        uid: cells.get("uid")?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "\
       key      semid perms      nsems   uid   gid  cuid  cgid      otime      ctime
         0          5   600          1 70000  1000 70000  1000          0 1795450513
-559038737      32769   400         25     0     0     0     0 1795450513 1795450513
";

    #[test]
    fn every_set_is_read() {
        let rows = parse(TABLE).unwrap();
        assert_eq!((rows[0].semid, rows[0].perms, rows[0].nsems, rows[0].uid), (Semid(5), 0o600, 1, 70000));
        assert_eq!((rows[1].semid, rows[1].key.to_string().as_str()), (Semid(32769), "0xdeadbeef"));
    }

    #[test]
    fn a_table_without_sets_is_empty() {
        assert_eq!(parse(TABLE.lines().next().unwrap()).unwrap(), []);
        assert_eq!(parse("").unwrap(), []);
    }

    #[test]
    fn a_line_of_something_else_is_named() {
        assert_eq!(parse("key semid\nfoo bar").unwrap_err(), Unreadable("foo bar".into()));
    }
}
