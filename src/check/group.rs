//! A control group (cgroups(7), version 2) for each judge and all that comes from it, where one can be made.
//!
//! It is made in the group that this process is in. Everything in it is killed by one write, be it hidden from the tracer
//! or without a parent; and where the controllers are at hand, it bounds memory and the number of processes. Without one,
//! the namespaces and the bounds of each process (bounds.rs) have to do.
//!
//! **Invariant:** only a group that this module has made is killed or removed, and only by its maker; or by another once
//! the lock on it says that its maker is dead.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::held::{Held, end_abandoned, hold};

/// What the files of the controllers are set to, where they are: as much memory as a compiler may ask for, and more
/// processes than any limit within allows.
const LIMITS: [(&str, &str); 3] =
    [("memory.max", "4294967296"), ("memory.swap.max", "0"), ("pids.max", "1024")];
/// How groups are called: this, the maker's process id, and a number.
const PREFIX: &str = "check-";
/// How long killed processes may take to be gone.
const GONE: Duration = Duration::from_secs(2);

static GROUPS: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// A control group. Dropped, everything in it is killed, and it is removed.
#[derive(Debug)]
pub(super) struct Group {
    folder: PathBuf,
    /// Held as long as its maker lives.
    _held: Held,
}

impl Group {
    /// Makes one; nothing, where that is not allowed.
    pub fn make() -> Option<Group> {
        static PARENT: OnceLock<Option<PathBuf>> = OnceLock::new();
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let parent = PARENT
            .get_or_init(|| own_folder().inspect(|parent| end_abandoned(parent, PREFIX, end)))
            .as_ref()?;
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = parent.join(format!("{PREFIX}{}-{number}", process::id()));
        // Whoever ends this process waits for the list, so that no group is made that is not on it.
        let mut groups = groups();
        fs::create_dir(&folder).ok()?;
        let Some(held) = hold(&folder) else {
            let _ = fs::remove_dir(&folder);
            return None;
        };
        limit(&folder);
        groups.insert(folder.clone());
        Some(Group { folder, _held: held })
    }

    /// Moves a process into it; what it starts from now on is in it, too.
    ///
    /// # Errors
    ///
    /// `EACCES`: this process may make groups here, and yet not move others between them. `ESRCH`: it has ended.
    pub fn take_in(&self, process: u32) -> io::Result<()> {
        write(&self.folder.join("cgroup.procs"), &process.to_string())
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        end(&self.folder);
        groups().remove(&self.folder);
    }
}

/// Kills all that is in any group of this process's, and removes the groups. The list stays locked: none is made any more.
pub(super) fn remove_all() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    let groups = groups();
    groups.iter().for_each(|folder| end(folder));
    groups
}

fn groups() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    GROUPS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Kills what is in a group, and removes it once all of that is gone.
fn end(folder: &Path) {
    let _ = write(&folder.join("cgroup.kill"), "1");
    let end = Instant::now() + GONE;
    while fs::remove_dir(folder).is_err_and(|error| error.kind() == io::ErrorKind::ResourceBusy)
        && Instant::now() < end
    {
        thread::sleep(Duration::from_millis(1));
    }
}

/// Bounds what the controllers bound that are at hand.
fn limit(folder: &Path) {
    for (name, value) in LIMITS {
        let _ = write(&folder.join(name), value);
    }
}

/// A file of a control group is the kernel's: one that is not there is never made.
fn write(file: &Path, text: &str) -> io::Result<()> {
    File::options().write(true).open(file)?.write_all(text.as_bytes())
}

/// The folder of the group that this process is in.
fn own_folder() -> Option<PathBuf> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    mounts.lines().find_map(|mounted| folder(mounted, &groups))
}

/// Where the group is, if a line of `mountinfo` shows a mount of this kind in which it lies.
fn folder(mounted: &str, groups: &str) -> Option<PathBuf> {
    let (mount, kind) = mounted.split_once(" - ")?;
    let fields: Vec<&str> = mount.split(' ').collect();
    let (root, place) = (fields.get(3)?, fields.get(4)?);
    let own = groups.lines().find_map(|line| line.strip_prefix("0::"))?;
    let within = Path::new(own).strip_prefix(root).ok()?;
    kind.starts_with("cgroup2 ").then(|| Path::new(place).join(within))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTED: &str = "31 23 0:27 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate";
    const BENEATH: &str = "31 23 0:27 /user.slice /mnt/groups rw - cgroup2 cgroup2 rw";

    #[test]
    fn the_own_group_lies_where_version_2_is_mounted() {
        let groups = "4:memory:/elsewhere\n0::/user.slice/one.scope\n";
        let at = |mounted| folder(mounted, groups);
        assert_eq!(at(MOUNTED), Some("/sys/fs/cgroup/user.slice/one.scope".into()));
        assert_eq!(at(BENEATH), Some("/mnt/groups/one.scope".into()));
        assert_eq!(at(&MOUNTED.replace("cgroup2", "cgroup")), None);
        assert_eq!(folder(BENEATH, "0::/init.scope\n"), None);
        assert_eq!(folder(MOUNTED, "4:memory:/only\n"), None);
    }

    #[test]
    fn what_a_controller_does_not_offer_is_not_made() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("pids.max"), "max").unwrap();
        limit(folder.path());
        assert_eq!(fs::read_to_string(folder.path().join("pids.max")).unwrap(), "1024");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn with_a_group_goes_all_that_is_in_it() {
        let Some(group) = Group::make() else {
            let words = "no control group can be made here: groups are not tested";
            let _ = writeln!(io::stderr(), "{words}");
            return;
        };
        let mut child = process::Command::new("sleep").arg("600").spawn().unwrap();
        let folder = group.folder.clone();
        if group.take_in(child.id()).is_err() {
            child.kill().unwrap();
        }
        drop(group);
        assert!(!child.wait().unwrap().success());
        assert!(!folder.exists());
    }

    #[test]
    fn only_a_group_whose_maker_is_dead_is_removed_by_another() {
        let Some(group) = Group::make() else { return };
        let parent = group.folder.parent().unwrap().to_owned();
        let abandoned = parent.join(format!("{PREFIX}abandoned-{}", process::id()));
        fs::create_dir(&abandoned).unwrap();
        end_abandoned(&parent, PREFIX, end);
        assert!(group.folder.exists() && !abandoned.exists());
    }
}
