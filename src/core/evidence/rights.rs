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
    let [uid, cuid] = cells(table, column, id, ["uid", "cuid"])?;
    Some(Owners { uid: uid.parse().ok()?, cuid: cuid.parse().ok()? })
}

/// Who may do what with a segment or a set of semaphores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permissions {
    /// The owner.
    pub uid: u32,
    /// The owner's group.
    pub gid: u32,
    /// The creator.
    pub cuid: u32,
    /// The creator's group.
    pub cgid: u32,
    /// Permission bits, for owner, group and others; and flags.
    pub mode: u32,
}

/// As for [`owners`].
pub fn permissions(table: &str, column: &str, id: i32) -> Option<Permissions> {
    let [uid, gid, cuid, cgid, mode] = cells(table, column, id, ["uid", "gid", "cuid", "cgid", "perms"])?;
    Some(Permissions {
        uid: uid.parse().ok()?,
        gid: gid.parse().ok()?,
        cuid: cuid.parse().ok()?,
        cgid: cgid.parse().ok()?,
        mode: u32::from_str_radix(mode, 8).ok()?,
    })
}

/// Cells of the row that has this id, by the names of their columns.
fn cells<'a, const N: usize>(
    table: &'a str,
    column: &str,
    id: i32,
    names: [&str; N],
) -> Option<[&'a str; N]> {
    let mut lines = table.lines();
    let heading: Vec<_> = lines.next()?.split_whitespace().collect();
    let place = |name: &str| heading.iter().position(|cell| *cell == name);
    let at = place(column)?;
    let mut rows = lines.map(|line| line.split_whitespace().collect::<Vec<_>>());
    let row = rows.find(|row| row.get(at).and_then(|cell| cell.parse().ok()) == Some(id))?;
    let found = names.map(|name| place(name).and_then(|place| row.get(place).copied()));
    found.iter().all(Option::is_some).then(|| found.map(Option::unwrap_or_default))
}

/// As whom a process asks the kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// Its effective user id.
    pub euid: u32,
    /// Its effective group id.
    pub egid: u32,
    /// Its other groups.
    pub groups: Vec<u32>,
}

impl Credentials {
    /// Reads `/proc/PID/status`.
    pub fn of(status: &str) -> Option<Credentials> {
        let numbers = |name: &str| -> Option<Vec<u32>> {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.split_whitespace().map(|number| number.parse().ok()).collect()
        };
        let (euid, egid) = (*numbers("Uid:")?.get(1)?, *numbers("Gid:")?.get(1)?);
        Some(Credentials { euid, egid, groups: numbers("Groups:")? })
    }

    /// Whether it is in a group.
    pub fn is_in(&self, group: u32) -> bool {
        self.egid == group || self.groups.contains(&group)
    }
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
    fn who_may_do_what_is_read_with_the_mode_in_octal() {
        let table = "key shmid perms size cpid lpid nattch uid gid cuid cgid\n0 7 1232 9 1 1 0 10 20 30 40\n";
        let expected = Permissions { uid: 10, gid: 20, cuid: 30, cgid: 40, mode: 0o1232 };
        assert_eq!(permissions(table, "shmid", 7), Some(expected));
        assert_eq!(permissions("shmid uid\n7 1\n", "shmid", 7), None);
        let status = "Uid:\t1\t2\t2\t2\nGid:\t3\t4\t4\t4\nGroups:\t50 60 \n";
        let process = Credentials::of(status).expect("all three lines");
        assert_eq!(
            (process.euid, [3, 4, 50, 60].map(|group| process.is_in(group))),
            (2, [false, true, true, true])
        );
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
