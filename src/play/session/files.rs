//! The files that the model has, for `ftok`.
//!
//! **Invariant:** the model says that a file is not there only where none can be; of any other it does not know.

use playground_core::sorted::SortedMap;

/// Path, device, inode. `.` is the folder that a session runs in: there always is one.
const FILES: [(&str, u64, u64); 5] = [
    ("/", 0x801, 2),
    (".", 0x801, 0x4_1a07),
    ("/tmp", 0x801, 0x1_8001),
    ("/etc/passwd", 0x801, 0x2_0f3c),
    ("/bin/sh", 0x801, 0x3_07a2),
];
/// Those of them that are no folders: nothing is in them, and `/etc/passwd/` leads nowhere.
const PLAIN_FILES: [&str; 2] = ["/etc/passwd", "/bin/sh"];
/// What a Linux computer has at its root: what is in there differs from one to the next.
const FOLDERS: [&str; 19] = [
    "bin", "boot", "dev", "etc", "home", "lib", "lib64", "media", "mnt", "opt", "proc", "root", "run",
    "sbin", "srv", "sys", "tmp", "usr", "var",
];

/// What the model knows of a path.
#[derive(Debug, PartialEq)]
pub(super) enum Found {
    /// It leads to this file.
    File(String),
    /// It leads to nothing.
    Nothing,
    /// It may lead to something.
    Unknown,
}

/// All files, as the rules of `ftok` want them.
pub(super) fn all() -> SortedMap<String, (u64, u64)> {
    FILES.into_iter().map(|(path, device, inode)| (path.into(), (device, inode))).collect()
}

/// What is said of a path that the model knows nothing of.
pub(super) fn unknown() -> String {
    let known: Vec<&str> = FILES.iter().map(|(path, ..)| *path).collect();
    format!("the model cannot tell whether there is such a file: it has {} and no others", known.join(", "))
}

/// Looks for a file: `//tmp/` is `/tmp`.
pub(super) fn found(path: &str) -> Found {
    let plain = plain(path);
    let first = plain.strip_prefix('/').and_then(|rest| rest.split('/').next());
    let asks_for_a_folder = path.ends_with('/') || path.ends_with("/.");
    match FILES.iter().find(|(known, ..)| *known == plain) {
        Some((known, ..)) if asks_for_a_folder && PLAIN_FILES.contains(known) => Found::Unknown,
        Some((known, ..)) => Found::File((*known).to_owned()),
        None if path.is_empty() || first.is_some_and(|first| !FOLDERS.contains(&first)) => Found::Nothing,
        None => Found::Unknown,
    }
}

/// A path without the steps that lead nowhere.
fn plain(path: &str) -> String {
    let mut steps: Vec<&str> = Vec::new();
    for step in path.split('/').filter(|step| !["", "."].contains(step)) {
        // A way up through a folder that may not be there, or may be a link, leads nobody knows where.
        match step {
            ".." if path.starts_with('/') && ["", "tmp", "etc"].contains(&&*steps.join("/")) => {
                steps.pop();
            }
            _ => steps.push(step),
        }
    }
    match path.chars().next() {
        Some('/') => format!("/{}", steps.join("/")),
        Some(_) if steps.is_empty() => ".".to_owned(),
        _ => steps.join("/"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_may_be_written_in_many_ways() {
        for path in ["/tmp", "/tmp/", "//tmp/.", "/tmp/../tmp", "/etc/../tmp"] {
            assert_eq!(found(path), Found::File("/tmp".into()), "{path}");
        }
        for path in [".", "./", "./."] {
            assert_eq!(found(path), Found::File(".".into()), "{path}");
        }
        assert_eq!(found("/.."), Found::File("/".into()));
    }

    #[test]
    fn what_may_be_there_is_not_known() {
        for path in [
            "..",
            "a.c",
            "./a.c",
            "../a.c",
            "/tmp/a",
            "/home/me",
            "/etc/passwd/x",
            "/etc/passwd/",
            "/bin/sh/.",
            "/usr/../tmp",
        ] {
            assert_eq!(found(path), Found::Unknown, "{path}");
        }
        for path in ["", "/no/such/file", "/nor", "/nor/../tmp"] {
            assert_eq!(found(path), Found::Nothing, "{path}");
        }
    }
}
