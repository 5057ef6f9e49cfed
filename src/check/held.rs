//! Folders that their maker holds a lock on as long as it lives, so that others can tell those of a dead one.
//!
//! **Invariant:** a folder is handed over for its end only if it is this user's, has the name that is asked for, and
//! nobody holds it.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use nix::fcntl::{Flock, FlockArg};
use nix::unistd::geteuid;

/// The lock on a folder. The kernel gives it back when the process that has it ends, however that is.
pub(super) type Held = Flock<File>;

/// Holds a folder; nothing, if it is held or gone.
pub(super) fn hold(folder: &Path) -> Option<Held> {
    let held = Flock::lock(File::open(folder).ok()?, FlockArg::LockExclusiveNonblock).ok()?;
    // Whoever looked for abandoned ones may have been faster.
    folder.exists().then_some(held)
}

/// Ends what makers that are dead have left in a folder, under names that begin so.
pub(super) fn end_abandoned(parent: &Path, prefix: &str, end: impl Fn(&Path)) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let is_ours = || entry.metadata().is_ok_and(|it| it.is_dir() && it.uid() == geteuid().as_raw());
        if !entry.file_name().to_string_lossy().starts_with(prefix) || !is_ours() {
            continue;
        }
        if let Some(_held) = hold(&entry.path()) {
            end(&entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_nobody_holds_and_is_called_so_is_ended() {
        let parent = tempfile::tempdir().unwrap();
        let place = |name: &str| parent.path().join(name);
        for name in ["ours-held", "ours-left", "others-left"] {
            fs::create_dir(place(name)).unwrap();
        }
        let held = hold(&place("ours-held")).unwrap();
        assert!(hold(&place("ours-held")).is_none(), "it is held");
        end_abandoned(parent.path(), "ours-", |folder| fs::remove_dir(folder).unwrap());
        assert_eq!(
            ["ours-held", "ours-left", "others-left"].map(|name| place(name).exists()),
            [true, false, true]
        );
        drop(held);
        end_abandoned(parent.path(), "ours-", |folder| fs::remove_dir(folder).unwrap());
        assert!(!place("ours-held").exists());
    }
}
