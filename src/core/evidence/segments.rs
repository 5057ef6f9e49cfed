//! `/proc/sysvipc/shm`: the kernel's table of segments, a line each. `ipcs -m` reads the same file.
//!
//! A parser of its own, because the one in the crate `procfs` takes the octal `perms` for decimal and ids of
//! users for 16-bit numbers: one uid above 65535 would lose the whole table.

use serde::{Deserialize, Serialize};

use super::Unreadable;
use crate::call::{Key, Shmid, ShmidDs};

/// One line of the table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// The key, 0 for `IPC_PRIVATE` and for a segment marked for destruction.
    pub key: Key,
    /// The id.
    pub shmid: Shmid,
    /// Permission bits with `SHM_DEST` and `SHM_LOCKED`; in JSON as octal digits.
    #[serde(with = "octal")]
    pub perms: u32,
    /// The size in bytes, as it was asked for.
    pub size: usize,
    /// The process that made it.
    pub cpid: i32,
    /// The process that last attached or detached it.
    pub lpid: i32,
    /// Attachments now.
    pub nattch: u64,
    /// The owner.
    pub uid: u32,
    /// The owner's group.
    pub gid: u32,
    /// Bytes in memory.
    pub rss: usize,
    /// Bytes swapped out.
    pub swap: usize,
}

/// Permission bits as octal digits.
mod octal {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(bits: &u32, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{bits:o}"))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
        u32::from_str_radix(&String::deserialize(deserializer)?, 8).map_err(D::Error::custom)
    }
}

impl Row {
    /// The last column of `ipcs -m`: `dest`, `locked`, both, or nothing.
    pub fn status(&self) -> String {
        let flags = [(ShmidDs::SHM_DEST, "dest"), (ShmidDs::SHM_LOCKED, "locked")];
        let names: Vec<_> =
            flags.iter().filter(|(bit, _)| self.perms & bit != 0).map(|(_, name)| *name).collect();
        names.join(" ")
    }
}

/// Reads the whole table. The columns are found by their names, since kernels differ in which they have.
///
/// # Errors
///
/// `Unreadable`, with the line that has not the columns of the heading.
pub fn parse(text: &str) -> Result<Vec<Row>, Unreadable> {
    let mut lines = text.lines();
    let heading: Vec<_> = lines.next().unwrap_or_default().split_whitespace().collect();
    // Once for all lines: there may be thousands.
    let places = COLUMNS.map(|column| heading.iter().position(|name| *name == column));
    let filled = lines.filter(|line| !line.trim().is_empty());
    filled.map(|line| row(places, line).ok_or_else(|| Unreadable(line.to_owned()))).collect()
}

/// When a segment of the table was made or last changed, in seconds since 1970.
pub fn ctime(text: &str, id: Shmid) -> Option<i64> {
    let mut lines = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let heading = lines.next()?;
    let [shmid, ctime] = ["shmid", "ctime"].map(|column| heading.iter().position(|name| *name == column));
    let cells = lines.find(|cells| shmid.and_then(|at| cells.get(at)?.parse().ok()) == Some(id.0))?;
    cells.get(ctime?)?.parse().ok()
}

/// The columns that are read, in the order of a [`Row`]'s fields. Not every kernel has the last two.
const COLUMNS: [&str; 11] =
    ["key", "shmid", "perms", "size", "cpid", "lpid", "nattch", "uid", "gid", "rss", "swap"];

fn row(places: [Option<usize>; COLUMNS.len()], line: &str) -> Option<Row> {
    let cells: Vec<_> = line.split_whitespace().collect();
    let [key, shmid, perms, size, cpid, lpid, nattch, uid, gid, rss, swap] =
        places.map(|place| cells.get(place?).copied());
    Some(Row {
        key: Key(key?.parse().ok()?),
        shmid: Shmid(shmid?.parse().ok()?),
        perms: u32::from_str_radix(perms?, 8).ok()?,
        size: size?.parse().ok()?,
        cpid: cpid?.parse().ok()?,
        lpid: lpid?.parse().ok()?,
        nattch: nattch?.parse().ok()?,
        uid: uid?.parse().ok()?,
        gid: gid?.parse().ok()?,
        rss: rss.map_or(Some(0), |cell| cell.parse().ok())?,
        swap: swap.map_or(Some(0), |cell| cell.parse().ok())?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "\
       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  cgid      atime      dtime      ctime                   rss                  swap
         0     163843   600                 25600  4711     0      0 70000  1000 70000  1000          0          0 1795447862                  4096                     0
-559038737          7  3600                     1     1     1      2     0     0     0     0          1          1          1                     0                     0
";

    #[test]
    fn a_large_uid_and_a_negative_key_are_read() {
        let rows = parse(TABLE).unwrap();
        assert_eq!((rows[0].uid, rows[0].perms, rows[0].rss), (70000, 0o600, 4096));
        assert_eq!(rows[1].key.to_string(), "0xdeadbeef");
        assert_eq!(rows[1].status(), "dest locked");
    }

    #[test]
    fn the_time_of_a_segment_is_that_of_its_line() {
        assert_eq!([163_843, 7, 1].map(|id| ctime(TABLE, Shmid(id))), [Some(1_795_447_862), Some(1), None]);
    }

    #[test]
    fn an_older_kernels_table_without_rss_is_read() {
        let rows =
            parse(&TABLE.lines().map(|line| &line[..129.min(line.len())]).collect::<Vec<_>>().join("\n"));
        assert_eq!(rows.unwrap()[0].rss, 0);
    }

    #[test]
    fn a_line_of_something_else_is_named() {
        let error = parse("key shmid\nfoo bar").unwrap_err();
        assert_eq!(error, Unreadable("foo bar".into()));
    }
}
