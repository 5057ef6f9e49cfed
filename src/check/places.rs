//! Which files a hand-in sees: a list of what it needs, and nothing else.
//!
//! **Invariant:** what is not on the list is not there. No folder is shown that holds somebody's home.

use std::env;
use std::fs;
use std::path::{Component, Path, PathBuf};

use super::build::Libraries;
use super::job::{Job, Work};
use super::toolchain::folder_of;

/// Programs, libraries and headers of the system. Not `/usr` itself, under which people keep sources, too.
pub(super) const SYSTEM: [&str; 15] = [
    "/usr/local/bin",
    "/usr/local/lib",
    "/usr/local/include",
    "/usr/bin",
    "/usr/sbin",
    "/usr/include",
    "/usr/lib",
    "/usr/lib32",
    "/usr/lib64",
    "/usr/libx32",
    "/usr/libexec",
    "/nix/store",
    "/gnu/store",
    "/etc/alternatives",
    "/etc/ld.so.cache",
];

/// On most systems links into `/usr` by now.
const OLD: [&str; 6] = ["/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"];

/// Where a program can write: the one place where every Linux expects a file system in memory.
pub(super) const SCRATCH: &str = "/dev/shm";
/// Where a program is that was built of a hand-in.
pub(super) const BUILT: &str = "/built";

/// What is at one path of the sandbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// What is there outside, to be read.
    Shown(PathBuf),
    /// An empty folder over what is shown around it.
    Hidden(PathBuf),
    /// An empty folder, if nothing is there.
    Folder(PathBuf),
}

impl Place {
    pub fn path(&self) -> &Path {
        match self {
            Place::Shown(path) | Place::Hidden(path) | Place::Folder(path) => path,
        }
    }
}

/// Whether a path is in one of the system's folders.
pub(super) fn is_system(path: &Path) -> bool {
    SYSTEM.iter().chain(&OLD).any(|folder| path.starts_with(folder))
}

/// Everything that a hand-in sees, the outer places before the inner ones: what lies deeper decides.
pub(super) fn places(job: &Job) -> Vec<Place> {
    let system = SYSTEM.iter().chain(&OLD).map(|path| Place::Shown(path.into()));
    let hidden = job.hidden.iter().chain(&job.class).cloned().map(Place::Hidden);
    let mut places: Vec<Place> = system.chain(tools(job)).chain(hidden).chain(handed_in(job)).collect();
    places.extend(empty(job).map(Place::Folder));
    // The sort is stable: of two for one path the later one lies on top.
    places.sort_by_key(|place| place.path().components().count());
    places
}

/// Folders that have to be there, whatever is in them: where it works, and where a build finds libraries.
fn empty(job: &Job) -> impl Iterator<Item = PathBuf> {
    let libraries = match &job.work {
        Work::Source(source) => Libraries::for_source(source),
        Work::Command(_) => None,
    };
    [job.directory.clone()].into_iter().chain(libraries.map(|libraries| libraries.folder().to_owned()))
}

fn tools(job: &Job) -> Vec<Place> {
    let called = match &job.work {
        Work::Command(words) => {
            words.first().filter(|word| !word.contains('/')).and_then(|word| folder_of(word))
        }
        Work::Source(_) => None,
    };
    let folders = job.tools.folders.iter().cloned().chain(called.filter(|folder| is_no_home(folder)));
    folders.map(Place::Shown).collect()
}

/// The hand-in: of a class the student's folder; of a command the files that it names, with what lies beside them.
fn handed_in(job: &Job) -> Vec<Place> {
    if job.class.is_some() {
        return vec![Place::Shown(job.directory.clone())];
    }
    let files = match &job.work {
        Work::Source(source) => vec![source.clone()],
        Work::Command(words) => named(words, &job.directory),
    };
    let beside = files.iter().filter_map(|file| Some(file.parent()?.to_owned()));
    let folders = beside.chain([job.directory.clone()]).filter(|folder| may_be_shown(folder, &job.hidden));
    folders.chain(files.clone()).map(Place::Shown).collect()
}

/// The files and folders that a command names. A program without a slash is none of them: it comes from the `PATH`.
fn named(words: &[String], directory: &Path) -> Vec<PathBuf> {
    let is_looked_up = |(number, word): &(usize, &String)| *number == 0 && !word.contains('/');
    let words = words.iter().enumerate().filter(|word| !is_looked_up(word));
    let paths = words.map(|(_, word)| directory.join(word)).filter(|path| path.is_file());
    paths
        .flat_map(|path| [fs::canonicalize(&path).ok(), Some(path)])
        .flatten()
        .filter(|path| is_plain(path))
        .collect()
}

/// Whether a path can be made as it is written.
fn is_plain(path: &Path) -> bool {
    path.is_absolute() && path.components().all(|part| !matches!(part, Component::ParentDir))
}

/// Whether all of a folder may be shown: it is nobody's home, no part of the system, and not the playground's own.
fn may_be_shown(folder: &Path, hidden: &[PathBuf]) -> bool {
    let ours =
        |place: &PathBuf| folder.starts_with(place) && !folder.starts_with(place.join("lessons/exercises"));
    is_no_home(folder) && folder != Path::new(SCRATCH) && !hidden.iter().any(ours)
}

fn is_no_home(folder: &Path) -> bool {
    const KEPT: [&str; 5] = ["/etc", "/proc", "/sys", "/boot", "/run"];
    let home = env::var_os("HOME").map(PathBuf::from);
    let is_deep = folder.components().count() > 2;
    is_deep
        && !home.is_some_and(|home| home.starts_with(folder))
        && !KEPT.iter().any(|place| folder.starts_with(place))
}
