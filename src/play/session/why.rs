//! Why an answer is what it is, and what to try: for errors, signals and calls that wait.
//!
//! **Invariant:** what is said is read off the world in which the call was made, and names what is there.

mod sets;

use playground_core::sorted::SortedMap;

use playground_core::Errno;
use playground_core::call::{Address, Call, Cmd, RefusedTimeout, SemCmd, SemOp, ShmatFlags, ShmgetFlags};
use playground_core::machine::{Action, Machine, Namespace, Process, Reply, Segment, Set};

use super::access;
use super::world::World;

/// A reason, and what to do.
pub(super) struct Explained {
    pub why: String,
    pub advice: Option<String>,
}

fn explain(why: impl Into<String>, advice: impl Into<String>) -> Explained {
    Explained { why: why.into(), advice: Some(advice.into()) }
}

fn because(why: impl Into<String>) -> Explained {
    Explained { why: why.into(), advice: None }
}

/// A buffer is where the process cannot read or write.
fn nowhere(call: &Call) -> Explained {
    let (address, variable) = buffer(call);
    let place = match address {
        Address::NULL => "The buffer is NULL: there the kernel can copy nothing from, or to.".to_owned(),
        address => format!("The process cannot read, or cannot write, the buffer at {address}."),
    };
    explain(place, format!("Declare {variable}."))
}

/// Where the buffer of a call is that was answered with `EFAULT`, and what could be one.
fn buffer(call: &Call) -> (Address, &'static str) {
    match call {
        Call::SemopAt { timeout: Some(RefusedTimeout::At(limit)), .. } => {
            (*limit, "struct timespec limit = {0, 1000000}, and pass &limit")
        }
        Call::SemopAt { sops, .. } => (*sops, "struct sembuf op = {0, -1, 0}, and pass &op"),
        Call::Shmctl { cmd: Cmd::BufferAt { number, buffer }, .. } => (
            *buffer,
            match number {
                3 => "struct shminfo info, and pass &info",
                14 => "struct shm_info info, and pass &info",
                _ => "struct shmid_ds buf, and pass &buf",
            },
        ),
        Call::Semctl { cmd: SemCmd::BufferAt { number, buffer }, .. } => (
            *buffer,
            match number {
                3 | 19 => "struct seminfo info, and pass &info",
                13 | 17 => "unsigned short values[] with one for each semaphore, and pass values",
                _ => "struct semid_ds buf, and pass &buf",
            },
        ),
        _ => (Address::NULL, "a variable, and pass its address"),
    }
}

/// Explains the reply to an action, in the world before it.
pub(super) fn explained(world: &World, pid: i32, action: &Action, reply: &Reply) -> Explained {
    let view = View::new(&world.machine, pid);
    match (action, reply, view) {
        (Action::Call(call), Reply::Returns(Err(errno)), Some(view)) => view.refused(call, *errno),
        (
            Action::Call(Call::Semop { semid, ops } | Call::Semtimedop { semid, ops, .. }),
            Reply::Waits,
            Some(view),
        ) => {
            let values = view
                .set(semid.0)
                .map_or_else(Vec::new, |set| set.semaphores.iter().map(|s| s.value).collect());
            let now = match &values[..] {
                [one] => format!("The value is {one}"),
                many => format!("The values are {many:?}"),
            };
            because(format!("It waits for {}. {now}.", awaited(ops).join(" and ")))
        }
        (_, Reply::Dies(_), _) => because(access::why(world, pid, action).unwrap_or_default()),
        (_, Reply::Returns(Err(errno)), _) => of_a_process(action, *errno),
        _ => because(""),
    }
}

/// What a call of `semop` may have to wait for. What its earlier operations change counts already.
fn awaited(ops: &[SemOp]) -> Vec<String> {
    let (mut awaited, mut changes) = (Vec::new(), SortedMap::<u16, i32>::default());
    for SemOp { number, change, .. } in ops {
        let so_far = changes.entry(*number).or_default();
        *so_far += i32::from(*change);
        match (change, -*so_far) {
            (0, value) => awaited.push(format!("semaphore {number} to be {value}")),
            (..0, least @ 1..) => awaited.push(format!("semaphore {number} to be at least {least}")),
            _ => {}
        }
    }
    awaited
}

/// Of calls that concern no table: who a process is, its memory, other processes.
fn of_a_process(action: &Action, errno: Errno) -> Explained {
    match (action, errno) {
        (Action::SetIdentity(_), Errno::EINVAL) => explain(
            "This id is not mapped into the namespace: nobody can be it there.",
            "0 is there. 65534 is, too, where the machine's own root runs play, or newuidmap and a line in /etc/subuid allow it.",
        ),
        (Action::SetIdentity(_), Errno::EPERM) => because("Only root may become somebody else."),
        (Action::Exec { .. }, Errno::ENOENT) => because("No folder of PATH has a program of this name."),
        (Action::Exec { .. }, Errno::EACCES) => {
            because("This user may not run it, or may not look into a folder of PATH.")
        }
        (Action::Mprotect { .. }, Errno::ENOMEM) => because("Not all of these pages are mapped."),
        (Action::Mprotect { .. }, Errno::EACCES) => because("SHM_RDONLY forbids to write there ever."),
        (Action::Mprotect { .. } | Action::Munmap { .. }, Errno::EINVAL) => {
            because("The address is no multiple of a page, or the length is 0.")
        }
        (_, Errno::ESRCH) => because("No process has this id."),
        (_, Errno::EPERM) => because("Only root may do this for another user."),
        (_, Errno::EINVAL) => because("The kernel knows no such value here."),
        (_, Errno::EACCES) => because("Only root may set a limit of the namespace."),
        (_, Errno::EAGAIN) => because("As many processes run as may."),
        _ => because("The kernel refused it."),
    }
}

/// Which ids there are, as a sentence.
fn there_are(what: &str, ids: impl Iterator<Item = i32>) -> String {
    let ids: Vec<String> = ids.map(|id| id.to_string()).collect();
    match &ids[..] {
        [] => format!("There is no {what}."),
        [one] => format!("The only {what} is {one}."),
        many => format!("There are {}.", many.join(", ")),
    }
}

/// A number of things: `1 page`, `2 pages`.
fn counted(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// What a process sees: itself, and its namespace.
struct View<'a> {
    process: &'a Process,
    namespace: &'a Namespace,
    machine: &'a Machine,
}

impl<'a> View<'a> {
    fn new(machine: &'a Machine, pid: i32) -> Option<View<'a>> {
        let process = machine.processes.get(&pid)?;
        Some(View { process, namespace: machine.namespaces.get(&process.namespace)?, machine })
    }

    fn segment(&self, id: i32) -> Option<&'a Segment> {
        self.namespace.segments.find(id).ok()
    }

    fn set(&self, id: i32) -> Option<&'a Set> {
        self.namespace.sets.find(id).ok()
    }

    fn refused(&self, call: &Call, errno: Errno) -> Explained {
        match call {
            call if errno == Errno::EFAULT => nowhere(call),
            Call::Shmget { key, size, flags, .. } => {
                let found = self.namespace.segments.with_key(*key);
                self.shmget(found, *size, *flags, errno)
            }
            Call::Semget { key, nsems, .. } => self.semget(self.namespace.sets.with_key(*key), *nsems, errno),
            Call::Shmat { shmid, address, flags } => self.shmat(shmid.0, address.0, *flags, errno),
            Call::Shmdt { address } => self.shmdt(address.0),
            Call::Shmctl { shmid, cmd } => self.shmctl(shmid.0, *cmd, errno),
            Call::SemopAt { timeout: Some(limit), .. } if errno == Errno::EINVAL => explain(
                format!(
                    "{limit} is no time: neither part may be negative, and tv_nsec is at most 999999999."
                ),
                "A second and a half is {1, 500000000}.",
            ),
            Call::Semtimedop { ops, timeout, .. } if errno == Errno::EAGAIN => {
                because(sets::too_late(ops, *timeout))
            }
            Call::Semop { semid, .. } | Call::SemopAt { semid, .. } | Call::Semtimedop { semid, .. } => {
                self.semop(semid.0, errno)
            }
            Call::Semctl { semid, cmd, .. } => self.semctl(semid.0, cmd, errno),
            Call::Ftok { path, .. } => explain(
                match errno {
                    Errno::ENOENT => format!("There is no file {} here.", path.display()),
                    _ => format!("The process cannot look at {}.", path.display()),
                },
                "ftok needs a file that exists. It returned -1, and -1 is a key like others.",
            ),
            Call::File(_) | Call::Lock(_) => because("The kernel refused it."),
        }
    }

    fn shmget(&self, found: Option<&Segment>, size: u64, flags: ShmgetFlags, errno: Errno) -> Explained {
        let limits = &self.namespace.limits;
        match (errno, found) {
            (Errno::ENOENT, _) if self.namespace.segments.iter().any(Segment::is_marked) => explain(
                "No segment has this key, and IPC_CREAT is not given. A segment that is marked for destruction \
                 has lost its key.",
                "Add IPC_CREAT to make a new one.",
            ),
            (Errno::ENOENT, _) => {
                explain("No segment has this key, and IPC_CREAT is not given.", "Add IPC_CREAT.")
            }
            (Errno::EEXIST, Some(segment)) => explain(
                format!(
                    "Segment {} has this key already, and IPC_EXCL asks for a new one.",
                    segment.permissions.id
                ),
                "Leave IPC_EXCL out to open it, or choose another key.",
            ),
            (Errno::EINVAL, Some(segment)) => explain(
                format!(
                    "Segment {} has this key, and only {}.",
                    segment.permissions.id,
                    counted(segment.size, "byte")
                ),
                format!(
                    "Ask for {} or fewer (0 is enough to find it), or remove it first.",
                    counted(segment.size, "byte")
                ),
            ),
            (Errno::EINVAL, None) if size == 0 => {
                explain("A new segment has at least 1 byte.", "Give a size.")
            }
            (Errno::EINVAL, None) => {
                because(format!("The limit shmmax allows {}.", counted(limits.shmmax, "byte")))
            }
            (Errno::EACCES, Some(segment)) => {
                self.permission(segment.permissions.uid, segment.permissions.mode)
            }
            (Errno::ENOSPC, _) if self.namespace.segments.len() as i32 >= limits.shmmni => explain(
                format!(
                    "The limit shmmni allows {}, and so many are there.",
                    counted(limits.shmmni as u64, "segment")
                ),
                "Remove one, or raise the limit with sysctl kernel.shmmni=...",
            ),
            (Errno::ENOSPC, _) => because(format!(
                "The limit shmall allows {} in all segments together.",
                counted(limits.shmall, "page")
            )),
            _ if flags.contains(ShmgetFlags::SHM_HUGETLB) => because("There are no huge pages."),
            _ => because("That is more memory than the machine has."),
        }
    }

    fn permission(&self, owner: u32, mode: u32) -> Explained {
        explain(
            format!(
                "Its mode is 0{:03o} and its owner is user {owner}. This process is user {}.",
                mode & 0o777,
                self.process.credentials.uid
            ),
            "The owner or the creator can change the mode with IPC_SET.",
        )
    }

    fn no_segment(&self, id: i32) -> Explained {
        if let Some(segment) =
            self.namespace.segments.iter().find(|segment| segment.permissions.key.0 == id && id != 0)
        {
            return explain(
                format!("{id} is the key of segment {}, and no id.", segment.permissions.id),
                "Pass what shmget returned.",
            );
        }
        let ids = self.namespace.segments.iter().map(|segment| segment.permissions.id);
        because(format!("No segment has the id {id}. {}", there_are("segment", ids)))
    }

    fn shmat(&self, id: i32, address: u64, flags: ShmatFlags, errno: Errno) -> Explained {
        let page = self.machine.host.page_size;
        let place = if flags.contains(ShmatFlags::SHM_RND) { address - address % page } else { address };
        match (errno, self.segment(id)) {
            (Errno::EACCES, Some(segment)) => {
                self.permission(segment.permissions.uid, segment.permissions.mode)
            }
            (Errno::EINVAL, _) if place == 0 && flags.contains(ShmatFlags::SHM_REMAP) => explain(
                "SHM_REMAP replaces what is mapped at an address, and NULL is none.",
                "Pass an address, or leave SHM_REMAP out.",
            ),
            (Errno::EINVAL, None) => self.no_segment(id),
            (Errno::EINVAL, Some(_)) if !place.is_multiple_of(page) => explain(
                format!("{address:#x} is not a multiple of {page}."),
                "Choose an address at the beginning of a page, or add SHM_RND to round it down.",
            ),
            (Errno::EINVAL, Some(_)) => explain(
                format!("Something is mapped at {place:#x}, or right behind it, already."),
                "Pass NULL and let the kernel choose, or replace what is there with SHM_REMAP.",
            ),
            (Errno::EPERM, _) => because(format!(
                "Below {:#x} only root of the whole machine may map anything (vm.mmap_min_addr).",
                self.machine.host.mmap_min_addr
            )),
            _ => because("There is no room for it in the address space."),
        }
    }

    fn shmdt(&self, address: u64) -> Explained {
        let views = self.machine.spaces.get(&self.process.space);
        let starts: Vec<String> = views
            .into_iter()
            .flat_map(|space| space.views())
            .map(|(mapping, _)| format!("{:#x}", mapping.start))
            .collect();
        let there = if starts.is_empty() { "nothing is attached".to_owned() } else { starts.join(", ") };
        let looks_like_an_id = self.segment(address as i32).is_some() && address < 1 << 31;
        let hint = if looks_like_an_id { " That is the id of a segment." } else { "" };
        explain(
            format!("No attachment begins at {address:#x}.{hint}"),
            format!("shmdt takes what shmat returned. Attached here: {there}."),
        )
    }

    fn shmctl(&self, id: i32, cmd: Cmd, errno: Errno) -> Explained {
        match (errno, self.segment(id)) {
            (Errno::EINVAL, _) if matches!(cmd, Cmd::Unknown(_)) => {
                because(format!("shmctl knows no command {}.", cmd.number()))
            }
            (Errno::EINVAL, None) => self.no_segment(id),
            (Errno::EACCES, Some(segment)) => {
                self.permission(segment.permissions.uid, segment.permissions.mode)
            }
            (Errno::EPERM, Some(segment)) => because(format!(
                "Only the owner (user {}), the creator (user {}) and root may do this.",
                segment.permissions.uid, segment.permissions.cuid
            )),
            (Errno::ENOMEM, _) => because("RLIMIT_MEMLOCK allows less locked memory."),
            _ => because(format!("shmctl does not take {cmd} so.")),
        }
    }
}
