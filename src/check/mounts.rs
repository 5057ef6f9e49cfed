//! The file system of a sandbox, made of nothing: an empty root, and on it what the list says, to be read only.
//!
//! The judge lays it out once, beside the files that it sees itself. Each run then has a mount namespace of its own in
//! which that is the root, with a process table and an empty file system in memory to write in.
//!
//! **Invariant:** everything in it can only be read, but for the scratch file system and, during a build, the place for
//! the program. What cannot be mounted is an error, and then nothing is run.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{chdir, getegid, geteuid, pivot_root};

use super::places::{BUILT, Place, SCRATCH};

/// Files of `/proc` that tell of the marker's keys (keyrings(7)), whatever the namespaces.
const MARKERS_OWN: [&str; 2] = ["/proc/keys", "/proc/key-users"];
/// Where the root is laid out: a folder that every Linux has, and in which nothing is that a judge or a hand-in needs.
const ROOT: &str = "/sys";
/// As large as the scratch file system and the place for a program may become, and how many files they may have.
const SIZE: &str = "size=64m,nr_inodes=16k,mode=1777";
/// The root itself and the empty folders hold names only.
const EMPTY: &str = "size=1m,mode=755";

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

/// What could not be done, and why.
#[derive(Debug)]
pub(super) struct Failure {
    pub what: String,
    pub errno: Errno,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} gave {:?}", self.what, self.errno)
    }
}

fn failure<E: Into<io::Error>>(what: impl Into<String>) -> impl FnOnce(E) -> Failure {
    let what = what.into();
    |error| Failure { what, errno: Errno::from_raw(error.into().raw_os_error().unwrap_or(0)) }
}

/// A root that is laid out.
#[derive(Debug)]
pub(super) struct Root {
    /// What can be shown only when the scratch file system is there, in which it lies.
    late: Vec<Place>,
}

/// What a namespace is entered for.
#[derive(Clone, Debug)]
pub(super) enum Purpose {
    /// To build a program, with these libraries at hand.
    Build(Vec<PathBuf>),
    /// To run one.
    Run,
}

impl Root {
    /// Shows this process those of its own pid namespace in `/proc`, in its own mount namespace.
    pub fn show_processes() -> Result<(), Failure> {
        let alone = mount(NONE, "/", NONE, MsFlags::MS_REC | MsFlags::MS_PRIVATE, NONE);
        alone.map_err(failure("mount(/, MS_PRIVATE)"))?;
        let options = safe() | MsFlags::MS_NOEXEC;
        mount(Some("proc"), "/proc", Some("proc"), options, NONE).map_err(failure("mount(/proc)"))
    }

    /// Lays out a root in this process's mount namespace, which has to be its own.
    pub fn lay_out(places: Vec<Place>) -> Result<Root, Failure> {
        make_read_only()?;
        tmpfs(Path::new(ROOT), EMPTY)?;
        for name in ["proc", "dev", "tmp", "var/tmp", "etc"] {
            create_folder(&inside(name))?;
        }
        devices()?;
        let (late, now): (Vec<_>, _) =
            places.into_iter().partition(|place| place.path().starts_with(SCRATCH));
        now.iter().try_for_each(mount_place)?;
        users()?;
        create_folder(&inside(BUILT))?;
        tmpfs(&inside(BUILT), SIZE)?;
        seal()?;
        Ok(Root { late })
    }

    /// Makes the root this process's own, in a new mount namespace, with the processes of its pid namespace.
    pub fn enter(&self, purpose: &Purpose) -> Result<(), Failure> {
        unshare(CloneFlags::CLONE_NEWNS).map_err(failure("unshare(CLONE_NEWNS)"))?;
        let options = safe() | MsFlags::MS_NOEXEC | MsFlags::MS_RDONLY;
        let proc = mount(Some("proc"), &inside("proc"), Some("proc"), options, NONE);
        proc.map_err(failure("mount(/proc)"))?;
        MARKERS_OWN.into_iter().try_for_each(cover)?;
        tmpfs(&inside(SCRATCH), SIZE)?;
        self.late.iter().try_for_each(mount_place)?;
        match purpose {
            Purpose::Build(libraries) => show_libraries(libraries)?,
            Purpose::Run => make_readable_only(&inside(BUILT))?,
        }
        turn_round()
    }
}

/// Makes a file of the sandbox an empty one. What is not there need not be covered.
fn cover(path: &str) -> Result<(), Failure> {
    let place = inside(path);
    if !place.exists() {
        return Ok(());
    }
    let nothing = inside("/dev/null");
    let done = mount(Some(&nothing), &place, NONE, MsFlags::MS_BIND, NONE);
    done.map_err(failure(format!("mount({path}, MS_BIND)")))
}

/// The path of a place of the sandbox, as the judge sees it.
pub(super) fn inside(path: impl AsRef<Path>) -> PathBuf {
    let path = path.as_ref();
    Path::new(ROOT).join(path.strip_prefix("/").unwrap_or(path))
}

fn safe() -> MsFlags {
    MsFlags::MS_NOSUID | MsFlags::MS_NODEV
}

fn tmpfs(place: &Path, options: &str) -> Result<(), Failure> {
    let done = mount(Some("tmpfs"), place, Some("tmpfs"), safe(), Some(options));
    done.map_err(failure(format!("mount(tmpfs, {})", shown(place))))
}

/// A place as it is called inside.
fn shown(place: &Path) -> String {
    place.strip_prefix(ROOT).map_or(place.display().to_string(), |rest| format!("/{}", rest.display()))
}

fn create_folder(place: &Path) -> Result<(), Failure> {
    fs::create_dir_all(place).map_err(failure(format!("mkdir({})", shown(place))))
}

fn mount_place(place: &Place) -> Result<(), Failure> {
    match place {
        Place::Shown(path) => show(path),
        Place::Hidden(path) if inside(path).is_dir() => tmpfs(&inside(path), EMPTY),
        Place::Hidden(_) => Ok(()),
        Place::Folder(path) => create_folder(&inside(path)),
    }
}

/// Shows a file or a folder at its own path. What is not there outside is not there inside.
fn show(path: &Path) -> Result<(), Failure> {
    let place = inside(path);
    let Ok(kind) = fs::symlink_metadata(path) else { return Ok(()) };
    if kind.is_symlink() {
        return copy_link(path, &place);
    }
    if fs::symlink_metadata(&place).is_err() {
        make_room(&place, kind.is_dir())?;
    }
    let done = mount(Some(path), &place, NONE, MsFlags::MS_BIND | MsFlags::MS_REC, NONE);
    done.map_err(failure(format!("mount({}, MS_BIND)", path.display())))
}

fn copy_link(path: &Path, place: &Path) -> Result<(), Failure> {
    if fs::symlink_metadata(place).is_ok() {
        return Ok(());
    }
    place.parent().map_or(Ok(()), create_folder)?;
    let copied = fs::read_link(path).and_then(|target| symlink(target, place));
    copied.map_err(failure(format!("symlink({})", path.display())))
}

/// Something to mount on.
fn make_room(place: &Path, is_folder: bool) -> Result<(), Failure> {
    if is_folder {
        return create_folder(place);
    }
    place.parent().map_or(Ok(()), create_folder)?;
    File::create(place).map(drop).map_err(failure(format!("open({}, O_CREAT)", shown(place))))
}

/// The users that there are: the program itself, and root. The marker's own list is no hand-in's business.
fn users() -> Result<(), Failure> {
    let (uid, gid) = (geteuid(), getegid());
    let passwd = format!("root:x:0:0::/:/bin/sh\nstudent:x:{uid}:{gid}::{SCRATCH}:/bin/sh\n");
    let files = [("etc/passwd", passwd), ("etc/group", format!("root:x:0:\nstudent:x:{gid}:\n"))];
    let write = |(name, text): (&str, String)| {
        fs::write(inside(name), text).map_err(failure(format!("write(/{name})")))
    };
    files.into_iter().try_for_each(write)
}

/// A device can be written to although its file system is read-only, and for whoever is root outside even a disk: so
/// there are only the harmless ones, and terminals of its own.
fn devices() -> Result<(), Failure> {
    for device in DEVICES.iter().map(|name| Path::new("/dev").join(name)).filter(|path| path.exists()) {
        show(&device)?;
    }
    for (name, target) in LINKS {
        symlink(target, inside("dev").join(name)).map_err(failure(format!("symlink(/dev/{name})")))?;
    }
    for name in ["pts", "shm"] {
        create_folder(&inside("dev").join(name))?;
    }
    // A program can do without terminals, where they cannot be had.
    let options = Some("newinstance,ptmxmode=0666,mode=600");
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NOEXEC;
    let _ = mount(Some("devpts"), &inside("dev/pts"), Some("devpts"), flags, options);
    Ok(())
}

/// Shows the playground's own libraries, and nothing of what lies beside them.
fn show_libraries(libraries: &[PathBuf]) -> Result<(), Failure> {
    let Some(folder) = libraries.first().and_then(|library| library.parent()) else { return Ok(()) };
    tmpfs(&inside(folder), EMPTY)?;
    libraries.iter().try_for_each(|library| show(library))?;
    make_readable_only(&inside(folder))
}

/// `pivot_root(".", ".")`: the root that was there is under the new one then, and is let go.
fn turn_round() -> Result<(), Failure> {
    chdir(ROOT).map_err(failure("chdir"))?;
    pivot_root(".", ".").map_err(failure("pivot_root"))?;
    umount2(".", MntFlags::MNT_DETACH).map_err(failure("umount2(/, MNT_DETACH)"))?;
    chdir("/").map_err(failure("chdir(/)"))
}

/// Every mount of the sandbox but these can only be read from here on; and that is looked at, not believed.
fn seal() -> Result<(), Failure> {
    let writable = [inside(BUILT), inside("dev/pts")];
    for mounted in of_the_sandbox(mounted()?).iter().filter(|mounted| !writable.contains(&mounted.place)) {
        if !mounted.is_readable_only() {
            make_readable_only_with(&mounted.place, mounted.locked() | MsFlags::MS_NOSUID)?;
        }
    }
    Ok(())
}

/// The root and all that is mounted on it. What was mounted in its place before is under it, and cannot be reached.
fn of_the_sandbox(all: Vec<Mounted>) -> Vec<Mounted> {
    let root = all.iter().rposition(|mounted| mounted.place == Path::new(ROOT));
    let mut ids: BTreeSet<String> = root.map(|root| all[root].id.clone()).into_iter().collect();
    let mut is_on_it = |mounted: &Mounted| {
        let on_it = ids.contains(&mounted.parent);
        on_it && ids.insert(mounted.id.clone()) || ids.contains(&mounted.id)
    };
    all.into_iter().filter(|mounted| is_on_it(mounted)).collect()
}

fn make_readable_only(place: &Path) -> Result<(), Failure> {
    make_readable_only_with(place, safe())
}

fn make_readable_only_with(place: &Path, flags: MsFlags) -> Result<(), Failure> {
    let flags = MsFlags::MS_BIND | MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY | flags;
    mount(NONE, place, NONE, flags, NONE).map_err(failure(format!("mount({}, MS_RDONLY)", shown(place))))
}

/// Makes read-only what this process sees. What cannot be made so is found out when it is to be shown.
fn make_read_only() -> Result<(), Failure> {
    for mounted in mounted()? {
        let is_kernels = mounted.place.starts_with("/proc") || mounted.place.starts_with("/sys");
        if !is_kernels && !mounted.is_readable_only() && mounted.place.exists() {
            let _ = make_readable_only_with(&mounted.place, mounted.locked());
        }
    }
    Ok(())
}

/// A line of `/proc/self/mountinfo`.
struct Mounted {
    id: String,
    parent: String,
    place: PathBuf,
    options: String,
}

/// Every mount of this process, each after the one that it is on.
fn mounted() -> Result<Vec<Mounted>, Failure> {
    let text = fs::read_to_string("/proc/self/mountinfo").map_err(failure("read(/proc/self/mountinfo)"))?;
    Ok(text.lines().filter_map(Mounted::parse).collect())
}

impl Mounted {
    fn parse(line: &str) -> Option<Mounted> {
        let fields: Vec<_> = line.split(' ').collect();
        let [id, parent, _, _, place, options, ..] = fields[..] else { return None };
        let (id, parent, options) = (id.to_owned(), parent.to_owned(), options.to_owned());
        Some(Mounted { id, parent, place: unescaped(place).into(), options })
    }

    fn has(&self, name: &str) -> bool {
        self.options.split(',').any(|option| option == name)
    }

    fn is_readable_only(&self) -> bool {
        self.has("ro")
    }

    /// Options that only their owner may take away: a remount without them is refused.
    fn locked(&self) -> MsFlags {
        let known = [
            ("nosuid", MsFlags::MS_NOSUID),
            ("nodev", MsFlags::MS_NODEV),
            ("noexec", MsFlags::MS_NOEXEC),
            ("noatime", MsFlags::MS_NOATIME),
            ("nodiratime", MsFlags::MS_NODIRATIME),
            ("relatime", MsFlags::MS_RELATIME),
        ];
        known
            .iter()
            .filter(|(name, _)| self.has(name))
            .fold(MsFlags::empty(), |flags, (_, flag)| flags | *flag)
    }
}

/// Blanks in paths are written as `\040` (proc(5)).
fn unescaped(path: &str) -> String {
    path.replace("\\040", " ").replace("\\011", "\t").replace("\\012", "\n").replace("\\134", "\\")
}
