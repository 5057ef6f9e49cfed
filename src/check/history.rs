//! Where git keeps what a checkout has held at any time: the solutions, too, long after they were removed from it.
//!
//! **Invariant:** git itself is not asked: it may not be installed, and hooks and settings are not ours to run.

use std::fs;
use std::path::{Path, PathBuf};

/// The directories of every repository that a folder belongs to.
pub fn histories(folder: &Path) -> Vec<PathBuf> {
    let own: Vec<PathBuf> = folder.ancestors().filter_map(|above| repository(&above.join(".git"))).collect();
    let shared = own.iter().filter_map(|git| named_in(&git.join("commondir"), "", git));
    let all: Vec<PathBuf> = own.iter().cloned().chain(shared).collect();
    let borrowed = all.iter().flat_map(|git| alternates(git));
    all.iter().cloned().chain(borrowed).collect()
}

/// A repository, or where the file of a work tree says that it is.
fn repository(git: &Path) -> Option<PathBuf> {
    if git.is_dir() { Some(git.to_owned()) } else { named_in(git, "gitdir: ", git.parent()?) }
}

/// The directory that a file names behind some words. What is no absolute path starts at `base`.
fn named_in(file: &Path, words: &str, base: &Path) -> Option<PathBuf> {
    let text = fs::read_to_string(file).ok()?;
    fs::canonicalize(base.join(text.strip_prefix(words)?.trim_end())).ok()
}

/// Other repositories' objects, which a clone can borrow.
fn alternates(git: &Path) -> Vec<PathBuf> {
    let objects = git.join("objects");
    let text = fs::read_to_string(objects.join("info/alternates")).unwrap_or_default();
    text.lines().filter_map(|line| fs::canonicalize(objects.join(line)).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_work_tree_leads_to_the_repository_that_it_shares_and_to_what_that_borrows() {
        let place = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(place.path()).unwrap();
        for folder in ["main/.git/worktrees/tree", "main/.git/objects/info", "lent/objects", "tree/deep"] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        let own = root.join("main/.git/worktrees/tree");
        fs::write(root.join("tree/.git"), format!("gitdir: {}\n", own.display())).unwrap();
        fs::write(own.join("commondir"), "../..\n").unwrap();
        fs::write(root.join("main/.git/objects/info/alternates"), "../../../lent/objects\n").unwrap();
        let found = histories(&root.join("tree/deep"));
        for expected in [own, root.join("main/.git"), root.join("lent/objects")] {
            assert!(found.contains(&expected), "{found:?}");
        }
        assert!(histories(&root.join("main")).contains(&root.join("main/.git")));
    }
}
