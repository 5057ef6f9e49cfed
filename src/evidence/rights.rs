//! Who may change or remove something: its owner and creator, by the kernel's tables; and who a process is and what it
//! may, by `/proc/PID/status`.

/// `CAP_IPC_LOCK`, by its number in capabilities(7).
pub const CAP_IPC_LOCK: u32 = 14;
/// `CAP_SYS_ADMIN`.
pub const CAP_SYS_ADMIN: u32 = 21;

/// Whose a segment or a set of semaphores is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owners {
    /// The owner.
    pub uid: u32,
    /// The creator.
    pub cuid: u32,
}

/// Whose the thing is that has this id, in a table of `/proc/sysvipc`; `column` is `shmid` or `semid`.
pub fn owners(table: &str, column: &str, id: i32) -> Option<Owners> {
    let mut lines = table.lines();
    let heading: Vec<_> = lines.next()?.split_whitespace().collect();
    let place = |name: &str| heading.iter().position(|cell| *cell == name);
    let (at, uid, cuid) = (place(column)?, place("uid")?, place("cuid")?);
    let mut rows = lines.map(|line| line.split_whitespace().collect::<Vec<_>>());
    let row = rows.find(|row| row.get(at).and_then(|cell| cell.parse().ok()) == Some(id))?;
    Some(Owners { uid: row.get(uid)?.parse().ok()?, cuid: row.get(cuid)?.parse().ok()? })
}

/// Who a process is to the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Person {
    /// Its effective user id.
    pub euid: u32,
    /// Its effective capabilities, a bit each.
    capabilities: u64,
}

impl Person {
    /// Reads `/proc/PID/status`.
    pub fn of(status: &str) -> Option<Person> {
        let cells =
            |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).map(str::split_whitespace);
        let euid = cells("Uid:")?.nth(1)?.parse().ok()?;
        let capabilities = u64::from_str_radix(cells("CapEff:")?.next()?, 16).ok()?;
        Some(Person { euid, capabilities })
    }

    /// Whether it has a capability.
    pub fn has(&self, capability: u32) -> bool {
        self.capabilities & (1 << capability) != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owner_and_creator_are_found_by_the_heading() {
        let table = "  key  semid perms  nsems   uid   gid  cuid  cgid\n    0      7   600      1  1000  1000    33    33\n";
        assert_eq!(owners(table, "semid", 7), Some(Owners { uid: 1000, cuid: 33 }));
        assert_eq!(owners(table, "semid", 8), None);
        assert_eq!(owners(table, "shmid", 7), None);
        assert_eq!(owners("", "shmid", 7), None);
    }

    #[test]
    fn the_effective_user_and_capabilities_count() {
        let person =
            Person::of("Name:\tx\nUid:\t1\t2\t3\t4\nCapEff:\t0000000000200000\n").expect("both lines");
        assert_eq!(person.euid, 2);
        assert!(person.has(CAP_SYS_ADMIN) && !person.has(CAP_IPC_LOCK));
        assert_eq!(Person::of("Name:\tx\n"), None);
    }
}
