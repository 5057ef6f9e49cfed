//! The files that a submission sees on a ground of its own: what it needs, and all of it read-only, but for one small
//! file system in memory.
//!
//! A socket can be connected to and a terminal written to although its file system is read-only: so places where others
//! keep such files are covered, and only what the submission needs is laid on top again.
//!
//! **Invariant:** what cannot be covered is an error, and then nothing is run.

use std::fs::{self, File};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt, symlink};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::mount::{MsFlags, mount};

use super::job::{Job, Work};

/// As large as the file system in memory may become, in which alone a program can write.
const SCRATCH: &str = "size=64m,mode=1777";
/// Where that is: the one place where every Linux expects such a file system already.
pub(super) const SCRATCH_PLACE: &str = "/dev/shm";

/// Where programs keep their sockets, and people what others may read.
const COVERED: [&str; 3] = ["/run", "/tmp", "/var/tmp"];

/// All devices that there are, and where links lead.
const DEVICES: [&str; 5] = ["null", "zero", "full", "random", "urandom"];
const LINKS: [(&str, &str); 5] = [
    ("ptmx", "pts/ptmx"),
    ("fd", "/proc/self/fd"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
    ("stderr", "/proc/self/fd/2"),
];

const NONE: Option<&str> = None;

/// Where sockets that anybody could connect to have their files, in the network that this process is in.
pub(super) fn sockets() -> Vec<PathBuf> {
    let text = fs::read_to_string("/proc/net/unix").unwrap_or_default();
    let path = |line: &str| Some(PathBuf::from(&line[line.find(" /")? + 1..]));
    text.lines().filter_map(path).collect()
}

/// Lays out the files, without these sockets.
pub(super) fn furnish(job: &Job, sockets: &[PathBuf]) -> nix::Result<()> {
    mount(NONE, "/", NONE, MsFlags::MS_REC | MsFlags::MS_PRIVATE, NONE)?;
    make_read_only()?;
    mount(Some("proc"), "/proc", Some("proc"), safe() | MsFlags::MS_NOEXEC, NONE)?;
    let kept = kept(job);
    for place in COVERED.iter().map(Path::new).chain(job.covered.as_deref()) {
        cover(place, &kept)?;
    }
    devices()?;
    mount(Some("tmpfs"), SCRATCH_PLACE, Some("tmpfs"), safe(), Some(SCRATCH))?;
    // Those that are in a place that is covered are no longer there.
    for socket in sockets.iter().filter(|path| is_socket(path)) {
        mount(Some("/dev/null"), socket, NONE, MsFlags::MS_BIND, NONE)?;
    }
    for place in job.hidden.iter().filter(|place| place.is_dir()) {
        mount(Some("tmpfs"), place, Some("tmpfs"), safe() | MsFlags::MS_RDONLY, Some("size=4k"))?;
    }
    Ok(())
}

fn is_socket(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket())
}

fn safe() -> MsFlags {
    MsFlags::MS_NOSUID | MsFlags::MS_NODEV
}

/// What is needed of a place that is covered: the submission, where it works, and the tools that build and run it.
fn kept(job: &Job) -> Vec<PathBuf> {
    let handed_in = match &job.work {
        Work::Command(words) => words.iter().map(|word| job.directory.join(word)).collect(),
        Work::Source(source) => vec![source.clone()],
    };
    let files = handed_in.iter().filter(|path| path.is_file());
    let their_folders: Vec<PathBuf> = files.filter_map(|file| Some(file.parent()?.to_owned())).collect();
    [job.directory.clone()].into_iter().chain(handed_in).chain(their_folders).chain(tools()).collect()
}

fn tools() -> impl Iterator<Item = PathBuf> {
    let own = std::env::current_exe().ok().and_then(|program| Some(program.parent()?.to_owned()));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let programs: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let homes =
        [("RUSTUP_HOME", ".rustup"), ("CARGO_HOME", ".cargo")].into_iter().filter_map(|(name, usual)| {
            let usual = || Some(PathBuf::from(std::env::var_os("HOME")?).join(usual));
            std::env::var_os(name).map(PathBuf::from).or_else(usual)
        });
    own.into_iter().chain(programs).chain(homes)
}

/// Puts an empty file system over a place, and lays on it again what is kept of it.
fn cover(place: &Path, kept: &[PathBuf]) -> nix::Result<()> {
    if !place.is_dir() || place.is_symlink() {
        return Ok(());
    }
    let is_inside = |path: &&PathBuf| path.starts_with(place) && *path != place && path.exists();
    let held = kept.iter().filter(is_inside).map(|path| Ok((path, hold(path)?)));
    let held = held.collect::<nix::Result<Vec<(&PathBuf, File)>>>()?;
    mount(Some("tmpfs"), place, Some("tmpfs"), safe(), Some("size=1m,mode=755"))?;
    for (path, file) in held {
        lay(&file, path)?;
    }
    seal(place)
}

/// Holds a file, so that it can be reached when it is covered.
fn hold(path: &Path) -> nix::Result<File> {
    fs::OpenOptions::new().read(true).custom_flags(OFlag::O_PATH.bits()).open(path).map_err(errno)
}

/// Lays a file or a folder that is held at a place where there is none.
fn lay(held: &File, path: &Path) -> nix::Result<()> {
    if !path.exists() {
        if held.metadata().map_err(errno)?.is_dir() {
            fs::create_dir_all(path).map_err(errno)?;
        } else {
            path.parent()
                .map_or(Ok(()), fs::create_dir_all)
                .and_then(|()| File::create(path))
                .map_err(errno)?;
        }
    }
    let source = format!("/proc/self/fd/{}", held.as_raw_fd());
    mount(Some(source.as_str()), path, NONE, MsFlags::MS_BIND | MsFlags::MS_REC, NONE)
}

/// Nothing more is written there.
fn seal(place: &Path) -> nix::Result<()> {
    let flags = MsFlags::MS_BIND | MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY | safe();
    mount(NONE, place, NONE, flags, NONE)
}

/// A device can be written to although its file system is read-only, and for whoever is root outside even a disk: so
/// there are only the harmless ones, and terminals of its own.
fn devices() -> nix::Result<()> {
    let place = Path::new("/dev");
    let there = DEVICES.iter().map(|name| place.join(name)).filter(|path| path.exists());
    let held = there.map(|path| Ok((hold(&path)?, path))).collect::<nix::Result<Vec<_>>>()?;
    mount(Some("tmpfs"), place, Some("tmpfs"), MsFlags::MS_NOSUID, Some("size=64k,mode=755"))?;
    for (file, path) in held {
        lay(&file, &path)?;
    }
    for (name, target) in LINKS {
        symlink(target, place.join(name)).map_err(errno)?;
    }
    for name in ["pts", "shm"] {
        fs::create_dir(place.join(name)).map_err(errno)?;
    }
    // A program can do without terminals, where they cannot be had.
    let terminals = Some("newinstance,ptmxmode=0666,mode=600");
    let _ =
        mount(Some("devpts"), "/dev/pts", Some("devpts"), MsFlags::MS_NOSUID | MsFlags::MS_NOEXEC, terminals);
    seal(place)
}

fn errno(error: std::io::Error) -> Errno {
    Errno::from_raw(error.raw_os_error().unwrap_or(0))
}

/// Every file system that is mounted can only be read from here on.
fn make_read_only() -> nix::Result<()> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").map_err(|_| Errno::EIO)?;
    for line in mounts.lines() {
        let fields: Vec<_> = line.split(' ').collect();
        let [_, _, _, _, place, options, ..] = fields[..] else { continue };
        let place = unescaped(place);
        // What already can only be read stays so; what cannot be remounted (it is under another mount) cannot be seen.
        if options.split(',').any(|option| option == "ro") || !Path::new(&place).exists() {
            continue;
        }
        let flags = MsFlags::MS_BIND | MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY | locked(options);
        let done = mount(None::<&str>, place.as_str(), None::<&str>, flags, None::<&str>);
        if done.is_err() && !place.starts_with("/proc") && !place.starts_with("/sys") {
            done?;
        }
    }
    Ok(())
}

/// Options that only their owner may take away: a remount without them is refused.
fn locked(options: &str) -> MsFlags {
    let known = [
        ("nosuid", MsFlags::MS_NOSUID),
        ("nodev", MsFlags::MS_NODEV),
        ("noexec", MsFlags::MS_NOEXEC),
        ("noatime", MsFlags::MS_NOATIME),
        ("nodiratime", MsFlags::MS_NODIRATIME),
        ("relatime", MsFlags::MS_RELATIME),
    ];
    let has = |name: &str| options.split(',').any(|option| option == name);
    known.iter().filter(|(name, _)| has(name)).fold(MsFlags::empty(), |flags, (_, flag)| flags | *flag)
}

/// Blanks in paths are written as `\040` (proc(5)).
fn unescaped(path: &str) -> String {
    path.replace("\\040", " ").replace("\\011", "\t").replace("\\012", "\n").replace("\\134", "\\")
}
