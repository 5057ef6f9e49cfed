//! What is in a student's folder: the hand-ins, wherever they lie in it, and in words what is none.
//!
//! **Invariant:** a name that looks like an exercise is marked or named, never passed over without a word; and nothing
//! but regular files is opened.

use std::fs::{self, FileType};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::exercises::{EXERCISES, Exercise};
use super::job::Work;
use crate::story::visible;

/// Sources, and scripts that need no compiler.
const ENDINGS: [&str; 5] = ["rs", "c", "cpp", "py", "sh"];
/// Folders in which nobody hands anything in: what macOS packs beside the files, and what builds leave.
const NOT_LOOKED_INTO: [&str; 3] = ["__MACOSX", "target", "node_modules"];
/// How deep folders are looked into, and at how many names in all.
const DEEPEST: usize = 5;
const MOST: usize = 5000;
/// Of several files for one exercise so many are judged.
const MOST_FILES: usize = 3;

/// What a folder holds.
#[derive(Debug, Default)]
pub(super) struct Contents {
    /// Files that are called like an exercise.
    files: Vec<PathBuf>,
    /// Names that only look like one, with the reason.
    pub remarks: Vec<String>,
    seen: usize,
}

impl Contents {
    /// Looks into a folder and those in it.
    pub fn of(folder: &Path) -> Contents {
        let mut contents = Contents::default();
        contents.look(folder, folder, 0);
        contents.remarks.sort();
        contents
    }

    fn look(&mut self, top: &Path, folder: &Path, depth: usize) {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        paths.sort();
        for path in paths {
            self.seen += 1;
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if self.seen > MOST || name.starts_with('.') || NOT_LOOKED_INTO.contains(&name.as_str()) {
                continue;
            }
            self.sort_in(top, &path, &name, depth);
        }
    }

    fn sort_in(&mut self, top: &Path, path: &Path, name: &str, depth: usize) {
        let kind = fs::metadata(path).map(|file| file.file_type());
        let is_folder = kind.as_ref().is_ok_and(FileType::is_dir);
        if is_folder && depth < DEEPEST && !path.is_symlink() {
            self.look(top, path, depth + 1);
        }
        let shown = visible(&path.strip_prefix(top).unwrap_or(path).to_string_lossy());
        match kind {
            Ok(kind) if kind.is_file() && is_hand_in(path) => self.files.push(path.to_owned()),
            Ok(kind) if kind.is_file() && looks_like_one(name) => self.remarks.push(shown),
            // A folder without an ending may well hold the file of that exercise.
            Ok(kind)
                if !kind.is_file() && named_like_one(path) && (!is_folder || path.extension().is_some()) =>
            {
                self.remarks.push(format!("{shown} (it is {})", what(kind)));
            }
            Err(_) if looks_like_one(name) => self.remarks.push(format!("{shown} (it cannot be read)")),
            _ => {}
        }
    }

    /// What was handed in for an exercise: of the files that lie highest those that are not as they were shipped, or
    /// else one that is.
    pub fn hand_ins(&self, exercise: &Exercise) -> Vec<PathBuf> {
        let is_for = |path: &&PathBuf| path.file_stem().is_some_and(|stem| stem == exercise.name().as_str());
        let mine: Vec<&PathBuf> = self.files.iter().filter(is_for).collect();
        let edited: Vec<&PathBuf> = mine.iter().copied().filter(|path| !is_shipped(path, exercise)).collect();
        let mut chosen = if edited.is_empty() { mine.into_iter().take(1).collect() } else { edited };
        let highest = chosen.iter().map(|path| path.components().count()).min().unwrap_or(0);
        chosen.retain(|path| path.components().count() == highest);
        // What was built of a source lies beside it.
        if chosen.iter().any(|path| path.extension().is_some()) {
            chosen.retain(|path| path.extension().is_some());
        }
        chosen.sort_by_key(|path| rank(path));
        chosen.into_iter().take(MOST_FILES).cloned().collect()
    }
}

/// Sources in Rust come first, as in the list of endings.
fn rank(path: &Path) -> usize {
    ENDINGS.iter().position(|ending| path.extension() == Some(ending.as_ref())).unwrap_or(ENDINGS.len())
}

/// Whether a file is as it was shipped.
pub(super) fn is_shipped(path: &Path, exercise: &Exercise) -> bool {
    let shipped = match path.extension().and_then(|ending| ending.to_str()) {
        Some("rs") => exercise.rust,
        Some("c") => exercise.c,
        _ => return false,
    };
    fs::read(path).is_ok_and(|text| text == shipped.as_bytes())
}

/// How a file is judged.
pub(super) fn work(path: PathBuf) -> Work {
    let run_by = |program: &str| Work::Command(vec![program.to_owned(), path.display().to_string()]);
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("py") => run_by("python3"),
        Some("sh") => run_by("sh"),
        Some(_) => Work::Source(path),
        None => Work::Command(vec![path.display().to_string()]),
    }
}

/// A name that is exactly that of an exercise, whatever it is the name of.
fn named_like_one(path: &Path) -> bool {
    let stem = path.file_stem().unwrap_or_default();
    let is_known = EXERCISES.iter().any(|exercise| stem == exercise.name().as_str());
    is_known && path.extension().is_none_or(|ending| ENDINGS.iter().any(|known| ending == *known))
}

fn is_hand_in(path: &Path) -> bool {
    named_like_one(path) && (path.extension().is_some() || is_executable(path))
}

fn is_executable(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|file| file.permissions().mode() & 0o111 != 0)
}

/// Files such as `Exercise01.rs`, `exercise8.c`, `ex3.txt`, or an `exercise01` that may not be executed.
fn looks_like_one(name: &str) -> bool {
    let name = name.to_lowercase();
    name.contains("ex")
        && name.contains(|letter: char| letter.is_ascii_digit())
        && ![".toml", ".md", ".lock"].iter().any(|ending| name.ends_with(ending))
}

fn what(kind: FileType) -> &'static str {
    match kind {
        kind if kind.is_dir() => "a folder",
        kind if kind.is_fifo() => "a FIFO",
        kind if kind.is_socket() => "a socket",
        _ => "a device",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::sys::stat::Mode;

    fn names(contents: &Contents, number: usize) -> Vec<String> {
        let found = contents.hand_ins(&EXERCISES[number - 1]);
        found.iter().map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn what_differs_from_the_starter_is_judged_and_what_is_no_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("week 1/deep")).unwrap();
        fs::create_dir_all(at("__MACOSX")).unwrap();
        fs::create_dir(at("exercise02.c")).unwrap();
        nix::unistd::mkfifo(&at("exercise03.c"), Mode::S_IRWXU).unwrap();
        std::os::unix::fs::symlink("nowhere", at("exercise04.c")).unwrap();
        fs::write(at("__MACOSX/exercise05.c"), "").unwrap();
        fs::write(at("exercise01.rs"), EXERCISES[0].rust).unwrap();
        fs::write(at("exercise01.c"), "int main(void) { return 0; }").unwrap();
        fs::write(at("week 1/deep/exercise06.py"), "").unwrap();
        fs::write(at("Exercise07.c"), "").unwrap();
        let contents = Contents::of(folder.path());
        assert_eq!(names(&contents, 1), ["exercise01.c"]);
        assert_eq!(names(&contents, 6), ["exercise06.py"]);
        for number in [2, 3, 4, 5, 7] {
            assert!(names(&contents, number).is_empty(), "{number}");
        }
        let remarks = contents.remarks.join("\n");
        let expected = "Exercise07.c\nexercise02.c (it is a folder)\nexercise03.c (it is a FIFO)\n\
                        exercise04.c (it cannot be read)";
        assert_eq!(remarks, expected);
    }

    #[test]
    fn two_that_differ_are_both_judged() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["exercise01.c", "exercise01.rs", "exercise01.toml"] {
            fs::write(folder.path().join(name), "mine").unwrap();
        }
        assert_eq!(names(&Contents::of(folder.path()), 1), ["exercise01.rs", "exercise01.c"]);
    }
}
